"""Make the archives of symbols at their first request, and sign the addresses that lead to them."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import threading
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from asc_sandbox.clock import Clock
from asc_sandbox.samples.padding import padding as make_padding
from asc_sandbox.signedlinks import SignedLinks
from asc_sandbox.symbols.dsym import make_companion, make_info_plist
from asc_sandbox.symbols.programs import Program

FOLDER = "/symbols/"
"""Prefix of the paths of archives: `/symbols/<id of the build bundle>/<file name>`."""

DEFAULT_LINK_LIFETIME = 3600.0

_FIXED_TIME = (2026, 1, 31, 10, 0, 0)


@dataclass(frozen=True)
class ArchiveContents:
    """The programs with symbols in an archive, with the version and the build number of their build."""

    programs: Sequence[Program]
    version: str
    build_number: str


@dataclass(frozen=True)
class Archive:
    """An archive on disk; `tag` is the MD5 of its bytes."""

    path: Path
    tag: str


class Library:
    """Keep archives in a folder of its own. `padding` bytes that do not compress are added to each archive."""

    def __init__(self, clock: Clock, *, lifetime: float = DEFAULT_LINK_LIFETIME, padding: int = 0) -> None:
        if lifetime <= 0 or padding < 0:
            raise ValueError("the lifetime of a link and the size of symbols have to be greater than 0")
        self._clock = clock
        self._lifetime = lifetime
        self._padding = padding
        self._links = SignedLinks(clock)
        self._folder: Path | None = None
        self._contents: dict[str, ArchiveContents] = {}
        self._archives: dict[str, Archive] = {}
        self._lock = threading.Lock()

    def put(self, bundle: str, contents: ArchiveContents) -> None:
        """Set the contents of the archive of a build bundle (its id)."""
        self._contents[bundle] = contents

    def has(self, bundle: str) -> bool:
        """Return True if the build bundle has contents for an archive."""
        return bundle in self._contents

    def link(self, base: str, bundle: str, name: str) -> str:
        """Return a new signed link to the archive of a build bundle."""
        path = f"{FOLDER}{quote(bundle, safe='')}/{quote(name, safe='')}"
        return base + self._links.sign(path, self._clock.now() + self._lifetime)

    def addressed(self, path: str, query: Mapping[str, str]) -> Archive | None:
        """Return the archive behind an address (its raw path); None unless the link is signed and not expired."""
        if not self._links.is_good(path, query):
            return None
        return self._archive(unquote(path.removeprefix(FOLDER).partition("/")[0]))

    def close(self) -> None:
        """Delete the folder and every archive in it."""
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _archive(self, bundle: str) -> Archive:
        # Several requests may come at once, each in a thread of its own.
        with self._lock:
            if bundle not in self._archives:
                self._folder = self._folder or Path(tempfile.mkdtemp(prefix="asc-sandbox-symbols-"))
                path = self._folder / str(len(self._archives))
                self._write(path, self._contents[bundle])
                with path.open("rb") as file:
                    tag = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
                self._archives[bundle] = Archive(path, tag)
            return self._archives[bundle]

    def _write(self, path: Path, contents: ArchiveContents) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for program in contents.programs:
                folder = f"{program.name}.dSYM/Contents"
                info = make_info_plist(program.bundle_id, contents.version, contents.build_number)
                _add(archive, f"{folder}/Info.plist", info, zipfile.ZIP_DEFLATED)
                name = program.name.rpartition(".")[0]
                filler = make_padding(self._padding, seed=1) if program is contents.programs[0] else ()
                companion = make_companion(program.identities, filler)
                # Padding does not compress, so deflating it would only take time.
                method = zipfile.ZIP_STORED if self._padding else zipfile.ZIP_DEFLATED
                _add(archive, f"{folder}/Resources/DWARF/{name}", companion, method)


def _add(archive: zipfile.ZipFile, path: str, data: bytes, method: int) -> None:
    entry = zipfile.ZipInfo(path, _FIXED_TIME)
    entry.compress_type = method
    entry.create_system = 3
    entry.external_attr = 0o100644 << 16
    archive.writestr(entry, data)
