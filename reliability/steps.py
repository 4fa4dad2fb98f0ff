"""Run steps of jobs, each in its own process, on a machine with its own home, temporary folder and workspace."""

from __future__ import annotations

import contextlib
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
from support.step_environment import FILES, step_environment

MACHINE = ("workspace", "home", "temp", "tools")


@dataclass
class Step:
    """A step that runs or has ended. `folder` has its output, `code` its exit code."""

    folder: Path
    began: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    pid: int = 0
    code: int | None = None

    def wait(self, timeout: float) -> bool:
        """Return True if the step ended within `timeout` seconds."""
        return self.ended.wait(timeout)

    def signal(self, number: int) -> None:
        """Send a signal to the step alone, as the runner does."""
        self.began.wait()
        if not self.ended.is_set():
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill the step and the processes that it started, and wait for the end."""
        self.began.wait()
        if not self.ended.is_set():
            os.killpg(self.pid, signal.SIGKILL)
        self.ended.wait()

    def done(self) -> Done:
        """Return the exit code, the log, the outputs and the summary of a step that has ended."""
        read = {
            name: (self.folder / name).read_bytes().decode("utf-8", "replace") for name in (*_STREAMS, *FILES)
        }
        assert self.code is not None
        return Done(
            self.code, read["stdout"], read["stderr"], parse_file_command(read["output"]), read["summary"]
        )


_STREAMS = ("stdout", "stderr")


class Nursery:
    """Start steps by asking a process of `reliability.nursery`. Safe for several threads."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "reliability.nursery"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Ctrl-C reaches the group of the worker, which then kills this process and its steps.
            process_group=0,
        )
        self._steps: dict[int, Step] = {}
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        # A thread reads the ends of the steps, so that a waiting cell needs no polling.
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

    def kill(self) -> None:
        """Kill the process and all its steps at once."""
        self._process.kill()
        # The reader ends after the last line, so every step that was started is known.
        self._reader.join()
        for step in list(self._steps.values()):
            if step.began.is_set() and not step.ended.is_set():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(step.pid, signal.SIGKILL)

    def start(
        self, machine: Path, command: str, inputs: Mapping[str, object], env: Mapping[str, str], name: str
    ) -> Step:
        """Start a step on the machine in this folder. Its log, outputs and summary go to `machine`.`name`."""
        folder = machine.with_name(f"{machine.name}.{name}")
        folder.mkdir(parents=True)
        for part in MACHINE:
            (machine / part).mkdir(parents=True, exist_ok=True)
        for stream in _STREAMS:
            # A step that is killed at once has not opened them.
            (folder / stream).touch()
        context = {**step_environment(folder, command, inputs), **_places(machine), **env}
        step = Step(folder)
        with self._lock:
            number = next(self._numbers)
            self._steps[number] = step
            self._ask(
                id=number,
                cwd=str(machine / "workspace"),
                env=context,
                **{stream: str(folder / stream) for stream in _STREAMS},
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
