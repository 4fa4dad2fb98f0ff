"""What jobs that crashed left on a self-hosted runner."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from asc.errors import Error
from asc.signing.install.cleanup import cleanup
from asc.signing.install.ledger import Ledger
from asc.signing.install.processes import Process, lives
from asc.signing.install.security import Security
from asc.signing.install.state import State

log = logging.getLogger(__name__)

LONGEST_JOB = timedelta(days=5)
"""The longest that a job lasts on a self-hosted runner."""


def sweep(
    ledger: Ledger,
    now: datetime,
    security: Security | None = None,
    running: Mapping[int, Process] | None = None,
    older_than: timedelta = LONGEST_JOB,
) -> list[State]:
    """Cleans up after jobs that are over, and returns their states. Never raises Error: what fails is tried again.

    A job whose process is in `running` is left alone whatever its age. One whose process is not there is over. Where
    the process is not known, or `running` is None, only age counts.
    """
    cleaned = []
    for state in ledger.states():
        if not _over(state, now, running, older_than):
            continue
        try:
            cleanup(ledger, state.id, security)
        except Error as error:
            log.warning("What an earlier job left could not be removed: %s", error.message)
            continue
        log.info("Removed what a job of %s left", f"{state.created:%Y-%m-%d %H:%M} UTC")
        cleaned.append(state)
    return cleaned


def _over(state: State, now: datetime, running: Mapping[int, Process] | None, older_than: timedelta) -> bool:
    if state.holder and running is not None:
        return not lives(state.holder, running)
    return now - state.created > older_than
