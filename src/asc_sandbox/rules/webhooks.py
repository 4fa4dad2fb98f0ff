"""The rules of webhooks: their members, pings, and repeated deliveries."""

from __future__ import annotations

from urllib.parse import urlsplit

from asc_sandbox.endpoints import Call
from asc_sandbox.entity_errors import invalid_attribute, mistyped_attribute
from asc_sandbox.resources.values import EVENT_TYPES
from asc_sandbox.webhooks.events import announce, ping_payload
from asc_sandbox.world import Record
from asc_sandbox.writing import Given, store, update


def make_webhook(call: Call, given: Given) -> Record:
    """Create a webhook of an app. Raises Refusal for an unknown event or a wrong address."""
    _check(given)
    return store(call, given)


def change_webhook(call: Call, webhook: Record, given: Given) -> Record:
    """Change a webhook. Its secret can be replaced, but never read."""
    _check(given)
    return update(call, webhook, given)


def redeliver(call: Call, given: Given) -> Record:
    """Send the event of a delivery again, as a new delivery."""
    template = given.one("template")
    (event,) = call.world.related(template, "event")
    (webhook,) = call.world.related(template, "webhook")
    return announce(call.world, call.context, webhook, event, redelivery=True, template=template)


def ping(call: Call, given: Given) -> Record:
    """Send a ping through a webhook, even through a disabled one."""
    # It is a guess that a disabled webhook gets pings too.
    made = store(call, given)
    moment = call.context.now()
    event = call.world.add("webhookEvents", {"ping": True, "createdDate": moment})
    call.world.change(event, payload=ping_payload(event.id, moment))
    announce(call.world, call.context, given.one("webhook"), event)
    return made


def _check(given: Given) -> None:
    # The answer to an unknown event is as receivers saw it; the one to another scheme than https is a guess.
    for event in given.attributes.get("eventTypes") or ():
        if event not in EVENT_TYPES:
            valid = ", ".join(EVENT_TYPES)
            raise mistyped_attribute("eventTypes", f"'{event}' is not one of the valid values {valid}")
    address = given.attributes.get("url")
    if address is not None and urlsplit(address).scheme != "https":
        raise invalid_attribute("url", "The URL of a webhook must be a valid https URL")
