"""A storage of single objects with conditional writes: S3, Azure, Google Cloud, GitLab's secure files.

What is guaranteed among writers of this kind, whatever they change and whenever one is killed:

* A change is stored as a whole or not at all, and `read` shows a state that some writer left, never a mixture: see
  asc.signing.storage.journal. An `update` that was cut off after the journal counts as done; the next finishes it.
* A change is made from the newest state. The journal is only written where it is as it was when that was read; else
  all is read and `change` called again. So two writers never act on the same state, not even on different files.
* The limit: a writer that stands still while it carries out its change, for so long that another finishes it and a
  third removes one of its files again, brings that file back.

What is guaranteed towards other writers, who know no journal (fastlane, a person):

* An object that they changed after it was read is never overwritten: `change` is called again with what they left.
* The reverse is up to them. And where the store cannot remove an object on a condition (S3 and Azure as they are
  reached here), one that they replace between our last look and our removal, some milliseconds, is removed.
* They see a change object by object, new ones first, removals last.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from asc.api import retry
from asc.signing.storage import journal, names
from asc.signing.storage.journal import Conflict, Journal, ObjectMissing, Objects
from asc.signing.storage.model import Changes, Files, Options, StorageError
from asc.signing.storage.nearby import Nearby, folders
from asc.signing.storage.snapshot import SIDE_BY_SIDE, Reader, StorageState
from asc.words import printable_name

log = logging.getLogger(__name__)


class ObjectStorage:
    """The interface `Storage` on top of `Objects`. Safe to use from several threads."""

    def __init__(self, objects: Objects, options: Options) -> None:
        self._objects = objects
        self._reader = Reader(objects, options)
        self._clock = options.clock
        self._attempts = options.attempts

    @property
    def label(self) -> str:
        """What it is and where."""
        return self._objects.label

    def read(self) -> Files:
        """All files; the store is not written to."""
        return self._reader.state().seen()

    def nearby(self) -> Nearby:
        """Other folders of the bucket that hold match's files."""
        try:
            found = folders(self._objects.elsewhere())
        except StorageError as error:
            log.info("%s: other folders could not be looked at: %s", self.label, error.message)
            return Nearby()
        places = tuple(f"folder {printable_name(folder)}" if folder else "the root" for folder in found)
        remedy = "Write the folder behind the bucket in storage, or give the team's folder as team-id."
        return Nearby(places, remedy, on_purpose=True)

    def prove_writable(self) -> None:
        """Writes an object of its own and removes it; proves that the store keeps to its conditions, too."""
        name = journal.PROBE + journal.new_identity()
        version = self._objects.create(name, b"Written to see whether this place can be written.\n")
        try:
            honoured = self._refused(self._objects.create, name, b"") and self._heeds_versions(name, version)
        finally:
            self._remove(name)
        if not honoured:
            raise StorageError(
                "storage",
                f"{self.label} ignores the conditions of conditional writes (If-Match, If-None-Match).",
                "Two jobs could lose each other's keys there. Use a store, or a version of it, that honours them.",
            )

    def update(self, change: Callable[[Files], Changes], message: str) -> Files:
        """See Storage. `message` goes to the log, for these stores keep no history of their own."""
        for attempt in range(1, self._attempts + 1):
            if attempt > 1:
                self._clock.sleep(retry.pause(attempt - 1, None, self._clock.chance()))
            state = self._settled()
            files = state.seen()
            changes = names.planned(change, files, self.label)
            if not changes:
                return files
            entry = state.journal.following(changes, state.versions)
            version = self._commit(entry, state.journal_version)
            if version is None:
                log.info("%s: another writer was quicker; trying again.", self.label)
            elif self._own(entry, version):
                log.info("%s: %s", self.label, message)
                return changes.applied(files)
        raise StorageError(
            "storage",
            f"{self.label} was changed by others at each of {self._attempts} attempts to change it.",
            "Run the step again, or let fewer jobs write at the same time (a concurrency group).",
        )

    def _heeds_versions(self, name: str, version: str) -> bool:
        """Whether an object can be replaced in its version, and then not in the old one again."""
        if self._refused(self._objects.replace, name, b"Replaced.\n", version):
            return False
        return self._refused(self._objects.replace, name, b"", version)

    @staticmethod
    def _refused(call: Callable[..., str], *arguments: object) -> bool:
        try:
            call(*arguments)
        except Conflict:
            return True
        return False

    def _remove(self, name: str) -> None:
        with contextlib.suppress(ObjectMissing, Conflict):
            _, version = self._objects.get(name, "")
            self._objects.delete(name, version)

    def _settled(self) -> StorageState:
        """The newest state, after carrying out what a writer left unfinished."""
        for _ in range(self._attempts):
            state = self._reader.state()
            if not state.journal.changes:
                return state
            log.info("%s: finishing a change that another writer began.", self.label)
            for path in carry_out(self._objects, state.journal):
                log.warning(
                    "%s: “%s” was changed by others meanwhile and stays so.", self.label, printable_name(path)
                )
            self._finish(state.journal, state.journal_version)
        raise StorageError(
            "storage",
            f"{self.label}: others wrote to it without a pause.",
            "Run the step again, or let fewer jobs write at the same time (a concurrency group).",
        )

    def _commit(self, entry: Journal, version: str) -> str | None:
        """Writes the journal, which decides the change, and returns its version; None where another was quicker."""
        data = entry.encode()
        try:
            if version:
                return self._objects.replace(journal.NAME, data, version)
            return self._objects.create(journal.NAME, data)
        except Conflict:
            # Clients repeat requests whose answer was lost: then it is ours that is there.
            current, held = self._reader.journal()
            return held if current.identity == entry.identity else None

    def _own(self, entry: Journal, version: str) -> bool:
        """Carries out our change; whether all of it could be. It is decided already, so trouble is no failure."""
        try:
            conflicts = carry_out(self._objects, entry)
            if conflicts:
                current, version = self._reader.journal()
                if current.identity != entry.identity or not current.changes:
                    return True  # another writer finished it for us, and may have gone on
                log.info(
                    "%s: %s changed meanwhile; trying again.",
                    self.label,
                    printable_name(", ".join(conflicts)),
                )
            self._finish(entry, version)
            return not conflicts
        except StorageError as error:
            log.warning(
                "%s The change is recorded all the same; the next step that writes finishes it.",
                error.message,
            )
            return True

    def _finish(self, entry: Journal, version: str) -> None:
        with contextlib.suppress(Conflict):  # another writer finished it, too
            self._objects.replace(journal.NAME, entry.finished().encode(), version)


def carry_out(objects: Objects, entry: Journal) -> list[str]:
    """Writes, then removes; returns the paths that someone without a journal changed meanwhile, which stay so."""
    put = entry.changes.put
    gone = sorted(entry.changes.delete)
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        written = list(pool.map(lambda path: _put(objects, path, put[path], entry.bases.get(path, "")), put))
        removed = list(pool.map(lambda path: _delete(objects, path, entry.bases.get(path, "")), gone))
    return [path for path, done in zip([*put, *gone], written + removed, strict=True) if not done]


def _put(objects: Objects, path: str, data: bytes, base: str) -> bool:
    for version in (base, ""):
        try:
            if version:
                objects.replace(path, data, version)
            else:
                objects.create(path, data)
            return True
        except Conflict:
            held = _held(objects, path)
            if held is not None:
                return held == data
        # Gone: removed by others, or by someone who replaces it in two steps and was killed in between.
    return False


def _held(objects: Objects, path: str) -> bytes | None:
    try:
        return objects.get(path, "")[0]
    except ObjectMissing:
        return None


def _delete(objects: Objects, path: str, base: str) -> bool:
    try:
        objects.delete(path, base)
    except Conflict:
        return False
    return True
