"""Count the requests of each key over a rolling hour.

https://developer.apple.com/documentation/appstoreconnectapi/identifying-rate-limits
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from asc_sandbox.errors import rate_limited

HOUR = 3600.0


class RateLimit:
    """Allow `limit` requests of each key per hour. `before` are the times of requests sent before the start."""

    def __init__(self, limit: int, before: Iterable[float] = ()) -> None:
        self.limit = limit
        self._before = tuple(before)
        self._times: dict[str, deque[float]] = {}

    def take(self, key_id: str, now: float) -> None:
        """Count one request. Raises Refusal 429 if the key has none left."""
        if self.remaining(key_id, now) == 0:
            raise rate_limited()
        # Only an allowed request counts: a client that waits is let in again.
        self._times.setdefault(key_id, deque(self._before)).append(now)

    def remaining(self, key_id: str | None, now: float) -> int:
        """Return how many requests are left. An unknown key has all of them."""
        # A key that has sent nothing yet starts with the requests of the hour before.
        times = self._times.get(key_id or "") or deque(self._before)
        while times and times[0] <= now - HOUR:
            times.popleft()
        return max(0, self.limit - len(times))

    def header(self, key_id: str | None, now: float) -> str:
        """Return the value of the header X-Rate-Limit."""
        return f"user-hour-lim:{self.limit};user-hour-rem:{self.remaining(key_id, now)};"


def evenly(count: int, until: float) -> list[float]:
    """Return the times of `count` requests spread evenly over the hour before `until`."""
    return [until - HOUR + HOUR * (number + 1) / count for number in range(count)]
