"""The request budget of a key over a rolling hour.

https://developer.apple.com/documentation/appstoreconnectapi/identifying-rate-limits
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from asc_sandbox.errors import rate_limited

HOUR = 3600.0


class RateLimit:
    """Counts the requests of each key. `before` are the times of those that it had sent when the sandbox started."""

    def __init__(self, limit: int, before: Iterable[float] = ()) -> None:
        self.limit = limit
        self._before = tuple(before)
        self._taken: dict[str, deque[float]] = {}

    def take(self, key_id: str, now: float) -> None:
        """Count one request.

        Raises Refusal 429 when the key has none left; a refused request does not count.
        """
        if self.remaining(key_id, now) == 0:
            raise rate_limited()
        self._taken.setdefault(key_id, deque(self._before)).append(now)

    def remaining(self, key_id: str | None, now: float) -> int:
        """How many requests are left. An unknown key has them all."""
        taken = self._taken.get(key_id or "") or deque(self._before)
        while taken and taken[0] <= now - HOUR:
            taken.popleft()
        return max(0, self.limit - len(taken))

    def header(self, key_id: str | None, now: float) -> str:
        """The value of X-Rate-Limit."""
        return f"user-hour-lim:{self.limit};user-hour-rem:{self.remaining(key_id, now)};"


def evenly(count: int, until: float) -> list[float]:
    """The times of `count` requests that were sent in the hour before `until`, one as long after the other."""
    return [until - HOUR + HOUR * (number + 1) / count for number in range(count)]
