"""Show builds as cards, each with the track of its stations."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import quote

from asc_sandbox.pages import parts
from asc_sandbox.pages.html import Child, Html, element
from asc_sandbox.pages.page import FOLDER
from asc_sandbox.pages.views.builds import BuildProgress, Step
from asc_sandbox.pages.words import counted


def cards(deliveries: Iterable[BuildProgress], now: datetime, *, with_app: bool) -> Html:
    """Return a list of builds as cards."""
    return element("ol", (_card(delivery, now, with_app) for delivery in deliveries), class_="cards")


def number(delivery: BuildProgress) -> str:
    """Return version and build number as TestFlight shows them."""
    return f"{delivery.version} ({delivery.number})"


def _card(delivery: BuildProgress, now: datetime, with_app: bool) -> Html:
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
    """Return the path of an app's page."""
    return f"{FOLDER}apps/{quote(app_id, safe='')}"


def station(step: Step) -> Html:
    """Return one station of a track, with its state and remark."""
    state = parts.badge(step.state, step.tone)
    remark = element("span", step.remark or "—", class_="quiet") if step.remark or not state else None
    return element("li", element("span", step.name, class_="name"), state, remark, class_=step.tone)


def _reasons(delivery: BuildProgress) -> Html | None:
    if not delivery.reasons:
        return None
    return element("ul", (element("li", reason) for reason in delivery.reasons), class_="reasons")


def _facts(delivery: BuildProgress, now: datetime) -> Html | None:
    """Return the groups, testers, notes and end of a build; None if it has none of these."""
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
