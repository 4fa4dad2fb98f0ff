"""Shorten the pauses of the steps in the matrix. They do the same as the steps of users otherwise."""

from __future__ import annotations

RETRY_FOR = 2
"""Seconds: the input `retry-for` of each step."""
TIMEOUT = 6
"""Seconds: the input `timeout` of the steps that wait for App Store Connect."""
DEADLINE = 30.0
"""Seconds after which a step counts as hanging. The longest steps take about ten."""


def hurry() -> None:
    """Shorten the pauses in the modules of this process. Steps that are forked from it inherit them."""
    from asc.api import client, polling, retry
    from asc.builds.upload import record, uploading
    from asc.changes import apply, sending
    from asc.signing.sync import identities

    retry.SHORTEST_READ_TIMEOUT = 1.0
    retry.FIRST_PAUSE = 0.1
    client.PAUSE_AFTER_404 = 0.05
    polling.FIRST_PAUSE = 0.05
    apply.LOOK_AGAIN_AFTER = 0.05
    sending.SETTLING = (0.1, 0.2, 0.4)
    record.LISTINGS_LAG = (0.05, 0.1, 0.2)
    uploading.IDLE = 0.5
    uploading.LOOKS_AFTER_DUPLICATE = uploading.WHILE_PARTS_ARE_REPLACED = (0.05, 0.1, 0.2)
    identities.PAUSE = 0.1
