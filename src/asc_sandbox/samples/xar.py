"""Write xar archives: a header, the compressed table of contents, its checksum, and the files one after the other."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from xml.sax.saxutils import escape

CREATED = "2026-01-31T10:00:00Z"
_SHA1 = 1
_SHA1_SIZE = 20


@dataclass(frozen=True)
class XarFile:
    """A file to store: its path, and a function that yields its bytes in chunks each time it is called."""

    path: str
    chunks: Callable[[], Iterable[bytes]]
    compress: bool = False

    @classmethod
    def of(cls, path: str, data: bytes) -> XarFile:
        """Return a file with these bytes, compressed in the archive."""
        return cls(path, lambda: [data], compress=True)

    def packed(self) -> Iterator[bytes]:
        """Yield the bytes of the file as they stand in the archive."""
        if not self.compress:
            yield from self.chunks()
            return
        compressor = zlib.compressobj()
        for chunk in self.chunks():
            yield compressor.compress(chunk)
        yield compressor.flush()


@dataclass
class _Node:
    """A folder or file of the tree that the table of contents shows."""

    data: str = ""
    children: dict[str, _Node] = field(default_factory=dict)


def write_xar(path: Path, files: Iterable[XarFile]) -> None:
    """Write an archive of these files, in their order."""
    # Each file is read twice, because its checksum stands before its bytes.
    files = list(files)
    # The heap begins with the checksum of the table of contents.
    root, offset = _Node(), _SHA1_SIZE
    for file in files:
        length, described = _describe(file, offset)
        offset += length
        node = root
        for name in file.path.split("/"):
            node = node.children.setdefault(name, _Node())
        node.data = described
    toc = _toc(root)
    packed = zlib.compress(toc)
    with path.open("wb") as out:
        # Magic, size and version of the header, sizes of the table of contents, and its kind of checksum.
        out.write(struct.pack(">4sHHQQI", b"xar!", 28, 1, len(packed), len(toc), _SHA1))
        out.write(packed)
        out.write(hashlib.sha1(packed, usedforsecurity=False).digest())
        for file in files:
            _copy(file, out)


def _copy(file: XarFile, out: BinaryIO) -> None:
    for chunk in file.packed():
        out.write(chunk)


def _describe(file: XarFile, offset: int) -> tuple[int, str]:
    """Return the length of a file in the archive, and its `data` element."""
    length, archived = _measured(file.packed())
    size, extracted = _measured(file.chunks()) if file.compress else (length, archived)
    style = "application/x-gzip" if file.compress else "application/octet-stream"
    return length, (
        f"<data><length>{length}</length><offset>{offset}</offset><size>{size}</size>"
        f'<encoding style="{style}"/>'
        f'<extracted-checksum style="sha1">{extracted}</extracted-checksum>'
        f'<archived-checksum style="sha1">{archived}</archived-checksum></data>'
    )


def _measured(chunks: Iterable[bytes]) -> tuple[int, str]:
    length, digest = 0, hashlib.sha1(usedforsecurity=False)
    for chunk in chunks:
        length += len(chunk)
        digest.update(chunk)
    return length, digest.hexdigest()


def _toc(root: _Node) -> bytes:
    numbers = iter(range(1, 1 << 30))

    def entries(node: _Node) -> str:
        # A folder's name stands before its files: readers build paths as they go.
        return "".join(
            f'<file id="{next(numbers)}">{child.data}<mode>{"0644" if child.data else "0755"}</mode>'
            f"<type>{'file' if child.data else 'directory'}</type><name>{escape(name)}</name>{entries(child)}</file>"
            for name, child in node.children.items()
        )

    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<xar><toc>'
        f'<checksum style="sha1"><offset>0</offset><size>{_SHA1_SIZE}</size></checksum>'
        f"<creation-time>{CREATED}</creation-time>{entries(root)}</toc></xar>\n"
    ).encode()
