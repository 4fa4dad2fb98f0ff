"""The requests of a step while none of the hour are left: one of them asks, and the others wait for its news."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE = 1.0
"""Seconds after which a waiting request looks at its deadline, which the clock of the step decides."""


class Shortage:
    """The refusals of a step since requests were left, and the turn to ask, which one request has at a time.

    The more refusals, the less often the step asks. Each answer that is no refusal takes one away. Otherwise each
    request, and each thread, would begin anew to ask after 15 seconds, and the jobs of a team would ask more often the
    longer nothing is left.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._refusals = 0

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Yield the turn for one request, not taken yet. The end of the block gives it to the next request."""
        turn = Turn(self, self._turn)
        try:
            yield turn
        finally:
            turn.give_back()

    def refused(self) -> int:
        """Count a refusal, and return how many there are."""
        with self._lock:
            self._refusals += 1
            return self._refusals

    def answered(self) -> None:
        """Count one refusal less: the hour has requests again."""
        with self._lock:
            self._refusals = max(0, self._refusals - 1)


class Turn:
    """The turn to ask, as one request sees it. A request keeps the turn until its answer is not a refusal."""

    def __init__(self, shortage: Shortage, lock: threading.Lock) -> None:
        self._lock = lock
        self._held = False
        self.refused = shortage.refused

    def take(self) -> bool:
        """Take the turn unless another request has it, and return True if this request has it."""
        self._held = self._held or self._lock.acquire(blocking=False)
        return self._held

    def queue(self, time_left: Callable[[], float]) -> None:
        """Wait for the turn if another request has it. Otherwise requests go side by side."""
        if self._lock.locked():
            self.wait(time_left)

    def wait(self, time_left: Callable[[], float]) -> None:
        """Wait for the turn, as long as seconds are left. Afterwards the request has to ask without it."""
        # An answered request hands the turn on at once, so requests that wait go one by one until Apple refuses again.
        while not self._held and (left := time_left()) > 0:
            self._held = self._lock.acquire(timeout=min(PATIENCE, left))

    def give_back(self) -> None:
        """Let the next request have the turn."""
        if self._held:
            self._held = False
            self._lock.release()
