"""The headers of PNG and JPEG files. Pixels are not read.

https://www.w3.org/TR/png-3/ · https://www.w3.org/Graphics/JPEG/itu-t81.pdf The reader seeks from header to header, so a
picture of any size costs a few kilobytes.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
EXTENSIONS = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}
MOST_CHUNKS = 100_000
"""Chunks or segments that are read. Encoders write some hundred for the largest picture."""

_GREY_ALPHA, _COLOUR_ALPHA, _GREY, _PALETTE = 4, 6, 0, 3
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of a frame header: C0 to CF, except those of tables."""
_ALONE = frozenset((0x01, *range(0xD0, 0xD8)))
"""Markers without a length."""
_APP1, _EXIF, _ORIENTATION = 0xE1, b"Exif\0\0", 0x0112
_LARGEST_EXIF = 64 * 1024
_MEDIA = re.compile(rb"GIF8|RIFF....WEBP|....(?:ftyp|moov|mdat|wide|free|skip)", re.DOTALL)
"""Beginnings of GIF, WebP, and of the boxes of HEIF, MP4 and MOV."""

NOT_MEDIA = "{}: the store answered with something else than a picture or a video, or with a part of it."
CHECK_THE_PROXY = "Check the proxy between this machine and Apple, then run the step again."
ENDING = 64 * 1024
"""Bytes at the end of a file in which `is_media` looks for the end of a picture: some tools write notes behind it."""


def is_media(beginning: bytes, ending: bytes) -> bool:
    """Return True if a file begins like a picture or a video of any kind that Apple gives out, and is not cut off.

    `ending` are its last `ENDING` bytes. Only PNG and JPEG say where they end.
    """
    # A proxy or a store may answer a download with 200 and a page or a JSON text, or with a part of the file.
    if beginning.startswith(_PNG):
        return b"IEND" in ending
    # The pixels of a JPEG have no such pair of bytes: a zero follows each of their 0xFF.
    if beginning.startswith(_JPEG):
        return b"\xff\xd9" in ending
    return _MEDIA.match(beginning) is not None


class ImageError(ValueError):
    """The bytes are not a PNG or JPEG, or only the beginning of one."""


@dataclass(frozen=True)
class Image:
    """A picture: its kind, its size in pixels, and the properties that App Store Connect checks.

    `colours` is "rgb", "grey", "palette" or "cmyk"; `depth` is in bits a channel; `alpha` is True if pixels can be
    transparent; `is_turned` is True if an Exif note asks viewers to turn or mirror the picture.
    """

    kind: Literal["png", "jpeg"]
    width: int
    height: int
    colours: str
    depth: int
    alpha: bool = False
    interlaced: bool = False
    animated: bool = False
    is_turned: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height in pixels, as stored (a camera's rotation is not applied)."""
        return self.width, self.height


def read_image(path: Path) -> Image:
    """Return the properties of a picture. Raises ImageError, or OSError if the file cannot be read."""
    with path.open("rb") as file:
        start = file.read(len(_PNG))
        end = os.fstat(file.fileno()).st_size
        if not start:
            raise ImageError("it is empty")
        if start == _PNG:
            return _png(file, end)
        if start.startswith(_JPEG):
            file.seek(len(_JPEG))
            return _jpeg(file, end)
    raise ImageError("it is neither PNG nor JPEG")


def _png(file: BinaryIO, end: int) -> Image:
    header, names = b"", set[bytes]()
    for name, position, length in _chunks(file, end):
        if not names and (name != b"IHDR" or length != 13):
            raise ImageError("its first chunk is not the header of a PNG")
        if name == b"IHDR":
            file.seek(position)
            header = file.read(13)
        names.add(name)
    if b"IEND" not in names or b"IDAT" not in names:
        raise ImageError("it is cut off")
    width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", header)
    return Image(
        "png",
        width,
        height,
        {_GREY: "grey", _GREY_ALPHA: "grey", _PALETTE: "palette"}.get(colour, "rgb"),
        depth,
        alpha=colour in (_GREY_ALPHA, _COLOUR_ALPHA) or b"tRNS" in names,
        interlaced=bool(interlace),
        animated=b"acTL" in names,
    )


def _chunks(file: BinaryIO, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the chunks up to IEND as (name, position of the content, length)."""
    position = len(_PNG)
    for _ in range(MOST_CHUNKS):
        file.seek(position)
        head = file.read(8)
        if len(head) < 8:
            raise ImageError("it is cut off")
        length, name = struct.unpack(">I4s", head)
        position += 8
        if position + length + 4 > end:
            raise ImageError("it is cut off")
        yield name, position, length
        if name == b"IEND":
            return
        position += length + 4
    raise ImageError("it has more chunks than a picture has")


def _jpeg(file: BinaryIO, end: int) -> Image:
    turned = False
    for marker, position, length in _segments(file):
        if marker == _APP1:
            file.seek(position)
            turned = turned or _is_turned(file.read(min(length, _LARGEST_EXIF)))
        if marker in _FRAMES:
            file.seek(position)
            content = file.read(min(length, 6))
            if len(content) < 6:
                break
            depth, height, width, channels = struct.unpack(">BHHB", content)
            _check_end(file, end)
            colours = {1: "grey", 4: "cmyk"}.get(channels, "rgb")
            return Image(
                "jpeg",
                width,
                height,
                colours,
                depth,
                interlaced=marker in (0xC2, 0xCA),
                is_turned=turned,
            )
        if marker in (0xDA, 0xD9):
            break
    raise ImageError("it is cut off")


def _is_turned(segment: bytes) -> bool:
    """Return True if an APP1 segment has an Exif orientation other than upright (1). Exif 2.32, 4.6.4."""
    tiff = segment.removeprefix(_EXIF)
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if tiff is segment or not order:
        return False
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for number in range(count):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, start + 2 + 12 * number)
            if tag == _ORIENTATION:
                return bool(value != 1)
    except struct.error:
        # Damaged notes do not spoil the picture.
        pass
    return False


def _segments(file: BinaryIO) -> Iterator[tuple[int, int, int]]:
    """Yield the segments as (marker, position of the content, length) from the place where `file` stands."""
    for _ in range(MOST_CHUNKS):
        head = file.read(2)
        # Fill bytes may stand before a marker. Each counts like a segment: 500 MB of them would take a minute.
        if head[1:] == b"\xff":
            file.seek(-1, os.SEEK_CUR)
            continue
        if len(head) < 2 or head[0] != 0xFF:
            raise ImageError("it is cut off or damaged")
        if head[1] in _ALONE:
            continue
        size = file.read(2)
        if len(size) < 2 or (length := int.from_bytes(size, "big") - 2) < 0:
            raise ImageError("it is cut off or damaged")
        position = file.tell()
        yield head[1], position, length
        file.seek(position + length)
    raise ImageError("it has more segments than a picture has")


def _check_end(file: BinaryIO, end: int) -> None:
    # Some cameras and tools write a few bytes after the end of the picture.
    file.seek(max(0, end - 4096))
    if b"\xff\xd9" not in file.read(4096):
        raise ImageError("it is cut off")
