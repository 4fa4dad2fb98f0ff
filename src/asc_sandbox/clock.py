"""The sandbox's time: it may run ahead of the machine's, behind it, or faster."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from email.utils import formatdate


@dataclass
class Clock:
    """The machine's time plus `offset` seconds, running `speed` times as fast from `origin` (seconds since the
    epoch) on.

    At a speed of 60 an hour takes a minute. An offset stands for a runner with a wrong clock.
    """

    offset: float = 0.0
    speed: float = 1.0
    origin: float = field(default_factory=time.time)

    def now(self) -> float:
        """Return the time in seconds since the epoch."""
        return self.origin + (time.time() - self.origin) * self.speed + self.offset

    def skip(self, seconds: float) -> None:
        """Let this many seconds pass at once."""
        self.offset += seconds

    def sleep(self, seconds: float) -> None:
        """Wait this many seconds of this clock."""
        time.sleep(seconds / self.speed)

    def http_date(self) -> str:
        """Return the time as the value of a Date header."""
        return formatdate(self.now(), usegmt=True)
