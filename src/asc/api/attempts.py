"""The attempts at one call: the rules of asc.api.retry with a clock, a deadline and words."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn

from asc.api import retry
from asc.api.clock import Clock
from asc.errors import UnreachableError

log = logging.getLogger(__name__)

SHORTEST_READ_TIMEOUT = 5.0
"""What a first attempt gets in any case: a short `retry_for` must not make a slow answer a failure."""


@dataclass
class Attempts:
    """The attempts at one call: counts them, and either waits for the next or gives up."""

    call: str
    retry_for: float
    clock: Clock
    wait_for_budget: float = 0.0
    made: int = 0
    deadline: float | None = None
    refused: bool = False
    over_budget: int = 0
    budget_deadline: float | None = None

    def time_left(self) -> float:
        """Seconds until the deadline; before the first failure, what the first attempt may take."""
        if self.deadline is None:
            return max(self.retry_for, SHORTEST_READ_TIMEOUT)
        return self.deadline - self.clock.monotonic()

    def first_refusal(self) -> bool:
        """Whether the token is refused for the first time."""
        first, self.refused = not self.refused, True
        return first

    def after(self, reason: str, asked: float | None, limit: int | None = None) -> None:
        """Waits before the next attempt; raises UnreachableError where there is to be none."""
        self.made += 1
        if self.deadline is None:
            self.deadline = self.clock.monotonic() + self.retry_for
        wait = retry.pause(self.made, asked, self.clock.chance())
        if wait > self.deadline - self.clock.monotonic() or (limit and self.made >= limit):
            self.give_up(reason, asked)
        when = datetime.fromtimestamp(self.clock.now() + self.time_left(), UTC)
        log.info("%s: %s; trying again in %.1f s (until %s UTC)", self.call, reason, wait, f"{when:%H:%M:%S}")
        self.clock.sleep(wait)

    def await_budget(self, asked: float | None) -> None:
        """Waits until requests of the hour may have come back; raises UnreachableError where that takes too long."""
        self.over_budget += 1
        now = self.clock.monotonic()
        if self.budget_deadline is None:
            self.budget_deadline = now + self.wait_for_budget
        left = self.budget_deadline - now
        if left <= 0 or (asked or 0.0) > left:
            raise UnreachableError(
                f"{self.call}: the requests of this hour are used up (429), and none came back for it within "
                f"{self.wait_for_budget:.0f} s (wait-for-budget).",
                "Run the step again later, give it a longer wait-for-budget, or give some jobs a key of their own: "
                "all jobs of a key share its budget.",
            )
        wait = min(retry.pause_for_budget(self.over_budget, asked, self.clock.chance()), left)
        log.info(
            "%s: answered 429, the requests of this hour are used up; asking again in %.0f s", self.call, wait
        )
        self.clock.sleep(wait)

    def give_up(self, reason: str, asked: float | None) -> NoReturn:
        """Raises UnreachableError with what was tried and why it failed."""
        times = "once" if self.made == 1 else f"{self.made} times"
        text = f"{self.call} was tried {times} (retry-for is {self.retry_for:.0f} s): {reason}."
        if asked is not None and asked > self.time_left():
            raise UnreachableError(
                f"{text} App Store Connect asks to wait {asked:.0f} s.",
                "Run the step again later, give it a longer retry-for, or spread the jobs of this key.",
            )
        raise UnreachableError(
            text,
            "Check the network, the proxy and https://developer.apple.com/system-status/, then run the step again.",
        )
