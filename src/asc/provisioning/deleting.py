"""Delete records so that they are certainly gone, although App Store Connect answers 404 at random."""

from __future__ import annotations

import logging

from asc.api.client import Client
from asc.api.errors import ApiError
from asc.errors import LostAnswerError, UnreachableError

log = logging.getLogger(__name__)

DELETE_ATTEMPTS = 3
"""DELETE requests before an existing record counts as undeletable."""


def delete_if_there(client: Client, path: str) -> None:
    """Delete the record at `path`. Do nothing if it does not exist.

    Raises ApiError if Apple refuses, UnreachableError if the record still exists after DELETE_ATTEMPTS requests.
    """
    for _ in range(DELETE_ATTEMPTS):
        try:
            client.delete(path)
            return
        except LostAnswerError as lost:
            log.info("%s Checking whether the record is gone.", lost.message)
        except ApiError as error:
            if error.status != 404:
                raise
        # App Store Connect answers 404 at random, also for existing records, so a 404 proves nothing by itself.
        if not _exists(client, path):
            return
    # Not a refusal: the same step may succeed in a minute, which exit code 3 says.
    raise UnreachableError(
        f"DELETE {path} was sent {DELETE_ATTEMPTS} times, and the record still exists.",
        "Run the step again: App Store Connect fails at random.",
    )


def _exists(client: Client, path: str) -> bool:
    try:
        client.get(path)
    except ApiError as error:
        if error.status != 404:
            raise
        return False
    return True
