"""Hostile names from the API, hostile archives: nothing is written outside, and nothing grows without bounds."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest

from asc.builds.symbols import archives
from asc.builds.symbols.archives import ArchiveError, inspect
from asc.builds.symbols.extracting import extract
from asc.builds.symbols.model import cleaned
from core.symbols import (
    APP,
    DWARF,
    UUID,
    archive,
    companion,
    names,
    serve,
    step,
    store,
    there,
    with_symbols,
    world,
)
from support.bounds import moderate
from support.sandbox import start_sandbox


@pytest.mark.parametrize(
    "bundle_id",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "..",
        ".hidden",
        "-rf",
        "a\\..\\b",
        "C:evil",
        "a\nb",
        "a\0b",
        "name with spaces",
        "é" * 300,
        "x" * 5000,
        "\u202egnp.exe",
        "$(touch pwned)",
        "*",
    ],
)
def test_hostile_names_from_the_api(tmp_path: Path, bundle_id: str) -> None:
    with start_sandbox(world(with_symbols("1.0", "7", {"bundleId": bundle_id}))) as sandbox:
        done = step(tmp_path, sandbox, extract="true")
    assert done.code == 0, done.stdout
    (name,) = names(done)
    assert there(tmp_path) == sorted([name, name.removesuffix(".dSYM.zip")])
    assert {path.name for path in tmp_path.iterdir()} == {"dsyms", "output", "summary"}
    assert name.isascii()
    assert not set(name) & set("/\\: \n$*")
    assert not name.startswith((".", "-"))
    assert len(name) < 220


def test_bundles_that_only_differ_in_what_is_cleaned_or_in_case_are_different_files(tmp_path: Path) -> None:
    bundles = [{"bundleId": name} for name in ("a/b", "a:b", "a_b", "A_B", "a_b")]
    with start_sandbox(world(with_symbols("1.0", "7", *bundles))) as sandbox:
        done = step(tmp_path, sandbox)
        again = step(tmp_path, sandbox)
    assert done.code == 0
    assert len({name.casefold() for name in names(done)}) == len(there(tmp_path)) == 5
    assert sorted(names(again)) == sorted(names(done)), "they are called the same each time"


def test_what_is_clean_stays_as_it_is() -> None:
    assert cleaned("com.example.app-1.5.0-42") == "com.example.app-1.5.0-42"


def link(name: str, mode: int = stat.S_IFLNK | 0o777) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    entry.external_attr = mode << 16
    return entry


IN = "Example.app.dSYM/Contents"


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({f"../{IN}/x": b""}, "lead out"),
        ({f"{IN}/../../../x": b""}, "lead out"),
        ({f"/{IN}/x": b""}, "lead out"),
        ({f"{IN}//x": b""}, "lead out"),
        ({f"{IN}/..\\..\\x": b""}, "lead out"),
        ({f"C:/{IN}/x": b""}, "lead out"),
        ({f"{IN}/x\ny": b""}, "lead out"),
        ({f"{IN}/x.": b""}, "means another file"),
        ({f"{IN}/x ": b""}, "means another file"),
        ({link(f"{IN}/x"): b"/etc/passwd"}, "is a link"),
        ({link(f"{IN}/x", stat.S_IFIFO | 0o666): b""}, "not a plain file"),
        ({link(f"{IN}/x", stat.S_IFCHR | 0o666): b""}, "not a plain file"),
        ({f"{IN}/x": b"1", f"{IN}/X": b"2"}, "there twice"),
        ({f"{IN}/é": b"1", f"{IN}/e\u0301": b"2"}, "there twice"),
        ({f"{IN}/x": b"1", f"{IN}/x/y": b"2"}, "there twice"),
        ({f"{IN}/X/y": b"1", f"{IN}/x": b"2"}, "there twice"),
        ({f"{IN}/{'x' * 256}": b""}, "too long"),
        ({f"{IN}/{'x/' * 40}y": b""}, "too long"),
    ],
)
def test_hostile_names_in_an_archive_refuse_it(
    tmp_path: Path, members: dict[Any, bytes], reason: str
) -> None:
    content = archive({DWARF: companion(), **members})
    with (
        store(serve(content)) as url,
        start_sandbox(world(with_symbols("1.0", "7", {"dSYMUrl": url}))) as sandbox,
    ):
        done = step(tmp_path, sandbox, extract="true")
    assert done.code == 1
    assert reason in done.error
    assert there(tmp_path) == [f"{APP}-1.0-7.dSYM.zip"], "the archive itself is whole"
    assert {path.name for path in tmp_path.iterdir()} == {"dsyms", "output", "summary"}


def test_rights_in_an_archive_are_not_applied_and_what_is_no_dsym_stays_out(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(
        archive(
            {
                link(f"{IN}/tool", stat.S_IFREG | 0o6777): b"1",
                "__MACOSX/Example.app.dSYM/._x": b"2",
                "readme.txt": b"3",
                "Payload/dSYMs/Other.dSYM/Contents/y": b"4",
            }
        )
    )
    assert extract(tmp_path / "x.zip", tmp_path / "x")
    found = {
        path.relative_to(tmp_path / "x").as_posix() for path in (tmp_path / "x").rglob("*") if path.is_file()
    }
    assert found == {f"{IN}/tool", "Payload/dSYMs/Other.dSYM/Contents/y"}
    assert (tmp_path / "x" / IN / "tool").stat().st_mode & 0o7111 == 0


def test_what_was_unpacked_is_replaced_when_it_is_not_the_same(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(archive())
    folder, file = tmp_path / "x", tmp_path / "x" / DWARF
    assert extract(tmp_path / "x.zip", folder)
    assert not extract(tmp_path / "x.zip", folder)
    for spoil in (
        lambda: file.write_bytes(b"?" * file.stat().st_size),
        file.unlink,
        lambda: (folder / "more").touch(),
        lambda: (file.unlink(), file.symlink_to("/etc/passwd")),
    ):
        spoil()
        assert extract(tmp_path / "x.zip", folder)
        assert file.read_bytes() == companion()
    assert {path.name for path in tmp_path.iterdir()} == {"x", "x.zip"}


def refused(tmp_path: Path, content: bytes) -> ArchiveError:
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    with pytest.raises(ArchiveError) as caught:
        inspect(path)
    return caught.value


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(400)) + packer.flush()
    size, name = 400 << 20, DWARF.encode()
    head = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 0, 0, len(packed), size, len(name), 0)
    entry = struct.pack(
        "<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, 0, len(packed), size, len(name), *[0] * 6
    )
    directory = entry + name
    at = len(head) + len(name) + len(packed)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), at, 0)
    error = refused(tmp_path, head + name + packed + directory + end)
    assert "times its size" in str(error)
    assert not error.broken


def test_files_that_lie_over_one_another_are_refused(tmp_path: Path) -> None:
    content = archive({DWARF: bytes(10_000)}, compression=zipfile.ZIP_STORED)
    at = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    directory = content[at:end] * 50
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 50, 50, len(directory), at, 0)
    assert "its files overlap" in str(refused(tmp_path, content[:at] + directory + tail))


def test_a_member_that_is_longer_than_it_says_is_not_read_on(tmp_path: Path) -> None:
    content = bytearray(archive({DWARF: bytes(100_000_000)}))
    at = content.index(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<L", 1000)
    error = refused(tmp_path, bytes(content))
    assert error.broken


def test_long_names_in_an_archive_take_no_quadratic_time(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(archive({f"{number}{'a' * 60_000}": b"" for number in range(100)}))
    with moderate():
        assert inspect(tmp_path / "x.zip").dsyms == 0


def test_an_archive_of_too_many_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_ENTRIES", 10)
    assert "more than 10 files" in str(refused(tmp_path, archive({f"{IN}/{n}": b"" for n in range(11)})))


@pytest.mark.parametrize("cut", [0, 10, 100, -1, -10, -60])
def test_a_cut_archive_is_broken(tmp_path: Path, cut: int) -> None:
    assert refused(
        tmp_path, archive({DWARF: companion(size=500), f"{IN}/Info.plist": b"x" * 500})[:cut]
    ).broken


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_changed_byte_anywhere_in_the_contents_is_found(tmp_path: Path, method: int) -> None:
    content = archive({DWARF: companion(size=300)}, compression=method)
    first, last = 30 + len(DWARF), content.index(b"PK\x01\x02")
    for at in range(first, last, 7):
        changed = bytearray(content)
        changed[at] ^= 0x55
        assert refused(tmp_path, bytes(changed)).broken


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_way_of_packing_that_no_dsym_has(tmp_path: Path, method: int) -> None:
    assert "packed with method" in str(refused(tmp_path, archive(compression=method)))


@pytest.mark.parametrize("data", [b"", b"#!/bin/sh\n", companion()[:40]])
def test_a_program_that_is_no_mach_o_is_a_warning(tmp_path: Path, data: bytes) -> None:
    content = archive({DWARF: data})
    with (
        store(serve(content)) as url,
        start_sandbox(world(with_symbols("1.0", "7", {"dSYMUrl": url}))) as sandbox,
    ):
        done = step(tmp_path, sandbox)
    assert (done.code, len(names(done))) == (0, 1)
    assert "UUIDs" in done.log.messages("warning")[0]


def test_a_large_archive_costs_no_memory(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as file, file.open(DWARF, "w") as out:
        out.write(companion())
        for _ in range(64):
            out.write(bytes(1 << 20))
    (tmp_path / "x.zip").write_bytes(content.getvalue())
    found = inspect(tmp_path / "x.zip")
    assert (found.dsyms, found.uuids, found.unread) == (1, {str(UUID).upper(): "arm64"}, ())
