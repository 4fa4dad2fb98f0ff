"""Waiting for the symbols of builds that Apple is still processing."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from asc.api.client import Client
from asc.builds.symbols.missing import Missing, missing
from asc.builds.symbols.model import Build
from asc.builds.symbols.selecting import Selection, refreshed, select

log = logging.getLogger(__name__)

FIRST_PAUSE, GROWTH, LONGEST_PAUSE = 0.5, 1.5, 30.0
"""Seconds between looks."""
HEARTBEAT = 60.0
"""Seconds after which what is waited for is told again."""


def await_symbols(client: Client, wanted: Selection, builds: list[Build], timeout: float) -> list[Build]:
    """The builds as they are when nothing is missing that may come, or `timeout` seconds have passed.

    A build number that is wanted and not there yet is waited for, too: an upload becomes a build after a while.
    """
    clock = client.clock
    end, pause, told_at = clock.monotonic() + timeout, FIRST_PAUSE, -HEARTBEAT
    while True:
        pending = [each for each in missing_now(client, builds) if each.passing]
        left = end - clock.monotonic()
        if left <= 0 or not (pending or (not builds and wanted.number)):
            return builds
        if clock.monotonic() - told_at >= HEARTBEAT:
            told_at = clock.monotonic()
            what = "; ".join(map(str, pending)) or f"there is no build {wanted.number} yet"
            log.info("Waiting up to %.0f s more: %s", left, what)
        clock.sleep(min(pause * client.traffic.patience(), left))
        pause = min(pause * GROWTH, LONGEST_PAUSE)
        builds = _looked_at_again(client, wanted, builds, [each.build for each in pending])


def missing_now(client: Client, builds: list[Build]) -> list[Missing]:
    """What is missing by the client's clock."""
    return missing(builds, datetime.fromtimestamp(client.clock.now(), UTC))


def _looked_at_again(
    client: Client, wanted: Selection, builds: list[Build], pending: list[Build]
) -> list[Build]:
    if not builds:
        return select(client, wanted)
    now = refreshed(client, dict.fromkeys(pending))
    return [now.get(build.id, build) for build in builds]
