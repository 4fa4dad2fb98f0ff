"""The clock of a step, and its difference from Apple's clock."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from asc.api.budget import Budget

CLOCKS_AGREE = 60.0
"""Seconds of difference between two clocks that are not worth a warning."""
CORRECTED = 2.0
"""Seconds of difference from which tokens use Apple's time. Apple's Date header is exact to one second only."""


@dataclass(frozen=True)
class Clock:
    """Time, sleep and chance. Passed as an argument, so that tests do not wait."""

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


SYSTEM_CLOCK = Clock()


@dataclass
class Traffic:
    """The requests of a step and their effects, for pauses and for the summary."""

    requests: int = 0
    budget: Budget | None = None
    skew: float = 0.0
    """Our clock minus Apple's, in seconds, measured at the newest answer."""

    def patience(self) -> float:
        """Return the factor by which to prolong the pauses between polls."""
        return self.budget.patience() if self.budget else 1.0

    def time_there(self, now: float) -> float:
        """Return `now` by Apple's clock, in seconds since the epoch."""
        # A token made by a wrong clock would be refused with 401.
        return now - (self.skew if abs(self.skew) > CORRECTED else 0.0)

    def skew_in_words(self) -> str | None:
        """Return `This machine's clock is 600 s behind Apple's`, or None if the clocks agree."""
        if abs(self.skew) <= CLOCKS_AGREE:
            return None
        return f"This machine's clock is {abs(self.skew):.0f} s {'ahead of' if self.skew > 0 else 'behind'} Apple's"
