"""Time as we and as Apple have it, and the traffic that tells the difference."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from asc.api.budget import Budget

CLOCKS_AGREE = 60.0
"""Seconds that two clocks may be apart before it is worth a word."""
CORRECTED = 2.0
"""Seconds apart from which tokens are made by Apple's clock; its Date header is only good to a second."""


@dataclass(frozen=True)
class Clock:
    """Time and sleep, handed in so that tests do not wait."""

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


SYSTEM_CLOCK = Clock()


@dataclass
class Traffic:
    """What was asked of App Store Connect, for the summary."""

    requests: int = 0
    budget: Budget | None = None
    skew: float = 0.0
    """Our clock minus Apple's in seconds, measured at the newest answer."""

    def patience(self) -> float:
        """How many times longer than usual to wait between looks at what is not done yet."""
        return self.budget.patience() if self.budget else 1.0

    def time_there(self, now: float) -> float:
        """`now` as Apple's clock has it, so that a wrong clock here makes no wrong token."""
        return now - (self.skew if abs(self.skew) > CORRECTED else 0.0)

    def skew_in_words(self) -> str | None:
        """“This machine's clock is 600 s behind Apple's”; None where the clocks agree."""
        if abs(self.skew) <= CLOCKS_AGREE:
            return None
        return f"This machine's clock is {abs(self.skew):.0f} s {'ahead of' if self.skew > 0 else 'behind'} Apple's"
