"""What is undone also where a signal ends the process: no `finally` runs then, for threads must not hold it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

_pending: dict[object, Callable[[], object]] = {}


@contextlib.contextmanager
def undone_at_the_end(undo: Callable[[], object]) -> Iterator[None]:
    """Within the block `undo` is called before a signal ends the process."""
    mark = object()
    _pending[mark] = undo
    try:
        yield
    finally:
        del _pending[mark]


def undo_all() -> None:
    """Undoes what is under way, the newest first."""
    for undo in reversed(list(_pending.values())):
        with contextlib.suppress(Exception):
            undo()
