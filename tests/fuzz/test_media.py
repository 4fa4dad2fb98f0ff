"""The readers of pictures and videos: all bytes are read or refused, quickly and in little memory."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asc.formats.images import MOST_CHUNKS, ImageError, read_image
from asc.formats.movies import MovieError, read_movie
from fuzz.bounds import bounded, examples
from fuzz.mutating import damaged
from sandbox.store import jpeg, png
from store.test_update_previews import movie


def read(reader: Callable[[Path], object], content: bytes) -> None:
    """Write the bytes to a file and read it. Only asc.errors.Error may be raised."""
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(content)
        with bounded(ImageError, MovieError):
            reader(Path(file.name))


@given(damaged([png(8, 8), png(8, 8, alpha=True), jpeg(8, 8)]) | st.binary(max_size=200))
@examples(60)
def test_a_damaged_picture_is_read_or_refused(content: bytes) -> None:
    read(read_image, content)
    read(read_image, b"\xff\xd8" + content)


@given(damaged([movie(), movie(sound=False)]) | st.binary(max_size=200))
@examples(60)
def test_a_damaged_video_is_read_or_refused(content: bytes) -> None:
    read(read_movie, content)


def test_fill_bytes_without_end_are_refused_before_the_end_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "1.jpg"
    path.write_bytes(b"\xff\xd8" + b"\xff" * (MOST_CHUNKS + 1))
    with pytest.raises(ImageError, match="more segments"):
        read_image(path)
    path.write_bytes(b"\xff\xd8" + b"\xff" * 50 + jpeg(8, 8)[2:])
    assert read_image(path).size == (8, 8)
