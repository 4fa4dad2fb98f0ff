"""Unpack archives into `.dSYM` bundles: only regular files, only inside the folder, completely or not at all.

The names in an archive are untrusted. A name that leads elsewhere, or means another file on another system, refuses
the archive. File types and permissions of the archive are never applied.
"""

from __future__ import annotations

import contextlib
import stat
import unicodedata
import zlib
from pathlib import Path, PurePosixPath

from asc import words
from asc.builds.symbols.archives import ArchiveError, contents, members
from asc.formats.zipfiles import ZipEntry
from asc.partial_files import remove, temporary

LONGEST_PART = 200
"""Bytes of a file or folder's name."""
LONGEST_PATH = 900
"""Bytes of a path in an archive."""
DEEPEST = 32
_NOT_SYMBOLS = "__MACOSX/"
_BLOCK = 1 << 20
TURNS = 5
"""Attempts at putting a folder in its place while another job does the same."""


def extract(archive: Path, folder: Path) -> bool:
    """Unpack the dSYMs of an archive to `folder`, replacing it. Return False if they are there already.

    Other jobs see a complete folder, or for a moment none. Raises ArchiveError and OSError.
    """
    with archive.open("rb") as file:
        entries = _planned(members(file))
        if _is_there(entries, folder):
            return False
        unpacked = temporary(folder.parent)
        try:
            unpacked.mkdir()
            for path, entry in entries.items():
                target = unpacked / path
                target.parent.mkdir(parents=True, exist_ok=True)
                # "x" never follows a link and never opens a file that somebody put there.
                with target.open("xb") as out:
                    for block in contents(file, entry):
                        out.write(block)
            _put_in_place(unpacked, folder)
        finally:
            remove(unpacked)
    return True


def _planned(entries: list[ZipEntry]) -> dict[PurePosixPath, ZipEntry]:
    """Return the path for each member. Raises ArchiveError for an unsafe name, or for two files of one name."""
    planned: dict[PurePosixPath, ZipEntry] = {}
    files: set[str] = set()
    folders: set[str] = set()
    for entry in entries:
        path = _checked(entry)
        if entry.path.startswith(_NOT_SYMBOLS) or not any(part.endswith(".dSYM") for part in path.parts[:-1]):
            continue
        name = _folded(path)
        above = {_folded(parent) for parent in path.parents}
        # macOS and Windows ignore case: two such names would overwrite each other.
        if name in files or name in folders or above & files:
            raise _refused(entry, "is there twice, or is a folder elsewhere")
        files.add(name)
        folders |= above
        planned[path] = entry
    return planned


def _checked(entry: ZipEntry) -> PurePosixPath:
    text = entry.path
    parts = text.split("/")
    # A mode of 0 comes from archives that were not made on Unix.
    kind = stat.S_IFMT(entry.mode)
    if kind not in (0, stat.S_IFREG):
        raise _refused(entry, "is a link" if kind == stat.S_IFLNK else "is not a plain file")
    if (
        any(part in ("", ".", "..") for part in parts)
        # Windows reads a backslash as a separator, and a colon as a drive or as a stream of the file.
        or "\\" in text
        or ":" in text
        or not text.isprintable()
    ):
        raise _refused(entry, "could lead out of the folder")
    # Windows drops a blank or a dot at the end of a name.
    if any(part.endswith((" ", ".")) for part in parts):
        raise _refused(entry, "means another file on other systems")
    longest = max(len(part.encode("utf-8", "surrogatepass")) for part in parts)
    if (
        longest > LONGEST_PART
        or len(text.encode("utf-8", "surrogatepass")) > LONGEST_PATH
        or len(parts) > DEEPEST
    ):
        raise _refused(entry, "is too long")
    return PurePosixPath(text)


def _folded(path: PurePosixPath) -> str:
    """Return a name as file systems compare it that ignore case and the encoding of accents."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", str(path)).casefold())


def _is_there(entries: dict[PurePosixPath, ZipEntry], folder: Path) -> bool:
    """Return True if the folder holds exactly these files with these bytes."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    existing = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    if existing != {str(path) for path in entries}:
        return False
    return all(_is_same(folder / path, entry) for path, entry in entries.items())


def _is_same(path: Path, entry: ZipEntry) -> bool:
    if path.is_symlink() or path.stat().st_size != entry.size:
        return False
    crc = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            crc = zlib.crc32(block, crc)
    return crc == entry.crc


def _put_in_place(unpacked: Path, folder: Path) -> None:
    """Rename a folder over another. The system itself only replaces empty ones."""
    # Between the two renames another job may put its own folder there.
    for turn in range(TURNS):
        old = temporary(folder.parent)
        with contextlib.suppress(FileNotFoundError):
            folder.rename(old)
        try:
            unpacked.rename(folder)
            return
        except OSError:
            if turn == TURNS - 1:
                raise
        finally:
            remove(old)


def _refused(entry: ZipEntry, reason: str) -> ArchiveError:
    return ArchiveError(f"“{words.printable_name(entry.path)}” {reason}", broken=False)
