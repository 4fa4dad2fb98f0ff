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
from asc.api.polling import Polling
from asc.assets.model import FAILED, AssetFile
from asc.assets.source import Source
from asc.assets.upload import plain_name, reasons_text
from asc.errors import Error, Findings, UnreachableError
from asc.store.media import WAITS_FOR_BYTES, Media, MediaSet
from asc.store.media_plan import SetPlan
from asc.store.screenshots import Screenshot
from asc.words import listed

log = logging.getLogger(__name__)

SHOWS_LATE = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds before each look for a write that Apple's listings show late, such as a deletion."""
STALL = 600.0
"""Seconds without any processing until a file counts as stuck. Some wait for hours (fastlane#20619)."""
_NOT_BEGUN = (WAITS_FOR_BYTES, "UPLOAD_COMPLETE", "")


@dataclass(frozen=True)
class Made:
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
class _Uploaded:
    """A set at Apple whose files are sent: `sent` by MD5; `removed` are ids that were deleted to make room."""

    plan: SetPlan
    set_id: str
    sent: Mapping[str, AssetFile]
    removed: frozenset[str]

    @property
    def ids(self) -> list[str]:
        """The ids of the wanted files, in their order."""
        have = {**self.plan.keep, **self.sent}
        return [have[file.md5].id for file in self.plan.wanted]

    @property
    def all_ids(self) -> list[str]:
        """The ids of the set, in their order, once the files that are not wanted are gone."""
        return [*(file.id for file in self.plan.others), *self.ids]

    def shown_in(self, there: MediaSet | None) -> list[str]:
        """Return the ids of a listed set, without files that are to go: listings show them for a while."""
        gone = {file.id for file in (*self.plan.remove, *self.plan.dead)}
        return [file.id for file in (there.files if there else ()) if file.id not in gone]

    @property
    def to_remove(self) -> list[AssetFile]:
        """The files that are not wanted and still there."""
        return [file for file in self.plan.remove if file.id not in self.removed]

    def __str__(self) -> str:
        return f"{self.plan.locale} {self.plan.display}".strip()


@dataclass(frozen=True)
class LocaleSync:
    """Carries out the plans of one locale."""

    client: Client
    media: Media
    pace: Pace
    most: int
    pools: Pools
    plans: Sequence[SetPlan]

    def run(self) -> Made:
        """Carry out the plans. A set that fails does not stop the others. Raises Error with all that failed."""
        findings = Findings()
        preparing = [self.pools.others.submit(self._prepare, plan) for plan in self.plans]
        no_set: _Uploaded | None = None
        sending = [
            (one, self._begin(one)) for job in preparing if (one := findings.result_of(job.result, no_set))
        ]
        uploaded = [
            done
            for one, jobs in sending
            if (done := findings.result_of(partial(self._sent, one, jobs), no_set))
        ]
        if uploaded:
            findings.result_of(partial(self._finish, uploaded), None)
        findings.raise_all()
        files = [file for one in uploaded for file in one.plan.add]
        return Made(len(files), sum(file.size for file in files))

    def _prepare(self, plan: SetPlan) -> _Uploaded:
        """Make the set if it is not there, and room for its files."""
        with _told_of(f"{plan.locale} {plan.display}".strip()):
            return self._make_room(plan, plan.there.id or self.media.make_set(plan.text_id, plan.display).id)

    def _make_room(self, plan: SetPlan, set_id: str) -> _Uploaded:
        """Delete dead places, and old files if the set would pass its limit. Return when Apple lists none of them."""
        # Reservations without bytes count against the limit (recorded).
        staying = len(plan.there.files) - len(plan.dead)
        overflow = max(0, staying + len(plan.add) - len(plan.adopt) - self.most)
        early = [*plan.dead, *(plan.remove[-overflow:] if overflow else ())]
        for old in early:
            self.media.remove(old.id)
        gone = frozenset(old.id for old in early)
        # Apple counts a deleted file as long as it lists it.
        for pause in SHOWS_LATE if gone and plan.add else ():
            self.client.pause(pause)
            now = self.media.sets(plan.text_id).get(plan.display)
            if now is None or not gone & {file.id for file in now.files}:
                break
        return _Uploaded(plan, set_id, {}, gone)

    def _begin(self, one: _Uploaded) -> list[Future[dict[str, AssetFile]]]:
        """Begin to send the files of a set, side by side. The order of the set is set at the end."""
        # After a lost answer a place is found by its name and size: files that share both go one after the other.
        alike: dict[tuple[str, int], list[Screenshot]] = defaultdict(list)
        for file in one.plan.add:
            alike[plain_name(file.path.name), file.size].append(file)
        return [self.pools.senders.submit(self._bring, one, files) for files in alike.values()]

    def _bring(self, one: _Uploaded, files: Iterable[Screenshot]) -> dict[str, AssetFile]:
        """Reserve places for files, send them, and return them by MD5 as they are then."""
        sent = {}
        for file in files:
            with _told_of(f"{one} {file.path.name}"), Source(file.path) as source:
                place = one.plan.adopt.get(file.md5) or self.media.reserve(one.set_id, source)
                sent[file.md5] = self.media.send(one.set_id, source, place)
            log.info("Uploaded %s %s", one, file.path.name)
        return sent

    def _sent(self, one: _Uploaded, jobs: Iterable[Future[dict[str, AssetFile]]]) -> _Uploaded:
        """Return the set with its files once all are sent. Raises Error with all that failed."""
        findings = Findings()
        nothing: dict[str, AssetFile] = {}
        sent = {md5: file for job in jobs for md5, file in findings.result_of(job.result, nothing).items()}
        findings.raise_all()
        return replace(one, sent=sent)

    def _finish(self, uploaded: Sequence[_Uploaded]) -> None:
        """Wait until Apple has processed the files, then delete the unwanted ones, set the order, and compare."""
        now = self._processed(uploaded)
        if now is None:
            log.info(
                "%s: Apple is still processing the files. The next run removes the old ones and sets the order.",
                uploaded[0].plan.owner,
            )
            return
        findings = Findings()
        whole = [one for one in uploaded if findings.result_of(partial(self._accepted, one, now), False)]
        self._all(findings, (partial(self._remove, one, old) for one in whole for old in one.to_remove))
        # Uploads side by side arrive in any order, so that one request sets it at the end.
        sets = whole if self.media.is_ordered else ()
        moved = [one for one in sets if one.shown_in(now.get(one.plan.display)) != one.all_ids]
        self._all(findings, (partial(self._order, one) for one in moved))
        if moved and not findings.any:
            findings.result_of(partial(self._compare, moved), None)
        findings.raise_all()

    def _all(self, findings: Findings, writes: Iterable[Callable[[], None]]) -> None:
        """Make writes side by side, and keep their errors."""
        for job in [self.pools.others.submit(write) for write in writes]:
            findings.result_of(job.result, None)

    def _processed(self, uploaded: Sequence[_Uploaded]) -> dict[str, MediaSet] | None:
        """Return the sets once Apple has processed or refused all files; None if that is not to be waited for."""
        locale, polling = uploaded[0].plan.owner, Polling(self.client, self.pace.deadline)
        wanted = {file_id for one in uploaded for file_id in one.ids}
        since: dict[str, tuple[str, float]] = {}
        while True:
            # One request for all files of the locale: a request for each would use up the budget of the hour.
            now = self.media.sets(uploaded[0].plan.text_id)
            files = {file.id: file for one in now.values() for file in one.files}
            waiting = {file_id: files.get(file_id) for file_id in wanted if not _is_over(files.get(file_id))}
            if not waiting:
                return now
            if not self.pace.waits:
                return None
            self._refuse_stuck(locale, waiting, since)
            names = listed([file.name for file in waiting.values() if file])
            if polling.left <= 0:
                raise Error(
                    f"{locale}: Apple did not finish processing {names} in time.",
                    "Run the step again, or with a longer timeout: what is there is not sent again.",
                )
            if polling.is_news(str(len(waiting))):
                log.info("%s: waiting for Apple to process %s", locale, words.counted(len(waiting), "file"))
            polling.pause()

    def _refuse_stuck(
        self, locale: str, waiting: Mapping[str, AssetFile | None], since: dict[str, tuple[str, float]]
    ) -> None:
        """Delete files that Apple has not begun to process for long, and raise Error with their names."""
        moment = self.client.clock.monotonic()
        stuck = []
        for file_id, file in waiting.items():
            state = file.state if file else ""
            if since.get(file_id, ("", 0.0))[0] != state or file_id not in since:
                since[file_id] = (state, moment)
            elif state in _NOT_BEGUN and moment - since[file_id][1] >= self.pace.stall and file:
                stuck.append(file)
        for file in stuck:
            # It was never shown, and left there it would look like a file that is on its way.
            self.media.remove(file.id)
        if stuck:
            states = listed([f"{file.name} ({file.state})" for file in stuck])
            minutes = f"{self.pace.stall / 60:.0f} minutes"
            raise Error(
                f"{locale}: Apple did not begin to process {states} for {minutes}; the upload was taken back.",
                "Run the step again: it sends these files anew, and nothing else.",
            )

    def _accepted(self, one: _Uploaded, now: Mapping[str, MediaSet]) -> bool:
        """Return True. Raises Error, after deleting them, if Apple refused files of the set."""
        there = now.get(one.plan.display)
        failed = [
            file for file in (there.files if there else ()) if file.id in one.ids and file.state == FAILED
        ]
        for file in failed:
            self.media.remove(file.id)
        if failed:
            reasons = "; ".join(f"{file.name}: {reasons_text(file.errors)}" for file in failed)
            raise Error(
                f"{one}: Apple refused {reasons}.",
                "Correct the files, then run the step again. The pictures that were there before stay.",
            )
        return True

    def _remove(self, one: _Uploaded, old: AssetFile) -> None:
        self.media.remove(old.id)
        log.info("Removed %s %s", one, old.name)

    def _order(self, one: _Uploaded) -> None:
        self.media.order(one.set_id, one.all_ids)
        log.info("Put %s in order", one)

    def _compare(self, moved: Sequence[_Uploaded]) -> None:
        """Raise Error unless Apple shows the files of the sets in the order that was set."""
        wrong: list[_Uploaded] = []
        for pause in SHOWS_LATE:
            self.client.pause(pause)
            now = self.media.sets(moved[0].plan.text_id)
            wrong = [one for one in moved if one.shown_in(now.get(one.plan.display)) != one.all_ids]
            if not wrong:
                return
        raise Error(
            f"{listed([str(one) for one in wrong])}: Apple shows other files, or another order, than was set.",
            "Run the step again in some minutes.",
        )


@contextmanager
def _told_of(subject: str) -> Iterator[None]:
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
    return file is not None and (file.delivered or file.state == FAILED)
