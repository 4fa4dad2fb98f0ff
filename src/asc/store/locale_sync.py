"""Makes the sets of one locale show the files: reserve and upload side by side, wait, delete, put in order, compare."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from asc import words
from asc.api.client import Client
from asc.api.errors import ApiError
from asc.api.polling import Polling, look_until
from asc.assets.model import FAILED, AssetFile
from asc.assets.source import Source
from asc.assets.upload import plain_name, reasons_text
from asc.errors import Error, Findings, UnreachableError
from asc.store.media import WAITS_FOR_BYTES, Media, MediaSet
from asc.store.media_plan import SetPlan
from asc.store.screenshots import Screenshot
from asc.words import listed

log = logging.getLogger(__name__)

STALL = 600.0
"""Seconds without any processing until a file counts as stuck. Some wait for hours (fastlane#20619)."""
_NOT_BEGUN = (WAITS_FOR_BYTES, "UPLOAD_COMPLETE", "")


@dataclass(frozen=True)
class UploadCounts:
    """Counts of uploaded files and of their bytes."""

    files: int = 0
    size: int = 0


@dataclass(frozen=True)
class Pace:
    """The pace of a sync: `parallel` files at a time, until `deadline` (monotonic clock).

    waits: whether to wait until Apple has processed the files. stall: seconds after which a file counts as stuck.
    """

    parallel: int
    deadline: float
    waits: bool = True
    stall: float = STALL


@dataclass(frozen=True)
class Pools:
    """Threads of all locales together: `senders` for files, `others` for single requests. No job waits for another."""

    senders: ThreadPoolExecutor
    others: ThreadPoolExecutor

    def cancel(self) -> None:
        """Drop all jobs that have not begun."""
        for pool in (self.senders, self.others):
            pool.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True)
class _SetUpload:
    """The upload of the files of one set: `sent` by MD5; `removed` are ids that were deleted to make room."""

    plan: SetPlan
    set_id: str
    sent: Mapping[str, AssetFile]
    removed: frozenset[str]

    @property
    def ids(self) -> list[str]:
        """The ids of the wanted files, in their order."""
        by_md5 = {**self.plan.keep, **self.sent}
        return [by_md5[file.md5].id for file in self.plan.files]

    @property
    def all_ids(self) -> list[str]:
        """The ids of the set, in their order, once the files that are not wanted are gone."""
        return [*(file.id for file in self.plan.others), *self.ids]

    def shown_in(self, listed_set: MediaSet | None) -> list[str]:
        """Return the ids of a listed set, without files that are to go: listings show them for a while."""
        leaving = {file.id for file in (*self.plan.remove, *self.plan.dead)}
        return [file.id for file in (listed_set.files if listed_set else ()) if file.id not in leaving]

    @property
    def to_remove(self) -> list[AssetFile]:
        """The files that are not wanted and still there."""
        return [file for file in self.plan.remove if file.id not in self.removed]

    def __str__(self) -> str:
        return self.plan.label


@dataclass(frozen=True)
class LocaleSync:
    """Carries out the plans of one locale."""

    client: Client
    media: Media
    pace: Pace
    most: int
    pools: Pools
    plans: Sequence[SetPlan]

    def run(self) -> UploadCounts:
        """Carry out the plans. A set that fails does not stop the others. Raises Error with all that failed."""
        findings = Findings()
        preparing = [self.pools.others.submit(self._prepare, plan) for plan in self.plans]
        nothing: _SetUpload | None = None
        prepared = [
            upload for job in preparing if (upload := findings.result_of(job.result, nothing)) is not None
        ]
        # The files of all sets begin before the first set is waited for.
        sending = [(upload, self._begin(upload)) for upload in prepared]
        uploads = [
            complete
            for upload, jobs in sending
            if (complete := findings.result_of(partial(self._sent, upload, jobs), nothing)) is not None
        ]
        if uploads:
            findings.result_of(partial(self._finish, uploads), None)
        findings.raise_all()
        files = [file for upload in uploads for file in upload.plan.add]
        return UploadCounts(len(files), sum(file.size for file in files))

    def _prepare(self, plan: SetPlan) -> _SetUpload:
        """Make the set if it is not there, and room for its files."""
        with _naming(plan.label):
            return self._make_room(
                plan, plan.existing.id or self.media.make_set(plan.text_id, plan.display).id
            )

    def _make_room(self, plan: SetPlan, set_id: str) -> _SetUpload:
        """Delete dead places, and old files if the set would pass its limit. Return when Apple lists none of them."""
        # Reservations without bytes count against the limit (recorded).
        staying = len(plan.existing.files) - len(plan.dead)
        overflow = max(0, staying + len(plan.add) - len(plan.adopt) - self.most)
        # From the end of the set: its first pictures are those that users see first, and they stay longest.
        early = [*plan.dead, *(plan.remove[-overflow:] if overflow else ())]
        for old_file in early:
            self.media.remove(old_file.id)
        deleted = frozenset(old_file.id for old_file in early)
        # Apple counts a deleted file as long as it lists it.
        if deleted and plan.add:
            look_until(
                self.client,
                lambda: self.media.sets(plan.text_id).get(plan.display),
                lambda shown: shown is None or not deleted & {file.id for file in shown.files},
            )
        return _SetUpload(plan, set_id, {}, deleted)

    def _begin(self, upload: _SetUpload) -> list[Future[dict[str, AssetFile]]]:
        """Begin to send the files of a set, side by side. The order of the set is set at the end."""
        # A lost reservation is found again by its name and size: files that share both go one after the other.
        alike: dict[tuple[str, int], list[Screenshot]] = defaultdict(list)
        for file in upload.plan.add:
            alike[plain_name(file.path.name), file.size].append(file)
        return [self.pools.senders.submit(self._bring, upload, files) for files in alike.values()]

    def _bring(self, upload: _SetUpload, files: Iterable[Screenshot]) -> dict[str, AssetFile]:
        """Reserve places for files, send them, and return them by MD5 as they are then."""
        sent = {}
        for file in files:
            with _naming(f"{upload} {file.path.name}"), Source(file.path) as source:
                reserved = upload.plan.adopt.get(file.md5) or self.media.reserve(upload.set_id, source)
                sent[file.md5] = self.media.send(source, reserved)
            log.info("Uploaded %s %s", upload, file.path.name)
        return sent

    def _sent(self, upload: _SetUpload, jobs: Iterable[Future[dict[str, AssetFile]]]) -> _SetUpload:
        """Return the set with its files once all are sent. Raises Error with all that failed."""
        findings = Findings()
        no_files: dict[str, AssetFile] = {}
        sent = {md5: file for job in jobs for md5, file in findings.result_of(job.result, no_files).items()}
        findings.raise_all()
        return replace(upload, sent=sent)

    def _finish(self, uploads: Sequence[_SetUpload]) -> None:
        """Wait until Apple has processed the files, then delete the unwanted ones, set the order, and compare."""
        shown = self._processed(uploads)
        if shown is None:
            log.info(
                "%s: Apple is still processing the files. The next run removes the old ones and sets the order.",
                uploads[0].plan.owner,
            )
            return
        findings = Findings()
        complete = [
            upload for upload in uploads if findings.result_of(partial(self._accepted, upload, shown), False)
        ]
        self._all(
            findings, (partial(self._remove, upload, old) for upload in complete for old in upload.to_remove)
        )
        # Uploads side by side arrive in any order, so that one request sets it at the end.
        sets = complete if self.media.is_ordered else ()
        moved = [
            upload for upload in sets if upload.shown_in(shown.get(upload.plan.display)) != upload.all_ids
        ]
        self._all(findings, (partial(self._order, upload) for upload in moved))
        # A set that failed has another order in any case, and its own error says why.
        if moved and not findings.any:
            findings.result_of(partial(self._compare, moved), None)
        findings.raise_all()

    def _all(self, findings: Findings, writes: Iterable[Callable[[], None]]) -> None:
        """Make writes side by side, and keep their errors."""
        for job in [self.pools.others.submit(write) for write in writes]:
            findings.result_of(job.result, None)

    def _processed(self, uploads: Sequence[_SetUpload]) -> dict[str, MediaSet] | None:
        """Return the sets once Apple has processed or refused all files; None if that is not to be waited for."""
        locale, polling = uploads[0].plan.owner, Polling(self.client, self.pace.deadline)
        expected = {file_id for upload in uploads for file_id in upload.ids}
        since: dict[str, tuple[str, float]] = {}
        while True:
            # One request for all files of the locale: a request for each would use up the budget of the hour.
            shown = self.media.sets(uploads[0].plan.text_id)
            files = {file.id: file for media_set in shown.values() for file in media_set.files}
            waiting = {
                file_id: files.get(file_id) for file_id in expected if not _is_over(files.get(file_id))
            }
            if not waiting:
                return shown
            # Old files go only when the new ones are processed, so that the page never shows fewer.
            if not self.pace.waits:
                return None
            self._refuse_stuck(locale, waiting, since)
            names = listed([file.name for file in waiting.values() if file])
            if polling.left <= 0:
                raise Error(
                    f"{locale}: Apple did not finish processing {names} in time.",
                    "Run the step again, or with a longer timeout: it does not send files again that Apple has.",
                )
            if polling.is_news(str(len(waiting))):
                log.info("%s: waiting for Apple to process %s", locale, words.counted(len(waiting), "file"))
            polling.pause()

    def _refuse_stuck(
        self, locale: str, waiting: Mapping[str, AssetFile | None], seen_since: dict[str, tuple[str, float]]
    ) -> None:
        """Delete files that Apple has not begun to process for long, and raise Error with their names."""
        moment = self.client.clock.monotonic()
        stuck = []
        for file_id, file in waiting.items():
            state = file.state if file else ""
            known_state, since = seen_since.get(file_id, (None, moment))
            if known_state != state:
                seen_since[file_id] = (state, moment)
                continue
            # A state that moves is progress, however slow: only a file that Apple has not begun is stuck.
            is_late = moment - since >= self.pace.stall
            if file and state in _NOT_BEGUN and is_late:
                stuck.append(file)
        for file in stuck:
            # It was never shown, and left there it would look like a file that is on its way.
            self.media.remove(file.id)
        if stuck:
            states = listed([f"{file.name} ({file.state})" for file in stuck])
            minutes = f"{self.pace.stall / 60:.0f} minutes"
            raise Error(
                f"{locale}: Apple did not begin to process {states} for {minutes}; the step removed the upload.",
                "Run the step again: it sends only these files again.",
            )

    def _accepted(self, upload: _SetUpload, shown: Mapping[str, MediaSet]) -> bool:
        """Return True. Raises Error, after deleting them, if Apple refused files of the set."""
        # A refused file is never shown, but it counts against the limit of the set.
        listed_set = shown.get(upload.plan.display)
        failed = [
            file
            for file in (listed_set.files if listed_set else ())
            if file.id in upload.ids and file.state == FAILED
        ]
        for file in failed:
            self.media.remove(file.id)
        if failed:
            reasons = "; ".join(f"{file.name}: {reasons_text(file.errors)}" for file in failed)
            raise Error(
                f"{upload}: Apple refused {reasons}.",
                "Correct the files, then run the step again. The pictures that were there before stay.",
            )
        return True

    def _remove(self, upload: _SetUpload, old: AssetFile) -> None:
        self.media.remove(old.id)
        log.info("Removed %s %s", upload, old.name)

    def _order(self, upload: _SetUpload) -> None:
        self.media.order(upload.set_id, upload.all_ids)
        log.info("Put %s in order", upload)

    def _compare(self, moved: Sequence[_SetUpload]) -> None:
        """Raise Error unless Apple shows the files of the sets in the order that was set."""

        def differing() -> list[_SetUpload]:
            shown = self.media.sets(moved[0].plan.text_id)
            return [
                upload
                for upload in moved
                if upload.shown_in(shown.get(upload.plan.display)) != upload.all_ids
            ]

        if left := look_until(self.client, differing, lambda left: not left):
            names = listed([str(upload) for upload in left])
            raise Error(
                f"{names}: Apple shows other files, or another order, than was set.",
                "Run the step again in some minutes.",
            )


@contextmanager
def _naming(subject: str) -> Iterator[None]:
    """Put the subject before the message of an error. Leave errors of the connection as they are: they end the step."""
    try:
        yield
    except UnreachableError:
        raise
    except ApiError as error:
        # The plan left room: somebody else fills the same set, or the version has changed its state.
        remedy = "Run the step again when no other job or person changes the page."
        raise Error(f"{subject}: {error.message}", remedy if error.status == 409 else error.remedy) from None
    except Error as error:
        raise Error(f"{subject}: {error.message}", error.remedy) from None


def _is_over(file: AssetFile | None) -> bool:
    # A listing may lack a file that was just sent: it is waited for like one in process.
    return file is not None and (file.delivered or file.state == FAILED)
