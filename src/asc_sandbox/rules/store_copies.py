"""Copies that a new version takes from the last one, and records that Apple adds to apps and versions of a seed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asc_sandbox.rules.age_rating import ANSWERED
from asc_sandbox.rules.store_states import (
    SETTLED,
    info_beside_live,
    info_state,
    is_first,
    of_platform,
    state_of,
)
from asc_sandbox.world import Record, World

_SUPPORT = "https://example.com/support"
_CATEGORIES = (
    "primaryCategory",
    "primarySubcategoryOne",
    "primarySubcategoryTwo",
    "secondaryCategory",
    "secondarySubcategoryOne",
    "secondarySubcategoryTwo",
)


def add_store_records(world: World, app: Record) -> None:
    """Create the app infos of an app's versions, and the texts of each version, unless the seed has them."""
    # Apple's apps always have both. Texts that a seed leaves out are complete if a version is live.
    if not world.related(app, "appInfos"):
        _first_info(world, app)
    for info in world.related(app, "appInfos"):
        if not world.related(info, "ageRatingDeclaration"):
            world.add("ageRatingDeclarations", {}, {"appInfo": info.id})
    under_way = [version for version in _versions(world, app) if state_of(version) not in SETTLED]
    if under_way and not info_beside_live(world, app):
        (live, *_) = world.related(app, "appInfos")
        copy_info(world, live, info_state(state_of(under_way[0])))
    # Released versions first: the others copy from them.
    for version in sorted(_versions(world, app), key=lambda version: state_of(version) not in SETTLED):
        if not world.related(version, "appStoreVersionLocalizations"):
            _first_texts(world, app, version)


def add_price_and_territories(world: World, app: Record) -> None:
    """Create the price and the territories of an app, unless its seed says that it has none."""
    if app.attributes.get("priced") and not world.related(app, "appPriceSchedule"):
        world.add("appPriceSchedules", {}, {"app": app.id, "baseTerritory": "USA"})
    if app.attributes.get("available") and not world.related(app, "appAvailabilityV2"):
        sale = world.add("appAvailabilities", {}, {"app": app.id})
        for territory in world.all("territories"):
            world.add("territoryAvailabilities", {}, {"appAvailability": sale.id, "territory": territory.id})


def copy_texts(world: World, source: Record, version: Record) -> None:
    """Copy texts and media from another version, except for "what's new"."""
    for text in world.related(source, "appStoreVersionLocalizations"):
        twin = _twin(world, text, {"appStoreVersion": version.id}, whatsNew=None)
        for sets, media in (("appScreenshotSets", "appScreenshots"), ("appPreviewSets", "appPreviews")):
            for group in world.related(text, sets):
                copied = [
                    _twin(world, asset, {}).id
                    for asset in world.related(group, media)
                    if _is_delivered(asset)
                ]
                _twin(world, group, {"appStoreVersionLocalization": twin.id, media: copied})
    # It is a guess that the contact for reviewers is copied too.
    for detail in world.related(source, "appStoreReviewDetail"):
        _twin(world, detail, {"appStoreVersion": version.id})


def copy_info(world: World, source: Record, state: str) -> Record:
    """Create the editable app info from the live one."""
    (app,) = world.related(source, "app")
    categories = {name: [category.id for category in world.related(source, name)] for name in _CATEGORIES}
    info = world.add("appInfos", {"state": state}, {"app": app.id, **categories})
    for text in world.related(source, "appInfoLocalizations"):
        _twin(world, text, {"appInfo": info.id})
    for declaration in world.related(source, "ageRatingDeclaration"):
        _twin(world, declaration, {"appInfo": info.id})
    return info


def _is_delivered(asset: Record) -> bool:
    return bool(asset.attributes["assetDeliveryState"]["state"] == "COMPLETE")


def _versions(world: World, app: Record) -> list[Record]:
    """Return the versions of an app that do not wait for a copy."""
    return [
        version
        for version in world.related(app, "appStoreVersions")
        if not version.attributes.get("copiesFrom")
    ]


def _first_info(world: World, app: Record) -> None:
    states = [state_of(version) for version in world.related(app, "appStoreVersions")]
    live = "READY_FOR_DISTRIBUTION"
    state = live if live in states else info_state((states or ["PREPARE_FOR_SUBMISSION"])[0])
    category = {"primaryCategory": "UTILITIES"} if state == live else {}
    info = world.add("appInfos", {"state": state}, {"app": app.id, **category})
    name = app.attributes.get("name") or app.attributes.get("bundleId") or app.id
    policy = "https://example.com/privacy" if state == live else None
    texts = {"locale": app.attributes["primaryLocale"], "name": name, "privacyPolicyUrl": policy}
    world.add("appInfoLocalizations", texts, {"appInfo": info.id})
    # An app that was never submitted has no answers to the age rating yet.
    world.add("ageRatingDeclarations", ANSWERED if state == live else {}, {"appInfo": info.id})


def _first_texts(world: World, app: Record, version: Record) -> None:
    written = [
        other
        for other in of_platform(world, version)
        if other.id != version.id and world.related(other, "appStoreVersionLocalizations")
    ]
    if written and state_of(version) not in SETTLED:
        copy_texts(world, written[0], version)
        return
    name = app.attributes.get("name") or app.id
    complete = {"description": f"{name} helps you.", "keywords": "example,help", "supportUrl": _SUPPORT}
    news = {} if is_first(world, version) else {"whatsNew": "Small improvements."}
    texts = {**complete, **news} if state_of(version) in SETTLED else {}
    world.add(
        "appStoreVersionLocalizations",
        {"locale": app.attributes["primaryLocale"], **texts},
        {"appStoreVersion": version.id},
    )


def _twin(world: World, record: Record, references: Mapping[str, Any], **changed: Any) -> Record:
    return world.add(record.type, {**record.attributes, **changed}, references)
