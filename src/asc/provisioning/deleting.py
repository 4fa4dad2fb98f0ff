"""Deleting what may be gone already, and must be gone in the end."""

from __future__ import annotations

import logging

from asc.api.client import Client
from asc.api.errors import ApiError
from asc.errors import LostAnswerError, UnreachableError

log = logging.getLogger(__name__)

ATTEMPTS = 3


def delete_surely(client: Client, path: str) -> None:
    """Deletes a record; one that is gone already is no error.

    App Store Connect answers 404 at random, also for what is there: that it is gone is only said by looking.
    """
    for _ in range(ATTEMPTS):
        try:
            client.delete(path)
            return
        except LostAnswerError as lost:
            log.info("%s Looking whether it is gone.", lost.message)
        except ApiError as error:
            if error.status != 404:
                raise
        if _is_gone(client, path):
            return
    raise UnreachableError(
        f"DELETE {path} was sent {ATTEMPTS} times, and it is still there.",
        "App Store Connect fails at random: run the step again.",
    )


def _is_gone(client: Client, path: str) -> bool:
    try:
        client.get(path)
    except ApiError as error:
        if error.status != 404:
            raise
        return True
    return False
