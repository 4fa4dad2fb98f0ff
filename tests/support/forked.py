"""Run steps in processes of their own without paying for an interpreter and its imports each time.

A step here differs from `python -I entrypoint.py` in its start alone. Tests of the start (imports, locale, streams
that are closed) take a real one.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO

from support.step_forker import LENGTH, NUMBER

_PROGRAM = Path(__file__).with_name("step_forker.py")
STEP = "app_store_connect_actions:main"
"""The function that entrypoint.py runs."""
_LOCALE = "C.UTF-8"
_READ_AT_THE_START = ("LC_ALL", "LC_CTYPE", "LANG")
"""Variables by which an interpreter decides the encoding of its streams as it starts."""


class ForkedStep:
    """A step that runs or has ended, to be used as a Popen. Safe for several threads."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()
        self.pid = self._number()
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, or None while the step runs."""
        return self.returncode if self._has_ended(0) else None

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code; a negative one is a signal's. Raises TimeoutExpired after `timeout` seconds."""
        if not self._has_ended(timeout) or self.returncode is None:
            raise subprocess.TimeoutExpired(f"step {self.pid}", timeout or 0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Signal the step alone, as the runner does. A step that has ended gets none."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Cancel the step."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the step alone."""
        self.send_signal(signal.SIGKILL)

    def kill_all(self) -> None:
        """Kill the step and the processes that it started, and wait for its end."""
        if self.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)
        self.wait()

    def _has_ended(self, timeout: float | None) -> bool:
        if self.returncode is not None:
            return True
        # Outside of the lock, so that a thread that waits keeps no other from a signal.
        if not select.select([self._pipe], [], [], timeout)[0]:
            return self.returncode is not None
        with self._lock:
            if self.returncode is None:
                self.returncode = self._number()
                os.close(self._pipe)
        return True

    def _number(self) -> int:
        read = os.read(self._pipe, NUMBER.size)
        assert read, "the process that forks the steps has ended"
        return int(NUMBER.unpack(read)[0])


class Forker:
    """A process that starts steps for this one and ends with it. Safe for several threads."""

    def __init__(self, prepare: str = "") -> None:
        """Start it. `prepare` names a function that changes its modules first: see `support.step_forker.serve`."""
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", _PROGRAM, str(theirs.fileno()), prepare],
                # Modules that read the environment as they are imported find nothing of the caller's.
                env={"PATH": os.environ["PATH"], "LC_ALL": _LOCALE},
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                # An interrupt at the terminal is for the caller.
                start_new_session=True,
            )
        self.pid = self._process.pid
        self._lock = threading.Lock()

    def start(
        self,
        arguments: Sequence[str],
        env: Mapping[str, str],
        stdout: IO[bytes] | None = None,
        stderr: IO[bytes] | None = None,
        *,
        cwd: Path | None = None,
        run: str = STEP,
    ) -> ForkedStep:
        """Start a step with this environment and no other variable. Streams that are None go nowhere.

        `run` names the function that takes the arguments. Raises ValueError if a variable asks for another locale.
        """
        if other := [name for name in _READ_AT_THE_START if env.get(name, _LOCALE) != _LOCALE]:
            raise ValueError(f"only an interpreter of its own takes {', '.join(other)}")
        asked = {"arguments": [*arguments], "env": dict(env), "cwd": str(cwd or Path.cwd()), "run": run}
        body = json.dumps(asked).encode()
        ours, theirs = os.pipe()
        with open(os.devnull, "wb") as nowhere:
            descriptors = array.array(
                "i", [(stdout or nowhere).fileno(), (stderr or nowhere).fileno(), theirs]
            )
            with self._lock:
                self._control.sendmsg(
                    [LENGTH.pack(len(body))], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)]
                )
                self._control.sendall(body)
        os.close(theirs)
        return ForkedStep(ours)

    def close(self) -> None:
        """End the process, and kill the steps that still run. It ends so with its caller as well, however that ends."""
        with contextlib.suppress(OSError):
            # Not only a close: a program that another thread has just forked may hold a copy of the socket.
            self._control.shutdown(socket.SHUT_RDWR)
        self._process.wait()
        self._control.close()


@cache
def forker() -> Forker:
    """Return the one of this process; the first call starts it."""
    made = Forker()
    atexit.register(made.close)
    return made


def start(
    arguments: Sequence[str],
    env: Mapping[str, str],
    stdout: IO[bytes] | None = None,
    stderr: IO[bytes] | None = None,
    *,
    run: str = STEP,
) -> ForkedStep:
    """Start a step in the folder of this process. See `Forker.start`."""
    return forker().start(arguments, env, stdout, stderr, run=run)
