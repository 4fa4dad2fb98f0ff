"""List everything that a version lacks for its review, as Apple does when it is added to a submission."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from asc_sandbox.errors import Refusal
from asc_sandbox.plans import Associated
from asc_sandbox.rules.age_rating import REQUIRED
from asc_sandbox.rules.store_review import CONTACT
from asc_sandbox.rules.store_states import info_beside_live, is_first, of_platform, state_of
from asc_sandbox.world import Record, World

_NEEDED_TEXTS = ("description", "keywords", "supportUrl")
_LIVE = "READY_FOR_DISTRIBUTION"

# Apple does not document this: one of these is enough for each family of devices that the build runs on.
_DISPLAYS = {
    "IPHONE": ("APP_IPHONE_67", "APP_IPHONE_65"),
    "IPAD": ("APP_IPAD_PRO_3GEN_129",),
    "WATCH": ("APP_WATCH_SERIES_4",),
    "MAC_OS": ("APP_DESKTOP",),
    "TV_OS": ("APP_APPLE_TV",),
    "VISION_OS": ("APP_APPLE_VISION_PRO",),
}

Problem = tuple[str, Refusal]
"""The path of an incomplete resource, and the error for one missing value."""


def not_ready(world: World, version: Record, form: Associated) -> Refusal | None:
    """Return the refusal of a version that cannot be reviewed yet, with every missing value; None if it can."""
    errors_by_path: dict[str, list[Any]] = {}
    for path, problem in _problems(world, version):
        errors_by_path.setdefault(path, []).extend(problem.document()["errors"])
    if not errors_by_path:
        return None
    # Apple lists the errors of each resource. Clients also saw one object in place of the list, and no errors at all.
    associated = (
        {path: errors[0] for path, errors in errors_by_path.items()} if form == "objects" else errors_by_path
    )
    return Refusal(
        409,
        "STATE_ERROR.ENTITY_STATE_INVALID",
        f"appStoreVersions with id '{version.id}' is not in valid state.",
        "This resource cannot be reviewed, please check associated errors to see why.",
        meta=None if form == "absent" else {"associatedErrors": associated},
    )


def _problems(world: World, version: Record) -> Iterator[Problem]:
    (app,) = world.related(version, "app")
    yield from _of_version(world, version)
    for text in world.related(version, "appStoreVersionLocalizations"):
        needed = _NEEDED_TEXTS if is_first(world, version) else (*_NEEDED_TEXTS, "whatsNew")
        yield from _missing(f"/v1/appStoreVersionLocalizations/{text.id}", text.attributes, needed)
    yield from _of_media(world, app, version)
    yield from _of_review(world, version)
    if info := info_beside_live(world, app):
        yield from _of_info(world, version, info)
    yield from _of_app(app)


def _of_version(world: World, version: Record) -> Iterator[Problem]:
    path = f"/v1/appStoreVersions/{version.id}"
    yield from _missing(path, version.attributes, ("copyright",))
    builds = world.related(version, "build")
    if not builds:
        yield path, _required("relationship", "build")
    for build in builds:
        declared = world.related(build, "appEncryptionDeclaration")
        if build.attributes.get("usesNonExemptEncryption") is None and not declared:
            yield f"/v1/builds/{build.id}", _required("attribute", "usesNonExemptEncryption")
    # Many reports say that the number must be higher than the live one, but none has Apple's words for it.
    live = [other for other in of_platform(world, version) if state_of(other) == _LIVE]
    if live and _number(version) <= _number(live[0]):
        detail = f"The version has to be higher than {live[0].attributes['versionString']}, which is live."
        yield path, _about("attributes/versionString", "ENTITY_ERROR.ATTRIBUTE.INVALID", detail)


def _of_media(world: World, app: Record, version: Record) -> Iterator[Problem]:
    """Yield the displays without screenshots."""
    families = [
        name for build in world.related(version, "build") for name in build.attributes.get("families") or ()
    ]
    platform = str(version.attributes.get("platform"))
    needed = families or (["IPHONE"] if platform == "IOS" else [platform])
    for text in world.related(version, "appStoreVersionLocalizations"):
        path, filled = f"/v1/appStoreVersionLocalizations/{text.id}", set()
        for group in world.related(text, "appScreenshotSets"):
            kind, shots = group.attributes["screenshotDisplayType"], world.related(group, "appScreenshots")
            if any(shot.attributes["assetDeliveryState"]["state"] != "COMPLETE" for shot in shots):
                yield path, _state("SCREENSHOT_UPLOADS_IN_PROGRESS", "Screenshot uploads still in progress.")
            elif not shots:
                yield path, _screenshot_missing(kind)
            filled.add(kind)
        # Other languages show the screenshots of the primary one (a guess).
        if text.attributes["locale"] == app.attributes["primaryLocale"]:
            for name in needed:
                displays = _DISPLAYS.get(name, ())
                if displays and not filled & set(displays):
                    yield path, _screenshot_missing(displays[0])


def _of_review(world: World, version: Record) -> Iterator[Problem]:
    details = world.related(version, "appStoreReviewDetail")
    path = f"/v1/appStoreReviewDetails/{details[0].id if details else ''}"
    facts = details[0].attributes if details else {}
    yield from _missing(path, facts, CONTACT)
    if facts.get("demoAccountRequired"):
        yield from _missing(path, facts, ("demoAccountName", "demoAccountPassword"))


def _of_info(world: World, version: Record, info: Record) -> Iterator[Problem]:
    path = f"/v1/appInfos/{info.id}"
    if not world.related(info, "primaryCategory"):
        yield path, _required("relationship", "primaryCategory")
    texts = world.related(info, "appInfoLocalizations")
    # The platform decides which text about privacy is required (fastlane #20869).
    policy = "privacyPolicyText" if version.attributes.get("platform") == "TV_OS" else "privacyPolicyUrl"
    for text in texts:
        yield from _missing(f"/v1/appInfoLocalizations/{text.id}", text.attributes, ("name", policy))
    named = {text.attributes["locale"] for text in texts}
    written = {text.attributes["locale"] for text in world.related(version, "appStoreVersionLocalizations")}
    for locale in sorted(written - named):
        detail = f"The app has no name in the language '{locale}' of the version."
        yield path, _about("relationships/appInfoLocalizations", "ENTITY_ERROR.RELATIONSHIP.INVALID", detail)
    for declaration in world.related(info, "ageRatingDeclaration"):
        yield from _missing(f"/v1/ageRatingDeclarations/{declaration.id}", declaration.attributes, REQUIRED)


def _of_app(app: Record) -> Iterator[Problem]:
    path = f"/v1/apps/{app.id}"
    yield from _missing(path, app.attributes, ("contentRightsDeclaration",))
    # The codes of the next two are guesses; the third was recorded.
    if not app.attributes.get("priced"):
        yield path, _state("APP_PRICE_REQUIRED", "The app has no price schedule.")
    if not app.attributes.get("available"):
        yield path, _state("APP_AVAILABILITY_REQUIRED", "The app is available in no territory.")
    if not app.attributes.get("privacyPublished"):
        yield (
            "/v1/appDataUsages/",
            _state("APP_DATA_USAGES_REQUIRED", "The answers about privacy are not published."),
        )


def _missing(path: str, attributes: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[Problem]:
    for name in names:
        if attributes.get(name) in (None, ""):
            yield path, _required("attribute", name)


def _required(part: str, name: str) -> Refusal:
    detail = f"You must provide a value for the {part} '{name}' with this request"
    code = f"ENTITY_ERROR.{part.upper()}.REQUIRED"
    return _about(f"{part}s/{name}", code, detail, f"The provided entity is missing a required {part}")


def _about(place: str, code: str, detail: str, title: str = "The provided entity is not valid") -> Refusal:
    return Refusal(409, code, title, detail, source={"pointer": f"/data/{place}"})


def _state(reason: str, detail: str) -> Refusal:
    title = "The request cannot be fulfilled because of the state of another resource."
    return Refusal(409, f"STATE_ERROR.{reason}", title, detail)


def _screenshot_missing(kind: str) -> Refusal:
    return _state(f"SCREENSHOT_REQUIRED.{kind}", f"App screenshot missing ({kind}).")


def _number(version: Record) -> list[int]:
    return [
        int(number)
        for number in str(version.attributes.get("versionString")).split(".")
        if number.isdecimal()
    ]
