"""Files that never end, or that nobody writes, are refused by each input that names a file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from asc import limited_files
from asc.commands.text_files import text_of
from asc.limited_files import LARGEST, read_limited
from asc.store.wanted import Place
from core.running import in_job
from core.signing import team
from support.sandbox import start_sandbox

ZERO = "/dev/zero"


@pytest.mark.parametrize(
    ("command", "inputs"),
    [
        ("register-devices", {"devices": ZERO}),
        ("manage-testers", {"bundle-id": "com.example.app", "testers-file": ZERO, "groups": "Friends"}),
        ("verify-profiles", {"entitlements": ZERO, "profiles": "endless.mobileprovision"}),
        ("check-app-store", {"metadata": "none", "screenshots": "none", "forbidden-words-file": ZERO}),
        ("update-app-store", {"bundle-id": "com.example.app", "version": "1.5.0", "age-rating": ZERO}),
    ],
)
def test_a_file_without_an_end_is_an_input_error(
    tmp_path: Path, command: str, inputs: Mapping[str, str]
) -> None:
    (tmp_path / "endless.mobileprovision").symlink_to(ZERO)
    with start_sandbox(team()) as sandbox:
        done = in_job(tmp_path, inputs, sandbox=sandbox, command=command)
    assert done.code == 2
    assert f"{LARGEST:,} bytes" in done.stdout


def test_a_file_of_just_the_limit_is_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 1000)
    assert read_limited(path, 1000) == b"x" * 1000
    with pytest.raises(OSError, match="larger"):
        read_limited(path, 999)


def test_a_pipe_is_read_to_its_end_and_one_without_a_writer_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver, sender = os.pipe()
    os.write(sender, b"ada@example.com\n")
    os.close(sender)
    assert read_limited(Path(f"/dev/fd/{receiver}")) == b"ada@example.com\n"
    os.close(receiver)
    monkeypatch.setattr(limited_files, "PATIENCE", 0.0)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(TimeoutError):
        read_limited(tmp_path / "pipe")


def test_a_text_comes_from_the_pipe_of_a_shell_and_from_no_circle_of_links(tmp_path: Path) -> None:
    receiver, sender = os.pipe()
    os.write(sender, b"Faster start.")
    os.close(sender)
    assert text_of(f"/dev/fd/{receiver}") == "Faster start."
    os.close(receiver)
    (tmp_path / "notes.md").symlink_to("notes.md")
    with pytest.raises(ValueError, match="cannot be read"):
        text_of(str(tmp_path / "notes.md"))


def test_the_name_of_a_file_writes_no_line_of_its_own() -> None:
    assert "\n" not in str(Place("en-US/a\n::error::b.txt", 3))
