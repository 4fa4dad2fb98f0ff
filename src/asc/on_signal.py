"""End the process at a signal, and undo work before. It ends without `finally`, because threads must not hold it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator

_pending: dict[object, Callable[[], object]] = {}
_ending = threading.Lock()


@contextlib.contextmanager
def ended_by(*signals: int) -> Iterator[None]:
    """Within the block, end the process at once at one of these signals, with 128 + its number as the exit code."""
    for number in signals:
        signal.signal(number, lambda number, frame: _end(number))
    # Python runs a handler in the main thread alone. If that begins to wait for a lock just when the signal comes, it
    # sleeps on until a worker is done, for example for the minute of a request without an answer. So a thread of its
    # own gets the signal as well.
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reader, signals), name="signals", daemon=True).start()
    try:
        yield
    finally:
        _stay_while_it_ends()
        signal.set_wakeup_fd(before)
        writer.close()


@contextlib.contextmanager
def undone_at_the_end(undo: Callable[[], object]) -> Iterator[None]:
    """Within the block, call `undo` if a signal ends the process."""
    mark = object()
    _pending[mark] = undo
    try:
        yield
    finally:
        _stay_while_it_ends()
        del _pending[mark]


def _watch(reader: socket.socket, signals: tuple[int, ...]) -> None:
    """Read the numbers of signals, one byte each, until the other end is closed."""
    with reader:
        while received := reader.recv(1):
            if received[0] in signals:
                _end(received[0])


def _stay_while_it_ends() -> None:
    """Never return if a signal is ending the process."""
    # An undo in the other thread breaks what this one does, as when it closes the pipes of a program. The error that
    # follows must neither be reported as a bug nor decide the exit code.
    if _ending.locked():
        threading.Event().wait()


def _end(number: int) -> None:
    # The handler and the thread both come here, and a second signal may: one of them ends the process.
    if not _ending.acquire(blocking=False):
        return
    for undo in reversed(list(_pending.values())):
        # An error in one undo must not stop the others.
        with contextlib.suppress(Exception):
            undo()
    os._exit(128 + number)
