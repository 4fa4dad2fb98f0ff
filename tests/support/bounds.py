"""Guards for work whose effort must grow with its input, not with the square of it, and for its memory."""

from __future__ import annotations

import signal
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

SECONDS = 30.0
"""Of the processor, so that a busy machine changes nothing. Inputs are chosen so that a good way takes a hundredth."""


class _TooMuch(BaseException):
    """Not an Exception: nothing that is tested may swallow it."""


@contextmanager
def moderate() -> Iterator[None]:
    """Fail if the block does not come to its end."""

    def stop(number: int, frame: object) -> None:
        raise _TooMuch

    previous = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    except _TooMuch:
        raise AssertionError(f"not done after {SECONDS:.0f} s of the processor") from None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)


@contextmanager
def bounded(megabytes: float = 64) -> Iterator[None]:
    """Fail if the block does not come to its end, or has more memory at its peak."""
    tracemalloc.start()
    try:
        with moderate():
            yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < megabytes * 2**20
