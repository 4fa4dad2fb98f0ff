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
from asc.errors import Error, Findings
from asc.webhooks.apple import Webhook
from asc.webhooks.deliveries import (
    SUCCEEDED,
    Delivery,
    await_deliveries,
    failure,
    read_deliveries,
    undelivered,
)

log = logging.getLogger(__name__)

PAUSES = (1.0, 2.0, 4.0)
"""Seconds until a delivery is looked for whose answer was lost: listings at Apple lag behind."""
_MARGIN = timedelta(minutes=10)
"""How far back a ping is looked for. Apple's clock and the Date header of its answers may differ a little."""


@dataclass(frozen=True)
class Redelivered:
    """The events that were sent again: how many, the ones that arrived, and the ones that did not in time."""

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

    Refusals of Apple are kept in `findings`. Without `wait` (seconds) the result has only their number.
    """
    known = {delivery.id for delivery in deliveries}
    made: list[Delivery] = []
    # The newest come first in the list. Events make sense in the order in which they happened.
    for delivery in reversed(undelivered(deliveries)):
        new = findings.result_of(partial(_redeliver, client, webhook, delivery, known), None)
        if new:
            log.info("Sent again %s", delivery)
            made.append(new)
    if not made or not wait:
        return Redelivered(len(made))
    ids = {delivery.id for delivery in made}
    # Apple's own clock says since when: that of this machine may be wrong.
    since = min((delivery.created for delivery in made if delivery.created), default=None)
    over = {
        delivery.id: delivery
        for delivery in await_deliveries(client, webhook, lambda one: one.id in ids, len(ids), since, wait)
    }
    ended = [over.get(delivery.id, delivery) for delivery in made]
    return Redelivered(
        len(made),
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
        new = [one for one in read_deliveries(client, webhook.id, delivery.created) if one.id not in known]
        return next((one for one in new if one.event_id == delivery.event_id), None)

    return client.create_once(create, find, pauses=PAUSES, may_exist=lambda error: False).value
