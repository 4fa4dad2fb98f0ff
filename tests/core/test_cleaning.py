"""Foreign text where people read it: no controls, no links, and a full disk told as that."""

from __future__ import annotations

from pathlib import Path

import pytest

from asc.job import summary, workflow
from asc.signing.storage.model import StorageError, disk_is_full

HOSTILE = "a\x1b[31m\x00\u202eb"


def test_the_job_summary_holds_no_controls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    workflow.append_summary(summary.paragraph(HOSTILE) + summary.table(("Name",), [(HOSTILE,)]))
    assert not {"\x1b", "\x00", "\u202e"} & set(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "address", ["https://evil.example.com/x", "HTTP://evil.example.com", "www.example.com"]
)
def test_a_bare_address_in_foreign_text_becomes_no_link(address: str) -> None:
    assert address not in summary.escape(f"see {address}")


def test_apple_s_own_pages_stay_links() -> None:
    page = "https://developer.apple.com/system-status/"
    assert page in summary.escape(page)


def test_a_full_disk_in_git_s_words_is_told_as_that() -> None:
    error = disk_is_full("error: unable to write file: No space left on device")
    assert isinstance(error, StorageError)
    assert "no room" in error.message
    assert disk_is_full("fatal: not a git repository") is None
