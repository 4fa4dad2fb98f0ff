"""Read the headers of pictures and videos: PNG, JPEG, and the first box of MP4 and MOV."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8"

# Colour types of PNG: grey with alpha, and colours with alpha.
_WITH_ALPHA = (4, 6)
# DHT, JPG and DAC lie between the markers of frames.
_NO_FRAME = (0xC4, 0xC8, 0xCC)
_CMYK = 4
_EXTENSIONS = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}
_FIRST_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")


class PictureProblem(Exception):
    """Raised for a file that Apple would not accept. `code` and `description` go into the state of the asset."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description


@dataclass(frozen=True)
class Picture:
    """The facts in a picture's header; `kind` is png or jpeg."""

    kind: str
    width: int
    height: int
    alpha: bool


# IMAGE_INCORRECT_DIMENSIONS and IMAGE_BAD_FILE_EXTENSION were recorded; IMAGE_CORRUPTED and IMAGE_COLOR_SPACE are
# guesses at what Apple calls the rest.
def read_picture(path: Path, name: str) -> Picture:
    """Read a picture that a client calls `name`. Raises PictureProblem."""
    data = path.read_bytes()
    if data.startswith(PNG):
        picture = _png(data)
    elif data.startswith(JPEG):
        picture = _jpeg(data)
    else:
        raise PictureProblem("IMAGE_CORRUPTED", "The file is neither a PNG nor a JPEG.")
    if _EXTENSIONS.get(Path(name).suffix.lower()) != picture.kind:
        raise PictureProblem("IMAGE_BAD_FILE_EXTENSION", f"The content of '{name}' is {picture.kind}.")
    return picture


def check_video(path: Path) -> None:
    """Raise PictureProblem unless the file begins as MP4 and MOV files do."""
    with path.open("rb") as file:
        if file.read(8)[4:] not in _FIRST_BOXES:
            # The code is a guess.
            raise PictureProblem("VIDEO_CORRUPTED", "The file is not an MP4, MOV or M4V.")


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the chunks of a PNG as (type, content). Raises PictureProblem if one is cut off."""
    position = len(PNG)
    while position < len(data):
        head = data[position : position + 8]
        if len(head) < 8:
            raise _cut_off()
        (length,) = struct.unpack(">I", head[:4])
        content = data[position + 8 : position + 8 + length]
        if len(content) < length:
            raise _cut_off()
        yield head[4:], content
        # Length, type and checksum of a chunk take 12 bytes.
        position += length + 12


def segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the segments of a JPEG up to its pixels as (marker, content). Raises PictureProblem if it is cut off."""
    position = len(JPEG)
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF:
            # Any number of fill bytes may stand before a marker.
            position += 1
            continue
        (length,) = struct.unpack(">H", data[position + 2 : position + 4])
        yield marker, data[position + 4 : position + 2 + length]
        # Start of scan: pixels follow, without a length.
        if marker == 0xDA:
            return
        position += 2 + length
    raise _cut_off()


def _png(data: bytes) -> Picture:
    parts = list(chunks(data))
    names = [name for name, _ in parts]
    if not parts or names[0] != b"IHDR" or names[-1] != b"IEND" or len(parts[0][1]) != 13:
        raise _cut_off()
    width, height, depth, colour = struct.unpack(">IIBB", parts[0][1][:10])
    if depth > 8:
        raise PictureProblem("IMAGE_COLOR_SPACE", f"The picture has {depth} bits a channel.")
    # A palette can be transparent without an alpha channel.
    return Picture("png", width, height, colour in _WITH_ALPHA or b"tRNS" in names)


def _jpeg(data: bytes) -> Picture:
    for marker, content in segments(data):
        if 0xC0 <= marker <= 0xCF and marker not in _NO_FRAME:
            _, height, width, channels = struct.unpack(">BHHB", content[:6])
            if channels == _CMYK:
                raise PictureProblem("IMAGE_COLOR_SPACE", "The picture is CMYK.")
            # Some encoders write a few bytes after the end marker.
            if b"\xff\xd9" not in data[-16:]:
                raise _cut_off()
            return Picture("jpeg", width, height, alpha=False)
    raise _cut_off()


def _cut_off() -> PictureProblem:
    return PictureProblem("IMAGE_CORRUPTED", "The picture is cut off.")
