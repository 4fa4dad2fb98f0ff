"""Views of the store page of a version, and of its progress through review and release."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from asc_sandbox.endpoints import Call
from asc_sandbox.pages import words
from asc_sandbox.pages.views.builds import Step, numbers
from asc_sandbox.pages.words import app_name, text_of
from asc_sandbox.resources.values import DISPLAY_TYPES, PREVIEW_TYPES
from asc_sandbox.rules.media import image_of, poster_of
from asc_sandbox.rules.reviewers import waiting
from asc_sandbox.rules.store_states import EDITABLE, info_beside_live, state_of
from asc_sandbox.world import Record, World

_THUMBNAIL = 360
"""Pixels of the longer side of a picture on the page."""

_TEXTS = ("description", "keywords", "whatsNew", "promotionalText", "supportUrl", "marketingUrl")
_INFO_TEXTS = ("name", "subtitle", "privacyPolicyUrl", "privacyPolicyText")
_AFTER_REVIEW = ("PENDING_APPLE_RELEASE", "PENDING_DEVELOPER_RELEASE", "PROCESSING_FOR_DISTRIBUTION")
_RELEASED = ("READY_FOR_DISTRIBUTION", "REPLACED_WITH_NEW_VERSION")


@dataclass(frozen=True)
class Thumbnail:
    """The address of a picture on the page, and its size in pixels there."""

    address: str
    width: int
    height: int


@dataclass(frozen=True)
class Shot:
    """A screenshot or a preview; without a picture it is not processed yet, or has failed."""

    name: str
    state: str
    picture: Thumbnail | None
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class MediaSet:
    """The screenshots or previews for one type of display."""

    display: str
    shots: tuple[Shot, ...]


@dataclass(frozen=True)
class Language:
    """The store page in one language: its texts as (name, text), without the empty ones, and its media."""

    locale: str
    texts: tuple[tuple[str, str], ...]
    sets: tuple[MediaSet, ...]


@dataclass(frozen=True)
class StorePage:
    """A version as the store shows it, and its progress. `waits` is True if reviewers have to decide."""

    id: str
    app_id: str
    app_name: str
    version: str
    platform: str
    build: str
    steps: tuple[Step, ...]
    waits: bool
    facts: tuple[tuple[str, str], ...]
    languages: tuple[Language, ...]


def store_page(call: Call, version: Record) -> StorePage | None:
    """Return the store page of a version, None if it belongs to no app."""
    world = call.world
    for app in world.related(version, "app"):
        info = _info(world, app, version)
        return StorePage(
            version.id,
            app.id,
            app_name(app),
            text_of(version, "versionString"),
            words.platform(version.attributes.get("platform")),
            ", ".join(numbers(world, build) for build in world.related(version, "build")),
            _steps(world, version),
            any(
                version in world.related(submission, "appStoreVersionForReview")
                for submission in waiting(world, app)
            ),
            _facts(world, version, info),
            tuple(
                _language(call, text, info) for text in world.related(version, "appStoreVersionLocalizations")
            ),
        )
    return None


def _info(world: World, app: Record, version: Record) -> Record | None:
    """Return the app info that goes with the version: the live one, or the one that is being edited."""
    if state_of(version) not in _RELEASED and (beside := info_beside_live(world, app)):
        return beside
    return next(iter(world.related(app, "appInfos")), None)


def _steps(world: World, version: Record) -> tuple[Step, ...]:
    state = state_of(version)
    phased = [release.attributes for release in world.related(version, "appStoreVersionPhasedRelease")]
    days = f"day {phased[0]['currentDayNumber']} of 7" if phased and phased[0].get("currentDayNumber") else ""
    return (
        Step("Preparation", state, words.tone(state))
        if state in EDITABLE
        else Step("Preparation", None, "good", "done"),
        _step("Submission", state, ("WAITING_FOR_REVIEW",), ("IN_REVIEW", *_AFTER_REVIEW, *_RELEASED)),
        _step("Review", state, ("IN_REVIEW",), (*_AFTER_REVIEW, *_RELEASED)),
        _step("Release", state, _AFTER_REVIEW, _RELEASED),
        Step(
            "Store",
            state if state in _RELEASED else None,
            "good" if state == _RELEASED[0] else "idle",
            " ".join(filter(None, (phased[0]["phasedReleaseState"], days))) if phased else "",
        ),
    )


def _step(name: str, state: str, here: tuple[str, ...], past: tuple[str, ...]) -> Step:
    if state in here:
        return Step(name, state, "busy")
    return Step(name, None, "good", "done") if state in past else Step(name, None, "idle")


def _facts(world: World, version: Record, info: Record | None) -> tuple[tuple[str, str], ...]:
    categories = [
        category.id
        for name in ("primaryCategory", "secondaryCategory")
        for category in (world.related(info, name) if info else ())
    ]
    facts = (
        ("Copyright", text_of(version, "copyright")),
        (
            "Release",
            " ".join((text_of(version, "releaseType"), text_of(version, "earliestReleaseDate"))).strip(),
        ),
        ("Categories", ", ".join(categories)),
        (
            "Reviewers call",
            ", ".join(_contact(detail) for detail in world.related(version, "appStoreReviewDetail")),
        ),
        (
            "Reviewers get",
            ", ".join(
                text_of(file, "fileName")
                for detail in world.related(version, "appStoreReviewDetail")
                for file in world.related(detail, "appStoreReviewAttachments")
            ),
        ),
    )
    return tuple((name, value) for name, value in facts if value)


def _contact(detail: Record) -> str:
    return f"{text_of(detail, 'contactFirstName')} {text_of(detail, 'contactLastName')}".strip()


def _language(call: Call, text: Record, info: Record | None) -> Language:
    names = [
        name_text
        for name_text in (call.world.related(info, "appInfoLocalizations") if info else ())
        if name_text.attributes["locale"] == text.attributes["locale"]
    ]
    pairs = [(name, text_of(name_text, name)) for name_text in names for name in _INFO_TEXTS]
    pairs += [(name, text_of(text, name)) for name in _TEXTS]
    shots = _in_order(call.world.related(text, "appScreenshotSets"), "screenshotDisplayType", DISPLAY_TYPES)
    videos = _in_order(call.world.related(text, "appPreviewSets"), "previewType", PREVIEW_TYPES)
    sets = [*(_screenshots(call, group) for group in shots), *(_previews(call, group) for group in videos)]
    return Language(
        text_of(text, "locale"), tuple((name, value) for name, value in pairs if value), tuple(sets)
    )


def _screenshots(call: Call, group: Record) -> MediaSet:
    shots = call.world.related(group, "appScreenshots")
    return MediaSet(
        text_of(group, "screenshotDisplayType"),
        tuple(_shot(call, shot, "assetDeliveryState") for shot in shots),
    )


def _previews(call: Call, group: Record) -> MediaSet:
    shots = call.world.related(group, "appPreviews")
    return MediaSet(
        f"Preview {text_of(group, 'previewType')}",
        tuple(_shot(call, shot, "videoDeliveryState") for shot in shots),
    )


def _shot(call: Call, asset: Record, name: str) -> Shot:
    state = asset.attributes[name]
    reasons = tuple(f"{error.get('code')} {error.get('description')}" for error in state.get("errors") or ())
    image = image_of(call, asset) if asset.type == "appScreenshots" else poster_of(call, asset)
    picture = _thumbnail(image["templateUrl"], image["width"], image["height"]) if image else None
    return Shot(text_of(asset, "fileName"), str(state["state"]), picture, reasons)


def _thumbnail(template: str, width: int, height: int) -> Thumbnail:
    # Never larger than the picture itself.
    share = min(1.0, _THUMBNAIL / max(width, height))
    w, h = max(1, round(width * share)), max(1, round(height * share))
    return Thumbnail(quote(template.format(w=w, h=h, f="png"), safe="/:"), w, h)


def _in_order(groups: Iterable[Record], attribute: str, types: Sequence[str]) -> list[Record]:
    """Return sets in the order of Apple's display types: phones, tablets, watches, …"""
    places = {name: place for place, name in enumerate(types)}
    # A seed may name a type that Apple does not have: it comes last.
    return sorted(groups, key=lambda group: places.get(group.attributes[attribute], len(types)))
