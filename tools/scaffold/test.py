"""my-action: given this App Store Connect, when the step runs, then these outputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.running import by_hand, in_job
from support.sandbox import app, seed, start_sandbox

COMMAND = "my-action"
APPS = seed(apps=[app("com.example.app", id="1000000001", name="Example")])


def test_it_greets_the_app(tmp_path: Path) -> None:
    with start_sandbox(APPS) as sandbox:
        inputs = {"bundle-id": "com.example.app", "greeting": "Good morning"}
        done = in_job(tmp_path, inputs, sandbox=sandbox, command=COMMAND)
    assert done.code == 0, done.everything
    assert done.outputs == {"app-id": "1000000001", "said": "Good morning, Example"}
    assert "Good morning, Example" in done.summary
    assert done.log.problems == []


def test_by_hand() -> None:
    with start_sandbox(APPS) as sandbox:
        done = by_hand("--app-id", "1000000001", sandbox=sandbox, command=COMMAND)
    assert done.printed["said"] == "Hello, 1000000001"


@pytest.mark.parametrize(("inputs", "code"), [({}, 2), ({"bundle-id": "com.example.unknown"}, 1)])
def test_what_is_refused(tmp_path: Path, inputs: dict[str, str], code: int) -> None:
    with start_sandbox(APPS) as sandbox:
        done = in_job(tmp_path, inputs, sandbox=sandbox, command=COMMAND)
    assert done.code == code
    assert done.error
