"""Waiting for an event in another thread or process, on a machine of any speed."""

from __future__ import annotations

import time
from collections.abc import Callable

LONGEST = 120.0
"""Seconds that only a hang reaches."""


def wait_until(happened: Callable[[], object]) -> None:
    """Return once `happened()` is true, and fail if it never gets so."""
    deadline = time.monotonic() + LONGEST
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)
