"""The command line as a person meets it: what there is, what it is called, and what a slip of the finger leads to."""

from __future__ import annotations

import pytest

from asc import __version__
from asc.commands import NAMES, load
from asc.commands.declaration import inputs_of, outputs_of
from core.running import by_hand


def test_help_lists_every_command() -> None:
    done = by_hand(command="--help")
    assert done.code == 0
    assert all(f"  {name} " in done.stdout for name in (*NAMES, "sandbox"))


@pytest.mark.parametrize("name", NAMES)
def test_help_of_a_command_lists_every_input_and_output(name: str) -> None:
    done = by_hand("--help", command=name, interpreter=True)
    assert done.code == 0
    assert [each for each in inputs_of(load(name)) if f"  --{each} " not in done.stdout] == []
    assert [each for each in outputs_of(load(name)) if f"  {each} " not in done.stdout] == []
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_the_version_is_told() -> None:
    done = by_hand(command="--version")
    assert (done.code, done.stdout) == (0, f"App Store Connect Actions {__version__}\n")


@pytest.mark.parametrize(
    ("slip", "meant"),
    [("fetch", "fetch-build-number"), ("upload", "upload-testflight"), ("dsyms", "download-dsyms")],
)
def test_a_command_that_is_nearly_one_is_answered_with_its_name(slip: str, meant: str) -> None:
    done = by_hand(command=slip)
    assert done.code == 2
    assert f"“{slip}” is not a command" in done.stderr and f"Did you mean {meant}?" in done.stderr
