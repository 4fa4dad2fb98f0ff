"""The request budget of a key over a rolling hour.

https://developer.apple.com/documentation/appstoreconnectapi/identifying-rate-limits
"""

from __future__ import annotations

from collections import deque

from asc_sandbox.errors import rate_limited

HOUR = 3600.0


class RateLimit:
    """Counts the requests of each key."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._taken: dict[str, deque[float]] = {}

    def take(self, key_id: str, now: float) -> None:
        """Count one request.

        Raises Refusal 429 when the key has none left; a refused request does not count.
        """
        if self.remaining(key_id, now) == 0:
            raise rate_limited()
        self._taken.setdefault(key_id, deque()).append(now)

    def remaining(self, key_id: str | None, now: float) -> int:
        """How many requests are left. An unknown key has them all."""
        taken = self._taken.get(key_id or "", deque())
        while taken and taken[0] <= now - HOUR:
            taken.popleft()
        return max(0, self.limit - len(taken))

    def header(self, key_id: str | None, now: float) -> str:
        """The value of X-Rate-Limit."""
        return f"user-hour-lim:{self.limit};user-hour-rem:{self.remaining(key_id, now)};"
