"""Download archives side by side. Each is resumed, checked, and only then put in its place."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from asc import words
from asc.api.client import Client
from asc.api.object_store import Expired, Link, ObjectStore
from asc.builds.symbols import archives, extracting
from asc.builds.symbols.archives import ArchiveError, Contents
from asc.builds.symbols.model import ENDING, Bundle, SymbolBuild
from asc.builds.symbols.selecting import BUILDS_IN_ONE_REQUEST, refreshed
from asc.errors import Error, UnreachableError
from asc.partial_files import PartialFile, file_errors

log = logging.getLogger(__name__)

RENEWALS = 3
"""Links in a row that may bring no byte before an archive counts as failed."""
TRIES = 2
"""Downloads of an archive that arrives broken."""

Progress = Callable[[str, int, int], AbstractContextManager[Callable[[int], None]]]
"""Opens a display for a name, its bytes in all and the bytes received. Yields a function that counts further bytes."""


@dataclass(frozen=True)
class DownloadTarget:
    """An archive to download, and its file name."""

    build: SymbolBuild
    bundle: Bundle
    name: str


@dataclass(frozen=True)
class DownloadResult:
    """The result for one target. `fetched` counts the bytes of this run; `folder` is the unpacked archive."""

    target: DownloadTarget
    path: Path
    contents: Contents | None = None
    fetched: int = 0
    was_there: bool = False
    folder: Path | None = None
    error: Error | None = None


@dataclass(frozen=True)
class Downloader:
    """Downloads archives to a folder, several at a time."""

    storage: ObjectStore
    links: Links
    directory: Path
    parallel: int
    skip_existing: bool
    extract: bool
    progress: Progress

    def fetch(self, targets: Sequence[DownloadTarget], done: Callable[[DownloadResult], None]) -> None:
        """Download all targets. `done` is called with each result as it ends, in any order, one at a time.

        A failure does not stop the others, unless it would stop them too: no disk space, no network.
        """
        stopped, lock = threading.Event(), threading.Lock()

        def download(target: DownloadTarget) -> None:
            result = self._not_begun(target) if stopped.is_set() else self._result(target)
            # No disk space or no network: each of the others would only fail later.
            if result.error and not isinstance(result.error, RefusedArchive):
                stopped.set()
            # Callers write to the log and to their report, and need no lock of their own.
            with lock:
                done(result)

        with ThreadPoolExecutor(self.parallel) as pool:
            for future in [pool.submit(download, target) for target in targets]:
                future.result()

    def _not_begun(self, target: DownloadTarget) -> DownloadResult:
        error = NotBegun(
            f"{target.name} was not downloaded, because another file failed.",
            "Correct the error of that file first.",
        )
        return DownloadResult(target, self.directory / target.name, error=error)

    def _result(self, target: DownloadTarget) -> DownloadResult:
        result = DownloadResult(target, self.directory / target.name)
        try:
            with file_errors(result.path):
                result = self._existing(result) or self._downloaded(result)
                return self._extracted(result) if self.extract else result
        except Error as error:
            return replace(result, error=error)

    def _existing(self, result: DownloadResult) -> DownloadResult | None:
        """Return the archive if it exists and is complete. Every byte of it is read for that."""
        path = result.path
        # A link could lead to a file that is not ours to trust or to replace.
        if not self.skip_existing or path.is_symlink() or not path.is_file():
            return None
        try:
            contents = archives.inspect(path)
        except ArchiveError as error:
            log.info("%s exists but is broken (%s); fetching it again", path.name, error)
            return None
        log.info("%s exists already and is whole", path.name)
        return replace(result, contents=contents, was_there=True)

    def _downloaded(self, result: DownloadResult) -> DownloadResult:
        """Download the archive, and once more if it arrives broken. Raises RefusedArchive."""
        name, received = result.target.name, 0
        for tries_left in reversed(range(TRIES)):
            with PartialFile(self.directory, self._shown(name)) as part:
                self._fill(part, result.target)
                received += part.fetched
                try:
                    contents = archives.inspect(part.path)
                except ArchiveError as error:
                    if tries_left and error.broken:
                        log.info("%s arrived broken (%s); fetching it again", name, error)
                        continue
                    raise _refused(name, error) from None
                part.path.replace(result.path)
            log.info("%s: %s, whole", name, words.size(contents.size))
            for text in contents.unread:
                log.warning("%s: no UUIDs could be read from %s", name, text)
            break
        return replace(result, contents=contents, fetched=received)

    def _fill(self, part: PartialFile, target: DownloadTarget) -> None:
        """Download the archive, with new links as often as they expire."""
        url, idle = self.links.url(target.bundle.id), 0
        while idle <= RENEWALS:
            before = part.fetched
            try:
                self.storage.fetch(Link(target.name, "GET", url, {}, None), part)
                return
            except Expired:
                # A large archive may outlive many links. Only links that brought nothing count.
                idle = 0 if part.fetched > before else idle + 1
                log.info("%s: its link has expired; requesting a new one", target.name)
                url = self.links.renewed(target.bundle.id, url)
        raise UnreachableError(
            f"{target.name}: the store takes none of the links that App Store Connect gave, though they were renewed.",
            "Check the clock of this machine, then run the step again: files that are whole are not fetched again.",
        )

    def _extracted(self, result: DownloadResult) -> DownloadResult:
        folder = result.path.with_name(result.path.name.removesuffix(ENDING))
        try:
            if extracting.extract(result.path, folder):
                log.info("%s: unpacked to %s", result.path.name, folder)
        except ArchiveError as error:
            raise _refused(result.path.name, error) from None
        return replace(result, folder=folder)

    def _shown(self, name: str) -> Callable[[int, ExitStack], Callable[[int], None]]:
        def show(total: int, display: ExitStack) -> Callable[[int], None]:
            return display.enter_context(self.progress(name, total, 0))

        return show


class RefusedArchive(Error):
    """An archive that is broken or unsafe. The others may be sound."""


class NotBegun(Error):
    """An archive that was not downloaded because another failed."""


def _refused(name: str, error: ArchiveError) -> RefusedArchive:
    if error.broken:
        return RefusedArchive(
            f"{name} is broken, though it was fetched {TRIES} times: {error}.",
            "Run the step again later; if it stays, App Store Connect itself has it broken.",
        )
    return RefusedArchive(
        f"{name} is refused: {error}.",
        "It was not unpacked. If the archive is yours as it is, take a look at it by hand.",
    )


class Links:
    """The newest links of the bundles of `builds`, safe to use from several threads."""

    def __init__(self, client: Client, builds: Sequence[SymbolBuild]) -> None:
        self._client = client
        self._groups = [
            builds[start : start + BUILDS_IN_ONE_REQUEST]
            for start in range(0, len(builds), BUILDS_IN_ONE_REQUEST)
        ]
        self._urls = _urls(builds)
        self._lock = threading.Lock()

    def url(self, bundle_id: str) -> str:
        """Return the link of a bundle by its id in the API."""
        return self._urls[bundle_id]

    def renewed(self, bundle_id: str, expired: str) -> str:
        """Return another link than the `expired` one. Makes a request unless another thread did."""
        with self._lock:
            # Threads whose links expired together need one request, not one each.
            if self._urls[bundle_id] == expired:
                log.debug("A link has expired; requesting new ones")
                group = next(group for group in self._groups if bundle_id in _urls(group))
                self._urls.update(_urls(list(refreshed(self._client, group).values())))
            return self._urls[bundle_id]


def _urls(builds: Sequence[SymbolBuild]) -> dict[str, str]:
    return {bundle.id: bundle.url for build in builds for bundle in build.bundles if bundle.url}
