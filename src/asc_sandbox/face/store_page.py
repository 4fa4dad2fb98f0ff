"""The store page of a version: its way through review, and what it says and shows in each language."""

from __future__ import annotations

from collections.abc import Iterable

from asc_sandbox.face import cards, parts
from asc_sandbox.face.html import Html, element
from asc_sandbox.face.page import FOLDER, page
from asc_sandbox.face.seen.store import Language, MediaSet, Shot, StorePage

VERSIONS = f"{FOLDER}versions/"
DECIDE = f"{FOLDER}verdicts"

_VERDICTS = {"approved": "Approve", "rejected": "Reject", "metadata-rejected": "Reject the metadata"}


def render(seen: StorePage, address: str) -> Html:
    """Return the page."""
    back = element("p", element("a", f"← {seen.app_name}", href=cards.app_path(seen.app_id)), class_="back")
    number = f"{seen.app_name} {seen.version}"
    facts = f"{seen.platform} · build {seen.build or 'none'}"
    return page(
        number,
        version_path(seen.id),
        address,
        back,
        element("h1", number),
        element("p", facts, class_="quiet"),
        _way(seen),
        *(_language(language) for language in seen.languages),
    )


def version_path(version_id: str) -> str:
    """Return where a version has its page."""
    return f"{VERSIONS}{version_id}"


def _way(seen: StorePage) -> Html:
    track = element("ol", map(cards.station, seen.steps), class_="track", aria_label="Stations")
    facts = element("dl", _pairs(seen.facts), class_="facts") if seen.facts else None
    return parts.section(
        "way", "Review and release", None, track, facts, _verdicts(seen.id) if seen.waits else None
    )


def _verdicts(version_id: str) -> Html:
    """Return the form of the reviewers."""
    version = element("input", type="hidden", name="version", value=version_id)
    buttons = (
        element("button", label, type="submit", name="verdict", value=verdict, class_="small")
        for verdict, label in _VERDICTS.items()
    )
    return element(
        "form", version, (element("span", button, " ") for button in buttons), method="post", action=DECIDE
    )


def _language(language: Language) -> Html:
    texts = element("dl", _pairs(language.texts), class_="texts")
    sets = [child for media in language.sets for child in _set(media)]
    return parts.section(f"locale-{language.locale}", language.locale, None, texts, *sets)


def _pairs(pairs: Iterable[tuple[str, str]]) -> Iterable[Html]:
    return (
        element("div", element("dt", name), element("dd", element("span", text, class_="notes")))
        for name, text in pairs
    )


def _set(media: MediaSet) -> tuple[Html, Html]:
    shown = element("ul", map(_shot, media.shots), class_="shots") if media.shots else parts.empty("Empty.")
    return element("h3", parts.code(media.display)), shown


def _shot(shot: Shot) -> Html:
    picture = element("img", src=shot.address, alt=shot.name, loading="lazy") if shot.address else None
    state = None if shot.state == "COMPLETE" else parts.badge(shot.state)
    reasons = element("span", "; ".join(shot.reasons), class_="problem") if shot.reasons else None
    return element("li", picture, element("span", shot.name, class_="quiet"), state, reasons)
