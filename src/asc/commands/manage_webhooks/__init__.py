"""manage-webhooks: send the events of an app to an address, and look after their deliveries."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from asc import words
from asc.api.client import Client
from asc.api.polling import look_until
from asc.commands.context import Context
from asc.commands.declaration import NOT_WRITTEN, Command, flag, moment, output
from asc.commands.manage_webhooks.inputs import Inputs
from asc.errors import Error, Findings
from asc.job import summary
from asc.webhooks.apple import Webhook, delete_webhook, find_webhook, read_webhooks
from asc.webhooks.deliveries import Delivery, failure, read_deliveries, undelivered
from asc.webhooks.ensure import carry_out, plan_webhook
from asc.webhooks.redelivery import ping, redeliver_all
from asc.webhooks.request import is_unknown

log = logging.getLogger(__name__)

ROWS = 50
"""Events that the log and the summary name. The output has all."""


@dataclass(frozen=True)
class Outputs:
    """The outputs of manage-webhooks for later steps."""

    webhook_id: str = output("Apple's id of the webhook (`ensure`, `ping`, `delete`).")
    changed: str = output("`true` if anything was changed at Apple; with `dry-run`, if anything would be.")
    webhooks: str = output("`list`: the app's webhooks, as a JSON list of id, name, url, events and enabled.")
    failed_deliveries: str = output(
        "`list` and `redeliver`: the events that did not arrive, as a JSON list of id, event, about, created, "
        "http-status and reason."
    )
    failed: str = output("`list` and `redeliver`: how many events did not arrive.")
    redelivered: str = output("`redeliver`: how many events were sent again and have arrived.")


def run(inputs: Inputs, context: Context) -> Outputs:
    """Read the webhooks of the app, then create, list, ping, send again or delete, as `mode` says."""
    client = context.connect(inputs)
    app = inputs.app(client)
    webhooks = read_webhooks(client, app.id)
    if inputs.mode == "ensure":
        return _ensure(inputs, context, client, app.id, webhooks)
    if inputs.mode == "list":
        return _list(inputs, context, client, webhooks)
    if inputs.mode == "redeliver":
        return _redeliver(inputs, context, client, webhooks)
    if inputs.mode == "delete":
        return _delete(inputs, client, app.id, webhooks)
    return _ping(inputs, client, _chosen(inputs, webhooks))


def _ensure(
    inputs: Inputs, context: Context, client: Client, app_id: str, webhooks: Sequence[Webhook]
) -> Outputs:
    # Apple may add events, so an unknown name is sent; a misspelled one was refused with the inputs.
    for event in filter(is_unknown, inputs.events):
        log.warning("%s is not in Apple's document of the API: trying it, Apple decides.", event)
    plan = plan_webhook(inputs.request(), webhooks)
    if plan.existing is None:
        log.info(
            "Plan: create a webhook for %s with %s", inputs.url, words.counted(len(inputs.events), "event")
        )
    for difference in plan.differences:
        log.info("Plan: change the webhook: %s", difference)
    if not plan.changes:
        log.info("Nothing to do: the webhook is as requested")
    webhook_id = plan.existing.id if plan.existing else ""
    if inputs.dry_run:
        log.info(NOT_WRITTEN)
    else:
        webhook = carry_out(client, app_id, plan)
        webhook_id = webhook.id
        context.summary.append(_table([webhook]))
    return Outputs(webhook_id=webhook_id, changed=flag(plan.changes))


def _list(inputs: Inputs, context: Context, client: Client, webhooks: Sequence[Webhook]) -> Outputs:
    chosen = _asked_for(inputs, webhooks)
    since = _since(inputs, client)
    failed = [
        delivery for webhook in chosen for delivery in undelivered(read_deliveries(client, webhook.id, since))
    ]
    for webhook in chosen:
        log.info(
            "%s: %s%s", webhook, words.listed(webhook.events), "" if webhook.enabled else " (turned off)"
        )
    if not chosen:
        log.info("The app has no webhook")
    for delivery in failed[:ROWS]:
        log.info("Did not arrive: %s: %s", delivery, delivery.answer)
    context.summary.append(_table(chosen) + _failed_table(failed))
    # A step that fails because of lost events leaves the list of them to later steps.
    context.outputs = outputs = Outputs(
        changed=flag(False),
        webhooks=json.dumps([webhook.shown() for webhook in chosen], ensure_ascii=False),
        failed_deliveries=_shown(failed),
        failed=str(len(failed)),
    )
    if failed and inputs.fail_on_failed:
        raise failure(failed, f"{words.counted(len(failed), 'event')} did not arrive")
    return outputs


def _ping(inputs: Inputs, client: Client, webhook: Webhook) -> Outputs:
    if inputs.dry_run:
        log.info("Would ping the webhook %s", webhook)
    elif answered := ping(client, webhook, inputs.wait):
        log.info("The ping arrived: %s", answered.answer)
    return Outputs(webhook_id=webhook.id, changed=flag(False))


def _redeliver(inputs: Inputs, context: Context, client: Client, webhooks: Sequence[Webhook]) -> Outputs:
    since = _since(inputs, client)
    findings = Findings()
    arrived: list[Delivery] = []
    failed: list[Delivery] = []
    planned = sent = 0
    # Refusals are collected in `findings`, so that one event that Apple refuses does not hold back the others.
    for webhook in _asked_for(inputs, webhooks):
        deliveries = read_deliveries(client, webhook.id, since)
        missing = undelivered(deliveries)
        planned += len(missing)
        for delivery in missing:
            log.info("Plan: send again %s", delivery)
        if inputs.dry_run:
            failed += missing
        else:
            result = redeliver_all(client, webhook, deliveries, inputs.wait, findings)
            sent += result.sent
            arrived += result.arrived
            failed += result.failed
    if not planned:
        log.info("Nothing to do: all events arrived")
    elif inputs.dry_run:
        log.info(NOT_WRITTEN)
    context.summary.append(_failed_table(failed))
    context.outputs = outputs = Outputs(
        changed=flag(bool(planned if inputs.dry_run else sent)),
        failed_deliveries=_shown(failed),
        failed=str(len(failed)),
        redelivered=str(len(arrived)),
    )
    if failed and not inputs.dry_run:
        findings.add(failure(failed, f"{words.counted(len(failed), 'event')} did not arrive again"))
    findings.raise_all()
    return outputs


def _delete(inputs: Inputs, client: Client, app_id: str, webhooks: Sequence[Webhook]) -> Outputs:
    webhook = _found(inputs, webhooks)
    if webhook is None:
        there = words.some([str(webhook) for webhook in webhooks]) or "none"
        log.info("Nothing to do: the app has no such webhook. It has: %s", there)
        return Outputs(changed=flag(False))
    log.info("Plan: delete the webhook %s", webhook)
    if inputs.dry_run:
        log.info(NOT_WRITTEN)
    else:
        delete_webhook(client, webhook)
        # Apple's lists may lag behind a change, so the webhook is an error only if it stays there.
        left = look_until(
            client,
            lambda: [left for left in read_webhooks(client, app_id) if left.id == webhook.id],
            lambda left: not left,
        )
        if left:
            raise Error(
                f"App Store Connect accepted that the webhook {webhook.id} is deleted, but the app still has it.",
                "Run the step again. If the error stays, delete it on the website "
                "(Users and Access, Integrations).",
            )
    return Outputs(webhook_id=webhook.id, changed=flag(True))


def _asked_for(inputs: Inputs, webhooks: Sequence[Webhook]) -> Sequence[Webhook]:
    """Return the webhook that the inputs name, or all of the app. Raises Error if there is no such webhook."""
    return [_chosen(inputs, webhooks)] if inputs.webhook_id or inputs.url or inputs.name else webhooks


def _chosen(inputs: Inputs, webhooks: Sequence[Webhook]) -> Webhook:
    """Return the webhook that the inputs name, or the only one. Raises Error if it is not clear."""
    if webhook := _found(inputs, webhooks):
        return webhook
    raise Error(
        f"The app has no such webhook. It has: {words.listed([str(webhook) for webhook in webhooks])}.",
        "Check webhook-id, url and name, or create the webhook: mode: ensure.",
    )


def _found(inputs: Inputs, webhooks: Sequence[Webhook]) -> Webhook | None:
    if inputs.webhook_id:
        return next((webhook for webhook in webhooks if webhook.id == inputs.webhook_id), None)
    if inputs.url or inputs.name:
        return find_webhook(webhooks, inputs.url or "", inputs.name or "")
    if len(webhooks) > 1:
        raise Error(
            f"The app has {len(webhooks)} webhooks: {words.listed([str(webhook) for webhook in webhooks])}.",
            "Say which one is meant: webhook-id, url or name.",
        )
    return webhooks[0] if webhooks else None


def _since(inputs: Inputs, client: Client) -> datetime:
    # Apple's time, because the deliveries have it and the clock of a runner may be wrong.
    now = datetime.fromtimestamp(client.traffic.time_there(client.clock.now()), UTC)
    return now - timedelta(seconds=inputs.within)


def _shown(deliveries: Sequence[Delivery]) -> str:
    return json.dumps([delivery.shown() for delivery in deliveries], ensure_ascii=False)


def _table(webhooks: Sequence[Webhook]) -> str:
    rows = [
        (webhook.name, webhook.url, "yes" if webhook.enabled else "no", ", ".join(webhook.events))
        for webhook in webhooks
    ]
    return summary.heading("Webhooks") + summary.table(("Name", "Address", "Enabled", "Events"), rows)


def _failed_table(failed: Sequence[Delivery]) -> str:
    if not failed:
        return ""
    rows = [
        (delivery.event, delivery.instance, moment(delivery.created), delivery.answer)
        for delivery in failed[:ROWS]
    ]
    return summary.heading("Events that did not arrive") + summary.table(
        ("Event", "About", "Created (UTC)", "Answer"), rows
    )


COMMAND = Command(
    name="manage-webhooks",
    summary="Send an app's events to your own address, and send lost events again.",
    description=(
        "Creates or changes a webhook of an app, so that App Store Connect sends an event to a relay when"
        " a build is processed, a review ends or a tester sends feedback. It also lists webhooks and lost"
        " events, sends lost events again, tests a webhook with a ping, and deletes a webhook. It never "
        "touches webhooks that the inputs do not name."
    ),
    role="Admin",
    icon="bell",
    example="""\
- uses: OWNER/REPO/actions/manage-webhooks@v1
  with:
    api-key: ${{ secrets.ASC_API_KEY }}
    bundle-id: com.example.app
    url: https://relay.example.com/events
    secret: ${{ secrets.ASC_WEBHOOK_SECRET }}
""",
    inputs=Inputs,
    outputs=Outputs,
    run=run,
)
