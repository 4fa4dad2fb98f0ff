"""Shorten the pauses of the steps in the matrix. They do the same as the steps of users otherwise."""

from __future__ import annotations

from datetime import timedelta

RETRY_FOR = 2
"""Seconds: the input `retry-for` of each step."""
TIMEOUT = 6
"""Seconds: the input `timeout` of the steps that wait for App Store Connect."""
DEADLINE = 30.0
"""Seconds after which a step counts as hanging. The longest steps take about ten."""


def hurry() -> None:
    """Shorten the pauses in the modules of this process. Steps that are forked from it inherit them.

    Raises AttributeError if a module has lost one of them.
    """
    from asc.api import client, polling, retry
    from asc.assets import upload as assets
    from asc.builds.upload import record, uploading
    from asc.changes import apply, sending
    from asc.provisioning import certificates
    from asc.signing.storage.buckets import gitlab, google, obstores
    from asc.signing.storage.git import access
    from asc.signing.storage.git import client as git_client
    from asc.signing.sync import identities
    from asc.store import preparing, submission
    from asc.webhooks import redelivery

    looks = (0.05, 0.1, 0.2)
    second = timedelta(seconds=1)
    for module, name, pauses in (
        (retry, "SHORTEST_READ_TIMEOUT", 1.0),
        (retry, "FIRST_PAUSE", 0.1),
        (retry, "LONGEST_PAUSE", 0.4),
        (obstores, "RETRY", {"max_retries": 2, "retry_timeout": 2 * second}),
        (obstores, "TIMEOUTS", {"connect_timeout": second, "timeout": 2 * second}),
        (google, "TIMEOUT", 2.0),
        (google, "RETRY", google.RETRY.with_timeout(3.0)),
        (gitlab, "TIMEOUT", (1.0, 2.0)),
        (access, "STALLED_AFTER", 2),
        (git_client, "PATIENCE", 4.0),
        (client, "PAUSE_AFTER_404", 0.05),
        (polling, "FIRST_PAUSE", 0.05),
        (polling, "LATE", looks),
        (apply, "LOOK_AGAIN_AFTER", 0.05),
        (sending, "SETTLING", (0.1, 0.2, 0.4)),
        (preparing, "SETTLING", (0.1, 0.2, 0.4)),
        (record, "LISTINGS_LAG", looks),
        (submission, "FIRST_PAUSE", 0.05),
        (submission, "NOT_READY", 2.0),
        (assets, "LISTINGS_LAG", (0.0, *looks)),
        (uploading, "IDLE", 0.5),
        (uploading, "LOOKS_AFTER_DUPLICATE", looks),
        (uploading, "WHILE_PARTS_ARE_REPLACED", looks),
        (identities, "PAUSE", 0.1),
        (certificates, "LOOKUP_PAUSES", looks),
        (redelivery, "PAUSES", looks),
    ):
        # A constant that was renamed would be set in vain, and the matrix would take hours.
        getattr(module, name)
        setattr(module, name, pauses)
