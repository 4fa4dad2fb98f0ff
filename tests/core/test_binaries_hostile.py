"""Hostile and damaged binaries: refused, in little memory, with nothing written."""

from __future__ import annotations

import io
import plistlib
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asc.builds.binary import BinaryError, defects, read_binary
from asc.formats import zipfiles
from asc_sandbox.samples import make_ipa, make_pkg
from asc_sandbox.samples.bundle import App
from core.binaries import APP, INFO, NOW, refused, zipped
from support.bounds import bounded, moderate


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "Example.ipa"


# Hostile archives


@pytest.mark.parametrize("end", [30, 500, -1, -30])
def test_an_ipa_that_is_cut_off_is_told(path: Path, end: int) -> None:
    make_ipa(path)
    path.write_bytes(path.read_bytes()[:end])
    assert "cut off" in refused(path)


def test_an_encrypted_ipa_is_told(path: Path) -> None:
    data = bytearray(zipped(path, {f"{APP}Info.plist": INFO}).read_bytes())
    data[data.rindex(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)
    assert "encrypted" in refused(path)


def test_sizes_that_are_only_claimed_are_not_believed(path: Path) -> None:
    data = bytearray(zipped(path, {f"{APP}Info.plist": INFO}).read_bytes())
    at = data.rindex(b"PK\1\2") + 24
    data[at : at + 4] = (0xFFFFFFFE).to_bytes(4, "little")
    path.write_bytes(data)
    assert "4,294,967,294 bytes long" in refused(path)


def test_a_hundred_megabytes_of_zeros_are_not_unpacked(path: Path) -> None:
    files = {f"{APP}Info.plist": bytes(100 << 20)}
    packed = zipped(path, files)
    with bounded(megabytes=8):
        assert "at most" in refused(packed)


def test_names_of_every_kind_do_no_harm(path: Path) -> None:
    odd = [
        "../../etc/passwd",
        "/etc/passwd",
        "Payload/../x.app/y",
        "a\nb",
        "\x1b]0;x\x07",
        "::error::x",
        "C:\\x",
        "🤷" * 99,
    ]
    files = dict.fromkeys(odd, b"x")
    before = set(path.parent.rglob("*"))
    assert read_binary(zipped(path, {**files, f"{APP}Info.plist": INFO})).bundle_id == "com.example.app"
    assert set(path.parent.rglob("*")) - before == {path}


def test_names_are_shown_without_control_characters(path: Path) -> None:
    message = refused(zipped(path, {f"Payload/a\n::error::\x1b[2J{'x' * 200}.app/b": b""}))
    assert "\x1b" not in message
    assert len(message) < 400 + len(str(path))


@pytest.mark.parametrize("key", ["ITSAppUsesNonExemptEncryption", "CFBundleVersion"])
def test_an_integer_that_is_too_long_to_print_is_refused(path: Path, key: str) -> None:
    long = f"<key>{key}</key><integer>0x{'F' * 5_000}</integer></dict>"
    info = plistlib.dumps(plistlib.loads(INFO)).replace(b"</dict>", long.encode())
    assert "bits" in refused(zipped(path, {f"{APP}Info.plist": info}))


def test_two_files_of_one_name_are_refused(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive, pytest.warns(UserWarning):
        for number in "12":
            archive.writestr(f"{APP}Info.plist", App("a.b", "1", number).info_plist())
    assert "two files of the name" in refused(path)


def directory_of(path: Path, names: list[bytes]) -> Path:
    """A zip with one file and a list that gives it all these names."""
    data = zipped(path, {"x": b""}).read_bytes()
    start, end = data.rindex(b"PK\1\2"), data.rindex(b"PK\5\6")
    header = data[start : start + 46]
    entries = b"".join(header[:28] + len(name).to_bytes(2, "little") + header[30:] + name for name in names)
    sizes = len(entries).to_bytes(4, "little") + start.to_bytes(4, "little")
    path.write_bytes(data[:start] + entries + data[end : end + 12] + sizes + b"\0\0")
    return path


def test_65000_files_are_read_in_one_pass(path: Path) -> None:
    names = [b"Payload/Example.app/Assets/%d.png" % number for number in range(65_000)]
    directory_of(path, names)
    with moderate():
        assert "no Info.plist" in refused(path)


def test_many_apps_are_stopped(path: Path) -> None:
    assert "apps" in refused(
        directory_of(path, [b"Payload/%d.app/Info.plist" % one for one in range(30_000)])
    )


def test_paths_longer_than_any_are_passed_over(path: Path) -> None:
    names = [b"Payload/" + b"x" * 60_000 + b"%d.app/Info.plist" % number for number in range(1000)]
    assert "without Payload/*.app" in refused(directory_of(path, names))


def test_a_list_of_files_that_is_too_long_is_not_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfiles, "LONGEST", 40)
    assert "at most 40 are read" in refused(make_ipa(path))


def test_more_files_than_any_app_has_are_stopped(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfiles, "MOST", 100)
    assert "more than 100 files" in refused(directory_of(path, [b"x"] * 101))


MAKERS: dict[str, Callable[..., Path]] = {"ipa": make_ipa, "pkg": make_pkg}


@pytest.mark.parametrize("kind", ["ipa", "pkg"])
def test_damaged_binaries_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, kind: str) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    path = MAKERS[kind](folder / "damaged", extensions={"PlugIns/A.appex": "1"})
    data = path.read_bytes()

    @settings(max_examples=150, deadline=None)
    @given(
        st.lists(st.tuples(st.integers(0, len(data) - 1), st.integers(0, 255)), max_size=6),
        st.integers(1, 2 * len(data)),
    )
    def check(changes: list[tuple[int, int]], end: int) -> None:
        changed = bytearray(data)
        for at, value in changes:
            changed[at] = value
        path.write_bytes(bytes(changed[:end]))
        with suppress(BinaryError):
            defects(read_binary(path), NOW)

    check()


# A .pkg


# Defects


def test_nothing_is_written_while_reading(path: Path) -> None:
    make_ipa(path)
    before = {one: one.stat().st_mtime_ns for one in path.parent.iterdir()}
    read_binary(path)
    assert {one: one.stat().st_mtime_ns for one in path.parent.iterdir()} == before


def test_little_is_read_of_a_large_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_ipa(path, padding=20 << 20)
    amount = 0
    real: Callable[..., Any] = Path.open

    class Counting(io.BufferedReader):
        def read(self, size: int | None = -1, /) -> bytes:
            nonlocal amount
            data = super().read(size)
            amount += len(data)
            return data

    monkeypatch.setattr(Path, "open", lambda self, mode: Counting(real(self, mode, 0)))
    read_binary(path)
    assert amount < 1 << 18
