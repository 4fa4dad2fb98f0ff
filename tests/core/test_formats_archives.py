"""xar and zip archives: read as they come, and hostile ones refused."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given

from asc.formats import xar, zipfiles
from asc.formats.xar import XarError
from asc.formats.zipfiles import CutOffError, ZipError
from core.mutations import fuzzed, mutated, mutations
from support.bounds import bounded


def zeros(megabytes: int) -> bytes:
    """So many zeros, deflated. Compressed once: after a full flush the same bytes can stand again."""
    once = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return (once.compress(bytes(1 << 20)) + once.flush(zlib.Z_FULL_FLUSH)) * megabytes + b"\3\0"


# xar


def xar_of(toc: str, heap: bytes = b"", claimed: int | None = None, packed: int | None = None) -> io.BytesIO:
    body = zlib.compress(f"<xar><toc>{toc}</toc></xar>".encode())
    unpacked = len(f"<xar><toc>{toc}</toc></xar>".encode()) if claimed is None else claimed
    header = struct.pack(">4sHHQQI", b"xar!", 28, 1, len(body) if packed is None else packed, unpacked, 0)
    return io.BytesIO(header + body + heap)


def xar_file(name: str, offset: object, length: object, style: str = "application/octet-stream") -> str:
    data = f"<data><offset>{offset}</offset><length>{length}</length><encoding style='{style}'/></data>"
    return f"<file><name>{name}</name>{data}</file>"


def test_members_are_read_however_they_are_packed() -> None:
    import bz2
    import gzip

    parts = [
        ("application/octet-stream", b"plain"),
        ("application/x-gzip", zlib.compress(b"plain")),
        ("application/x-gzip", gzip.compress(b"plain", mtime=0)),
        ("application/x-bzip2", bz2.compress(b"plain")),
    ]
    for style, packed in parts:
        archive = xar.open_archive(xar_of(xar_file("a", 3, len(packed), style), b"..." + packed))
        assert archive.read("a", 100) == b"plain"


def test_members_are_named_by_their_path() -> None:
    inner = xar_file("PackageInfo", 0, 1)
    coded = "<file><name enctype='base64'>w7w=</name><data><offset>0</offset><length>0</length></data></file>"
    toc = f"<file><type>directory</type>{inner}<name>a.pkg</name></file>{coded}"
    assert set(xar.open_archive(xar_of(toc, b"x")).members) == {"a.pkg/PackageInfo", "ü"}


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (io.BytesIO(b""), "not a xar"),
        (io.BytesIO(b"xar!" + bytes(24)), "no sensible size"),
        (xar_of("", claimed=10 << 30), "no sensible size"),
        (xar_of("", packed=10 << 30), "no sensible size"),
        (xar_of("", claimed=3), "longer than"),
        (xar_of("", claimed=1000), "not the length"),
        (xar_of("", packed=5), "cut off"),
        (xar_of("<file><name>a</name>" * 40 + "</file>" * 40 + "<b>" * 70 + "</b>" * 70), "nested"),
        (xar_of(xar_file("a", 10**15, 5)), "cut off"),
        (xar_of(xar_file("a", 0, 10**15)), "cut off"),
        (xar_of(xar_file("a", -1, 5)), "no sensible offset"),
        (xar_of(xar_file("a", "1e3", 5)), "no sensible offset"),
        (xar_of(xar_file("a", "²", 5)), "no sensible offset"),
        (xar_of(xar_file("a", 0, "9" * 5000)), "no sensible length"),
        (xar_of(xar_file("a", 0, 0) * 2), "two files"),
        (
            xar_of(f"<file><name>{'x' * 10**5}</name>{xar_file('a', 0, 0) * 10_000}</file>"),
            "path of no sensible",
        ),
        (xar_of("<file><name enctype='base64'>#</name></file>"), "name"),
        (xar_of("<file><name enctype='base64'>_w==</name></file>"), "name"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_hostile_archives_are_refused(file: io.BytesIO, why: str) -> None:
    with bounded(), pytest.raises(XarError, match=why):
        xar.open_archive(file)


def test_a_table_of_contents_that_grows_is_stopped() -> None:
    body = zlib.compress(b"")[:2] + zeros(256)
    header = struct.pack(">4sHHQQI", b"xar!", 28, 1, len(body), 16 << 20, 0)
    with bounded(), pytest.raises(XarError, match="16,777,216"):
        xar.open_archive(io.BytesIO(header + body))


@pytest.mark.parametrize(
    ("style", "packed", "why"),
    [
        ("application/octet-stream", bytes(101), "more than"),
        ("application/x-gzip", zlib.compress(bytes(1 << 24))[:90], "longer"),
        ("application/x-gzip", b"rubbish", "damaged"),
        ("application/x-gzip", zlib.compress(b"text")[:-3], "cut off"),
        ("application/x-bzip2", b"rubbish", "damaged"),
        ("application/x-lzma", b"rubbish", "not read here"),
    ],
)
def test_hostile_members_are_refused(style: str, packed: bytes, why: str) -> None:
    archive = xar.open_archive(xar_of(xar_file("a", 0, len(packed), style), packed))
    with bounded(), pytest.raises(XarError, match=why):
        archive.read("a", 100)


XAR = xar_of(
    xar_file("a", 0, 11, "application/x-gzip") + xar_file("b", 11, 3), zlib.compress(b"a")[:11] + b"..."
).getvalue()


@fuzzed
@given(mutations)
def test_damaged_archives_are_read_or_refused(changes: tuple[list[tuple[int, int]], int]) -> None:
    try:
        archive = xar.open_archive(io.BytesIO(mutated(XAR, *changes)))
        for name in archive.members:
            archive.read(name, 1000)
    except XarError:
        pass


# zip


def zipped(files: dict[str, bytes], prefix: bytes = b"", **options: Any) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return io.BytesIO(prefix + out.getvalue())


def everything(_: str) -> bool:
    return True


def only(file: BinaryIO) -> zipfiles.ZipEntry:
    (entry,) = zipfiles.entries(file, everything)
    return entry


def test_entries_are_read() -> None:
    file = zipped({"a": b"1" * 5000, "./b/ü": b"2", "empty": b""})
    found = {entry.path: zipfiles.read(file, entry, 10_000) for entry in zipfiles.entries(file, everything)}
    assert found == {"a": b"1" * 5000, "b/ü": b"2", "empty": b""}


def test_only_what_is_wanted_is_kept() -> None:
    file = zipped({"a": b"1", "b": b"2"})
    assert [entry.path for entry in zipfiles.entries(file, "b".__eq__)] == ["b"]


def test_bytes_before_and_a_comment_behind_the_archive_do_not_matter() -> None:
    out = zipped({"a": b"1"}, prefix=b"#!/bin/sh\n")
    file = io.BytesIO(out.getvalue()[:-2] + b"\4\0PK\5\6")
    assert zipfiles.read(file, only(file), 10) == b"1"


def test_large_archives_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """zip64, as the standard library writes it from a size on that is set to some bytes here."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)
    file = zipped({"a": b"1" * 50, "b": random.Random(1).randbytes(50), "c": b""})
    assert b"PK\6\6" in file.getvalue()
    assert [len(zipfiles.read(file, entry, 100)) for entry in zipfiles.entries(file, everything)] == [
        50,
        50,
        0,
    ]


def test_a_count_of_files_that_overflowed_does_not_matter() -> None:
    data = zipped({"a": b"1"}).getvalue()
    start, end = data.rindex(b"PK\1\2"), data.rindex(b"PK\5\6")
    directory = data[start:end] * 70_000
    record = struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, 70_000 % 65_536, 70_000 % 65_536, len(directory), start, 0
    )
    seen: list[str] = []
    assert not list(zipfiles.entries(io.BytesIO(data[:start] + directory + record), seen.append))
    assert len(seen) == 70_000


def test_offsets_that_lost_their_upper_bits_are_found(tmp_path: Path) -> None:
    """macOS writes archives above 4 GiB without zip64. The file has a hole, so it takes no space."""
    data = zipped({"a": b"1"}).getvalue()
    start = data.rindex(b"PK\1\2")
    with (tmp_path / "large").open("w+b") as file:
        file.write(data[:start])
        file.seek(start + (1 << 32))
        file.write(data[start:])
        assert zipfiles.read(file, only(file), 10) == b"1"


def patched(file: io.BytesIO, at: int, value: bytes, record: bytes = zipfiles.CENTRAL) -> io.BytesIO:
    data = bytearray(file.getvalue())
    start = data.rfind(record) + at
    data[start : start + len(value)] = value
    return io.BytesIO(bytes(data))


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (io.BytesIO(b""), "end is missing"),
        (io.BytesIO(b"PK\3\4" + bytes(100)), "end is missing"),
        (io.BytesIO(zipped({"a": b"1"}).getvalue()[:-1]), "end is missing"),
        (patched(zipped({"a": b""}), 0, b"PK"[::-1]), "damaged"),
        (patched(zipped({"a": b""}), 28, b"\xff\xff"), "damaged"),
        (patched(zipped({"a": b""}), 12, b"\xff\xff\xff\xff", zipfiles.END), "outside"),
        (patched(zipped({"a": b""}), 4, b"\1\0", zipfiles.END), "several parts"),
        (io.BytesIO(b"PK\6\7" + bytes(16) + b"PK\5\6" + bytes(18)), "end is damaged"),
    ],
)
def test_hostile_lists_of_files_are_refused(file: io.BytesIO, why: str) -> None:
    with bounded(), pytest.raises(ZipError, match=why):
        list(zipfiles.entries(file, everything))


def test_a_download_that_broke_off_is_told_from_damage() -> None:
    with pytest.raises(CutOffError):
        list(zipfiles.entries(io.BytesIO(zipped({"a": b"1"}).getvalue()[:40]), everything))


def test_millions_of_files_are_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfiles, "MOST", 10)
    with pytest.raises(ZipError, match="10"):
        list(zipfiles.entries(zipped({str(number): b"" for number in range(11)}), everything))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda file: patched(file, 8, b"\1"), "encrypted"),
        (lambda file: patched(file, 10, b"\x5f\0"), "method 95"),
        (lambda file: patched(file, 16, b"\0\0\0\0"), "damaged"),
        (lambda file: patched(file, 20, b"\1\0\0\0"), "damaged"),
        (lambda file: patched(file, 24, b"\1\0\0\0"), "damaged"),
        (lambda file: patched(file, 24, b"\xf0\xff\xff\xff"), "bytes long"),
        (lambda file: patched(file, 20, b"\xf0\xff\xff\xff"), "bytes long"),
        (lambda file: patched(file, 42, b"\xf0\xff\xff\x7f"), "not where"),
        (lambda file: patched(file, 31, b"\xff\xff\xff\xff", zipfiles.LOCAL), "damaged"),
    ],
)
def test_hostile_entries_are_refused(change: Callable[[io.BytesIO], io.BytesIO], why: str) -> None:
    file = change(zipped({"a": b"1" * 500}))
    entry = only(file)
    with bounded(), pytest.raises(ZipError, match=why):
        zipfiles.read(file, entry, 1000)


def test_a_bomb_costs_no_more_than_it_claims() -> None:
    """1 GiB of zeros that says it were 500 bytes."""
    packed = zeros(1024)
    entry = zipfiles.ZipEntry("a", (0,), len(packed), 500, zipfiles.DEFLATED, 0, encrypted=False)
    with bounded(megabytes=8), pytest.raises(ZipError, match="damaged"):
        zipfiles.read(io.BytesIO(b"PK\3\4" + bytes(26) + packed), entry, 2 << 20)


ZIP = zipped({"a": b"1" * 50, "b": random.Random(1).randbytes(50)}).getvalue()


@fuzzed
@given(mutations)
def test_damaged_zips_are_read_or_refused(changes: tuple[list[tuple[int, int]], int]) -> None:
    file = io.BytesIO(mutated(ZIP, *changes))
    try:
        for entry in list(zipfiles.entries(file, everything)):
            zipfiles.read(file, entry, 1000)
    except ZipError:
        pass
