"""Store delivered pictures and videos by token, and make the bytes that Apple serves instead of them.

Apple never returns the bytes that it received: a downloaded screenshot has the same pixels and another checksum.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import struct
import tempfile
import zlib
from pathlib import Path

from asc_sandbox.pictures.headers import JPEG, PNG, chunks, segments

FOLDER = "/pictures/"
"""Prefix of the paths of pictures: `/pictures/<token>/<width>x<height>bb.<png or jpg>`."""
EXPIRES = "expires"
"""Parameter of a picture's address: the end of the link, in seconds since the epoch. Most links have no end."""

_NEEDED = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_APPLICATION = range(0xE0, 0xF0)
_COMMENT = 0xFE
_NOTE = b"Given out by the sandbox"


class Gallery:
    """Keep files in a folder of its own until the sandbox stops. The folder is made for the first file."""

    def __init__(self) -> None:
        self._folder: Path | None = None

    def keep(self, token: str, path: Path) -> None:
        """Keep a file under its token, until the sandbox stops."""
        self._folder = self._folder or Path(tempfile.mkdtemp(prefix="asc-sandbox-pictures-"))
        place = self._folder / token
        # A file of its own: the record may be deleted, but other versions may still show the picture.
        if not place.exists():
            # A hard link takes no time and no space, but works within one file system only.
            os.link(path, place) if path.stat().st_dev == self._folder.stat().st_dev else shutil.copy(
                path, place
            )

    def find(self, token: str) -> Path | None:
        """Return the file of a token, None for a picture of a seed."""
        # A token with a slash would lead out of the folder.
        place = self._folder / token if self._folder and "/" not in token else None
        return place if place and place.is_file() else None

    def close(self) -> None:
        """Delete the folder and every file in it."""
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)


def rewritten(data: bytes) -> bytes:
    """Return a picture with the same pixels and other bytes: without optional parts, and with a comment."""
    if data.startswith(PNG):
        kept = [(name, content) for name, content in chunks(data) if name in _NEEDED]
        return PNG + b"".join(_chunk(*part) for part in (kept[0], (b"tEXt", b"Comment\0" + _NOTE), *kept[1:]))
    pieces, end = [JPEG, _segment(_COMMENT, _NOTE)], len(JPEG)
    for marker, content in segments(data):
        end += len(content) + 4
        # APP0 (JFIF) and APP14 (Adobe) tell how colours are stored, so they stay.
        if marker not in _APPLICATION or marker in (0xE0, 0xEE):
            pieces.append(_segment(marker, content))
    return b"".join(pieces) + data[end:]


@functools.lru_cache(maxsize=32)
def plain(token: str, width: int, height: int) -> bytes:
    """Return a PNG of one colour, chosen by the token, for a screenshot without bytes."""
    colour = bytes(64 + byte // 2 for byte in hashlib.sha256(token.encode()).digest()[:3])
    # One colour compresses well even at the fastest level.
    packer = zlib.compressobj(1)
    row = b"\0" + colour * width
    pixels = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return PNG + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content
