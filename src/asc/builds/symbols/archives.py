"""Check an archive of symbols and list its content. It is read as a stream, and nothing is executed.

The layout of a dSYM:
https://developer.apple.com/documentation/xcode/building-your-app-to-include-debugging-information
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from asc.formats import zipfiles
from asc.formats.macho import MachOError, read_slices
from asc.formats.zipfiles import ZipEntry, ZipError

MOST_ENTRIES = 50_000
"""Files in an archive. Those of the largest apps have some thousands."""
LARGEST = 64 << 30
"""Bytes that an archive may unpack to."""
HIGHEST_RATIO = 200
"""Unpacked to packed. Debug information packs to a fifth, and deflate cannot do better than 1032."""
RATIO_COUNTS_FROM = 256 << 20
"""Bytes below which the ratio says nothing."""
DWARF = re.compile(r"(?:.*/)?(?P<bundle>[^/]+\.dSYM)/Contents/Resources/DWARF/(?P<program>[^/]+)")


class ArchiveError(ValueError):
    """The archive cannot be used; the text says why. If it is `broken`, downloading it again may help."""

    def __init__(self, text: str, *, broken: bool) -> None:
        super().__init__(text)
        self.broken = broken


@dataclass(frozen=True)
class Contents:
    """The content of an archive: the number of dSYMs, architectures by UUID, unreadable files, `size` in bytes."""

    size: int
    dsyms: int
    uuids: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()


def inspect(path: Path) -> Contents:
    """Read an archive to its end, check every member against its CRC, and return the content.

    Raises ArchiveError and OSError.
    """
    with path.open("rb") as file:
        bundles: set[str] = set()
        uuids: dict[str, str] = {}
        unread: list[str] = []
        for entry in members(file):
            # Every member is read to its end, because only the CRC at the end shows a damaged one.
            bundles.update(_bundle(entry.path))
            stream = _Stream(file, entry)
            if DWARF.fullmatch(entry.path):
                try:
                    uuids.update({binary.uuid: binary.architecture for binary in read_slices(stream)})
                except MachOError as error:
                    unread.append(f"{entry.path}: {error}")
            stream.finish()
        return Contents(path.stat().st_size, len(bundles), uuids, tuple(unread))


def _bundle(path: str) -> list[str]:
    """Return the name of the outermost dSYM that holds a file, if there is one."""
    return [part for part in path.split("/")[:-1] if part.endswith(".dSYM") and part != ".dSYM"][:1]


def members(file: BinaryIO) -> list[ZipEntry]:
    """Return the files in an archive. Raises ArchiveError if they exceed the limits."""
    found: list[ZipEntry] = []
    try:
        for entry in zipfiles.entries(file, lambda path: not path.endswith("/")):
            found.append(entry)
            if len(found) > MOST_ENTRIES:
                raise ArchiveError(f"it has more than {MOST_ENTRIES:,} files", broken=False)
    except ZipError as error:
        raise ArchiveError(str(error), broken=True) from None
    size, packed = sum(entry.size for entry in found), sum(entry.packed for entry in found)
    length = file.seek(0, 2)
    if size > LARGEST:
        raise ArchiveError(f"it would unpack to {size:,} bytes", broken=False)
    # Entries that share bytes are the trick of zip bombs that stay below every ratio.
    if packed > length:
        raise ArchiveError("its files overlap", broken=False)
    if size > max(RATIO_COUNTS_FROM, packed * HIGHEST_RATIO):
        raise ArchiveError(f"it would unpack to {size // max(packed, 1)} times its size", broken=False)
    return found


def contents(file: BinaryIO, entry: ZipEntry) -> Iterator[bytes]:
    """Yield the bytes of a member in blocks. Raises ArchiveError."""
    try:
        yield from zipfiles.blocks(file, entry)
    except ZipError as error:
        raise ArchiveError(f"{entry.path}: {error}", broken=True) from None


class _Stream:
    """The contents of a member, to be read forward and in the end to their CRC."""

    def __init__(self, file: BinaryIO, entry: ZipEntry) -> None:
        self._blocks = contents(file, entry)
        self._block = b""

    def read(self, size: int, /) -> bytes:
        while not self._block:
            block = next(self._blocks, None)
            if block is None:
                return b""
            self._block = block
        taken, self._block = self._block[:size], self._block[size:]
        return taken

    def finish(self) -> None:
        # zipfiles compares the CRC after the last block.
        for _ in self._blocks:
            pass
