"""Who knows fastlane or another action by heart is told what the input is called here."""

from __future__ import annotations

from pathlib import Path

import pytest

from asc.commands import NAMES, load
from asc.commands.declaration import inputs_of
from asc.commands.reading import OTHER_TOOLS, name_here
from core.running import by_hand, in_job

INPUTS = {name: list(inputs_of(load(name))) for name in NAMES}


@pytest.mark.parametrize(
    ("command", "name", "ours"),
    [
        ("fetch-build-number", "app_identifier", "bundle-id"),
        ("sync-signing", "app_identifier", "bundle-ids"),
        ("fetch-build-number", "live", "source: app-store"),
        ("download-dsyms", "output_directory", "directory"),
        ("upload-testflight", "changelog", "whats-new"),
        ("upload-testflight", "SKIP-WAITING-FOR-BUILD-PROCESSING", "wait: none"),
        ("upload-testflight", "api-private-key", "api-key"),
        ("sync-signing", "readonly", "mode: read-only"),
    ],
)
def test_the_error_says_what_it_is_called_here(tmp_path: Path, command: str, name: str, ours: str) -> None:
    done = in_job(tmp_path, {name: "x"}, command=command)
    assert done.code == 2
    assert f"{name}: is not an input of {command}\nHere it is {ours}." in done.error


def test_on_the_command_line_too() -> None:
    done = by_hand("--changelog", "x", command="upload-testflight")
    assert (done.code, "Here it is whats-new." in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize("name", OTHER_TOOLS)
def test_every_hint_is_of_use_somewhere(name: str) -> None:
    ours = OTHER_TOOLS[name]
    assert {
        each for each in ours if any(name_here(name, inputs) == each for inputs in INPUTS.values())
    } == set(ours)


def test_other_names_have_no_hint() -> None:
    assert name_here("certificate", INPUTS["sync-signing"]) == ""
