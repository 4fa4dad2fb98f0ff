"""Plan changes for a later time, and make them when they are due and somebody reads the world.

Every reader of the world calls `catch_up` first.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from asc_sandbox.clock import Clock

Change = Callable[[], object]


@dataclass(order=True, frozen=True)
class _Item:
    when: float
    number: int
    change: Change = field(compare=False)


class Agenda:
    """Changes in the order of their time; changes of the same time keep the order in which they were planned."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._items: list[_Item] = []
        self._numbers = itertools.count()
        self._time_of_change: float | None = None

    @property
    def now(self) -> float:
        """Return the time of the change that is being made, and otherwise the clock's, in seconds since the epoch."""
        # A change that follows from another one counts from the time of that one, however late somebody reads the
        # world.
        return self._clock.now() if self._time_of_change is None else self._time_of_change

    def after(self, seconds: float, change: Change) -> None:
        """Plan a change for `seconds` from now."""
        heapq.heappush(self._items, _Item(self.now + seconds, next(self._numbers), change))

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Forget the changes that are planned within the block."""
        items = list(self._items)
        try:
            yield
        finally:
            self._items = items

    def catch_up(self, after_each: Change = lambda: None) -> None:
        """Make all changes that are due, including changes that other changes plan. Call `after_each` after each."""
        # Changes happen only here, when somebody is about to read: a thread that changed the world in the middle of
        # a request would make tests depend on its timing.
        now = self._clock.now()
        while self._items and self._items[0].when <= now:
            item = heapq.heappop(self._items)
            self._time_of_change = item.when
            try:
                item.change()
                after_each()
            finally:
                self._time_of_change = None
