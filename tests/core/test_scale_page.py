"""The requests of an upload that docs/scale.md and the README name: counted at the sandbox, compared with the pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from asc_sandbox.plans import Processing
from asc_sandbox.samples import make_ipa
from core.running import in_job
from support.clock import QuickClock
from support.sandbox import start_sandbox
from support.scratch import REPOSITORY

PAGE = (REPOSITORY / "docs" / "scale.md").read_text("utf-8")
README = (REPOSITORY / "README.md").read_text("utf-8")
MINUTES = (2, 5, 10, 15, 30)
LEFT = (1000, 600, 400)
LIMIT = 3500


def figures(row: str) -> list[int]:
    """The numbers in the last cell of the row that begins so."""
    found = re.search(rf"^\| {re.escape(row)}.*\| ([\d, ]+?)(?: more)? \|$", PAGE, re.MULTILINE)
    assert found, row
    return [int(number) for number in found[1].split(", ")]


def requests_of_an_upload(folder: Path, minutes: int, inputs: dict[str, str], spent: int = 0) -> int:
    file = folder / "Example.ipa"
    make_ipa(file, bundle_id="com.example.app", version="1.5.0", build_number="47")
    with start_sandbox(processing=Processing(seconds=minutes * 60), rate_spent=spent) as sandbox:
        given = {"file": str(file), **inputs}
        clock = QuickClock(sandbox, speed=10_000)
        done = in_job(folder, given, sandbox=sandbox, command="upload-testflight", clock=clock)
        assert done.code == 0, done.stderr
        return sum(entry.path.startswith("/v1/") for entry in sandbox.requests)


WAITING = {"uses-non-exempt-encryption": "false"}


def test_an_upload_without_waiting(tmp_path: Path) -> None:
    counted = requests_of_an_upload(tmp_path, 0, {"wait": "none"})
    assert figures("`upload-testflight`, `wait: none`") == [counted]
    # The file is looked for once at the end.
    assert counted == 7 + 1
    assert "an upload seven plus one or two each time it polls" in " ".join(README.split())


@pytest.mark.parametrize(("minutes", "position"), [(minutes, at) for at, minutes in enumerate(MINUTES)])
def test_an_upload_that_waits(minutes: int, position: int, tmp_path: Path) -> None:
    counted = requests_of_an_upload(tmp_path, minutes, WAITING)
    # The pauses have a random part, so the last poll can fall to either side.
    assert abs(figures("… `wait: processing`, processed after")[position] - counted) <= 2


def test_groups_and_texts_cost_four_more(tmp_path: Path) -> None:
    bare, full = (tmp_path / name for name in ("bare", "full"))
    for folder in (bare, full):
        folder.mkdir()
    more = requests_of_an_upload(full, 10, {**WAITING, "groups": "QA", "whats-new": "Faster start."})
    more -= requests_of_an_upload(bare, 10, WAITING)
    assert abs(figures("… with `groups` and `whats-new`")[0] - more) <= 2


@pytest.mark.parametrize(("left", "position"), [(left, at) for at, left in enumerate(LEFT)])
def test_an_upload_polls_less_when_less_is_left(left: int, position: int, tmp_path: Path) -> None:
    counted = requests_of_an_upload(tmp_path, 15, WAITING, spent=LIMIT - left)
    assert abs(figures("… 15 minutes, when 1,000")[position] - counted) <= 4
