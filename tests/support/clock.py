"""A clock for steps in tests: pauses take a hundredth, and count whole, for the step and for its sandbox."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from asc.api.clock import Clock

if TYPE_CHECKING:
    from asc_sandbox.server import Sandbox


class QuickClock:
    """Time that passes as the machine's, and by each pause at once. Hand `clock` to what is tested.

    The time that work takes counts once, so that a slow machine meets no deadline earlier. `slept` are the pauses.
    `at_pause` is called at the begin of each.
    """

    def __init__(
        self,
        sandbox: Sandbox | None = None,
        *,
        speed: float = 100.0,
        at_pause: Callable[[], object] = lambda: None,
    ) -> None:
        self.slept: list[float] = []
        self._sandbox = sandbox
        self._speed = speed
        self._at_pause = at_pause
        self._lock = threading.Lock()
        self._ahead = 0.0
        self.clock = Clock(
            now=lambda: time.time() + self._ahead,
            monotonic=lambda: time.monotonic() + self._ahead,
            sleep=self._sleep,
        )

    def skip(self, seconds: float) -> None:
        """Let so many seconds pass at once."""
        with self._lock:
            self._advance(seconds)

    def _advance(self, seconds: float) -> None:
        self._ahead += seconds
        if self._sandbox:
            self._sandbox.skip(seconds)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._at_pause()
        end = self._ahead + seconds
        # Others may be at work meanwhile, in threads and processes. Pauses at the same time count once.
        time.sleep(seconds / self._speed)
        with self._lock:
            self._advance(max(0.0, end - self._ahead))


def run_quickly(arguments: list[str]) -> int:
    """Run a step in a process of its own whose pauses take a twentieth, and return its exit code."""
    from asc.commands.main import main

    return main(arguments, QuickClock(speed=20).clock)


_CLOCKS: WeakKeyDictionary[Sandbox, QuickClock] = WeakKeyDictionary()


def clock_of(sandbox: Sandbox | None) -> QuickClock:
    """Return the clock of all steps at a sandbox."""
    return _CLOCKS.setdefault(sandbox, QuickClock(sandbox)) if sandbox else QuickClock()
