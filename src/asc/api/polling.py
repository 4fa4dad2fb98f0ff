"""Pauses between polls of something that Apple is still working on: short at first, then longer."""

from __future__ import annotations

from asc.api.client import Client

# Small apps are processed within a minute, large ones in half an hour.
FIRST_PAUSE, GROWTH, LONGEST_PAUSE = 0.5, 1.5, 30.0
"""Seconds before the second poll, the factor from pause to pause, and the longest pause in seconds."""
HEARTBEAT = 60.0
"""Seconds after which an unchanged state is logged again."""


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
