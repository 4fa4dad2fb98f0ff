"""Undo work when a signal ends the step. The process ends without `finally` then, because threads must not hold it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

_pending: dict[object, Callable[[], object]] = {}


@contextlib.contextmanager
def undone_at_the_end(undo: Callable[[], object]) -> Iterator[None]:
    """Within the block, call `undo` if a signal ends the process."""
    mark = object()
    _pending[mark] = undo
    try:
        yield
    finally:
        del _pending[mark]


def undo_all() -> None:
    """Undo the pending work, the newest first. An error in one undo does not stop the others."""
    for undo in reversed(list(_pending.values())):
        with contextlib.suppress(Exception):
            undo()
