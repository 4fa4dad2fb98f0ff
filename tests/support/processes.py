"""The processes that a program has started, as `ps` lists them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable


def _listed() -> dict[int, tuple[int, str]]:
    """Return id → (parent, command) of all processes that have not ended."""
    # An ended process stays in the list as a zombie (Z) until its parent has asked for its exit code.
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,stat=,args="], stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    lines = [line.split(None, 3) for line in listed.splitlines()]
    return {int(line[0]): (int(line[1]), line[-1]) for line in lines if not line[2].startswith("Z")}


def descendants(pid: int) -> dict[int, str]:
    """Return id → command of the processes that a process and its descendants have started."""
    listed, found = _listed(), {pid}
    while more := {child for child, (parent, _) in listed.items() if parent in found} - found:
        found |= more
    return {child: listed[child][1] for child in found - {pid}}


def still_running(processes: Iterable[int], seconds: float) -> set[int]:
    """Return the processes that have not ended after so many seconds."""
    until, left = time.monotonic() + seconds, set(processes)
    while (left := left & _listed().keys()) and time.monotonic() < until:
        time.sleep(0.1)
    return left
