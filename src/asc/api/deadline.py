"""The end of a wait that no timeout of a socket ends. One thread watches over all deadlines of a step."""

from __future__ import annotations

import contextlib
import heapq
import os
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count


class Deadline:
    """A deadline of a block. `late` is True once it has passed before the end of the block."""

    def __init__(self, act: Callable[[], object]) -> None:
        self.late = False
        self._act: Callable[[], object] | None = act

    @property
    def is_over(self) -> bool:
        """Return True if nothing is left to do: the block has ended, or the deadline has passed."""
        return self._act is None

    def pass_by(self) -> None:
        """Call what is due, unless the block has ended or it was called before."""
        act, self._act = self._act, None
        if act:
            self.late = True
            # The connection may be gone already. Whatever it is, it must not end the watch over the other deadlines.
            with contextlib.suppress(Exception):
                act()

    def end(self) -> None:
        """End the block in time, and let go of the function and the answer that it may hold."""
        self._act = None


@contextlib.contextmanager
def deadline(seconds: float, act: Callable[[], object]) -> Iterator[Deadline]:
    """Call `act`, which must not block, unless the block ends within `seconds`. It is never called after the block."""
    made = Deadline(act)
    _WATCH.add(seconds, made)
    try:
        yield made
    finally:
        _WATCH.end(made)


# A threading.Timer would be a thread for each request: 130 microseconds of work, and here it is 3.
class _Watch:
    """The deadlines that are under way, and the thread that waits for the first of them."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew with no deadline and no thread."""
        self._changed = threading.Condition()
        self._ahead: list[tuple[float, int, Deadline]] = []
        self._number = count()
        self._is_watched = False

    def add(self, seconds: float, made: Deadline) -> None:
        """Watch over a deadline in so many seconds."""
        entry = (time.monotonic() + seconds, next(self._number), made)
        with self._changed:
            heapq.heappush(self._ahead, entry)
            if not self._is_watched:
                threading.Thread(target=self._watch, name="deadlines", daemon=True).start()
                self._is_watched = True
            elif self._ahead[0] is entry:
                self._changed.notify()

    def end(self, made: Deadline) -> None:
        """End the block of a deadline, so that nothing is called any more."""
        with self._changed:
            made.end()

    def _watch(self) -> None:
        with self._changed:
            while True:
                self._changed.wait(self._until_next())

    def _until_next(self) -> float | None:
        """Do what is due, and return the seconds until there is more to do, or None."""
        while self._ahead:
            left = self._ahead[0][0] - time.monotonic()
            if left > 0 and not self._ahead[0][2].is_over:
                return left
            heapq.heappop(self._ahead)[2].pass_by()
        return None


_WATCH = _Watch()
# A process that is forked has no thread but the one that forked it, and the lock may be held.
os.register_at_fork(after_in_child=_WATCH.forget)
