"""The plan that gives an app the requested webhook: create it, change it, or nothing."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from asc import words
from asc.api.client import Client
from asc.api.polling import look_until
from asc.errors import Error
from asc.webhooks.apple import (
    Webhook,
    change_webhook,
    create_webhook,
    delete_webhook,
    find_webhook,
    read_webhooks,
    same_url,
)
from asc.webhooks.request import WebhookRequest

log = logging.getLogger(__name__)

RIVALS_YIELD_WITHIN = 5.0
"""Seconds for another job to see that it was not the first, and to delete the webhook that it made."""


@dataclass(frozen=True)
class EnsurePlan:
    """The plan for a request: `existing` is the webhook to change, None if it has to be created.

    `differences` are the changes in words. With a secret an existing webhook is written in any case.
    """

    request: WebhookRequest
    existing: Webhook | None
    differences: tuple[str, ...]

    @property
    def changes(self) -> bool:
        """Return True if the app's webhooks are not yet as requested, as far as Apple shows them."""
        return self.existing is None or bool(self.differences)


def plan_webhook(request: WebhookRequest, webhooks: Sequence[Webhook]) -> EnsurePlan:
    """Compare a request with the webhooks of the app. Raises Error for several webhooks, or a missing secret."""
    existing = find_webhook(webhooks, request.url, request.name)
    if existing is None and not request.secret:
        raise Error(
            "secret: is required, because the app has no such webhook yet and a new one needs a secret.",
            "Make one (openssl rand -hex 32), keep it in a repository secret, and give it to the relay as well.",
        )
    return EnsurePlan(request, existing, tuple(_differences(existing, request)) if existing else ())


def carry_out(client: Client, app_id: str, plan: EnsurePlan) -> Webhook:
    """Create or change the webhook, and return Apple's state of it. Raises Error if that differs from the plan."""
    if plan.existing is None:
        created = create_webhook(client, app_id, plan.request)
        log.info("Created the webhook %s", created.value)
        # After a lost answer it may be the one of another job, which is not ours to delete.
        written = created.value if created.doubt else _only_one(client, app_id, plan.request, created.value)
    elif plan.differences or plan.request.secret:
        written = change_webhook(client, plan.existing, plan.request)
        for difference in plan.differences:
            log.info("Changed the webhook %s: %s", written.id, difference)
        if plan.request.secret:
            # Apple shows no secret, so only writing it makes sure that it is the given one.
            log.info("Set the secret of the webhook %s again", written.id)
    else:
        return plan.existing
    result = look_until(
        client,
        lambda: next(
            (webhook for webhook in read_webhooks(client, app_id) if webhook.id == written.id), None
        ),
        lambda webhook: webhook is not None and not any(_differences(webhook, plan.request)),
    )
    if result is None:
        raise Error(
            "App Store Connect accepted the webhook, but the app does not have it.",
            "Run the step again. If the error stays, look at the website (Users and Access, Integrations).",
        )
    # A green step means that the webhook is as requested, not only that Apple accepted the request.
    if left := list(_differences(result, plan.request)):
        raise Error(
            f"App Store Connect accepted the webhook, but it differs from the request: {'; '.join(left)}.",
            "Run the step again. If the error stays, look at the webhook on the website "
            "(Users and Access, Integrations).",
        )
    return result


def _only_one(client: Client, app_id: str, request: WebhookRequest, made: Webhook) -> Webhook:
    """Return the one webhook that stays if other jobs made one for the address meanwhile, which Apple allows.

    Each of them would send every event. The one with the first id stays, unless its rivals were done before it came.
    """
    rivals = _rivals(client, app_id, made)
    if rivals and made.id < rivals[0].id:
        client.pause(RIVALS_YIELD_WITHIN)
        rivals = _rivals(client, app_id, made)
    if not rivals:
        return made
    log.info("Another job created a webhook for this address at the same time, so that one stays")
    delete_webhook(client, made)
    return change_webhook(client, rivals[0], request)


def _rivals(client: Client, app_id: str, made: Webhook) -> list[Webhook]:
    return [
        webhook
        for webhook in read_webhooks(client, app_id)
        if webhook.id != made.id and same_url(webhook.url, made.url)
    ]


def _differences(webhook: Webhook, request: WebhookRequest) -> list[str]:
    differences = []
    if not same_url(webhook.url, request.url):
        differences.append(f"address {words.printable_name(webhook.url)} → {request.url}")
    if request.name and webhook.name != request.name:
        differences.append(f"name {words.printable_name(webhook.name)} → {request.name}")
    if more := [event for event in request.events if event not in webhook.events]:
        differences.append(f"events + {', '.join(more)}")
    if fewer := [event for event in webhook.events if event not in request.events]:
        differences.append(f"events - {words.listed(fewer)}")
    if webhook.enabled != request.enabled:
        differences.append("turned on" if request.enabled else "turned off")
    return differences
