"""xar archives, the format of a .pkg: a header, a compressed table of contents in XML, then the contents ("heap").

https://github.com/apple-oss-distributions/xar (lib/archive.h and doc/). Reads single members; unpacks nothing to disk.
"""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    import bz2
    from xml.etree.ElementTree import Element

MAGIC = b"xar!"
HEADER = 28
TOC_LIMIT = 16 << 20
"""Bytes of a table of contents, compressed or not. Product archives have some thousands."""

LONGEST_PATH = 4096


class XarError(ValueError):
    """The bytes are not a xar archive, or it is broken."""


@dataclass(frozen=True)
class Member:
    """A file in the archive: the position of its bytes in the heap, their number, and their compression."""

    path: str
    offset: int
    length: int
    encoding: str


@dataclass(frozen=True)
class Archive:
    """An open archive. `heap` is the position of its contents, in bytes from the beginning of the file."""

    file: BinaryIO
    heap: int
    members: Mapping[str, Member]

    def read(self, path: str, limit: int) -> bytes:
        """Return an unpacked member of at most `limit` bytes. Raises XarError, and KeyError if it does not exist."""
        member = self.members[path]
        if member.length > limit:
            raise XarError(f"{path} is {member.length:,} bytes long, more than the {limit:,} that are read")
        self.file.seek(self.heap + member.offset)
        packed = self.file.read(member.length)
        if len(packed) < member.length:
            raise XarError(f"it is cut off: {path} is not all there")
        return _unpack(packed, member, limit)


class MemberStream(io.RawIOBase):
    """The packed bytes of a member, as a stream for one pass."""

    def __init__(self, archive: Archive, path: str) -> None:
        """Open the member at `path`. Raises KeyError if it does not exist."""
        member = archive.members[path]
        self._file, self._at, self._left = archive.file, archive.heap + member.offset, member.length

    def readable(self) -> bool:
        """Return True, because io.BufferedReader refuses a stream that does not say that it is readable."""
        return True

    def read(self, size: int | None = -1) -> bytes:
        """Return up to `size` bytes, or all remaining bytes for -1."""
        self._file.seek(self._at)
        data = self._file.read(self._left if size is None or size < 0 else min(size, self._left))
        self._at, self._left = self._at + len(data), self._left - len(data)
        return data


def open_archive(file: BinaryIO) -> Archive:
    """Return the archive after reading its table of contents. `file` must stay open.

    Raises XarError, also if the file is shorter than its contents, as after an interrupted download.
    """
    file.seek(0)
    header = file.read(HEADER)
    if len(header) < HEADER or not header.startswith(MAGIC):
        raise XarError("it is not a xar archive")
    size, packed, unpacked = (
        int.from_bytes(header[start:end], "big") for start, end in ((4, 6), (8, 16), (16, 24))
    )
    if size < HEADER or max(packed, unpacked) > TOC_LIMIT:
        raise XarError("its header claims a table of contents of no sensible size")
    file.seek(size)
    toc = _inflate(file.read(packed), "its table of contents", unpacked)
    if len(toc) != unpacked:
        raise XarError("its table of contents has not the length that the header tells")
    archive = Archive(file, size + packed, _members(toc))
    # A download that broke off shows here, before any work is done with the package.
    _check_whole(archive)
    return archive


def _check_whole(archive: Archive) -> None:
    size = archive.file.seek(0, os.SEEK_END)
    ends = (member.offset + member.length for member in archive.members.values())
    needed = max(ends, default=0) + archive.heap
    if needed > size:
        raise XarError(f"it is cut off: {size:,} bytes of at least {needed:,} are there")


def _members(toc: bytes) -> dict[str, Member]:
    from asc.formats.xmltree import XmlError, read_xml

    try:
        root = read_xml(toc).find("toc")
    except XmlError as error:
        raise XarError(f"its table of contents cannot be read: {error}") from None
    if root is None:
        raise XarError("its table of contents is empty")
    members: dict[str, Member] = {}
    folders: list[tuple[str, Element]] = [("", root)]
    # The depth of the tree was bounded when it was read.
    while folders:
        prefix, folder = folders.pop()
        for entry in folder.findall("file"):
            path = prefix + _name(entry)
            if len(path) > LONGEST_PATH:
                raise XarError("a file in it has a path of no sensible length")
            folders.append((path + "/", entry))
            member = _member(path, entry.find("data"))
            if member and members.setdefault(path, member) is not member:
                raise XarError(f"it has two files of one name, {path!a}")
    return members


def _name(entry: Element) -> str:
    name = entry.find("name")
    text = (name.text or "") if name is not None else ""
    if name is not None and name.get("enctype") == "base64":
        import base64

        try:
            text = base64.b64decode(text.strip(), validate=True).decode()
        except ValueError:
            raise XarError("the name of a file in it cannot be read") from None
    return text


def _member(path: str, data: Element | None) -> Member | None:
    """Return the position of a file's bytes, or None for folders, links and empty files."""
    if data is None:
        return None
    encoding = data.find("encoding")
    return Member(
        path,
        _number(data, "offset"),
        _number(data, "length"),
        encoding.get("style", "") if encoding is not None else "application/octet-stream",
    )


def _number(data: Element, name: str) -> int:
    text = (data.findtext(name) or "").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise XarError(f"a file in it has no sensible {name}")
    return int(text)


def _unpack(packed: bytes, member: Member, limit: int) -> bytes:
    if member.encoding == "application/octet-stream":
        return packed
    if member.encoding == "application/x-gzip":
        return _inflate(packed, member.path, limit)
    if member.encoding == "application/x-bzip2":
        import bz2

        return _bounded(bz2.BZ2Decompressor(), packed, member.path, limit)
    raise XarError(f"{member.path} is packed as {member.encoding!a}, which is not read here")


def _inflate(packed: bytes, what: str, limit: int) -> bytes:
    # The "gzip" of xar is a zlib stream; 32 tells zlib to accept either.
    return _bounded(zlib.decompressobj(32 + zlib.MAX_WBITS), packed, what, limit)


def _bounded(
    decompressor: zlib._Decompress | bz2.BZ2Decompressor, packed: bytes, what: str, limit: int
) -> bytes:
    """Return at most `limit` bytes. Raises XarError if there are more, without keeping them in memory."""
    try:
        # One byte more than the limit shows that there is more.
        data = decompressor.decompress(packed, limit + 1)
    except (zlib.error, OSError, EOFError) as error:
        raise XarError(f"{what} is damaged ({error})") from None
    if len(data) > limit:
        raise XarError(f"{what} is longer than the {limit:,} bytes that are read")
    if not decompressor.eof:
        raise XarError(f"{what} is cut off")
    return data
