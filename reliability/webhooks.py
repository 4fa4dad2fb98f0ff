"""The scenarios of manage-webhooks: a webhook that is made, and events that are sent again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from asc_sandbox.plans import Webhooks
from asc_sandbox.server import Sandbox
from core.running import Done
from reliability.hurry import RETRY_FOR
from reliability.scenarios import Json, Scenario, twice
from webhooks.app import ADDRESS, APP, SECRET, team, webhook

NOBODY = Webhooks(to="http://127.0.0.1:9/", attempts=1)
"""A receiver that does not exist, so that each delivery fails."""


@dataclass(frozen=True)
class Ensure(Scenario):
    """manage-webhooks, mode ensure: it makes the webhook of an app."""

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """Return inputs that ask for a webhook that the app lacks."""
        return {"bundle-id": APP, "url": ADDRESS, "retry-for": RETRY_FOR}

    def env(self, sandbox: Sandbox) -> dict[str, str]:
        """Return the secret: no command line may have it."""
        return {"ASC_WEBHOOK_SECRET": SECRET}

    def facts(self, machine: Path, sandbox: Sandbox, done: Done) -> Json:
        """Return the webhooks of the app with their attributes and secrets."""
        return {"webhooks": [dict(record.attributes) for record in sandbox.world.all("webhooks")]}

    def wrongs(self, machine: Path, sandbox: Sandbox) -> Iterator[str]:
        """Yield each address that two webhooks have: its events would be sent twice."""
        yield from twice("webhook", (record.attributes["url"] for record in sandbox.world.all("webhooks")))

    def secrets(self) -> Iterable[str]:
        """Return the secret that signs the events."""
        return (SECRET,)


@dataclass(frozen=True)
class Redeliver(Scenario):
    """manage-webhooks, mode redeliver: it sends events again that did not arrive."""

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """Return inputs that do not wait, because nobody listens."""
        return {"bundle-id": APP, "mode": "redeliver", "wait": "0", "retry-for": RETRY_FOR}

    def facts(self, machine: Path, sandbox: Sandbox, done: Done) -> Json:
        """Return the ids of the events that were sent again."""
        return {"events": sorted(_sent_again(sandbox))}


def _sent_again(sandbox: Sandbox) -> set[str]:
    return {
        record.references["event"][0]
        for record in sandbox.world.all("webhookDeliveries")
        if record.attributes["redelivery"]
    }


def _world() -> Json:
    failed = [
        {"deliveryState": "FAILED", "createdDate": "1 hour ago", "event": f"EVENT{number}"}
        for number in (1, 2)
    ]
    events = [
        {"id": f"EVENT{number}", "eventType": "BUILD_UPLOAD_STATE_UPDATED", "payload": "{}"}
        for number in (1, 2)
    ]
    return {**team(webhook(ADDRESS, deliveries=failed)), "webhookEvents": events}


ENSURE = Ensure("manage-webhooks, ensure", "manage-webhooks", team())
REDELIVER = Redeliver("manage-webhooks, redeliver", "manage-webhooks", _world(), {"webhooks": NOBODY})
