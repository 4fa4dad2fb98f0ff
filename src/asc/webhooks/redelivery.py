"""Deliveries that a step asks for: a ping, and the events that did not arrive."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from asc import words
from asc.api.client import Client
from asc.api.document import reference, request_body
from asc.api.polling import look_until
from asc.errors import Error, Findings
from asc.webhooks.apple import Webhook
from asc.webhooks.deliveries import (
    FAILED,
    SUCCEEDED,
    Delivery,
    await_deliveries,
    failure,
    read_deliveries,
    undelivered,
)

log = logging.getLogger(__name__)

PAUSES = (1.0, 2.0, 4.0)
"""Seconds before each search for a new delivery whose answer was lost, because Apple's listings lag behind."""
_MARGIN = timedelta(minutes=10)
"""Search for a ping from this long ago on: Apple's clock and the Date header of its answers may differ a little."""


@dataclass(frozen=True)
class Redelivered:
    """The result of sending events again: `sent` counts them, `failed` are the ones that did not arrive in time."""

    sent: int = 0
    arrived: tuple[Delivery, ...] = ()
    failed: tuple[Delivery, ...] = ()


def ping(client: Client, webhook: Webhook, wait: float) -> Delivery | None:
    """Let Apple send a ping. Return its delivery, or None without `wait` (seconds). Raises Error if it fails."""
    since = datetime.fromtimestamp(client.traffic.time_there(client.clock.now()), UTC) - _MARGIN
    before = {delivery.id for delivery in read_deliveries(client, webhook.id, since)}
    body = request_body("webhookPings", {}, relationships={"webhook": reference("webhooks", webhook.id)})
    # A second ping does no harm: it is simply sent again if the answer is lost.
    client.create_once(
        partial(client.post, "/v1/webhookPings", body), lambda: None, may_exist=lambda error: False
    )
    log.info("Sent a ping to %s", webhook)
    if not wait:
        return None

    def is_new(delivery: Delivery) -> bool:
        return delivery.is_ping and delivery.id not in before

    answered = await_deliveries(client, webhook, is_new, 1, since, wait)
    if not answered:
        raise Error(
            f"Apple has not sent the ping within {words.duration(wait)}.",
            "Wait longer (wait), or look at the deliveries later: mode: list.",
        )
    if answered[0].state != SUCCEEDED:
        raise failure(answered[:1], "The ping did not arrive")
    return answered[0]


def redeliver_all(
    client: Client, webhook: Webhook, deliveries: Sequence[Delivery], wait: float, findings: Findings
) -> Redelivered:
    """Send again each event of `deliveries` that did not arrive, the oldest first, and wait for the answers.

    Refusals of Apple are kept in `findings`. Without `wait` (seconds) the result has their number, and the ones that
    Apple accepted and does not list.
    """
    known = {delivery.id for delivery in deliveries}
    requested: list[Delivery] = []
    # The newest come first in the list. Events make sense in the order in which they happened.
    for delivery in reversed(undelivered(deliveries)):
        new = findings.result_of(partial(_redeliver, client, webhook, delivery, known), None)
        if new:
            log.info("Sent again %s", delivery)
            requested.append(new)
    if not requested:
        return Redelivered()
    if wait:
        return _await_arrivals(client, webhook, requested, wait)
    missing = _not_listed(client, webhook, requested)
    return Redelivered(len(requested) - len(missing), failed=tuple(map(_unlisted, missing)))


def _not_listed(client: Client, webhook: Webhook, requested: Sequence[Delivery]) -> list[Delivery]:
    """Return the deliveries that Apple accepted and does not list. Makes one request."""

    def look() -> list[Delivery]:
        listed = {delivery.id for delivery in read_deliveries(client, webhook.id, _first(requested))}
        return [delivery for delivery in requested if delivery.id not in listed]

    return look_until(client, look, lambda missing: not missing)


def _unlisted(delivery: Delivery) -> Delivery:
    return replace(delivery, state=FAILED, reason="Apple accepted the request and does not list the delivery")


def _first(requested: Sequence[Delivery]) -> datetime | None:
    # The time comes from Apple's clock, because this machine's clock may be wrong.
    return min((delivery.created for delivery in requested if delivery.created), default=None)


def _await_arrivals(
    client: Client, webhook: Webhook, requested: Sequence[Delivery], wait: float
) -> Redelivered:
    """Wait at most `wait` seconds for the answers to the requested deliveries, and return the result."""
    ids = {delivery.id for delivery in requested}
    since = _first(requested)
    listed = await_deliveries(client, webhook, lambda delivery: delivery.id in ids, len(ids), since, wait)
    newest = {delivery.id: delivery for delivery in listed}
    # Apple's listing may lack a delivery for a while: it counts as not arrived.
    ended = [newest.get(delivery.id) or _unlisted(delivery) for delivery in requested]
    return Redelivered(
        len(requested),
        tuple(delivery for delivery in ended if delivery.state == SUCCEEDED),
        tuple(delivery for delivery in ended if delivery.state != SUCCEEDED),
    )


def _redeliver(client: Client, webhook: Webhook, delivery: Delivery, known: set[str]) -> Delivery:
    """Ask for a delivery again, once although an answer may be lost, and return the new one."""
    template = {"template": reference("webhookDeliveries", delivery.id)}
    body = request_body("webhookDeliveries", {}, relationships=template)

    def create() -> Delivery:
        made = client.create("/v1/webhookDeliveries", body).resource
        # The answer does not include the event.
        return replace(
            delivery,
            id=made.id,
            state=made.text("deliveryState"),
            created=made.time("createdDate"),
            status="",
        )

    def find() -> Delivery | None:
        listed = read_deliveries(client, webhook.id, delivery.created)
        new = [candidate for candidate in listed if candidate.id not in known]
        return next((candidate for candidate in new if candidate.event_id == delivery.event_id), None)

    return client.create_once(create, find, pauses=PAUSES, may_exist=lambda error: False).value
