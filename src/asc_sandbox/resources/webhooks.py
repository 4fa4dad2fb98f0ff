"""Webhooks of an app: the address that gets its events, the events, and their deliveries.

https://developer.apple.com/documentation/appstoreconnectapi/webhook-notifications
"""

from __future__ import annotations

from datetime import datetime

from asc_sandbox.kinds import date, flag, mapping, number, text, texts
from asc_sandbox.linking import linkages
from asc_sandbox.reading import Filter, instance, related
from asc_sandbox.resources.apps import APPS
from asc_sandbox.resources.values import DELIVERY_STATES
from asc_sandbox.rules.webhooks import change_webhook, make_webhook, ping, redeliver
from asc_sandbox.schema import Resource, hidden, link, one
from asc_sandbox.writing import changing, creating, deleting

WEBHOOKS = Resource(
    "webhooks",
    area="webhooks",
    attributes={"enabled": flag, "eventTypes": texts, "name": text, "url": text},
    relationships=(
        one("app", "apps", has_links=False),
        link("deliveries", "webhookDeliveries", inverse="webhook"),
    ),
    defaults={"enabled": True, "eventTypes": [], "name": "Webhook"},
    # Apple never shows the secret again.
    private={"secret": text},
)
WEBHOOK_EVENTS = Resource(
    "webhookEvents",
    area="webhooks",
    attributes={"eventType": text, "payload": text, "ping": flag, "createdDate": date},
    defaults={"ping": False},
)
WEBHOOK_DELIVERIES = Resource(
    "webhookDeliveries",
    area="webhooks",
    attributes={
        "createdDate": date,
        "deliveryState": text,
        "errorMessage": text,
        "redelivery": flag,
        "sentDate": date,
        "request": mapping,
        "response": mapping,
    },
    relationships=(
        hidden("webhook", "webhooks"),
        one("event", "webhookEvents", has_links=False),
        hidden("template", "webhookDeliveries"),
    ),
    defaults={"deliveryState": "PENDING", "redelivery": False},
    # The number of attempts to send it so far.
    private={"attempts": number},
)
WEBHOOK_PINGS = Resource(
    "webhookPings", area="webhooks", attributes={}, relationships=(hidden("webhook", "webhooks"),)
)

RESOURCES = (WEBHOOKS, WEBHOOK_EVENTS, WEBHOOK_DELIVERIES, WEBHOOK_PINGS)


def _not_before(held: str, asked: str) -> bool:
    return datetime.fromisoformat(held) >= datetime.fromisoformat(asked)


def _before(held: str, asked: str) -> bool:
    return not _not_before(held, asked)


_ATTRIBUTES = ("enabled", "eventTypes", "name", "secret", "url")

ENDPOINTS = (
    creating(
        "/v1/webhooks",
        WEBHOOKS,
        required=_ATTRIBUTES,
        owners=("app",),
        written={"secret": text},
        then=make_webhook,
    ),
    instance("/v1/webhooks/{id}", WEBHOOKS),
    changing(
        "/v1/webhooks/{id}", WEBHOOKS, optional=_ATTRIBUTES, written={"secret": text}, then=change_webhook
    ),
    deleting("/v1/webhooks/{id}", WEBHOOKS),
    related("/v1/apps/{id}/webhooks", APPS, "webhooks", WEBHOOKS, includes=True),
    *linkages(APPS, "webhooks", WEBHOOKS, ("GET",)),
    related(
        "/v1/webhooks/{id}/deliveries",
        WEBHOOKS,
        "deliveries",
        WEBHOOK_DELIVERIES,
        filters=(
            Filter("deliveryState", values=DELIVERY_STATES),
            Filter("createdDateGreaterThanOrEqualTo", at="createdDate", matches=_not_before),
            Filter("createdDateLessThan", at="createdDate", matches=_before),
        ),
        includes=True,
    ),
    *linkages(WEBHOOKS, "deliveries", WEBHOOK_DELIVERIES, ("GET",)),
    creating("/v1/webhookDeliveries", WEBHOOK_DELIVERIES, owners=("template",), then=redeliver),
    creating("/v1/webhookPings", WEBHOOK_PINGS, owners=("webhook",), then=ping),
)
