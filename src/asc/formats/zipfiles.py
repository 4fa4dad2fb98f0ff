"""Zip archives, read entry by entry without holding their list of files in memory.

The standard library creates an object for every entry first, so an archive that claims millions of entries costs
gigabytes. Here the central directory is read as a stream, and only the wanted entries are kept. The format is in
PKWARE's APPNOTE.TXT. Supports zip64, but neither several disks nor encryption.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
ZIP64_END, ZIP64_LOCATOR = b"PK\x06\x06", b"PK\x06\x07"
STORED, DEFLATED = 0, 8
MOST = 1_000_000
"""Entries of an archive. The largest apps have some hundred thousand."""
LONGEST = 1 << 28
"""Bytes of the central directory, enough for a million files with paths of 200 characters."""
_BLOCK = 1 << 20
_UNIX = 3
"""The system in the upper byte of “made by” whose entries hold file modes."""


class ZipError(ValueError):
    """The bytes are not a zip archive, or it is broken."""


class CutOffError(ZipError):
    """The archive has no end, as after an interrupted download or copy."""


@dataclass(frozen=True)
class ZipEntry:
    """A file in an archive. Sizes are in bytes; `offsets` are the possible positions of its local header."""

    path: str
    offsets: tuple[int, ...]
    packed: int
    size: int
    method: int
    crc: int
    encrypted: bool
    mode: int = 0
    """Type and rights as in Unix, or 0 if the archive does not have them."""


@dataclass(frozen=True)
class _Directory:
    """The position of the central directory, and the number to add to the offsets in it."""

    start: int
    size: int
    shift: int


def entries(file: BinaryIO, wanted: Callable[[str], object]) -> Iterator[ZipEntry]:
    """Yield the entries with a `wanted` path, in the order of the central directory. Raises ZipError.

    Paths are as in the archive, without a leading "./". They are never used to write files.
    """
    directory = _find_directory(file)
    for fields, name, extra in _headers(file, directory):
        path = _decode(name)
        if wanted(path):
            yield _entry(path, fields, extra, directory.shift)


def read(file: BinaryIO, entry: ZipEntry, limit: int) -> bytes:
    """Return the contents of an entry, at most `limit` bytes, checked against its CRC. Raises ZipError."""
    if entry.encrypted:
        raise ZipError("it is encrypted")
    if max(entry.size, entry.packed) > limit:
        raise ZipError(f"it is {max(entry.size, entry.packed):,} bytes long; at most {limit:,} are read")
    _go_to_contents(file, entry)
    packed = file.read(entry.packed)
    data = _unpack(packed, entry)
    if len(packed) != entry.packed or len(data) != entry.size or zlib.crc32(data) != entry.crc:
        raise ZipError("it is damaged")
    return data


def blocks(file: BinaryIO, entry: ZipEntry, size: int = 256 * 1024) -> Iterator[bytes]:
    """Yield the contents of an entry of any length, in blocks of at most `size` bytes.

    Raises ZipError after the last block if the length or the CRC is wrong.
    """
    if entry.encrypted:
        raise ZipError("it is encrypted")
    if entry.method not in (STORED, DEFLATED):
        raise ZipError(f"it is packed with method {entry.method}; only deflate is read")
    _go_to_contents(file, entry)
    # The stream may unpack to more than the entry claims: stop as soon as it does.
    length = crc = 0
    for block in _stored(file, entry, size) if entry.method == STORED else _inflated(file, entry, size):
        length += len(block)
        # A packed entry may grow without end, so stop at the size that the archive names.
        if length > entry.size:
            raise ZipError("it is damaged")
        crc = zlib.crc32(block, crc)
        yield block
    if length != entry.size or crc != entry.crc:
        raise ZipError("it is damaged")


def _stored(file: BinaryIO, entry: ZipEntry, size: int) -> Iterator[bytes]:
    left = entry.packed
    while left and (block := file.read(min(size, left))):
        left -= len(block)
        yield block


def _inflated(file: BinaryIO, entry: ZipEntry, size: int) -> Iterator[bytes]:
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for packed in _stored(file, entry, size):
            waiting = packed
            while waiting and not stream.eof:
                yield stream.decompress(waiting, size)
                waiting = stream.unconsumed_tail
        while not stream.eof and (rest := stream.decompress(stream.unconsumed_tail, size)):
            yield rest
    except zlib.error:
        raise ZipError("it is damaged") from None


def _go_to_contents(file: BinaryIO, entry: ZipEntry) -> None:
    # Only one of the possible positions has the signature of a local header.
    for offset in entry.offsets:
        file.seek(offset)
        header = file.read(30)
        if len(header) == 30 and header.startswith(LOCAL):
            name_length, extra_length = struct.unpack("<HH", header[26:30])
            file.seek(name_length + extra_length, os.SEEK_CUR)
            return
    raise ZipError("it is not where the list of files says")


def _unpack(packed: bytes, entry: ZipEntry) -> bytes:
    if entry.method == STORED:
        return packed
    if entry.method != DEFLATED:
        raise ZipError(f"it is packed with method {entry.method}; only deflate is read")
    try:
        # One byte more than claimed is enough to see that there is more, whatever the stream would grow to.
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, entry.size + 1)
    except zlib.error:
        raise ZipError("it is damaged") from None


def _find_directory(file: BinaryIO) -> _Directory:
    """Return the directory from the record at the end of the archive, which may end in a comment."""
    size = file.seek(0, os.SEEK_END)
    # The record has 22 bytes, and the comment after it at most 65,535.
    tail_at = max(0, size - 22 - 0xFFFF)
    file.seek(tail_at)
    tail = file.read()
    found = len(tail)
    while (found := tail.rfind(END, 0, found)) >= 0:
        record = tail[found : found + 22]
        if len(record) == 22 and found + 22 + int.from_bytes(record[20:22], "little") <= len(tail):
            return _directory(file, tail_at + found, record)
    raise CutOffError("its end is missing, where the list of its files stands")


def _directory(file: BinaryIO, end: int, record: bytes) -> _Directory:
    """Return the directory from the record at position `end`."""
    disks, _, _, _, length, start = struct.unpack("<4H2L", record[4:20])
    if end >= 20:
        file.seek(end - 20)
        locator = file.read(20)
        if locator.startswith(ZIP64_LOCATOR):
            return _zip64_directory(file, locator, end - 20)
    if disks:
        raise ZipError("it is one of several parts of an archive")
    return _checked(length, start, end)


def _zip64_directory(file: BinaryIO, locator: bytes, end: int) -> _Directory:
    """Return the directory from the zip64 record of a large archive."""
    # If other bytes precede the archive, the position in the locator is wrong, but the record lies right before the
    # locator.
    for at in (int.from_bytes(locator[8:16], "little"), end - 56):
        if 0 <= at <= end - 56:
            file.seek(at)
            record = file.read(56)
            if record.startswith(ZIP64_END):
                length, start = struct.unpack("<2Q", record[40:56])
                return _checked(length, start, at)
    raise ZipError("its end is damaged")


def _checked(length: int, start: int, end: int) -> _Directory:
    shift = end - length - start
    if shift < 0:
        raise ZipError("the list of its files lies outside")
    if length > LONGEST:
        raise ZipError(f"the list of its files is {length:,} bytes long; at most {LONGEST:,} are read")
    return _Directory(start + shift, length, shift)


def _headers(file: BinaryIO, directory: _Directory) -> Iterator[tuple[tuple[int, ...], bytes, bytes]]:
    """Yield the headers of the central directory: fixed fields, name and extra fields."""
    header = struct.Struct("<4s6H3L5H2L")
    buffer, at, left = b"", 0, directory.size
    count = 0
    # The count at the end is wrong in archives of macOS with more than 65,535 files, so all bytes are read.
    while left or at < len(buffer):
        count += 1
        if count > MOST:
            raise ZipError(f"it has more than {MOST:,} files")
        if len(buffer) - at < header.size + 3 * 0xFFFF and left:
            file.seek(directory.start + directory.size - left)
            block = file.read(min(left, _BLOCK))
            buffer, at, left = buffer[at:] + block, 0, left - len(block)
        if len(buffer) - at < header.size or buffer[at : at + 4] != CENTRAL:
            raise ZipError("the list of its files is damaged")
        fields = header.unpack_from(buffer, at)
        names_at = at + header.size
        extra_at = names_at + fields[10]
        at = extra_at + fields[11] + fields[12]
        if at > len(buffer):
            raise ZipError("the list of its files is damaged")
        yield fields, buffer[names_at:extra_at], buffer[extra_at : extra_at + fields[11]]


def _entry(path: str, fields: tuple[int, ...], extra: bytes, shift: int) -> ZipEntry:
    _, _, _, flags, method, _, _, crc, packed, size = fields[:10]
    size, packed, offset = _zip64_sizes(extra, size, packed, fields[16])
    mode = fields[15] >> 16 if fields[1] >> 8 == _UNIX else 0
    return ZipEntry(path, _candidates(offset, shift), packed, size, method, crc, bool(flags & 1), mode)


def _candidates(offset: int, shift: int) -> tuple[int, ...]:
    """Return the possible positions of a local header."""
    # macOS writes archives of more than 4 GiB without zip64: their offsets have lost the upper bits.
    lost = range(offset, offset + shift, 1 << 32) if not shift % (1 << 32) else ()
    return tuple(dict.fromkeys((offset + shift, *lost[:16])))


def _zip64_sizes(extra: bytes, *sizes: int) -> tuple[int, int, int]:
    """Return size, packed size and offset, with those beyond 32 bits taken from the extra field 1, in this order."""
    at = 0
    values: list[int] = []
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            field = extra[at + 4 : at + 4 + length]
            values = [int.from_bytes(field[i : i + 8], "little") for i in range(0, len(field) - 7, 8)]
        at += 4 + length
    size, packed, offset = (values.pop(0) if number == 0xFFFFFFFF and values else number for number in sizes)
    return size, packed, offset


def _decode(name: bytes) -> str:
    """Return a name as text: UTF-8 if possible, else the code page of the original zip."""
    try:
        # macOS writes UTF-8 without the flag for it.
        text = name.decode()
    except UnicodeDecodeError:
        text = name.decode("cp437")
    return text.removeprefix("./")
