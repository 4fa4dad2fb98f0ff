"""Steps of jobs in processes of their own, on a machine of their own: home, temporary folder, workspace."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from core.running import Done
from reliability import ROOT
from support.job_log import parse_file_command

MACHINE = ("workspace", "home", "temp", "tools")


@dataclass
class Step:
    """One that is under way, or has ended."""

    folder: Path
    began: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    pid: int = 0
    code: int | None = None

    def wait(self, timeout: float) -> bool:
        """Whether it ended in that time."""
        return self.ended.wait(timeout)

    def signal(self, number: int) -> None:
        """Sends a signal, to the step alone, as the runner does."""
        self.began.wait()
        if not self.ended.is_set():
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Ends it for good, with what it has started."""
        self.began.wait()
        if not self.ended.is_set():
            os.killpg(self.pid, signal.SIGKILL)
        self.ended.wait()

    def done(self) -> Done:
        """What came of it."""
        read = {name: (self.folder / name).read_bytes().decode("utf-8", "replace") for name in _FILES}
        assert self.code is not None
        return Done(
            self.code, read["stdout"], read["stderr"], parse_file_command(read["output"]), read["summary"]
        )


_FILES = ("stdout", "stderr", "output", "summary")


class Nursery:
    """Starts steps. Used from several threads."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "reliability.nursery"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._steps: dict[int, Step] = {}
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._reader.join()
        self._process.stdout.close()

    def start(
        self, machine: Path, command: str, inputs: Mapping[str, object], env: Mapping[str, str], name: str
    ) -> Step:
        """A step of a job on the machine in this folder. What it prints and hands over goes to `machine`.`name`."""
        folder = machine.with_name(f"{machine.name}.{name}")
        folder.mkdir(parents=True)
        for each in MACHINE:
            (machine / each).mkdir(parents=True, exist_ok=True)
        for each in _FILES:
            (folder / each).touch()
        context = {**_surroundings(machine, folder, command, inputs), **env}
        step = Step(folder)
        with self._lock:
            number = next(self._numbers)
            self._steps[number] = step
            self._ask(
                id=number,
                cwd=str(machine / "workspace"),
                env=context,
                **{each: str(folder / each) for each in ("stdout", "stderr")},
            )
        return step

    def _ask(self, **asked: Any) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            said = json.loads(line)
            step = self._steps[said["id"]]
            if "pid" in said:
                step.pid = said["pid"]
                step.began.set()
            else:
                step.code = said["code"]
                step.ended.set()


def _surroundings(machine: Path, folder: Path, command: str, inputs: Mapping[str, object]) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "LC_ALL": "C.UTF-8",
        "HOME": str(machine / "home"),
        "RUNNER_TEMP": str(machine / "temp"),
        "RUNNER_TOOL_CACHE": str(machine / "tools"),
        "TMPDIR": str(machine / "temp"),
        "RUNNER_DEBUG": "1",
        "GITHUB_RUN_ID": "1",
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        "ASC_COMMAND": command,
        "ASC_INPUTS": json.dumps(dict(inputs)),
    }
