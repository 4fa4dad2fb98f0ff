"""Apps, packages and archives of symbols, damaged inside as well as outside."""

from __future__ import annotations

import io
import plistlib
import zipfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asc.builds.binary import defects, read_binary
from asc.builds.symbols.archives import ArchiveError, inspect
from asc.builds.symbols.extracting import extract
from asc_sandbox.samples import make_ipa, make_pkg
from core.symbols import archive, companion
from fuzz.bounds import bounded, examples, large
from fuzz.mutating import damaged

NOW = datetime(2026, 1, 31, tzinfo=UTC)
SYMBOLS = archive({"Example.app.dSYM/Contents/Resources/DWARF/Example": companion(size=100)})
KEYS = [
    "CFBundleIdentifier",
    "CFBundleVersion",
    "CFBundleShortVersionString",
    "CFBundleSupportedPlatforms",
    "DTPlatformName",
]
KEYS += ["MinimumOSVersion", "ITSAppUsesNonExemptEncryption", "CFBundleDisplayName"]
SCALARS = (
    st.text(max_size=30) | st.integers(-(1 << 63), (1 << 64) - 1) | st.booleans() | st.binary(max_size=9)
)
INFO = st.dictionaries(st.sampled_from(KEYS), SCALARS | st.lists(SCALARS, max_size=3))
NAMES = st.lists(
    st.sampled_from(
        [
            "Payload",
            "Example.app",
            "Info.plist",
            "PlugIns",
            "A.appex",
            "..",
            ".",
            "",
            "Contents",
            "Watch",
            "W.app",
        ]
    )
    | st.sampled_from(
        [
            "Example.app.dSYM",
            "Resources",
            "DWARF",
            "\0",
            "\u202e",
            "a" * 300,
            "__MACOSX",
            "._x",
            "con:",
            "x\\y",
        ]
    )
    | st.text(max_size=3),
    min_size=1,
    max_size=6,
).map("/".join)


@cache
def samples(kind: str) -> tuple[bytes, ...]:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sample"
        make_ipa(path, profile=None) if kind == "ipa" else make_pkg(path, extensions={"PlugIns/A.appex": "2"})
        return (path.read_bytes(),)


def read(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with bounded():
        for defect in defects(read_binary(path), NOW):
            str(defect)


@pytest.mark.parametrize("kind", ["ipa", "pkg"])
@given(data=st.data())
@examples(20)
def test_a_damaged_binary_is_read_or_refused(kind: str, tmp_path: Path, data: st.DataObject) -> None:
    read(tmp_path / "damaged", data.draw(damaged(samples(kind))))


@given(info=INFO, form=st.sampled_from([plistlib.FMT_BINARY, plistlib.FMT_XML]))
@examples(20)
def test_an_app_may_say_anything_of_itself(tmp_path: Path, info: dict[str, Any], form: Any) -> None:
    usual = {
        "CFBundleIdentifier": "com.example.app",
        "CFBundleVersion": "1",
        "CFBundleShortVersionString": "1.0",
    }
    try:
        plist = plistlib.dumps({**usual, "CFBundleSupportedPlatforms": ["iPhoneOS"], **info}, fmt=form)
    except ValueError:
        return  # characters that XML has no way to write
    read(tmp_path / "app", archive({"Payload/Example.app/Info.plist": plist}))


@given(names=st.lists(NAMES, max_size=8))
@large(["a" * 65_000] * 12)
@large(["a/" * 32_000] * 12)
@large(["Payload/" + "a" * 60_000 + ".app/Info.plist"])
@examples(20)
def test_files_may_be_called_anything(tmp_path: Path, names: list[str]) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        for name in names:
            entry = zipfile.ZipInfo("x")
            entry.filename = name.encode("utf-8", "replace").decode()
            with pytest.warns() if entry.filename in made.NameToInfo else _quietly():
                made.writestr(entry, companion())
    read(tmp_path / "names", content.getvalue())
    unpack(tmp_path, content.getvalue())


@given(data=damaged([SYMBOLS]))
@examples(24)
def test_a_damaged_archive_of_symbols_is_unpacked_or_refused(tmp_path: Path, data: bytes) -> None:
    unpack(tmp_path, data)


def unpack(tmp_path: Path, data: bytes) -> None:
    """Check that no file was written outside the folder."""
    path, folder = tmp_path / "archive.zip", tmp_path / "out" / "symbols"
    path.write_bytes(data)
    folder.parent.mkdir(exist_ok=True)
    with bounded(ArchiveError):
        inspect(path)
    with bounded(ArchiveError):
        extract(path, folder)
    assert {path.name for path in folder.parent.iterdir()} <= {"symbols"}


def _quietly() -> Any:
    from contextlib import nullcontext

    return nullcontext()
