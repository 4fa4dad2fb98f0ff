"""Read all objects of a store as they were at one moment."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from asc.api import retry
from asc.signing.storage import journal, names
from asc.signing.storage.journal import Conflict, Journal, ListedObject, ObjectMissing, Objects
from asc.signing.storage.model import Files, Options, StorageError
from asc.words import printable_name

log = logging.getLogger(__name__)

SIDE_BY_SIDE = 8
"""Objects to read or write at a time."""
PAGE = 1_000
"""Objects that stores list in one answer."""
MOST_STALE = 8
"""Attempts, over 40 seconds, at an object that is listed and not given: a late list catches up within them."""


@dataclass(frozen=True)
class StorageState:
    """The store at one moment: allowed files without the journal, their versions, and the journal."""

    files: Files
    versions: Mapping[str, str]
    journal: Journal
    journal_version: str

    def files_after_change(self) -> Files:
        """Return the files with the change of the journal applied."""
        return self.journal.applied_to(self.files)


class _Moved(Exception):
    """An object is gone, or has another version than the list says."""

    def __init__(self, name: str, version: str) -> None:
        super().__init__(name)
        self.name = name
        self.version = version


class SnapshotReader:
    """Reads all objects of a store, or only its journal."""

    def __init__(self, objects: Objects, options: Options) -> None:
        self._objects = objects
        self._clock = options.clock
        self._attempts = options.attempts

    def state(self) -> StorageState:
        """Return all objects as of one moment. Reads again if one of them changes meanwhile.

        Raises StorageError if that happens at every attempt, or if the store goes on listing an object that it does
        not give.
        """
        stale: Counter[tuple[str, str]] = Counter()
        for attempt in range(1, self._attempts + 1):
            try:
                return self._load(self._list())
            except _Moved as moved:
                stale[moved.name, moved.version] += 1
                if stale[moved.name, moved.version] >= MOST_STALE:
                    raise self._inconsistent(moved.name) from None
                # Once is usual beside other jobs. At the second time the step seems to stand still.
                level = logging.INFO if attempt == 2 else logging.DEBUG
                log.log(
                    level,
                    "%s lists %s in a version that it does not give; reading again, up to %d times",
                    self._objects.label,
                    printable_name(moved.name),
                    MOST_STALE,
                )
                self._clock.sleep(retry.pause(attempt, None, self._clock.chance()))
        raise StorageError(
            "storage",
            f"{self._objects.label} changed each of the {self._attempts} times that it was read.",
            "Run the step again when fewer jobs write to it.",
        )

    def journal(self) -> tuple[Journal, str]:
        """Return the journal and its version; an empty journal and "" if there is none."""
        try:
            data, version = self._objects.get(journal.NAME, "")
        except ObjectMissing:
            return Journal(), ""
        return self._decoded(data), version

    def _list(self) -> Mapping[str, ListedObject]:
        listed = self._objects.list_objects()
        # A list of several pages is not of one moment, so it is read until two in a row are equal.
        while len(listed) > PAGE and (again := self._objects.list_objects()) != listed:
            listed = again
        return listed

    def _load(self, listed: Mapping[str, ListedObject]) -> StorageState:
        assets = names.accepted((name for name in listed if not journal.is_ours(name)), self._objects.label)
        names.check_sizes({name: listed[name].size for name in assets}, self._objects.label)
        paths = [*assets, *({journal.NAME} & set(listed))]
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            contents = dict(
                zip(paths, pool.map(lambda name: self._get(name, listed[name]), paths), strict=True)
            )
        newest = self._decoded(contents.pop(journal.NAME, None))
        # The sizes are checked again because some stores do not list them.
        names.check_sizes({name: len(data) for name, data in contents.items()}, self._objects.label)
        versions = {name: listed[name].version for name in assets}
        return StorageState(
            contents, versions, newest, listed[journal.NAME].version if journal.NAME in listed else ""
        )

    def _get(self, name: str, found: ListedObject) -> bytes:
        try:
            data, version = self._objects.get(name, found.version)
        except (ObjectMissing, Conflict):
            raise _Moved(name, found.version) from None
        if version != found.version:
            raise _Moved(name, found.version)
        return data

    def _inconsistent(self, name: str) -> StorageError:
        return StorageError(
            "storage",
            f"{self._objects.label} lists {printable_name(name)}, but answered {MOST_STALE} times that this version of "
            "it does not exist.",
            "Check that no cache or replica answers in place of the storage, and that its policy allows the step to "
            "read objects as well as to list them. If the object is damaged, remove it; then run the step again.",
        )

    def _decoded(self, data: bytes | None) -> Journal:
        if data is None:
            return Journal()
        try:
            return journal.decode(data)
        except journal.UnreadableJournal as error:
            raise StorageError(
                "storage",
                f"{journal.NAME} in {self._objects.label} cannot be read: {error}.",
                "If no newer version of this action wrote it and no job is running, remove it and run the step again.",
            ) from error
