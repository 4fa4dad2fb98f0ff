"""What is still to happen: changes that are made when their time has come and somebody looks.

Nothing runs in the background. Whoever is about to read the world calls `catch_up` first.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from asc_sandbox.clock import Clock

Change = Callable[[], object]


@dataclass(order=True, frozen=True)
class _Item:
    when: float
    number: int
    change: Change = field(compare=False)


class Agenda:
    """Changes in the order of their time; those of one time in the order in which they were planned."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._items: list[_Item] = []
        self._numbers = itertools.count()
        self._playing: float | None = None

    @property
    def now(self) -> float:
        """The time of the change that is being made, and otherwise the clock's.

        What follows from a change follows in its time, however late somebody looks.
        """
        return self._clock.now() if self._playing is None else self._playing

    def after(self, seconds: float, change: Change) -> None:
        """Plan a change."""
        heapq.heappush(self._items, _Item(self.now + seconds, next(self._numbers), change))

    def catch_up(self) -> None:
        """Make all changes that are due, those too that follow from them."""
        now = self._clock.now()
        while self._items and self._items[0].when <= now:
            item = heapq.heappop(self._items)
            self._playing = item.when
            try:
                item.change()
            finally:
                self._playing = None
