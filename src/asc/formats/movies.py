"""Read the boxes of MP4 and MOV: the length, the size, the codec and the frame rate of a video.

https://developer.apple.com/documentation/quicktime-file-format · ISO/IEC 14496-12
Only headers are read; the pictures and sounds are passed over by seeking.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_FIRST = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}
MOST_BOXES = 10_000
LARGEST_HEADER = 16 << 20
"""Bytes of the box with all headers. Half an hour of video needs less than a megabyte."""


class MovieError(ValueError):
    """The bytes are no MP4 or MOV, or only the first part of one."""


@dataclass(frozen=True)
class Movie:
    """A video: its length in seconds, its size in pixels, its codec as four characters, its frames a second.

    The size is that of the picture after the turn that the file asks for.
    has_sound: True if it has a track with sound.
    """

    seconds: float
    width: int
    height: int
    codec: str
    frame_rate: float
    has_sound: bool

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height in pixels, as viewers see them."""
        return self.width, self.height


def read_movie(path: Path) -> Movie:
    """Return the properties of the video in a file. Raises MovieError, or OSError if it cannot be read."""
    with path.open("rb") as file:
        end = os.fstat(file.fileno()).st_size
        if end == 0:
            raise MovieError("it is empty")
        header = b""
        for number, (name, start, length) in enumerate(_boxes_in_file(file, end)):
            if number == 0 and name not in _FIRST:
                raise MovieError("it is neither MP4 nor MOV")
            if name == b"moov":
                if length > LARGEST_HEADER:
                    raise MovieError("its header is larger than that of a video")
                file.seek(start)
                header = file.read(length)
    if not header:
        raise MovieError("it is cut off: it has no header (moov)")
    try:
        return _movie(header)
    except (struct.error, IndexError):
        raise MovieError("its header is damaged") from None


def _boxes_in_file(file: BinaryIO, end: int) -> Iterator[tuple[bytes, int, int]]:
    position = 0
    for _ in range(MOST_BOXES):
        if position >= end:
            return
        file.seek(position)
        head = file.read(16)
        if len(head) < 8:
            raise MovieError("it is cut off")
        size, name = struct.unpack(">I4s", head[:8])
        skipped = 8
        if size == 1 and len(head) == 16:
            size, skipped = struct.unpack(">Q", head[8:])[0], 16
        # The box goes to the end.
        if size == 0:
            size = end - position
        if size < skipped:
            raise MovieError("it is neither MP4 nor MOV" if position == 0 else "it is damaged")
        if position + size > end:
            # The name of the first box says what the file is; anything else would be called cut off.
            raise MovieError("it is cut off" if position or name in _FIRST else "it is neither MP4 nor MOV")
        yield name, position + skipped, size - skipped
        position += size
    raise MovieError("it has more boxes than a video has")


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 0
    for _ in range(MOST_BOXES):
        if position + 8 > len(data):
            return
        size, name = struct.unpack(">I4s", data[position : position + 8])
        if size < 8 or position + size > len(data):
            return
        yield name, data[position + 8 : position + size]
        position += size


def _find(data: bytes, *names: bytes) -> bytes:
    """Return the content of a box within boxes; b"" if there is none."""
    for name in names:
        data = next((content for found, content in _boxes(data) if found == name), b"")
    return data


def _movie(header: bytes) -> Movie:
    _, seconds = _times(_find(header, b"mvhd"))
    tracks = [content for name, content in _boxes(header) if name == b"trak"]
    kinds = [(_find(track, b"mdia", b"hdlr")[8:12], track) for track in tracks]
    video = next((track for kind, track in kinds if kind == b"vide"), None)
    if video is None:
        raise MovieError("it has no video track")
    width, height = _shown_size(_find(video, b"tkhd"))
    table = _find(video, b"mdia", b"minf", b"stbl")
    codec = _find(table, b"stsd")[12:16].decode("ascii", "replace")
    _, length = _times(_find(video, b"mdia", b"mdhd"))
    frames = _frames(_find(table, b"stts"))
    return Movie(
        seconds,
        width,
        height,
        codec,
        frames / length if length else 0.0,
        any(kind == b"soun" for kind, _ in kinds),
    )


def _shown_size(content: bytes) -> tuple[int, int]:
    """Return width and height as viewers see them: phones record upright as lying frames with a matrix that turns."""
    width, height = (value >> 16 for value in struct.unpack(">II", content[-8:]))
    first, second = struct.unpack(">ii", content[-44:-36])
    return (height, width) if first == 0 and second != 0 else (width, height)


def _times(content: bytes) -> tuple[int, float]:
    """Return the units a second and the seconds of a header of a movie or of a track's media."""
    form = ">IQ" if content[0] == 1 else ">II"
    scale, length = struct.unpack_from(form, content, 20 if content[0] == 1 else 12)
    return scale, length / scale if scale else 0.0


def _frames(content: bytes) -> int:
    (count,) = struct.unpack_from(">I", content, 4)
    entries = min(count, (len(content) - 8) // 8)
    return sum(struct.unpack_from(">I", content, 8 + 8 * number)[0] for number in range(entries))
