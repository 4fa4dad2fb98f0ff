"""The sandbox's time, which may run ahead of or behind the machine's."""

from __future__ import annotations

import time
from dataclasses import dataclass
from email.utils import formatdate


@dataclass(frozen=True)
class Clock:
    """`offset` seconds are added to the machine's time, to play a runner whose clock is wrong."""

    offset: float = 0.0

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self.offset

    def http_date(self) -> str:
        """The same as the value of a Date header."""
        return formatdate(self.now(), usegmt=True)
