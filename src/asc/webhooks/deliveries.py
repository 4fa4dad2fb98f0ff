"""The deliveries of a webhook, and the events that did not arrive."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asc.api.client import Client, Query
from asc.api.document import Resource
from asc.api.polling import Polling
from asc.errors import Error
from asc.webhooks.apple import Webhook
from asc.words import counted, printable_name, some

log = logging.getLogger(__name__)

PENDING, SUCCEEDED, FAILED = "PENDING", "SUCCEEDED", "FAILED"


@dataclass(frozen=True)
class Delivery:
    """One delivery of an event. `status` is the HTTP status of the answer, "" if there was none.

    `event_id` and `event` (the type, or `ping`) are "" if Apple's answer lacks them.
    """

    id: str
    state: str
    created: datetime | None
    event_id: str = ""
    event: str = ""
    instance: str = ""
    status: str = ""
    reason: str = ""

    @property
    def is_ping(self) -> bool:
        """Return True for the delivery of a ping."""
        return self.event == "ping"

    @property
    def answer(self) -> str:
        """Return the answer of the receiver in words."""
        if self.state == PENDING:
            return "there was no answer in time"
        return f"HTTP {self.status}" if self.status else self.reason or "there was no answer"

    def __str__(self) -> str:
        about = f" about {self.instance}" if self.instance else ""
        return f"{self.event or 'event'}{about} ({self.id})"

    def shown(self) -> dict[str, Any]:
        """Return the delivery as the output `failed-deliveries` has it."""
        return {
            "id": self.id,
            "event": self.event,
            "event-id": self.event_id,
            "about": self.instance,
            "created": f"{self.created:%Y-%m-%dT%H:%M:%SZ}" if self.created else "",
            "state": self.state,
            "http-status": self.status,
            "reason": self.reason,
        }


def read_deliveries(client: Client, webhook_id: str, since: datetime | None = None) -> list[Delivery]:
    """Return the deliveries that were made since a moment, the newest first."""
    query: Query = {
        "filter[createdDateGreaterThanOrEqualTo]": f"{since:%Y-%m-%dT%H:%M:%SZ}" if since else None,
        "include": "event",
    }
    found = client.list(f"/v1/webhooks/{webhook_id}/deliveries", query)
    # The order of the listing is not documented, and there is no `sort`.
    deliveries = [read_delivery(resource, found.one(resource, "event")) for resource in found.data]
    return sorted(deliveries, key=_moment, reverse=True)


def undelivered(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Return the newest failed delivery of each event that did not arrive and is not on its way."""
    by_event: dict[str, list[Delivery]] = {}
    # A ping carries no event, so a lost one need not be sent again.
    for delivery in (delivery for delivery in deliveries if not delivery.is_ping):
        by_event.setdefault(delivery.event_id or delivery.id, []).append(delivery)
    return [
        of_event[0]
        for of_event in by_event.values()
        if all(delivery.state not in (SUCCEEDED, PENDING) for delivery in of_event)
    ]


def await_deliveries(
    client: Client,
    webhook: Webhook,
    is_awaited: Callable[[Delivery], bool],
    count: int,
    since: datetime | None,
    seconds: float,
) -> list[Delivery]:
    """Poll until `count` awaited deliveries have ended, at most for `seconds`. Return them, ended or not."""
    # Apple sends webhooks within seconds, but reports a delivery only in this listing.
    polling = Polling(client, client.clock.monotonic() + seconds)
    while True:
        chosen = [delivery for delivery in read_deliveries(client, webhook.id, since) if is_awaited(delivery)]
        unanswered = count - sum(delivery.state != PENDING for delivery in chosen)
        if unanswered <= 0 or polling.left <= 0:
            return chosen
        if polling.is_news(str(unanswered)):
            log.info("Waiting for the answers to %d of %s", unanswered, counted(count, "event"))
        polling.pause()


def failure(deliveries: Sequence[Delivery], problem: str) -> Error:
    """Return the error for deliveries that did not arrive: the problem, and the first answers of the receiver."""
    answers = some([f"{delivery}: {delivery.answer}" for delivery in deliveries], separator="; ")
    return Error(f"{problem}: {answers}.", remedy_of(deliveries[0].status))


def remedy_of(status: str) -> str:
    """Return the remedy for an answer of the receiver, by its HTTP status or ""."""
    if status in ("401", "403"):
        return "Give the relay the secret that the webhook has, or set it again: mode: ensure with secret."
    if status.startswith("5"):
        return "Read the relay's log: it could not hand the event on (GitHub's token or repository)."
    if status:
        return "Check that the address of the webhook leads to the relay, with its path."
    return "Check that the relay runs and that its address can be reached from the internet over https."


def _moment(delivery: Delivery) -> float:
    return delivery.created.timestamp() if delivery.created else 0.0


def read_delivery(resource: Resource, event: Resource | None) -> Delivery:
    """Return a delivery with its event, as far as the answer includes it."""
    response = resource.attributes.get("response")
    status = response.get("httpStatusCode") if isinstance(response, Mapping) else None
    related = resource.related("event")
    return Delivery(
        id=resource.id,
        state=resource.text("deliveryState"),
        created=resource.time("createdDate"),
        event_id=event.id if event else related[0][1] if related else "",
        event=_event_name(event) if event else "",
        instance=_instance(event.text("payload")) if event else "",
        status=str(status) if isinstance(status, int) else "",
        reason=printable_name(resource.text("errorMessage")),
    )


def _event_name(event: Resource) -> str:
    return "ping" if event.attributes.get("ping") is True else printable_name(event.text("eventType"))


def _instance(payload: str) -> str:
    """Return type and id of the record that an event is about, "" for a ping or an unreadable payload."""
    # The event has no relationship to the record; only the payload, a text, names it.
    try:
        data = json.loads(payload)["data"]["relationships"]["instance"]["data"]
        return printable_name(f"{data['type']}/{data['id']}")
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
