"""Give a process of the simulation its environment, its log, and the clock of the sandbox."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from asc.api.clock import Clock
from asc_sandbox import clock as sandbox_clock


def become(environment: Mapping[str, str], log: Path) -> None:
    """Write everything that this process prints to a log, and leave it only these environment variables."""
    # File descriptors and not sys.stdout, so that programs that the process starts write to the log as well.
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    # Nothing of the caller may reach the process.
    os.environ.clear()
    os.environ.update(environment)


def clock_of(time: sandbox_clock.Clock) -> Clock:
    """Return the clock of a command that lives in the sandbox's time."""
    return Clock(now=time.now, monotonic=time.now, sleep=time.sleep)
