"""The sandbox's time, which may run ahead of or behind the machine's, or faster."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from email.utils import formatdate


@dataclass
class Clock:
    """`offset` seconds are added to the machine's time, to play a runner whose clock is wrong.

    From `origin` on the clock runs `speed` times as fast as the machine's: at 60 an hour takes a minute.
    """

    offset: float = 0.0
    speed: float = 1.0
    origin: float = field(default_factory=time.time)

    def now(self) -> float:
        """Seconds since the epoch."""
        return self.origin + (time.time() - self.origin) * self.speed + self.offset

    def skip(self, seconds: float) -> None:
        """Let so many seconds pass at once."""
        self.offset += seconds

    def sleep(self, seconds: float) -> None:
        """Waits so many seconds of this clock."""
        time.sleep(seconds / self.speed)

    def http_date(self) -> str:
        """The same as the value of a Date header."""
        return formatdate(self.now(), usegmt=True)
