"""The store page of a version: its progress through review, and its texts and media in each language."""

from __future__ import annotations

from collections.abc import Iterable

from asc_sandbox.pages import cards, parts
from asc_sandbox.pages.html import Html, element
from asc_sandbox.pages.page import FOLDER, page
from asc_sandbox.pages.views.store import Language, MediaSet, Shot, StorePage

VERSIONS = f"{FOLDER}versions/"
DECIDE = f"{FOLDER}verdicts"

_VERDICTS = {"approved": "Approve", "rejected": "Reject", "metadata-rejected": "Reject the metadata"}


def render(view: StorePage, address: str) -> Html:
    """Return the page of a version as HTML."""
    back = element("p", element("a", f"← {view.app_name}", href=cards.app_path(view.app_id)), class_="back")
    number = f"{view.app_name} {view.version}"
    facts = f"{view.platform} · build {view.build or 'none'}"
    return page(
        number,
        version_path(view.id),
        address,
        back,
        element("h1", number),
        element("p", facts, class_="quiet"),
        _way(view),
        *(_language(language) for language in view.languages),
    )


def version_path(version_id: str) -> str:
    """Return the path of a version's page."""
    return f"{VERSIONS}{version_id}"


def _way(view: StorePage) -> Html:
    track = element("ol", map(cards.station, view.steps), class_="track", aria_label="Stations")
    facts = element("dl", _pairs(view.facts), class_="facts") if view.facts else None
    return parts.section(
        "way", "Review and release", None, track, facts, _verdicts(view.id) if view.waits else None
    )


def _verdicts(version_id: str) -> Html:
    """Return the form with the reviewers' verdicts."""
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
    content = element("ul", map(_shot, media.shots), class_="shots") if media.shots else parts.empty("Empty.")
    return element("h3", parts.code(media.display)), content


def _shot(shot: Shot) -> Html:
    picture = None
    if found := shot.picture:
        # With its size the page does not move when a picture arrives.
        size = {"width": str(found.width), "height": str(found.height)}
        picture = element("img", src=found.address, alt=shot.name, loading="lazy", **size)
    state = None if shot.state == "COMPLETE" else parts.badge(shot.state)
    reasons = element("span", "; ".join(shot.reasons), class_="problem") if shot.reasons else None
    return element("li", picture, element("span", shot.name, class_="quiet"), state, reasons)
