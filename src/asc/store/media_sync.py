"""Makes the sets of a page show the files: upload, wait until Apple has processed them, and only then delete.

So the page never shows fewer pictures than before, but for a full set, where places have to be made first.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from asc.api.client import Client
from asc.api.polling import Polling
from asc.assets.model import FAILED, AssetFile
from asc.assets.source import Source
from asc.assets.upload import reasons_text
from asc.errors import Error, Findings
from asc.store.media import Media, MediaSet
from asc.store.media_plan import SetPlan
from asc.store.screenshots import MOST, Screenshot

log = logging.getLogger(__name__)

LOCALES_AT_ONCE = 4
DELETED_SHOWS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between looks for a deleted file that Apple still counts."""


@dataclass(frozen=True)
class Made:
    """Counts of uploaded files and of their bytes."""

    files: int = 0
    size: int = 0


class MediaSync:
    """Carries out plans of sets. `parallel` files are sent side by side; `deadline` is by the monotonic clock."""

    def __init__(
        self, client: Client, media: Media, parallel: int, deadline: float, most: int = MOST
    ) -> None:
        self._client = client
        self._media = media
        self._parallel = parallel
        self._deadline = deadline
        self._most = most

    def run(self, plans: Iterable[SetPlan]) -> Made:
        """Carry out all plans. A locale that fails does not stop the others. Raises Error with all that failed."""
        by_text: dict[str, list[SetPlan]] = defaultdict(list)
        for plan in plans:
            if not plan.is_done:
                by_text[plan.text_id].append(plan)
        if not by_text:
            return Made()
        findings = Findings()
        with (
            ThreadPoolExecutor(self._parallel) as senders,
            ThreadPoolExecutor(min(LOCALES_AT_ONCE, len(by_text))) as pool,
        ):
            jobs = [pool.submit(self._locale, group, senders) for group in by_text.values()]
            results = [findings.result_of(job.result, Made()) for job in jobs]
        findings.raise_all()
        return Made(sum(made.files for made in results), sum(made.size for made in results))

    def _locale(self, plans: Sequence[SetPlan], senders: ThreadPoolExecutor) -> Made:
        with ThreadPoolExecutor(len(plans)) as pool:
            uploads = [pool.submit(self._upload, plan, senders) for plan in plans]
        findings = Findings()
        nothing: _Uploaded | None = None
        uploaded = [done for job in uploads if (done := findings.result_of(job.result, nothing))]
        if uploaded:
            findings.result_of(lambda: self._finish(uploaded), None)
        findings.raise_all()
        sent = [file for one in uploaded for file in one.plan.add]
        return Made(len(sent), sum(file.size for file in sent))

    def _upload(self, plan: SetPlan, senders: ThreadPoolExecutor) -> _Uploaded:
        """Send the files of one set. Places are made one after the other: their order is the order of the set."""
        there = plan.there
        if not there.id:
            there = self._media.make_set(plan.text_id, plan.display)
        early = self._early(plan)
        for old in early:
            self._media.remove(old.id)
        self._await_deleted(plan, early)
        sends: list[tuple[Screenshot, Future[AssetFile]]] = []
        for file in plan.add:
            with Source(file.path) as source:
                place = plan.adopt.get(file.md5) or self._media.reserve(there.id, source)
            sends.append((file, senders.submit(self._send, there.id, file, place)))
        findings = Findings()
        none: AssetFile | None = None
        done = {
            file.md5: sent
            for file, job in sends
            if (sent := findings.result_of(lambda job=job: job.result(), none))  # type: ignore[misc]
        }
        try:
            findings.raise_all()
        except Error as error:
            message = f"{plan.locale} {plan.display}: {error.message}"
            raise type(error)(message, error.remedy) if type(error) is Error else error from None
        return _Uploaded(plan, there, done, {old.id for old in early})

    def _send(self, set_id: str, file: Screenshot, place: AssetFile) -> AssetFile:
        with Source(file.path) as source:
            sent = self._media.send(set_id, source, place)
        log.info("Done: upload %s %s %s", file.locale, file.display, file.path.name)
        return sent

    def _early(self, plan: SetPlan) -> list[AssetFile]:
        """Return what has to go before anything is uploaded: dead places, and what the limit of a set forces."""
        staying = len(plan.there.files) - len(plan.dead)
        new = len(plan.add) - len(plan.adopt)
        overflow = max(0, staying + new - self._most)
        return [*plan.dead, *(plan.remove[-overflow:] if overflow else ())]

    def _await_deleted(self, plan: SetPlan, deleted: Sequence[AssetFile]) -> None:
        gone = {file.id for file in deleted}
        for pause in DELETED_SHOWS if gone and plan.add else ():
            now = self._media.sets(plan.text_id).get(plan.display)
            if now is None or not gone & {file.id for file in now.files}:
                return
            self._client.pause(pause)

    def _finish(self, uploaded: Sequence[_Uploaded]) -> None:
        """Wait until Apple has processed the files of a locale, then delete what is not wanted, and put in order."""
        findings = Findings()
        now = self._await_processed(uploaded)
        for one in uploaded:
            there = now.get(one.plan.display)
            findings.result_of(lambda one=one, there=there: self._finish_set(one, there), None)  # type: ignore[misc]
        findings.raise_all()

    def _await_processed(self, uploaded: Sequence[_Uploaded]) -> dict[str, MediaSet]:
        text_id, polling = uploaded[0].plan.text_id, Polling(self._client, self._deadline)
        wanted = {file_id for one in uploaded for file_id in one.ids}
        while True:
            now = self._media.sets(text_id)
            files = {file.id: file for one in now.values() for file in one.files}
            waiting = [
                file_id
                for file_id in wanted
                if file_id not in files or not (files[file_id].delivered or files[file_id].state == FAILED)
            ]
            if not waiting:
                return now
            if polling.left <= 0:
                names = ", ".join(files[file_id].name for file_id in waiting if file_id in files)
                raise Error(
                    f"{uploaded[0].plan.locale}: Apple did not finish processing {names} in time.",
                    "Run the step again, or with a longer timeout: what is there is not sent again.",
                )
            polling.pause()

    def _finish_set(self, one: _Uploaded, there: MediaSet | None) -> None:
        files = {file.id: file for file in there.files} if there else {}
        failed = [files[file_id] for file_id in one.ids if files[file_id].state == FAILED]
        for file in failed:
            self._media.remove(file.id)
        if failed:
            reasons = "; ".join(f"{file.name}: {reasons_text(file.errors)}" for file in failed)
            raise Error(
                f"{one.plan.locale} {one.plan.display}: Apple refused {reasons}.",
                "Correct the files, then run the step again. The pictures that were there before stay.",
            )
        for file in one.plan.remove:
            if file.id not in one.removed:
                self._media.remove(file.id)
                log.info("Done: remove %s %s %s", one.plan.locale, one.plan.display, file.name)
        wanted = [*(file.id for file in one.plan.others), *one.ids]
        gone = {file.id for file in one.plan.remove}
        if [file_id for file_id in files if file_id not in gone] != wanted:
            self._order(one, wanted)

    def _order(self, one: _Uploaded, wanted: Sequence[str]) -> None:
        self._media.order(one.there.id, wanted)
        now = self._media.sets(one.plan.text_id).get(one.plan.display)
        if now and [file.id for file in now.files if file.id in wanted] != list(wanted):
            raise Error(
                f"{one.plan.locale} {one.plan.display}: Apple shows the pictures in another order than was set.",
                "Run the step again in some minutes.",
            )
        log.info("Done: put %s %s in order", one.plan.locale, one.plan.display)


@dataclass(frozen=True)
class _Uploaded:
    """A set whose files are sent: `sent` by MD5; `removed` are ids that were deleted already."""

    plan: SetPlan
    there: MediaSet
    sent: dict[str, AssetFile]
    removed: set[str]

    @property
    def ids(self) -> list[str]:
        """The ids of the wanted files, in their order."""
        have = {**self.plan.keep, **self.sent}
        return [have[file.md5].id for file in self.plan.wanted]
