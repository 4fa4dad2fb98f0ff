"""Run a command as a step of a job or as a person does: in this process, in one of its own, or in a new interpreter.

A process of its own is for signals and for two jobs at once; an interpreter, which costs most, for the start itself.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from asc.commands.main import main
from asc_sandbox.server import Sandbox
from support.clock import QuickClock, clock_of
from support.forked import STEP, start
from support.job_log import JobLog, parse_file_command, parse_log
from support.step_environment import access_to, step_environment
from support.waiting import wait_until

ENTRYPOINT = Path(__file__).parents[2] / "entrypoint.py"


@dataclass
class Done:
    """What came of it. `log` is what the runner makes of standard output; outputs are those of the job's file."""

    code: int
    stdout: str
    stderr: str
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""

    @property
    def log(self) -> JobLog:
        return parse_log(self.stdout)

    @property
    def printed(self) -> dict[str, str]:
        """The outputs as a person sees them: every line of standard output is one."""
        return dict(line.split("=", 1) for line in self.stdout.splitlines())

    @property
    def error(self) -> str:
        """The one error of a step, whole."""
        (message,) = self.log.messages("error")
        return message

    @property
    def everything(self) -> str:
        return "\n".join([self.stdout, self.stderr, self.summary, *self.outputs.values()])


def in_job(
    folder: Path,
    inputs: Mapping[str, object],
    *,
    sandbox: Sandbox | None = None,
    command: str = "fetch-build-number",
    process: bool = False,
    interpreter: bool = False,
    clock: QuickClock | None = None,
    run: str = STEP,
    **env: str,
) -> Done:
    """A step of a job, its inputs as a composite action hands them over. In this process its pauses are short.

    `run` names the function that is run in a process of its own: `support.clock:run_quickly` makes pauses short there.
    """
    environment = {**step_environment(folder, command, inputs, sandbox), **env}
    done = _run([], environment, process, interpreter, clock or clock_of(sandbox), run)
    done.outputs = parse_file_command((folder / "output").read_bytes().decode())
    done.summary = (folder / "summary").read_text("utf-8")
    return done


def side_by_side(folder: Path, sandbox: Sandbox, command: str, inputs: Mapping[str, object]) -> list[Done]:
    """Two jobs with the same step at the same time, each in a process of its own."""

    def job(name: str) -> Done:
        (folder / name).mkdir()
        return in_job(folder / name, inputs, sandbox=sandbox, command=command, process=True)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(job, ("first", "second")))


def kill_in_the_middle(folder: Path, sandbox: Sandbox, command: str, inputs: Mapping[str, object]) -> None:
    """Kill the step of a job as soon as a fault of the sandbox (`hang`) holds one of its requests."""
    killed = folder / "killed"
    killed.mkdir(exist_ok=True)
    env = {**step_environment(killed, command, inputs, sandbox), "HOME": str(folder)}
    step = start([], env)
    try:
        wait_until(lambda: sandbox.faults_hit or step.poll() is not None)
    finally:
        step.kill()
        step.wait()


def by_hand(
    *arguments: str,
    sandbox: Sandbox | None = None,
    command: str = "fetch-build-number",
    process: bool = False,
    interpreter: bool = False,
    **env: str,
) -> Done:
    """The same from the command line, outside of any job."""
    return _run([command, *arguments], {**access_to(sandbox), **env}, process, interpreter, clock_of(sandbox))


def _run(
    arguments: list[str],
    env: dict[str, str],
    process: bool,
    interpreter: bool,
    clock: QuickClock,
    run: str = STEP,
) -> Done:
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": os.environ.get("HOME", "/"), **env}
    if interpreter:
        command = [sys.executable, "-I", ENTRYPOINT, *arguments]
        ended = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        return Done(ended.returncode, ended.stdout.decode(), ended.stderr.decode())
    if process:
        return _in_a_process(arguments, env, run)
    out, err = io.StringIO(), io.StringIO()
    with (
        _left_as_it_was(),
        patch.dict(os.environ, env, clear=True),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = main(arguments, clock.clock)
    return Done(code, out.getvalue(), err.getvalue())


def _in_a_process(arguments: list[str], env: dict[str, str], run: str) -> Done:
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        step = start(arguments, env, stdout, stderr, run=run)
        try:
            code = step.wait(60)
        finally:
            step.kill()
        for stream in (stdout, stderr):
            stream.seek(0)
        return Done(code, stdout.read().decode(), stderr.read().decode())


@contextlib.contextmanager
def _left_as_it_was() -> Iterator[None]:
    """A command takes over the signals and the log of its process."""
    handlers: dict[int, Any] = {sign: signal.getsignal(sign) for sign in (signal.SIGINT, signal.SIGTERM)}
    logger = logging.getLogger("asc")
    before = logger.handlers, logger.level, logger.propagate
    try:
        yield
    finally:
        logger.handlers, logger.level, logger.propagate = before[0], before[1], before[2]
        for sign, handler in handlers.items():
            signal.signal(sign, handler)
