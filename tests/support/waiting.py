"""Waiting for an event in another thread or process, on a machine of any speed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from asc_sandbox.server import Sandbox

LONGEST = 120.0
"""Seconds that only a hang reaches."""


def wait_until(happened: Callable[[], object]) -> None:
    """Return once `happened()` is true, and fail if it never gets so."""
    deadline = time.monotonic() + LONGEST
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


@contextmanager
def skip_at_first_fault(sandbox: Sandbox, seconds: float) -> Iterator[None]:
    """Let so many seconds of the sandbox's time pass as soon as a fault hits a request."""

    def skip() -> None:
        wait_until(lambda: sandbox.faults_hit)
        sandbox.skip(seconds)

    waiting = threading.Thread(target=skip, daemon=True)
    waiting.start()
    yield
    waiting.join(LONGEST)
