"""The webhooks of an app as App Store Connect has them.

https://developer.apple.com/documentation/appstoreconnectapi/webhook-notifications
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from asc.api.client import Client, Creation
from asc.api.document import Resource, reference, request_body
from asc.errors import Error
from asc.provisioning.deleting import delete_if_there
from asc.webhooks.request import WebhookRequest
from asc.words import folded, listed, printable_name

log = logging.getLogger(__name__)

PATH = "/v1/webhooks"


@dataclass(frozen=True)
class Webhook:
    """A webhook. Apple never shows its secret."""

    id: str
    url: str
    name: str
    events: tuple[str, ...]
    enabled: bool

    def __str__(self) -> str:
        return f"{printable_name(self.name)} ({self.id}) for {printable_name(self.url)}"

    def shown(self) -> dict[str, Any]:
        """Return the webhook for the output `webhooks`."""
        return {
            "id": self.id,
            "name": self.name,
            "url": self.url,
            "events": list(self.events),
            "enabled": self.enabled,
        }


def read_webhooks(client: Client, app_id: str) -> list[Webhook]:
    """Return the webhooks of an app, in the order of their ids."""
    # Apple lists webhooks for each app alone: `GET /v1/webhooks` is refused with 403.
    found = client.list(f"/v1/apps/{app_id}/webhooks")
    return sorted(map(_webhook, found.data), key=lambda webhook: webhook.id)


def create_webhook(client: Client, app_id: str, request: WebhookRequest) -> Creation[Webhook]:
    """Create a webhook once, although an answer may be lost. Raises ApiError."""
    # Apple requires a name; the host says most about a webhook on the website.
    attributes = {**_attributes(request), "name": request.name or urlsplit(request.url).hostname}
    body = request_body("webhooks", attributes, relationships={"app": reference("apps", app_id)})

    def find() -> Webhook | None:
        found = [webhook for webhook in read_webhooks(client, app_id) if same_url(webhook.url, request.url)]
        return found[0] if found else None

    # Apple allows two webhooks for one address, so a refusal never means that another job was quicker.
    return client.create_once(
        lambda: _webhook(client.create(PATH, body).resource), find, may_exist=lambda error: False
    )


def change_webhook(client: Client, webhook: Webhook, request: WebhookRequest) -> Webhook:
    """Change an existing webhook to the request, and return it. Sending it twice does no harm."""
    # An attribute that is left out keeps its value, as the secret and the name do if they are not given.
    attributes = {name: value for name, value in _attributes(request).items() if value != ""}
    return _webhook(
        client.patch(f"{PATH}/{webhook.id}", request_body("webhooks", attributes, webhook.id)).resource
    )


def delete_webhook(client: Client, webhook: Webhook) -> None:
    """Delete a webhook; do nothing if it is already gone. Raises ApiError."""
    delete_if_there(client, f"{PATH}/{webhook.id}")
    log.info("Deleted the webhook %s", webhook)


def find_webhook(webhooks: Sequence[Webhook], url: str, name: str) -> Webhook | None:
    """Return the webhook for an address, else the one with the name (if given), else None.

    Raises Error if there are several for the address or with the name.
    """
    # The receiver of a webhook with the name moved: change its address, do not create a second one.
    named = [webhook for webhook in webhooks if name and folded(webhook.name) == folded(name)]
    for criterion, matching in (
        (f"the address {url}", [webhook for webhook in webhooks if same_url(webhook.url, url)]),
        (f"the name {name}", named),
    ):
        if len(matching) > 1:
            ids = listed([webhook.id for webhook in matching])
            raise Error(
                f"The app has {len(matching)} webhooks with {criterion}: {ids}. "
                "Each of them sends every event.",
                "Delete all but one: mode: delete with webhook-id.",
            )
        if matching:
            return matching[0]
    return None


def same_url(one: str, other: str) -> bool:
    """Return True if two addresses are the same. The case of the host and a lone / at the end do not matter."""
    return _comparable(one) == _comparable(other)


def _comparable(url: str) -> tuple[str, str, str]:
    parts = urlsplit(url)
    # All addresses are https, so the scheme says nothing.
    host = parts.netloc.casefold().removesuffix(":443")
    return host, parts.path.rstrip("/"), parts.query


def _attributes(request: WebhookRequest) -> dict[str, Any]:
    return {
        "enabled": request.enabled,
        "eventTypes": list(request.events),
        "name": request.name,
        "secret": request.secret,
        "url": request.url,
    }


def _webhook(resource: Resource) -> Webhook:
    events = resource.attributes.get("eventTypes")
    return Webhook(
        id=resource.id,
        url=resource.text("url"),
        name=resource.text("name"),
        events=tuple(map(str, events)) if isinstance(events, list) else (),
        enabled=resource.attributes.get("enabled") is True,
    )
