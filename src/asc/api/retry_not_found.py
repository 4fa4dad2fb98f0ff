"""Reads of build uploads answer 404 at random, for records that are there: they are asked again."""

from __future__ import annotations

import logging
from collections.abc import Callable

from asc.api.client import Client
from asc.api.document import Document
from asc.api.errors import ApiError

log = logging.getLogger(__name__)

SURVIVED = 4
"""So often in a row is no accident."""
PAUSE = 0.2
"""Seconds between the attempts."""


def retrying_404(client: Client, what: str, ask: Callable[[], Document]) -> Document:
    """What `ask` returns. Raises its ApiError when it stays."""
    for attempt in range(1, SURVIVED + 1):
        try:
            return ask()
        except ApiError as error:
            if error.status != 404 or attempt == SURVIVED:
                raise
            log.debug("%s: not found (attempt %d); asking again", what, attempt)
            client.pause(PAUSE)
    raise AssertionError("the last attempt returns or raises")
