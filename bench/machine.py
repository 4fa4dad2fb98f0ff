"""Describe the machine and the moment of a measurement."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.measure import ROOT


@dataclass(frozen=True)
class Machine:
    """The machine and the moment of a measurement."""

    date: str
    command: str
    commit: str
    system: str
    cpu: str
    cores: int
    memory: float
    """GiB."""
    python: str
    load: float
    """Load average of one minute, before the first measurement."""

    def described(self) -> str:
        return (
            f"`{self.command}` at commit {self.commit}, on {self.cpu}, {self.cores} cores for the programs and for the "
            f"sandbox that serves them, {self.memory:.0f} GiB, {self.system}, Python {self.python}, load "
            f"{self.load:.1f} before the first measurement."
        )


def this_machine(command: str) -> Machine:
    return Machine(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        command=command,
        commit=_commit(),
        system=f"{platform.system()} {platform.release().partition('-')[0]} {platform.machine()}",
        cpu=_cpu(),
        cores=os.cpu_count() or 1,
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3,
        python=platform.python_version(),
        load=os.getloadavg()[0],
    )


def _commit() -> str:
    done = subprocess.run(
        ["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "an unknown processor"
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or "an unknown processor")
