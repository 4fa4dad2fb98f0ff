"""How builds on their way look: a card for each, with a track of its stations."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import quote

from asc_sandbox.face import parts
from asc_sandbox.face.html import Child, Html, element
from asc_sandbox.face.page import FOLDER
from asc_sandbox.face.seen.builds import Delivery, Step
from asc_sandbox.face.words import counted


def cards(deliveries: Iterable[Delivery], now: datetime, *, with_app: bool) -> Html:
    """A list of builds."""
    return element("ol", (_card(each, now, with_app) for each in deliveries), class_="cards")


def number(delivery: Delivery) -> str:
    """Version and build number, as TestFlight shows them."""
    return f"{delivery.version} ({delivery.number})"


def _card(delivery: Delivery, now: datetime, with_app: bool) -> Html:
    app = element("a", delivery.app_name, href=app_path(delivery.app_id), class_="of") if with_app else None
    title = element("h3", app, " " if app else None, number(delivery))
    when = element(
        "span", delivery.platform, " · ", parts.moment(delivery.when, now) or "no date", class_="quiet"
    )
    track = element("ol", map(station, delivery.steps), class_="track", aria_label="Stations")
    return element(
        "li", element("div", title, when, class_="head"), track, _reasons(delivery), _facts(delivery, now)
    )


def app_path(app_id: str) -> str:
    """Where an app has its page."""
    return f"{FOLDER}apps/{quote(app_id, safe='')}"


def station(step: Step) -> Html:
    """Return one station of a track."""
    state = parts.badge(step.state, step.tone)
    remark = element("span", step.remark or "—", class_="quiet") if step.remark or not state else None
    return element("li", element("span", step.name, class_="name"), state, remark, class_=step.tone)


def _reasons(delivery: Delivery) -> Html | None:
    if not delivery.reasons:
        return None
    return element("ul", (element("li", each) for each in delivery.reasons), class_="reasons")


def _facts(delivery: Delivery, now: datetime) -> Html | None:
    """Who has it, what they are told, and when it ends."""
    facts: list[tuple[str, Child]] = []
    if delivery.groups:
        facts.append(("Groups", parts.names(delivery.groups)))
    if delivery.testers:
        facts.append(("Individually", counted(delivery.testers, "tester")))
    for locale, text in delivery.notes:
        facts.append((f"What to test, {locale}", element("span", text, class_="notes")))
    if delivery.expires:
        facts.append(("Expires", parts.expiry(delivery.expires, now)))
    if not facts:
        return None
    pairs = (element("div", element("dt", name), element("dd", value)) for name, value in facts)
    return element("dl", pairs, class_="facts")
