"""The progress of long work: a live bar on a terminal, a line now and then in a job."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

log = logging.getLogger(__name__)

SECONDS_BETWEEN_LINES = 10.0
STEP = 0.1
"""The part of the work after which there is a line, too, however quick it went."""
_MIB = 1024 * 1024
_bars: list[Callable[[], AbstractContextManager[object]]] = []
"""How to take the live bar off the terminal for a moment; empty while there is none."""


@contextmanager
def set_aside() -> Iterator[None]:
    """Takes the bar off the terminal for as long as a line is written there."""
    with _bars[-1]() if _bars else nullcontext():
        yield


@contextmanager
def transfer(what: str, total: int, there: int) -> Iterator[Callable[[int], None]]:
    """Shows how `total` bytes are brought, of which `there` are there already. Yields what counts further bytes."""
    if sys.stderr.isatty():
        from tqdm import tqdm

        tqdm.monitor_interval = 0  # no thread that looks after idle bars
        with tqdm(desc=what, total=total, initial=there, unit="B", unit_scale=True, leave=False) as bar:
            lock = threading.Lock()

            def advance(count: int) -> None:
                with lock:
                    bar.update(count)

            _bars.append(lambda: tqdm.external_write_mode(file=sys.stderr))
            try:
                yield advance
            finally:
                _bars.pop()
    else:
        yield Lines(what, total, there).advance


class Lines:
    """A line each 10 seconds or each 10 %, but never more than one a second."""

    def __init__(self, what: str, total: int, there: int, now: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._total = max(total, 1)
        self._done = there
        self._there = there
        self._now = now
        self._began = self._told_at = now()
        self._told_share = there / self._total
        self._lock = threading.Lock()

    def advance(self, count: int) -> None:
        """Counts `count` bytes (fewer than none when some have to go again)."""
        with self._lock:
            self._done += count
            share, now = self._done / self._total, self._now()
            late = now - self._told_at >= SECONDS_BETWEEN_LINES
            far = share - self._told_share >= STEP
            if share >= 1 or not (late or far) or (far and now - self._told_at < 1):
                return
            self._told_at, self._told_share = now, share
            speed = (self._done - self._there) / max(now - self._began, 0.001) / _MIB
            text = f"{self._done / _MIB:.0f} of {self._total / _MIB:.0f} MiB ({share:.0%}), {speed:.1f} MiB/s"
        log.info("%s: %s", self._what, text)
