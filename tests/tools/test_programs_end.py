"""The programs that start many processes take all of them along when a signal ends them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.running import ENTRYPOINT
from support.processes import descendants, still_running

ROOT = ENTRYPOINT.parent
BEGINS_WITHIN = 90.0
"""Seconds until a program runs its first step. It takes some, but the machine may be busy."""
ENDS_WITHIN = 20.0


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short: multiprocessing has a socket in it, whose path may have 107 characters."""
    with tempfile.TemporaryDirectory(dir="/tmp") as made:
        yield Path(made)


@contextmanager
def running(program: Sequence[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", *program],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder), "ONLY": "provisioning", "OUT": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def await_first_step(process: subprocess.Popen[bytes], folder: Path, started: str) -> dict[int, str]:
    """Return the processes that a program has started, once a step has a file of this name."""
    until = time.monotonic() + BEGINS_WITHIN
    while not any(folder.rglob(started)) or len(processes := descendants(process.pid)) < 2:
        assert process.poll() is None, "the program ended by itself"
        assert time.monotonic() < until, "the program starts no step"
        time.sleep(0.05)
    return processes


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
@pytest.mark.parametrize(
    ("program", "file_of_a_step"),
    [
        (["reliability", "--only", "fetch-build-number", "--processes", "1"], "machine.step0/stdout"),
        (["bench"], "requests.jsonl"),
        (["simulation", "--jobs", "3", "--speed", "1", "--only", "upload", "--cold", "2"], "job-*/log"),
    ],
    ids=["reliability", "bench", "simulation"],
)
def test_a_signal_ends_a_program_with_all_that_it_started(
    program: list[str], file_of_a_step: str, number: signal.Signals, folder: Path
) -> None:
    with running(program, folder) as process:
        started = await_first_step(process, folder, file_of_a_step)
        process.send_signal(number)
        code = process.wait(ENDS_WITHIN)
        left = still_running(started, ENDS_WITHIN)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert not left, [started[pid] for pid in left]
    assert code == 128 + number
    assert list(folder.iterdir()) == []
