"""Pauses between polls of something that Apple is still working on, and the looks after a write that it accepted."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from asc.api.client import Client

log = logging.getLogger(__name__)
T = TypeVar("T")

# Small apps are processed within a minute, large ones in half an hour.
FIRST_PAUSE, GROWTH, LONGEST_PAUSE = 0.5, 1.5, 30.0
"""Seconds before the second poll, the factor from pause to pause, and the longest pause in seconds."""
HEARTBEAT = 60.0
"""Seconds after which an unchanged state is logged again."""

LATE = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between the looks after a write: listings of App Store Connect show a write some seconds late."""


def look_until(client: Client, look: Callable[[], T], is_made: Callable[[T], bool]) -> T:
    """Call `look` until its result shows a write that Apple accepted, with the pauses of LATE. Return the last result.

    A write that was really made costs one look. The caller raises an error if the last result does not show it either.
    """
    # An answer to a write is no proof: it may repeat a request that Apple did not carry out.
    result = look()
    for pause in LATE:
        if is_made(result):
            break
        log.info("App Store Connect does not show the change yet; looking again in %.0f s", pause)
        client.pause(pause)
        result = look()
    return result


class Polling:
    """The pauses of one wait that ends at `deadline`, in seconds of the monotonic clock of the client."""

    def __init__(self, client: Client, deadline: float) -> None:
        self.deadline = deadline
        self._client = client
        self._pause = FIRST_PAUSE
        self._logged: str | None = None
        self._logged_at = 0.0

    @property
    def left(self) -> float:
        """Return the seconds until the deadline. They are negative after it."""
        return self.deadline - self._client.clock.monotonic()

    def is_news(self, state: str) -> bool:
        """Return True if `state` differs from the last one, or was last logged a HEARTBEAT ago: log it then."""
        now = self._client.clock.monotonic()
        if state == self._logged and now - self._logged_at < HEARTBEAT:
            return False
        self._logged, self._logged_at = state, now
        return True

    def pause(self) -> None:
        """Sleep until the next poll is due, but not past the deadline. The next pause is longer."""
        # With little of the hourly budget left, polls are rarer: other jobs need it for their work.
        patient = self._pause * self._client.traffic.patience()
        self._client.clock.sleep(max(0.0, min(patient, self.left)))
        self._pause = min(self._pause * GROWTH, LONGEST_PAUSE)
