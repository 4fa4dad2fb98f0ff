"""Start the jobs, all at once or spread over a short time, and collect their outcomes."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from multiprocessing.context import ForkServerContext, ForkServerProcess

from asc_sandbox.server import Sandbox
from simulation import ROOT, step
from simulation.job import Job, Step
from simulation.stores import ENVIRONMENT

ENDS_WITHIN = 10.0
"""Seconds in which a job has to end after SIGTERM. It takes a few milliseconds, but the machine may be busy."""


@dataclass(frozen=True)
class Outcome:
    """The end of a job. Seconds are the sandbox clock's; a job that was killed has the code None."""

    job: Job
    code: int | None
    began: float
    ended: float
    log: str

    @property
    def seconds(self) -> float:
        """Return how many seconds of the sandbox's clock the job took."""
        return self.ended - self.began

    @property
    def requests(self) -> int:
        """Return the number of requests in the job's log, of all its steps."""
        return sum(map(int, re.findall(r"^(\d+) requests? in ", self.log, re.MULTILINE)))

    @property
    def refusals(self) -> int:
        """Return the number of answers 429 in the job's log."""
        return len(re.findall(r"answered 429", self.log))

    @property
    def error(self) -> str:
        """Return the annotation of a failed job, "" for a good one."""
        return " ".join(line for line in self.log.splitlines() if line.startswith("::error"))


def run(jobs: Sequence[Job], sandbox: Sandbox, *, arrival: float, cold: int, limit: float) -> list[Outcome]:
    """Run all jobs, started within `arrival` seconds; every `cold`th is a fresh Python, the others are forked.

    A job that has not ended after `limit` seconds is killed. Both are seconds of the machine.
    """
    for job in jobs:
        _prepare(job, sandbox)
    context = _fork_server()
    running: list[ForkServerProcess | subprocess.Popen[bytes]] = []
    began = time.monotonic()
    try:
        for index, job in enumerate(jobs):
            time.sleep(max(0.0, began + arrival * index / len(jobs) - time.monotonic()))
            # Some jobs start cold, as on a real runner, so that imports at run time are tested too.
            if cold and index % cold == 0:
                running.append(_started_cold(job))
            else:
                process = context.Process(target=step.forked, args=(job.folder,))
                process.start()
                running.append(process)
        for process in running:
            _await(process, began + limit)
    finally:
        _end(running)
    return [_outcome(job, sandbox) for job in jobs]


def _fork_server() -> ForkServerContext:
    """Return a context whose processes have imported everything that jobs need."""
    # So 200 jobs do not each spend a second on imports.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([step.__name__])
    # The first process starts the server. It must not be a job, whose time would include the imports.
    first = context.Process(target=int)
    first.start()
    first.join()
    return context


def _started_cold(job: Job) -> subprocess.Popen[bytes]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    return subprocess.Popen([sys.executable, "-m", step.__name__, job.folder], env=environment)


def _await(process: ForkServerProcess | subprocess.Popen[bytes], until: float) -> None:
    left = max(0.1, until - time.monotonic())
    if isinstance(process, ForkServerProcess):
        process.join(left)
        return
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(left)


def _end(processes: Sequence[ForkServerProcess | subprocess.Popen[bytes]]) -> None:
    """End the jobs that still run: because a signal ends the program, or because they took too long."""
    # A signal that a job can see lets it end the programs that it has started.
    for process in processes:
        process.terminate()
    until = time.monotonic() + ENDS_WITHIN
    for process in processes:
        _await(process, until)
        process.kill()
    for process in processes:
        process.join() if isinstance(process, ForkServerProcess) else process.wait()


def _prepare(job: Job, sandbox: Sandbox) -> None:
    for name in ("output", "summary"):
        (job.folder / name).write_text("")
    environment = {
        "PATH": os.environ["PATH"],
        "LC_ALL": "C.UTF-8",
        "HOME": str(job.folder),
        "RUNNER_TEMP": str(job.folder),
        "GITHUB_RUN_ID": "1",
        "GITHUB_OUTPUT": str(job.folder / "output"),
        "GITHUB_STEP_SUMMARY": str(job.folder / "summary"),
        "ASC_API_URL": sandbox.url,
        "ASC_API_KEY": json.dumps(sandbox.api_key()),
        **ENVIRONMENT,
    }
    # Two minutes of the machine's clock, as usual: faults of the machine do not run faster with the sandbox.
    usual = {"retry-for": f"{120 * sandbox.clock.speed:.0f}"}
    content: Mapping[str, object] = {
        "steps": [_variables(step, usual) for step in job.steps],
        "environment": environment,
        "clock": asdict(sandbox.clock),
    }
    (job.folder / "job.json").write_text(json.dumps(content))


def _variables(step: Step, usual: Mapping[str, str]) -> Mapping[str, str]:
    """Return the variables with which the launcher starts a step."""
    return {"ASC_COMMAND": step.command, "ASC_INPUTS": json.dumps({**usual, **step.inputs})}


def _outcome(job: Job, sandbox: Sandbox) -> Outcome:
    log = job.folder / "log"
    text = log.read_text("utf-8", "replace") if log.exists() else ""
    try:
        result = json.loads((job.folder / "outcome.json").read_text())
    except FileNotFoundError:
        return Outcome(job, None, sandbox.clock.origin, sandbox.clock.now(), text)
    return Outcome(job, result["code"], result["began"], result["ended"], text)
