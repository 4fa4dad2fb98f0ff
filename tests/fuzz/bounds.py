"""Bounds of every fuzzed call: only the errors that it declares, little time, little memory.

`make test` runs a few examples, the same each time. `make fuzz` sets FUZZ_TIMES: so many times as many, new ones each
time.
"""

from __future__ import annotations

import os
import signal
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from hypothesis import HealthCheck, example, settings

from asc.errors import Error

TIMES = int(os.environ.get("FUZZ_TIMES", "0"))
SECONDS = 10.0
"""Seconds of the processor for one example. A busy machine does not change them; counting memory costs five times."""
MEMORY = 48 << 20
"""Bytes at the peak, as tracemalloc counts them. The largest inputs that are read whole have 2 MiB."""


def examples(quick: int) -> settings:
    """Return the settings of a fuzz test: `quick` examples in `make test`, FUZZ_TIMES as many in `make fuzz`."""
    usual: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck)}
    if TIMES:
        return settings(max_examples=quick * TIMES, print_blob=True, **usual)
    return settings(max_examples=quick, derandomize=True, database=None, **usual)


def large(*given: Any, **named: Any) -> Any:
    """Add a large example, for `make fuzz` alone."""
    return example(*given, **named) if TIMES else lambda test: test


class _TooSlow(BaseException):
    """A bound was broken. Not an Exception, so that the tested code cannot swallow it."""


@contextmanager
def bounded(
    *allowed: type[Exception], seconds: float = SECONDS, memory: int | None = MEMORY
) -> Iterator[None]:
    """Check a block: it raises only `allowed` and asc.errors.Error, and keeps to the time and the memory.

    With None the memory is not counted, which costs a fifth of the time.
    """
    previous = signal.signal(signal.SIGPROF, _stop)
    if memory is not None:
        tracemalloc.start()
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        with suppress(Error, *allowed):
            yield
        peak = tracemalloc.get_traced_memory()[1]
    except _TooSlow:
        raise AssertionError(f"more than {seconds} s of the processor") from None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        tracemalloc.stop()
        signal.signal(signal.SIGPROF, previous)
    assert memory is None or peak <= memory, f"{peak >> 20} MiB at the peak"


def _stop(number: int, frame: object) -> None:
    raise _TooSlow
