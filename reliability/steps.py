"""Run steps of jobs, each in its own process, on a machine with its own home, temporary folder and workspace."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.running import Done
from support.forked import ForkedStep, Forker
from support.job_log import parse_file_command
from support.step_environment import FILES, step_environment

MACHINE = ("workspace", "home", "temp", "tools")


@dataclass(frozen=True)
class Step:
    """A step that runs or has ended. `folder` has its output."""

    folder: Path
    process: ForkedStep

    def wait(self, timeout: float) -> bool:
        """Return True if the step ended within `timeout` seconds."""
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True

    def done(self) -> Done:
        """Return the exit code, the log, the outputs and the summary of a step that has ended."""
        read = {
            name: (self.folder / name).read_bytes().decode("utf-8", "replace") for name in (*_STREAMS, *FILES)
        }
        return Done(
            self.process.wait(0),
            read["stdout"],
            read["stderr"],
            parse_file_command(read["output"]),
            read["summary"],
        )


_STREAMS = ("stdout", "stderr")


def new_forker() -> contextlib.closing[Forker]:
    """Return what starts the steps of the matrix. Their pauses are short."""
    return contextlib.closing(Forker("reliability.hurry:hurry"))


def start(
    forker: Forker,
    machine: Path,
    command: str,
    inputs: Mapping[str, object],
    env: Mapping[str, str],
    name: str,
) -> Step:
    """Start a step on the machine in this folder. Its log, outputs and summary go to `machine`.`name`."""
    folder = machine.with_name(f"{machine.name}.{name}")
    folder.mkdir(parents=True)
    for part in MACHINE:
        (machine / part).mkdir(parents=True, exist_ok=True)
    context = {**step_environment(folder, command, inputs), **_places(machine), **env}
    with (folder / "stdout").open("wb") as stdout, (folder / "stderr").open("wb") as stderr:
        return Step(folder, forker.start([], context, stdout, stderr, cwd=machine / "workspace"))


def _places(machine: Path) -> dict[str, str]:
    """Return the variables with the folders of a machine. Debug logging is on, to look for secrets in it."""
    return {
        "HOME": str(machine / "home"),
        "RUNNER_TEMP": str(machine / "temp"),
        "RUNNER_TOOL_CACHE": str(machine / "tools"),
        "TMPDIR": str(machine / "temp"),
        "RUNNER_DEBUG": "1",
        "GITHUB_RUN_ID": "1",
    }
