"""A storage on single objects with conditional writes: S3, Azure, Google Cloud, GitLab's secure files.

Guarantees among writers of this kind, for any change and a kill at any moment:

* A change is stored as a whole or not at all, and `read` returns a state that some writer left, never a mixture: see
  asc.signing.storage.journal. An `update` that was cut off after the journal counts as done; the next finishes it.
* A change is made from the newest state. The journal is only written if it is unchanged since that state was read;
  otherwise everything is read and `change` called again. So two writers never act on the same state, even if they
  change different files.
* The limit: a writer may stand still while it carries out its change. If another writer finishes that change and a
  third removes one of its files meanwhile, the first writer brings that file back.

Guarantees towards writers that know no journal (fastlane, a person):

* An object that they changed after it was read is never overwritten: `change` is called again with their version.
* They may overwrite objects of ours. S3 and Azure, as used here, cannot remove an object on a condition: an object
  that they replace in the milliseconds between the last check and the removal is removed.
* They see a change object by object: new objects first, removals last.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from asc.api import retry
from asc.signing.storage import journal, names
from asc.signing.storage.journal import Conflict, Journal, ObjectMissing, Objects
from asc.signing.storage.model import Changes, Files, Options, StorageError
from asc.signing.storage.nearby import Nearby, folders
from asc.signing.storage.snapshot import SIDE_BY_SIDE, SnapshotReader, StorageState
from asc.words import printable_name

log = logging.getLogger(__name__)


class ObjectStorage:
    """The interface `Storage` on top of `Objects`, safe to use from several threads."""

    def __init__(self, objects: Objects, options: Options) -> None:
        self._objects = objects
        self._reader = SnapshotReader(objects, options)
        self._clock = options.clock
        self._attempts = options.attempts
        self._kept: set[str] = set()
        """Paths that a warning has named as kept already."""

    @property
    def label(self) -> str:
        """Return the kind and the name of the store, for messages."""
        return self._objects.label

    def read(self) -> Files:
        """Return all files, without writing to the store."""
        return self._reader.state().files_after_change()

    def nearby(self) -> Nearby:
        """Return the other folders of the bucket that hold match's files."""
        try:
            found = folders(self._objects.keys_outside())
        except StorageError as error:
            log.info("%s: other folders could not be read: %s", self.label, error.message)
            return Nearby()
        places = tuple(f"folder {printable_name(folder)}" if folder else "the root" for folder in found)
        remedy = "Write the folder behind the bucket in storage, or give the team's folder as team-id."
        return Nearby(places, remedy, on_purpose=True)

    def prove_writable(self) -> None:
        """Create, replace and remove an object. Raises StorageError if that fails or the store ignores conditions."""
        name = journal.PROBE + journal.new_identity()
        try:
            version = self._arrived(name, b"Written to see whether this place can be written.\n", "")
            honoured = (
                version is not None
                and self._refused(self._objects.create, name, b"")
                and self._heeds_versions(name, version)
            )
        finally:
            self._remove(name)
        if not honoured:
            raise StorageError(
                "storage",
                f"{self.label} does not honour the conditions of conditional writes (If-Match, If-None-Match).",
                "Two jobs could lose each other's keys there. Use a store, or a version of it, that honours them.",
            )

    def update(self, change: Callable[[Files], Changes], message: str) -> Files:
        """Store a change as described at Storage.update; `message` goes to the log."""
        # The message goes to the log because these stores keep no history of their own.
        for attempt in range(1, self._attempts + 1):
            if attempt > 1:
                self._clock.sleep(retry.pause(attempt - 1, None, self._clock.chance()))
            state = self._settled()
            files = state.files_after_change()
            changes, shared = self._apart(names.planned(change, files, self.label))
            if not changes:
                return files
            entry = state.journal.following(changes, state.versions)
            version = self._commit(entry, state.journal_version)
            if version is None:
                log.info("%s: another writer was quicker; trying again.", self.label)
            elif self._carry_out(entry, version):
                log.info("Wrote to the %s: %s", self.label, message)
                self._create_shared(shared)
                return changes.applied(files)
        raise StorageError(
            "storage",
            f"{self.label} was changed by others at each of {self._attempts} attempts to change it.",
            "Run the step again, or let fewer jobs write at the same time (a concurrency group).",
        )

    def _apart(self, changes: Changes) -> tuple[Changes, Mapping[str, bytes]]:
        """Return the changes below the root, and the files that all teams share."""
        ours = {path: data for path, data in changes.put.items() if path not in self._objects.shared}
        shared = {path: data for path, data in changes.put.items() if path in self._objects.shared}
        return Changes(ours, changes.delete), shared

    def _create_shared(self, files: Mapping[str, bytes]) -> None:
        """Create shared files that are not there. They are of no use to a machine, so a refusal is no failure."""
        # Credentials may be limited to the team's folder, so these files take no part in the journal.
        for path, data in files.items():
            with contextlib.suppress(Conflict, StorageError):
                self._objects.create(path, data)

    def _heeds_versions(self, name: str, version: str) -> bool:
        """Return True if the store replaces an object in its current version and refuses to in an older one."""
        if self._arrived(name, b"Replaced.\n", version) is None:
            return False
        return self._refused(self._objects.replace, name, b"", version)

    def _arrived(self, name: str, data: bytes, version: str) -> str | None:
        """Write an object that nobody else writes. Return its version, or None if the store refuses the condition."""
        try:
            return self._objects.replace(name, data, version) if version else self._objects.create(name, data)
        except Conflict:
            # Clients repeat a request if its answer was lost; the conflict is then with our own first write.
            with contextlib.suppress(ObjectMissing):
                held, current = self._objects.get(name, "")
                if held == data:
                    return current
        return None

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
        """Return the newest state, after carrying out any change that another writer left unfinished."""
        for _ in range(self._attempts):
            state = self._reader.state()
            if not state.journal.changes:
                return state
            log.info("%s: finishing a change that another writer began.", self.label)
            for path in carry_out(self._objects, state.journal):
                # Once for each path: the loop may come here again and again while others write.
                if path not in self._kept:
                    self._kept.add(path)
                    log.warning(
                        "%s: kept “%s”, which others have changed meanwhile.",
                        self.label,
                        printable_name(path),
                    )
            self._finish(state.journal, state.journal_version)
        raise StorageError(
            "storage",
            f"{self.label}: other writers changed it all the time.",
            "Run the step again, or let fewer jobs write at the same time (a concurrency group).",
        )

    def _commit(self, entry: Journal, version: str) -> str | None:
        """Write the journal and return its version, or None if another writer was quicker."""
        data = entry.encode()
        try:
            if version:
                return self._objects.replace(journal.NAME, data, version)
            return self._objects.create(journal.NAME, data)
        except Conflict:
            # Clients repeat a request if its answer was lost; the conflict is then with our own first write.
            current, held = self._reader.journal()
            return held if current.identity == entry.identity else None

    def _carry_out(self, entry: Journal, version: str) -> bool:
        """Carry out our own change. Return False if others changed one of its files meanwhile."""
        # The journal has decided the change already, so an error from here on is no failure of the step.
        try:
            conflicts = carry_out(self._objects, entry)
            if conflicts:
                current, version = self._reader.journal()
                if current.identity != entry.identity or not current.changes:
                    # Another writer finished it for us, and may have gone on.
                    return True
                log.info(
                    "%s: %s changed meanwhile; trying again.",
                    self.label,
                    printable_name(", ".join(conflicts)),
                )
            self._finish(entry, version)
            return not conflicts
        except StorageError as error:
            log.warning(
                "%s The change is recorded in the journal; the next step that writes finishes it.",
                error.message,
            )
            return True

    def _finish(self, entry: Journal, version: str) -> None:
        # Another writer finished it, too.
        with contextlib.suppress(Conflict):
            self._objects.replace(journal.NAME, entry.finished().encode(), version)


def carry_out(objects: Objects, entry: Journal) -> list[str]:
    """Write the files of a change, then remove others. Return the paths that were left because others changed them.

    Nothing is removed if a file was left.
    """
    put = entry.changes.put
    gone = sorted(entry.changes.delete)
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        written = list(pool.map(lambda path: _put(objects, path, put[path], entry.bases.get(path, "")), put))
        left = [path for path, done in zip(put, written, strict=True) if not done]
        if left:
            # A removed file may be the only other copy of one that is left, as a key that was put aside is.
            return left
        removed = list(pool.map(lambda path: _delete(objects, path, entry.bases.get(path, "")), gone))
    return [path for path, done in zip(gone, removed, strict=True) if not done]


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
        # The object is gone: others removed it, or were killed while they replaced it in two steps. Create it.
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
