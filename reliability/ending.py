"""End the processes of a run together: a worker ends with the program that started it, and takes its steps along."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import ExitStack
from multiprocessing import connection, parent_process

from asc.on_signal import ended_by

SIGNALS = (signal.SIGTERM, signal.SIGINT)

_whole_life = ExitStack()
"""Never closed: a worker listens to signals from its start to its end."""


def follow_the_program() -> None:
    """Let this worker end when the program that started it ends, for any reason. Runs first in each worker."""
    _whole_life.enter_context(ended_by(*SIGNALS))
    threading.Thread(target=_end_after_the_program, name="program", daemon=True).start()


def _end_after_the_program() -> None:
    program = parent_process()
    assert program is not None
    connection.wait([program.sentinel])
    # As a signal, so that the worker undoes what it has begun.
    os.kill(os.getpid(), signal.SIGTERM)
