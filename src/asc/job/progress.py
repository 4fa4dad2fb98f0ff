"""The progress of a transfer: a live bar on a terminal, a line now and then in a job."""

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
"""The share of the work after which a line is logged, even if it took little time."""
_MIB = 1024 * 1024
_bars: list[Callable[[], AbstractContextManager[object]]] = []
"""The functions that take the live bar off the terminal. Empty without a bar."""


@contextmanager
def set_aside() -> Iterator[None]:
    """Within the block, take the bar off the terminal, so that a line can be written."""
    with _bars[-1]() if _bars else nullcontext():
        yield


@contextmanager
def transfer(what: str, total: int, there: int) -> Iterator[Callable[[int], None]]:
    """Show the progress to `total` bytes from `there` on. Yield the function that counts further bytes."""
    if sys.stderr.isatty():
        from tqdm import tqdm

        # tqdm would start a thread that redraws idle bars, and it could outlive the bar.
        tqdm.monitor_interval = 0
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
        yield ProgressLines(what, total, there).advance


class ProgressLines:
    """Logs a line every 10 seconds or every 10 %, but never more than one a second."""

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
        """Count `count` bytes. The count is negative if bytes must be sent again."""
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
