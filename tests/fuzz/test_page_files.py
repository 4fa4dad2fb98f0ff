"""Store pages, pictures and their manifest in a folder: read or refused, whatever a pull request brings."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from asc.store.file import read_yaml
from asc.store.folder import read_folder
from asc.store.manifest import NAME, Entry, manifest, read_manifest
from asc.store.wanted import WantedPage
from core.running import Done, in_job
from fuzz.bounds import bounded, examples, large
from fuzz.mutating import VALUES, damaged, joined
from sandbox.store import png
from store.pages import BUNDLE_ID, world
from support.sandbox import start_sandbox

SECRET = "-----BEGIN " + "PRIVATE KEY-----\nof the runner"
"""A file outside of the workspace, to which links of a pull request lead."""

FOLDERS = st.sampled_from(
    [
        *("", "en-US", "EN-us", "en_US", "de-DE", "default", "review_information", "ios", "fonts", "deutsch"),
        *(
            ".hidden",
            "en-US/IPHONE_67",
            "zh-Hans",
            "\u202e",
            "\udcff",
            "a\nb",
            "::error::x",
            "\u00e9",
            "e\u0301",
        ),
    ]
)
NAMES = st.sampled_from(
    [
        *("name.txt", "description.txt", "Name.TXT", "copyright.txt", "keywords.txt", "primary_category.txt"),
        *(
            "review_notes.txt",
            "notes.txt",
            "first_name.txt",
            "1_IPHONE_67.png",
            "2.png",
            "3.jpg",
            "a.mp4",
            "b.mov",
        ),
        *("::error::x.txt", "\udcfe.txt", "a\nb.png", ".DS_Store", "name.txt.swp", "x" * 250 + ".txt", NAME),
    ]
)
CONTENTS = st.one_of(
    st.binary(max_size=40),
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "replace")),
    st.sampled_from(
        [b"", b"\xef\xbb\xbf", b"\xff\xfeA\0", "Gr\u00fc\u00dfe".encode("latin-1"), b"\0", b"a\rb\r\n"]
    ),
    damaged([png(8, 8)]),
)
LINKS = st.sampled_from(["outside", "loop", "nowhere", "up", "/dev/zero"])
FILES = st.dictionaries(st.tuples(FOLDERS, NAMES), CONTENTS | LINKS, max_size=6)


def write(root: Path, files: Mapping[tuple[str, str], bytes | str]) -> Path:
    """Write a folder of files and links; what this file system cannot hold is left out."""
    shutil.rmtree(root, ignore_errors=True)
    folder, outside = root / "page", root / "secret"
    folder.mkdir(parents=True)
    outside.write_text(SECRET)
    targets = {"outside": outside, "loop": Path("loop"), "nowhere": Path("missing"), "up": Path("..")}
    for (parent, name), content in files.items():
        with suppress(OSError):
            path = folder / parent / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            else:
                (path.parent / "loop").symlink_to("loop")
                path.symlink_to(targets.get(content, Path(content)))
    return folder


def texts_of(page: WantedPage) -> str:
    return repr(page)


@given(files=FILES)
@examples(40)
def test_a_folder_is_read_and_every_oddity_is_a_finding(
    tmp_path_factory: pytest.TempPathFactory, files: dict[tuple[str, str], bytes | str]
) -> None:
    folder = write(tmp_path_factory.getbasetemp() / "folder", files)
    with bounded():
        page = read_folder(folder)
        assert SECRET.split("\n")[1] not in texts_of(page)
        for finding in page.findings:
            assert finding.message


PIECES = joined(
    *(
        "en-US",
        "de-DE",
        "default",
        "copyright",
        "review_information",
        "age_rating",
        "name",
        "description",
    ),
    *(
        ": ",
        "\n",
        "  ",
        "- ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "&a ",
        "*a",
        "<<: ",
        "|\n ",
        ">\n ",
        "? ",
        "!!int ",
    ),
    *('"\\ud800"', '"\\UFFFFFFFF"', "'", '"', "#", "\t", "%YAML 1.1\n--- ", "\ufeff", "\x85"),
)


@given(PIECES)
@example("? [a]\n: b")
@example("en-US: {? {a: b} : c}")
@example('"\\UFFFFFFFF": a')
@example("%YAML " + "9" * 5000 + ".1\n--- a: b")
@example("en-US: &a {name: *a}")
@large("en-US: {" + "name: x, " * 20_000 + "}")
@large("".join(f"a{number}: {{}}\n" for number in range(5_000)))
@large("a" * 1_000_000)
@examples(60)
def test_a_page_in_yaml_is_read_or_refused_with_its_lines(text: str) -> None:
    with bounded(memory=256 << 20):
        page = read_yaml(text, "page.yml")
        for finding in page.findings:
            assert finding.place is None or finding.place.line >= 0


ENTRY = Entry("0" * 32, "1", "0" * 32, "APP_IPHONE_67", 1, "IOS", downloaded=True)
ONE = json.loads(manifest({"en-US/1.png": ENTRY}))["files"]["en-US/1.png"]
PATHS = st.sampled_from(
    [
        "en-US/1.png",
        "../secret",
        "/etc/passwd",
        "en-US/../../secret",
        "en-US/\0",
        "\ud800/a",
        "a/" + "b" * 300,
    ]
)


@st.composite
def manifests(draw: st.DrawFn) -> bytes:
    entry = {**ONE, **draw(st.dictionaries(st.sampled_from(sorted(ONE)), VALUES, max_size=2))}
    files = {draw(PATHS): draw(st.just(entry) | VALUES) for _ in range(draw(st.integers(0, 3)))}
    document: Any = draw(st.just({"files": files}) | st.just(files) | VALUES)
    return json.dumps(document).encode()


@given(manifests() | damaged([manifest({"en-US/1.png": ENTRY})]))
@example(b"[" * 100_000)
@example(b'{"files": ' + b"9" * 5000 + b"}")
@examples(60)
def test_a_manifest_is_read_or_passed_over(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.getbasetemp() / "manifest"
    folder.mkdir(exist_ok=True)
    (folder / NAME).write_bytes(content)
    with bounded():
        for name in read_manifest(folder):
            assert (folder / name).resolve().is_relative_to(folder.resolve())


def ends_clearly(done: Done) -> None:
    """Check a step with any files: it succeeds or fails with our own error, and shows nothing of other files."""
    assert done.code in (0, 1, 2), done.everything
    assert "The action has a bug" not in done.everything, done.everything
    assert done.log.problems == []
    assert SECRET.split("\n")[1] not in done.everything


@given(files=FILES, notes=manifests())
@example(files={}, notes=json.dumps({"files": {"en-US/\0": ONE, "en-US/\ud800": ONE}}).encode())
@examples(6)
def test_a_step_with_any_folder_ends_clearly(
    tmp_path_factory: pytest.TempPathFactory, files: dict[tuple[str, str], bytes | str], notes: bytes
) -> None:
    step = tmp_path_factory.mktemp("step")
    folder = write(step / "files", {**files, ("", NAME): notes})
    given = {"metadata": str(folder), "screenshots": str(folder)}
    checked = in_job(step, {**given, "urls": "false", "precheckfile": "none"}, command="check-app-store")
    ends_clearly(checked)
    with start_sandbox(world(), expect_violations=True) as sandbox:
        inputs = {"bundle-id": BUNDLE_ID, "version": "2.0", "timeout": "2s", "previews": str(folder), **given}
        ends_clearly(in_job(step, inputs, sandbox=sandbox, command="update-app-store"))
        inputs = {"bundle-id": BUNDLE_ID, "directory": str(folder), "version": "2.0"}
        ends_clearly(in_job(step, inputs, sandbox=sandbox, command="download-app-store"))
    assert (step / "files/secret").read_text() == SECRET
    assert os.listdir(step / "files").count("secret") == 1
