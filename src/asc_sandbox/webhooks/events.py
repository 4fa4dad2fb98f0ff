"""Make the events of webhooks, with payloads as Apple writes them.

https://developer.apple.com/documentation/appstoreconnectapi/configuring-webhook-notifications shows the payload of
a version's state.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from asc_sandbox.world import Record, World

if TYPE_CHECKING:
    from asc_sandbox.context import Context

# The payloads of builds and feedback are copied from public receivers of webhooks.
_API = "https://api.appstoreconnect.apple.com"
# Receivers saw oldState and newState for uploads, oldValue and newValue for versions. For beta details it is a guess.
_NAMES = {"buildUploads": ("oldState", "newState")}
_OTHER_NAMES = ("oldValue", "newValue")


def make_event(
    world: World, context: Context, event_type: str, instance: tuple[str, str], states: tuple[str, str] | None
) -> Record:
    """Make the event of a change. `instance` is the type and id of the record, `states` the old and new state."""
    moment = context.now()
    event = world.add("webhookEvents", {"eventType": event_type, "createdDate": moment})
    attributes = {"timestamp": _written(moment)}
    if states:
        attributes |= zip(_NAMES.get(instance[0], _OTHER_NAMES), states, strict=True)
    return world.change(event, payload=_payload(camel_case(event_type), event.id, attributes, instance))


def announce(
    world: World,
    context: Context,
    webhook: Record,
    event: Record,
    *,
    redelivery: bool = False,
    template: Record | None = None,
) -> Record:
    """Create the delivery of an event, and put it into the outbox."""
    delivery = world.add(
        "webhookDeliveries",
        {
            "createdDate": context.now(),
            "redelivery": redelivery,
            "request": {"url": webhook.attributes["url"]},
            "attempts": 0,
        },
        {
            "webhook": webhook.id,
            "event": event.id,
            **({"template": template.id} if template else {}),
        },
    )
    context.outbox.append(delivery.id)
    return delivery


def ping_payload(event_id: str, moment: datetime) -> str:
    """Return the payload of a ping, which has no record."""
    return _payload("webhookPingCreated", event_id, {"timestamp": _written(moment), "ping": True}, None)


def camel_case(event_type: str) -> str:
    """Return the name of an event in the form of payloads: `buildUploadStateUpdated`."""
    head, *rest = event_type.lower().split("_")
    return head + "".join(word.capitalize() for word in rest)


def _payload(name: str, event_id: str, attributes: dict[str, Any], instance: tuple[str, str] | None) -> str:
    data: dict[str, Any] = {"type": name, "id": event_id, "version": 1, "attributes": attributes}
    if instance:
        type_name, record_id = instance
        data["relationships"] = {
            "instance": {
                "data": {"type": type_name, "id": record_id},
                "links": {"self": f"{_API}/v1/{type_name}/{record_id}"},
            }
        }
    return json.dumps({"data": data}, separators=(",", ":"))


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
