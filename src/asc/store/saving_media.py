"""Writes the pictures and videos of a version into fastlane's folders, with a manifest beside them."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import urljoin, urlsplit

from asc.api.object_store import Expired, Link, MemorySink, ObjectStore, RefusedLink, Sink
from asc.assets.model import AssetFile
from asc.errors import Error, Findings, UnreachableError
from asc.formats.images import CHECK_THE_PROXY, ENDING, EXTENSIONS, NOT_MEDIA, is_media
from asc.partial_files import PartialFile, file_errors
from asc.store.manifest import NAME, Entries, Entry, manifest, read_manifest
from asc.store.media import MediaSet
from asc.store.previews import MIME_TYPES
from asc.store.saving import as_it_is_there, check_places, save
from asc.store.screenshots import AT_ONCE, md5_of
from asc.words import printable_name

log = logging.getLogger(__name__)

LARGEST_PLAYLIST = 64 * 1024
"""Bytes of the list of a streamed video."""


@dataclass(frozen=True)
class Saved:
    """The paths in the folder that were written and deleted, and the errors of files that could not be fetched."""

    written: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    findings: Findings = field(default_factory=Findings)


@dataclass(frozen=True)
class _RemoteFile:
    """A file at Apple, and the path that it gets in the folder if it has to be downloaded."""

    path: str
    file: AssetFile
    display: str
    place: int

    @property
    def checksum(self) -> str:
        """Apple's checksum of the bytes that were uploaded, or ""."""
        return self.file.checksums.get("MD5", "").lower()

    def is_in(self, entry: Entry | None) -> bool:
        """Return True if an entry of the manifest is about this file."""
        if entry is None:
            return False
        return entry.checksum == self.checksum if self.checksum else entry.id == self.file.id


@dataclass(frozen=True)
class MediaSaver:
    """Downloads the files of a version into `folder`. `platform` is Apple's name of its platform."""

    object_store: ObjectStore
    folder: Path
    platform: str

    def save(self, sets: Mapping[str, Mapping[str, MediaSet]]) -> Saved:
        """Download the files of `sets` (locale → display type → set) that are not there, and write the manifest.

        Files of an earlier download that Apple no longer shows are deleted, if nobody changed them. A file that fails
        does not stop the others. Raises Error before the first write if a link leads out of the workspace.
        """
        before = read_manifest(self.folder)
        remotes = [remote for locale in sorted(sets) for remote in self._remote_files(locale, sets[locale])]
        paths = {*(remote.path for remote in remotes), *before}
        check_places(self.folder, [self.folder / path for path in sorted(paths)])
        local = self._local_files({PurePosixPath(path).parent for path in paths})
        known = self._known(remotes, before, local)
        entries = dict(known.values())
        missing = [remote for remote in remotes if remote.path not in known]
        fetched: dict[str, str] = {}
        try:
            findings = self._fetch_all(missing, fetched)
        finally:
            # A step that is cancelled keeps what came, and the next one goes on from there.
            entries |= {
                remote.path: self._entry(remote, fetched[remote.path], downloaded=True)
                for remote in missing
                if remote.path in fetched
            }
            self._write_manifest({**before, **entries})
        # A picture that could not be fetched may be the new form of one that is here: nothing is deleted then.
        deleted = () if findings.any else self._delete(before, entries, local, sets)
        return Saved(tuple(fetched), deleted, findings)

    def _delete(
        self, before: Entries, entries: Entries, local: Mapping[str, str], sets: Mapping[str, object]
    ) -> tuple[str, ...]:
        """Delete earlier downloads that Apple no longer shows, forget their entries, and return their paths."""
        obsolete = {
            path: entry
            for path, entry in before.items()
            if path not in entries and self._is_about(path, entry, sets)
        }
        # A file with other bytes than were downloaded is the user's.
        deleted = tuple(
            path for path, entry in obsolete.items() if entry.downloaded and local.get(path) == entry.md5
        )
        for path in deleted:
            (self.folder / path).unlink()
        self._write_manifest(
            {**{path: entry for path, entry in before.items() if path not in obsolete}, **entries}
        )
        return deleted

    def _fetch_all(self, missing: Sequence[_RemoteFile], fetched: dict[str, str]) -> Findings:
        """Download files side by side, put the MD5 of each into `fetched`, and return the errors of the others."""
        findings = Findings()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            jobs = [pool.submit(self._fetch, remote, fetched) for remote in missing]
            try:
                for job in jobs:
                    findings.result_of(job.result, None)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return findings

    def _write_manifest(self, entries: Entries) -> None:
        if entries or (self.folder / NAME).exists():
            save(self.folder, {NAME: manifest(entries)})

    def _remote_files(self, locale: str, sets: Mapping[str, MediaSet]) -> Iterator[_RemoteFile]:
        """Yield the files of a locale with their paths. Sorted by name, the paths have the order of the sets."""
        for display in sorted(sets):
            root = self._root(display)
            for place, file in enumerate(sets[display].files, 1):
                suffix = PurePosixPath(file.name).suffix.lower()
                known = suffix in EXTENSIONS or suffix in MIME_TYPES
                name = (
                    f"{locale}/{place:02d}_{re.sub('[^A-Z0-9_]', '_', display)}{suffix if known else '.png'}"
                )
                if not file.delivered:
                    log.warning(
                        "%s %s: Apple has not processed %s yet.", locale, display, printable_name(file.name)
                    )
                elif file.image or file.video:
                    yield _RemoteFile(
                        f"{root}{as_it_is_there(self.folder / root, name)}", file, display, place
                    )
                else:
                    log.warning(
                        "%s %s: Apple gives no link to %s.", locale, display, printable_name(file.name)
                    )

    def _root(self, display: str) -> str:
        """Return the folder that fastlane has for a display type, with a slash, or "" for the top."""
        if display.startswith("IMESSAGE_"):
            return "iMessage/"
        # fastlane writes there; a folder without it has the pictures of a TV at its top.
        return "appleTV/" if self.platform == "TV_OS" and (self.folder / "appleTV").is_dir() else ""

    def _local_files(self, folders: Iterable[PurePosixPath]) -> dict[str, str]:
        """Return the MD5 of each picture and video in these folders, by path."""
        # Files are known by their bytes alone, because users rename and move them.
        paths = [
            f"{folder}/{path.name}"
            for folder in sorted(folders)
            if (self.folder / folder).is_dir()
            for path in sorted((self.folder / folder).iterdir())
            if path.suffix.lower() in (*EXTENSIONS, *MIME_TYPES) and path.is_file() and not path.is_symlink()
        ]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return dict(zip(paths, pool.map(lambda path: md5_of(self.folder / path), paths), strict=True))

    def _known(
        self, remotes: Iterable[_RemoteFile], before: Entries, local: Mapping[str, str]
    ) -> dict[str, tuple[str, Entry]]:
        """Return the files that are there, by the path that a download would have: path and entry.

        They are earlier downloads, and originals of the user, which have the bytes that Apple got.
        """
        originals = {(PurePosixPath(path).parent, md5): path for path, md5 in local.items()}
        known = {}
        for remote in remotes:
            earlier = before.get(remote.path)
            # Taken out: two pictures at Apple with the same bytes need two files here.
            if path := originals.pop((PurePosixPath(remote.path).parent, remote.checksum), None):
                # A video comes back with the bytes that were uploaded: it stays a download, and may go as one.
                is_download = (
                    path in before and before[path].md5 == remote.checksum and before[path].downloaded
                )
                known[remote.path] = (path, self._entry(remote, remote.checksum, downloaded=is_download))
            elif earlier and remote.is_in(earlier) and local.get(remote.path) == earlier.md5:
                known[remote.path] = (remote.path, self._entry(remote, earlier.md5, downloaded=True))
        return known

    def _entry(self, remote: _RemoteFile, md5: str, *, downloaded: bool) -> Entry:
        return Entry(
            md5, remote.file.id, remote.checksum, remote.display, remote.place, self.platform, downloaded
        )

    def _is_about(self, path: str, entry: Entry, sets: Mapping[str, object]) -> bool:
        """Return True for an entry of a locale and the platform that this run is about."""
        locale = PurePosixPath(path).parent.name.lower()
        return entry.platform == self.platform and locale in {name.lower() for name in sets}

    def _fetch(self, remote: _RemoteFile, fetched: dict[str, str]) -> None:
        """Download a file to its path, and put its MD5 into `fetched`; nothing for a video that Apple only streams."""
        url = (
            remote.file.image.url(PurePosixPath(remote.path).suffix[1:])
            if remote.file.image
            else self._video(remote)
        )
        if not url:
            return
        place = self.folder / remote.path
        with file_errors(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            with PartialFile(place.parent, lambda total, display: lambda count: None) as part:
                self._transfer(remote, url, part)
                if not _is_media(part.path):
                    log.info("%s arrived as something else; downloading it again", remote.path)
                    part.restart()
                    self._transfer(remote, url, part)
                if not _is_media(part.path):
                    raise UnreachableError(NOT_MEDIA.format(remote.path), CHECK_THE_PROXY)
                md5 = md5_of(part.path)
                part.path.replace(place)
        fetched[remote.path] = md5
        log.info("Downloaded %s", remote.path)

    def _video(self, remote: _RemoteFile) -> str:
        """Return the link to the file of a video, or "" if Apple gives a stream of several pieces."""
        url = remote.file.video
        if _suffix(url) in MIME_TYPES:
            return url
        too_large = Error(
            f"{remote.path}: the list of the video's pieces has more than {LARGEST_PLAYLIST} bytes.",
            "Keep the original file of the preview.",
        )
        playlist = MemorySink(LARGEST_PLAYLIST, too_large)
        self._transfer(remote, url, playlist)
        lines = bytes(playlist.content).decode("utf-8", "replace").splitlines()
        pieces = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        if len(pieces) == 1 and _suffix(pieces[0]) in MIME_TYPES:
            return urljoin(url, pieces[0])
        log.warning(
            "%s is not downloaded: Apple gives previews as a stream. Keep the original file.", remote.path
        )
        return ""

    def _transfer(self, remote: _RemoteFile, url: str, sink: Sink) -> None:
        try:
            self.object_store.fetch(Link(remote.path, "GET", url, {}, None), sink)
        except Expired:
            raise Error(f"{remote.path}: the link from Apple has expired.", "Run the step again.") from None
        except RefusedLink as error:
            # The storage of one picture is no outage: as a plain error it does not stop the others.
            raise Error(error.message, error.remedy) from None


def _is_media(path: Path) -> bool:
    with path.open("rb") as file:
        beginning = file.read(16)
        file.seek(max(0, path.stat().st_size - ENDING))
        return is_media(beginning, file.read(ENDING))


def _suffix(url: str) -> str:
    return PurePosixPath(urlsplit(url).path).suffix.lower()
