"""Reads a store of objects as it was at one moment."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from asc.api import retry
from asc.signing.storage import journal, names
from asc.signing.storage.journal import Conflict, Journal, ObjectMissing, Objects, ReadResult
from asc.signing.storage.model import Files, Options, StorageError

log = logging.getLogger(__name__)

SIDE_BY_SIDE = 8
PAGE = 1_000
"""Objects that stores list in one answer. Longer lists are read twice, for they are not of one moment."""


@dataclass(frozen=True)
class StorageState:
    """The store at one moment: accepted files without the journal, their versions, and the journal."""

    files: Files
    versions: Mapping[str, str]
    journal: Journal
    journal_version: str

    def seen(self) -> Files:
        """The files with the change that the journal holds."""
        return self.journal.over(self.files)


class Reader:
    """Reads all of a store, or its journal alone."""

    def __init__(self, objects: Objects, options: Options) -> None:
        self._objects = objects
        self._clock = options.clock
        self._attempts = options.attempts

    def state(self) -> StorageState:
        """All objects as they were when they were listed; read again when one of them changes meanwhile."""
        for attempt in range(1, self._attempts + 1):
            try:
                return self._load(self._list())
            except (ObjectMissing, Conflict):
                log.debug("%s changed while it was read.", self._objects.label)
                self._clock.sleep(retry.pause(attempt, None, self._clock.chance()))
        raise StorageError(
            "storage",
            f"{self._objects.label} changed each of the {self._attempts} times that it was read.",
            "Run the step again when fewer jobs write to it.",
        )

    def journal(self) -> tuple[Journal, str]:
        """The journal and its version."""
        try:
            data, version = self._objects.get(journal.NAME, "")
        except ObjectMissing:
            return Journal(), ""
        return self._decoded(data), version

    def _list(self) -> Mapping[str, ReadResult]:
        listed = self._objects.found()
        while len(listed) > PAGE and (again := self._objects.found()) != listed:
            listed = again
        return listed

    def _load(self, listed: Mapping[str, ReadResult]) -> StorageState:
        assets = names.accepted((name for name in listed if not journal.is_ours(name)), self._objects.label)
        names.check_sizes({name: listed[name].size for name in assets}, self._objects.label)
        wanted = [*assets, *({journal.NAME} & set(listed))]
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            contents = dict(
                zip(wanted, pool.map(lambda name: self._get(name, listed[name]), wanted), strict=True)
            )
        newest = self._decoded(contents.pop(journal.NAME, None))
        names.check_sizes({name: len(data) for name, data in contents.items()}, self._objects.label)
        versions = {name: listed[name].version for name in assets}
        return StorageState(
            contents, versions, newest, listed[journal.NAME].version if journal.NAME in listed else ""
        )

    def _get(self, name: str, found: ReadResult) -> bytes:
        data, version = self._objects.get(name, found.version)
        if version != found.version:
            raise Conflict
        return data

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
