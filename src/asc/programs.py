"""Run a program of the machine (git, security, ps) with a time limit."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from asc.on_signal import undone_at_the_end


class ProgramTimeout(Exception):
    """The program did not end within its time limit. It was ended, with all that it had started."""


@dataclass(frozen=True)
class Finished:
    """A program that ended: its exit code, its standard output and its standard error."""

    code: int
    output: bytes
    errors: bytes


def run_program(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    timeout: float,
    data: bytes = b"",
    folder: Path | None = None,
) -> Finished:
    """Run `command` in `folder` with `data` as its standard input, and return its outcome.

    `environment` is all that the program gets: it must not see the secrets of the step. `timeout` is in seconds. Raises
    OSError if the program cannot be started, and ProgramTimeout.
    """
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A group of its own, so that its children end with it.
        start_new_session=True,
    )
    with undone_at_the_end(partial(_end, process)):
        try:
            output, errors = process.communicate(data, timeout=timeout)
        except subprocess.TimeoutExpired:
            _end(process)
            raise ProgramTimeout from None
        except BaseException:
            # The job is cancelled.
            _end(process)
            raise
    return Finished(process.returncode, output, errors)


def _end(process: subprocess.Popen[bytes]) -> None:
    # macOS refuses a signal to a group that has only a zombie left.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for stream in (process.stdin, process.stdout, process.stderr):
        # Unsent data cannot be flushed into a closed pipe.
        with contextlib.suppress(OSError):
            if stream:
                stream.close()
    process.wait()
