"""update-app-store and previews: what the boxes of a video say, and what is uploaded and refused."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from asc.formats.movies import MovieError, read_movie
from asc_sandbox.plans import Store
from store.pages import update, world, writes
from support.sandbox import start_sandbox


def box(name: bytes, *content: bytes) -> bytes:
    data = b"".join(content)
    return struct.pack(">I4s", len(data) + 8, name) + data


def movie(
    size: tuple[int, int] = (886, 1920),
    *,
    seconds: int = 20,
    rate: int = 30,
    codec: bytes = b"avc1",
    sound: bool = True,
    note: bytes = b"",
) -> bytes:
    """A video with all headers and no pictures."""
    times = struct.pack(">IIIII", 0, 0, 0, 600, seconds * 600)
    frames = struct.pack(">IIII", 0, 1, seconds * rate, 600 // rate)
    description = struct.pack(">II", 0, 1) + box(codec, bytes(8))
    track = box(
        b"trak",
        box(b"tkhd", bytes(76), struct.pack(">II", size[0] << 16, size[1] << 16)),
        box(
            b"mdia",
            box(b"mdhd", times),
            box(b"hdlr", bytes(8), b"vide", bytes(12)),
            box(b"minf", box(b"stbl", box(b"stsd", description), box(b"stts", frames))),
        ),
    )
    audio = box(b"trak", box(b"mdia", box(b"hdlr", bytes(8), b"soun", bytes(12)))) if sound else b""
    header = box(b"moov", box(b"mvhd", times), track, audio)
    return box(b"ftyp", b"isom") + box(b"mdat", note) + header


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_a_video_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "video"
    path.write_bytes(movie())
    found = read_movie(path)
    assert (found.size, found.seconds, found.codec, found.frame_rate, found.has_sound) == (
        (886, 1920),
        20.0,
        "avc1",
        30.0,
        True,
    )


def test_every_cut_of_a_video_is_a_movie_error(tmp_path: Path) -> None:
    path, content = tmp_path / "video", movie()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(MovieError):
            read_movie(path)


def test_previews_are_uploaded_and_a_second_run_writes_nothing(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "previews",
        {"en-US/1 iphone_67.mp4": movie(), "en-US/2 IPHONE_67.mov": movie((1920, 886), note=b"2")},
    )
    with start_sandbox(world(), store=Store(media=0.2)) as sandbox:
        done = update(tmp_path, sandbox, previews=folder, preview_frame="00:00:05:00")
        assert (done.code, done.outputs["uploaded-screenshots"]) == (0, "2"), done.stdout
        previews = [one.attributes for one in sandbox.world.all("appPreviews")]
        assert sorted((one["mimeType"], one["previewFrameTimeCode"]) for one in previews) == [
            ("video/mp4", "00:00:05:00"),
            ("video/quicktime", "00:00:05:00"),
        ]
        before = writes(sandbox)
        again = update(tmp_path, sandbox, previews=folder)
    assert (again.code, again.outputs["changed"], writes(sandbox)) == (0, "false", before)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("video.mp4", movie(), "IPHONE_67"),
        ("IPHONE_67.mp4", movie((886, 1900)), "886 × 1920"),
        ("IPHONE_67.mp4", movie(seconds=14), "14.0 s"),
        ("IPHONE_67.mp4", movie(seconds=31), "31.0 s"),
        ("IPHONE_67.mp4", movie(codec=b"hvc1"), "hvc1"),
        ("IPHONE_67.mp4", movie(rate=60), "60.0 frames"),
        ("IPHONE_67.mp4", b"not a video", "neither MP4 nor MOV"),
        ("IPHONE_67.mp4", b"", "empty"),
        ("APPLE_TV.mp4", movie((1920, 1080)), "IOS"),
    ],
)
def test_a_bad_preview_is_refused_before_anything_is_sent(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    folder = write(tmp_path / "previews", {f"en-US/{name}": content})
    with start_sandbox(world()) as sandbox:
        done = update(tmp_path, sandbox, previews=folder)
        assert (done.code, list(sandbox.requests)) == (2, [])
    assert said in done.error


def test_a_fourth_preview_is_refused(tmp_path: Path) -> None:
    files = {f"en-US/{number} IPHONE_67.mp4": movie(note=bytes([number])) for number in range(4)}
    with start_sandbox(world()) as sandbox:
        assert update(tmp_path, sandbox, previews=write(tmp_path / "previews", files)).code == 2


@pytest.mark.parametrize("fault", ["POST /v1/appPreviews lost", "PATCH /v1/appPreviews/* lost"])
def test_a_preview_that_changed_is_replaced_in_its_place_also_if_an_answer_is_lost(
    tmp_path: Path, fault: str
) -> None:
    names = ("en-US/1 IPHONE_67.mp4", "en-US/2 IPHONE_67.mp4")
    first = write(tmp_path / "previews", {name: movie(note=name.encode()) for name in names})
    with start_sandbox(world(), store=Store(media=0)) as sandbox:
        assert update(tmp_path, sandbox, previews=first).code == 0
        kept = next(one.id for one in sandbox.world.all("appPreviews") if "2" in one.attributes["fileName"])
        sandbox.add_fault(fault)
        write(first, {names[0]: movie(note=b"another")})
        done = update(tmp_path, sandbox, previews=first)
        (previews,) = sandbox.world.all("appPreviewSets")
        found = [
            (one.id, one.attributes["fileName"]) for one in sandbox.world.related(previews, "appPreviews")
        ]
        again = update(tmp_path, sandbox, previews=first)
    assert done.code == 0, done.stdout
    assert [name for _, name in found] == ["1 IPHONE_67.mp4", "2 IPHONE_67.mp4"]
    assert found[1][0] == kept
    assert again.outputs["changed"] == "false"
