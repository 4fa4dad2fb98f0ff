"""The inputs of manage-webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from asc.commands import kinds
from asc.commands.declaration import given
from asc.commands.naming import AppInputs
from asc.errors import Problem
from asc.webhooks.request import (
    USUAL_EVENTS,
    WebhookRequest,
    event_defects,
    parse_event,
    secret_defect,
    url_defect,
)

MODES = ("ensure", "list", "ping", "redeliver", "delete")
WEBHOOK, DELIVERIES, RUN = "Webhook", "Deliveries", "Run"
_ID = kinds.matching(r"[A-Za-z0-9-]{1,64}", "an id (letters, digits and hyphens)")


def _events(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(parse_event(name) for name in kinds.LIST.parse(text)))


@dataclass(frozen=True)
class Inputs(AppInputs):
    """The app, the mode, the webhook, and the deliveries to look at."""

    mode: str = given(
        kinds.choice(MODES),
        "`ensure`: create the webhook, or change it to what the inputs say. `list`: show the app's webhooks and their "
        "failed deliveries. `ping`: send a test event and wait for its answer. `redeliver`: send again the events "
        "that did not arrive. `delete`: delete the webhook.",
        group=WEBHOOK,
        default="ensure",
    )
    url: str | None = given(
        kinds.TEXT,
        "The https address that gets the events, for example of the relay. In the other modes it selects "
        "the webhook.",
        group=WEBHOOK,
        examples=("https://relay.example.com/events",),
    )
    events: tuple[str, ...] = given(
        kinds.Kind(kinds.LIST.name, kinds.LIST.form, _events),
        "`ensure`: the events to send, by Apple's names. The default covers uploads, both reviews and feedback.",
        group=WEBHOOK,
        default=", ".join(USUAL_EVENTS),
    )
    secret: str | None = given(
        kinds.SECRET,
        "`ensure`: the secret that signs the events. The relay needs the same. An existing webhook keeps its "
        "secret if this is empty.",
        group=WEBHOOK,
        secret=True,
        variable="ASC_WEBHOOK_SECRET",
        examples=("${{ secrets.ASC_WEBHOOK_SECRET }}",),
    )
    name: str | None = given(
        kinds.TEXT,
        "`ensure`: the name of the webhook, by default the host of `url`. A webhook with this name and "
        "another address gets the new address. In the other modes it selects the webhook.",
        group=WEBHOOK,
    )
    webhook_id: str | None = given(_ID, "Apple's id of the webhook (not for `ensure`).", group=WEBHOOK)
    enabled: bool = given(
        kinds.BOOLEAN,
        "`ensure`: `false` keeps the webhook, but sends no events.",
        group=WEBHOOK,
        default="true",
    )
    within: float = given(
        kinds.DURATION,
        "`list` and `redeliver`: look at deliveries that are no older than this.",
        group=DELIVERIES,
        default="3d",
    )
    wait: float = given(
        kinds.DURATION,
        "`ping` and `redeliver`: how long to wait for the answers to the events. With 0 the step does not wait.",
        group=DELIVERIES,
        default="1m",
    )
    fail_on_failed: bool = given(
        kinds.BOOLEAN,
        "`list`: fail the step if events did not arrive.",
        group=DELIVERIES,
        default="false",
    )
    dry_run: bool = given(kinds.BOOLEAN, "Only print the plan.", group=RUN, default="false")

    def problems(self) -> Iterator[Problem]:
        """Yield the problems of the inputs taken together."""
        yield from super().problems()
        if self.mode == "ensure":
            yield from self._problems_of_ensure()
        if self.mode == "delete" and not (self.webhook_id or self.url or self.name):
            # The only webhook of an app may be somebody else's.
            yield Problem(
                "webhook-id",
                "is required (or url or name)",
                "Say which webhook to delete; mode: list shows them.",
            )

    def _problems_of_ensure(self) -> Iterator[Problem]:
        if not self.url:
            yield Problem(
                "url", "is required", "Give the address of the relay, like https://relay.example.com/events."
            )
        elif defect := url_defect(self.url):
            yield Problem(
                "url", defect, "Give a public https address, like https://relay.example.com/events."
            )
        # No secret is no defect here: an existing webhook keeps its own. The plan requires one for a new webhook.
        if self.secret and (defect := secret_defect(self.secret)):
            yield Problem("secret", defect, "Make one: openssl rand -hex 32.")
        for defect in event_defects(self.events):
            yield Problem("events", defect, "Use Apple's names; the page of manage-webhooks lists them.")
        if self.webhook_id:
            yield Problem("webhook-id", "is given with mode: ensure", "Name the webhook by url or name.")

    def request(self) -> WebhookRequest:
        """Return the webhook that mode: ensure asks for."""
        return WebhookRequest(self.url or "", self.events, self.name or "", self.secret or "", self.enabled)
