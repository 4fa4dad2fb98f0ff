"""Headers of movies, against files made box by box, and the previews that a folder of them holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from asc.formats.movies import Movie, MovieError, read_movie
from asc.store.previews import read_previews
from store.made_media import movie


def written(folder: Path, data: bytes, name: str = "movie") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("index_last", [False, True])
def test_a_movie_has_length_size_codec_rate_and_sound(tmp_path: Path, index_last: bool) -> None:
    path = written(tmp_path, movie(index_last=index_last))
    assert read_movie(path) == Movie(20.0, 886, 1920, "avc1", 30.0, True)


def test_a_silent_prores_movie_is_seen_as_that(tmp_path: Path) -> None:
    found = read_movie(written(tmp_path, movie(brand=b"qt  ", codec=b"apch", sound=False, rate=25)))
    assert (found.codec, found.frame_rate, found.has_sound) == ("apch", 25.0, False)


def test_a_turned_movie_has_the_size_that_viewers_see(tmp_path: Path) -> None:
    assert read_movie(written(tmp_path, movie(1920, 886, turned=True))).size == (886, 1920)


def test_no_cut_of_a_movie_passes_as_whole(tmp_path: Path) -> None:
    data = movie(index_last=True)
    for length in range(0, len(data) - 1, 7):
        with pytest.raises(MovieError):
            read_movie(written(tmp_path, data[:length]))


@pytest.mark.parametrize("data", [b"", b"\x1aE\xdf\xa3" * 20, b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_other_formats_are_no_movie(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(MovieError):
        read_movie(written(tmp_path, data))


@pytest.mark.parametrize("name", ["APP_IPHONE_67-1.mp4", "iphone-67.mov", "APP_IPHONE_69.m4v"])
def test_the_display_of_a_preview_is_in_its_name(tmp_path: Path, name: str) -> None:
    written(tmp_path, movie(), f"ja/{name}")
    found = read_previews(tmp_path, "IOS")
    assert ([file.display for file in found.files], found.findings) == (["IPHONE_67"], ())


def test_a_linked_folder_of_previews_outside_of_the_workspace_is_not_read(tmp_path: Path) -> None:
    written(tmp_path, movie(), "elsewhere/IPHONE_67.mp4")
    (tmp_path / "previews").mkdir()
    (tmp_path / "previews/ja").symlink_to(tmp_path / "elsewhere")
    found = read_previews(tmp_path / "previews", "IOS")
    assert ([finding.rule for finding in found.findings], found.files) == (["symlink"], ())
