"""The processes of the machine, as far as it takes to know whether a job still runs.

The step that installs ends long before its job does, so its own process says nothing: what lives as long as the job
is the runner's worker, an ancestor of ours.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from asc.signing.install.state import Holder

WORKER = "Runner.Worker"
"""The process of GitHub's runner that is started for a job, and ends with it."""
_TOLERANCE = 5.0
"""Seconds: Linux reckons the time a process started from the time since boot, and is off by one now and then."""


@dataclass(frozen=True)
class Process:
    """`started` is in seconds since 1970; `name` is the program, in some systems with its path, in others cut."""

    pid: int
    parent: int
    started: float
    name: str


def processes(path: str) -> Mapping[int, Process] | None:
    """All processes by id, from `ps` (looked for in `path`). None where they cannot be listed."""
    environment = {"PATH": path, "LC_ALL": "C", "TZ": "UTC"}
    command = ["ps", "-axo", "pid=,ppid=,lstart=,comm="]
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = (_process(line) for line in done.stdout.decode("utf-8", "replace").splitlines())
    return {each.pid: each for each in found if each} or None


def holder_of(pid: int, running: Mapping[int, Process] | None, name: str = WORKER) -> Holder | None:
    """The nearest ancestor of `pid` that is called `name`; None outside of a job, or where that is not known."""
    seen: set[int] = set()
    current = (running or {}).get(pid)
    while current and current.pid not in seen:
        seen.add(current.pid)
        if current.name.rpartition("/")[2] == name:
            return Holder(current.pid, current.started)
        current = (running or {}).get(current.parent)
    return None


def lives(holder: Holder, running: Mapping[int, Process]) -> bool:
    """Whether it is this process that runs under its id, not a later one."""
    process = running.get(holder.pid)
    return process is not None and abs(process.started - holder.started) <= _TOLERANCE


def _process(line: str) -> Process | None:
    parts = line.split(None, 7)
    if len(parts) < 8:
        return None
    try:
        time = datetime.strptime(" ".join(parts[2:7]), "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
        return Process(int(parts[0]), int(parts[1]), time.timestamp(), parts[7].strip())
    except ValueError:
        return None
