"""Mach-O files: the UUID and architecture of each slice. Files are read, never executed.

https://developer.apple.com/documentation/xcode/building-your-app-to-include-debugging-information; the structures are
in mach-o/loader.h and mach-o/fat.h.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

LC_UUID = 0x1B
MOST_SLICES = 42
"""Slices of a fat file. A Java class file begins with the same four bytes, and its “count” is 43 or more."""
LARGEST_COMMANDS = 4 * 1024 * 1024
"""Bytes of load commands. Real files have some kilobytes."""
_SKIP = 256 * 1024
_MAGICS = {
    b"\xfe\xed\xfa\xce": (">", 28),
    b"\xce\xfa\xed\xfe": ("<", 28),
    b"\xfe\xed\xfa\xcf": (">", 32),
    b"\xcf\xfa\xed\xfe": ("<", 32),
}
_FAT = {b"\xca\xfe\xba\xbe": struct.Struct(">8xI8x"), b"\xca\xfe\xba\xbf": struct.Struct(">8xQ16x")}
"""An entry in the list of slices, of which only the position of the slice is used."""
_ARCHITECTURES = {
    (7, 3): "i386",
    (12, 9): "armv7",
    (12, 11): "armv7s",
    (12, 12): "armv7k",
    (0x01000007, 3): "x86_64",
    (0x01000007, 8): "x86_64h",
    (0x0100000C, 0): "arm64",
    (0x0100000C, 1): "arm64",
    (0x0100000C, 2): "arm64e",
    (0x0200000C, 1): "arm64_32",
}


class MachOError(ValueError):
    """The bytes are not a Mach-O file, or it contradicts itself."""


class Stream(Protocol):
    """A source of bytes that only goes forward."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most `size`, or b"" at the end."""


@dataclass(frozen=True)
class Slice:
    """One architecture of a binary. `uuid` is in capitals, as in crash reports and Apple's tools."""

    uuid: str
    architecture: str


def read_slices(stream: Stream) -> list[Slice]:
    """Return the slices of a thin or fat Mach-O file that have a UUID. Raises MachOError."""
    reader = _Reader(stream)
    magic = reader.take(4)
    if magic in _MAGICS:
        return list(_slice(reader, magic))
    if magic not in _FAT:
        raise MachOError("it is not a Mach-O file")
    (count,) = struct.unpack(">I", reader.take(4))
    if not 0 < count <= MOST_SLICES:
        raise MachOError("it is not a Mach-O file")
    entry = _FAT[magic]
    # The stream only goes forward, and the list may have any order.
    offsets = sorted(entry.unpack(reader.take(entry.size))[0] for _ in range(count))
    found: list[Slice] = []
    for offset in offsets:
        reader.skip_to(offset)
        inner = reader.take(4)
        if inner not in _MAGICS:
            raise MachOError("one of its slices is not a Mach-O file")
        found += _slice(reader, inner)
    return found


def _slice(reader: _Reader, magic: bytes) -> Iterator[Slice]:
    order, header = _MAGICS[magic]
    fields = struct.unpack(f"{order}6I", reader.take(24))
    cpu, subtype, _, count, size, _ = fields
    reader.take(header - 28)
    # Each load command has at least 8 bytes.
    if size > LARGEST_COMMANDS or count * 8 > size:
        raise MachOError("its load commands cannot be as long as they say")
    commands, at = reader.take(size), 0
    for _ in range(count):
        if at + 8 > size:
            raise MachOError("its load commands end too early")
        command, length = struct.unpack_from(f"{order}2I", commands, at)
        if length < 8 or at + length > size:
            raise MachOError("its load commands end too early")
        if command == LC_UUID and length >= 24:
            identifier = str(uuid.UUID(bytes=commands[at + 8 : at + 24])).upper()
            yield Slice(identifier, _ARCHITECTURES.get((cpu, subtype & 0xFFFFFF), f"cpu {cpu:#x}"))
            return
        at += length


class _Reader:
    """Reads exactly the requested number of bytes, and counts them."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._at = 0

    def take(self, size: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            block = self._stream.read(size - len(parts))
            if not block:
                raise MachOError("it is cut off")
            parts += block
        self._at += size
        return bytes(parts)

    def skip_to(self, offset: int) -> None:
        if offset < self._at:
            raise MachOError("its slices overlap")
        while self._at < offset:
            self.take(min(_SKIP, offset - self._at))
