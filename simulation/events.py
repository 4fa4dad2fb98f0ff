"""The events of the team's webhooks: the end of their deliveries, and the check that each was dispatched once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from simulation import releases
from simulation.job import Job, Step
from simulation.relay import URL, Relay, repository

if TYPE_CHECKING:
    from asc_sandbox.server import Sandbox
    from asc_sandbox.world import Record
    from simulation.running import Outcome

ENDED = ("SUCCEEDED", "FAILED")
DELIVERED_WITHIN = 30.0
"""Seconds of the machine until the last delivery must have ended."""


@dataclass(frozen=True)
class Events:
    """The events of a run: how many there were, and how many arrived only after somebody asked for them again."""

    relay: Relay
    count: int
    redelivered: int
    slowest: float
    """Seconds of the sandbox's clock between an event and the answer to its delivery."""


def settled(sandbox: Sandbox) -> list[Record]:
    """Wait until each delivery has ended, and return them. Raises RuntimeError if one does not end."""
    until = time.monotonic() + DELIVERED_WITHIN
    while time.monotonic() < until:
        deliveries: list[Record] = list(sandbox.world.all("webhookDeliveries"))
        if all(delivery.attributes.get("deliveryState") in ENDED for delivery in deliveries):
            return deliveries
        time.sleep(0.1)
    raise RuntimeError(f"deliveries did not end within {DELIVERED_WITHIN:.0f} s")


def lost(sandbox: Sandbox) -> set[str]:
    """Return the bundle ids of the apps with an event that no delivery brought to the relay."""
    arrived, failed = set(), {}
    for delivery in settled(sandbox):
        (event,) = sandbox.world.related(delivery, "event")
        if delivery.attributes["deliveryState"] == "SUCCEEDED":
            arrived.add(event.id)
        else:
            (webhook,) = sandbox.world.related(delivery, "webhook")
            (app,) = sandbox.world.related(webhook, "app")
            failed[event.id] = str(app.attributes["bundleId"])
    return {bundle_id for event_id, bundle_id in failed.items() if event_id not in arrived}


def redelivery(folder: Path, bundle_id: str) -> Job:
    """Return the job of docs/webhooks.md that runs every hour and sends the lost events of an app again."""
    folder.mkdir()
    inputs = {"bundle-id": bundle_id, "mode": "redeliver", "url": URL}
    return Job(folder, "webhooks", (Step("manage-webhooks", inputs),))


def summary(relay: Relay, sandbox: Sandbox) -> Events:
    """Return the figures of a run whose deliveries have ended."""
    deliveries = settled(sandbox)
    arrived = [delivery for delivery in deliveries if delivery.attributes["deliveryState"] == "SUCCEEDED"]
    seconds = (_seconds(delivery, sandbox) for delivery in arrived)
    return Events(
        relay,
        len(list(sandbox.world.all("webhookEvents"))),
        sum(bool(delivery.attributes["redelivery"]) for delivery in arrived),
        max(seconds, default=0.0),
    )


def findings(relay: Relay, outcomes: Iterable[Outcome], sandbox: Sandbox, version: str) -> Iterator[str]:
    """Yield the events that did not start exactly one workflow, and the workflows that lack their details.

    `version` is the version of the uploads.
    """
    dispatched = Counter(dispatch.payload.get("event-id") for dispatch in relay.hub.dispatches)
    for event in sandbox.world.all("webhookEvents"):
        if (count := dispatched.pop(event.id, 0)) != 1:
            yield f"the event {event.id} ({event.attributes['eventType']}) was dispatched {count} times"
    if dispatched:
        yield f"events were dispatched that Apple did not make: {dispatched}"
    started = Counter(
        (dispatch.repository, dispatch.event_type, *map(dispatch.payload.get, ("version", "build-number")))
        for dispatch in relay.hub.dispatches
    )
    for workflow in _expected(outcomes, version):
        if started[workflow] != 1:
            yield f"{' '.join(workflow)} started {started[workflow]} workflows"


def _expected(outcomes: Iterable[Outcome], version: str) -> set[tuple[str, str, str, str]]:
    """Return repository, type, version and build number of the workflows that the jobs caused."""
    expected = set()
    for outcome in outcomes:
        bundle_id = outcome.job.inputs.get("bundle-id", "")
        if outcome.job.number and outcome.code == 0:
            bundle_id, number = outcome.job.number
            expected.add((repository(bundle_id), "buildUploads.COMPLETE", version, number))
        elif outcome.job.kind == "release" and outcome.code == 0:
            event_type = "appStoreVersions.WAITING_FOR_REVIEW"
            expected.add((repository(bundle_id), event_type, releases.VERSION, releases.BUILD))
    return expected


def _seconds(delivery: Record, sandbox: Sandbox) -> float:
    """Return the seconds between an event and the answer to its delivery."""
    (event,) = sandbox.world.related(delivery, "event")
    sent, made = (
        datetime.fromisoformat(text)
        for text in (delivery.attributes["sentDate"], event.attributes["createdDate"])
    )
    return (sent - made).total_seconds()
