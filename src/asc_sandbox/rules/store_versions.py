"""The rules of App Store versions: one in preparation for each platform, and the changes that each state allows."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from asc_sandbox.endpoints import Call
from asc_sandbox.entity_errors import conflict, invalid_attribute, invalid_relationship
from asc_sandbox.errors import Refusal, not_implemented
from asc_sandbox.rules.media import drop_media
from asc_sandbox.rules.store_copies import add_store_records, copy_texts
from asc_sandbox.rules.store_states import (
    EDITABLE,
    SETTLED,
    info_beside_live,
    of_platform,
    state_of,
)
from asc_sandbox.rules.store_texts import refuse_locked
from asc_sandbox.world import Record, World
from asc_sandbox.writing import Given, store, update

_UNTIL_RELEASED = ("releaseType", "earliestReleaseDate")
_BEFORE_RELEASE = EDITABLE | {
    "WAITING_FOR_REVIEW",
    "IN_REVIEW",
    "PENDING_APPLE_RELEASE",
    "PENDING_DEVELOPER_RELEASE",
}


def make_version(call: Call, given: Given) -> Record:
    """Create a version, which copies the texts of the last one. Refuse it if one is in preparation."""
    (app,) = given.related["app"]
    platform, version_string = given.attributes["platform"], given.attributes["versionString"]
    others = [
        version
        for version in call.world.related(app, "appStoreVersions")
        if version.attributes.get("platform") == platform
    ]
    if any(state_of(version) not in SETTLED for version in others):
        raise invalid_relationship("app", "You cannot create a new version of the App in the current state.")
    _check_number(others, version_string)
    _check_release(call, None, given)
    for build in given.related.get("build", ()):
        _check_train(call.world, build, (version_string, platform))
    version = store(call, given, createdDate=call.context.now(), appVersionState="PREPARE_FOR_SUBMISSION")
    earlier = of_platform(call.world, version)[1:]
    if not earlier:
        add_store_records(call.world, app)
        return version
    version = call.world.change(version, copiesFrom=earlier[0].id)
    if call.context.store.lag > 0:
        call.context.agenda.after(call.context.store.lag, partial(_copy, call.world, version.id))
        return version
    _copy(call.world, version.id)
    add_store_records(call.world, app)
    return version


def change_version(call: Call, version: Record, given: Given) -> Record:
    """Change a version: its release until it is released, all else while it can be edited."""
    if "appClipDefaultExperience" in given.related:
        raise not_implemented("the app clip of a version")
    state = state_of(version)
    if state not in EDITABLE:
        free = ("downloadable", *(_UNTIL_RELEASED if state in _BEFORE_RELEASE else ()))
        refuse_locked(name for name in given.attributes if name not in free)
    # Apple refuses this for some seconds after the creation of a version (fastlane #16911).
    if version.attributes.get("copiesFrom") and "releaseType" in given.attributes:
        refuse_locked(["releaseType"])
    version_string = given.attributes.get("versionString")
    if version_string is not None:
        others = [other for other in of_platform(call.world, version) if other.id != version.id]
        _check_number(others, version_string)
    _check_release(call, version, given)
    for build in given.related.get("build", ()):
        check_build(call, version, build)
    return update(call, version, given)


def delete_version(call: Call, version: Record) -> None:
    """Delete a version that was never submitted, with its texts."""
    world = call.world
    # It is a guess that versions in other states cannot be deleted.
    if state_of(version) != "PREPARE_FOR_SUBMISSION":
        raise conflict("STATE_ERROR", "The version cannot be deleted in its current state")
    (app,) = world.related(version, "app")
    for text in world.related(version, "appStoreVersionLocalizations"):
        drop_media(call, text)
        world.remove(text)
    for detail in world.related(version, "appStoreReviewDetail"):
        world.remove(detail)
    world.remove(version)
    under_way = [
        version for version in world.related(app, "appStoreVersions") if state_of(version) not in SETTLED
    ]
    # The app info goes with its version, unless it is the only one of the app.
    info = info_beside_live(world, app)
    if not under_way and info and len(world.related(app, "appInfos")) > 1:
        world.remove(info)


def check_build(call: Call, version: Record, build: Record) -> None:
    """Raise Refusal unless the version can have the build, in the words of fastlane #17041."""
    facts = version.attributes
    if state_of(version) not in EDITABLE:
        raise build_refused()
    _check_train(call.world, build, (facts.get("versionString"), facts.get("platform")), version)


def _check_train(
    world: World, build: Record, number_and_platform: tuple[object, object], version: Record | None = None
) -> None:
    trains = {
        (train.attributes["version"], train.attributes["platform"])
        for train in world.related(build, "preReleaseVersion")
    }
    other_versions = [
        other
        for other in world.related(build, "appStoreVersion")
        if version is None or other.id != version.id
    ]
    if (
        build.attributes["processingState"] != "VALID"
        or build.attributes.get("expired")
        or number_and_platform not in trains
        or any(state_of(other) in SETTLED for other in other_versions)
    ):
        raise build_refused()


def build_refused() -> Refusal:
    """Return Apple's refusal of a build that a version cannot have; Apple gives no reason."""
    return Refusal(
        409,
        "ENTITY_ERROR.RELATIONSHIP.INVALID",
        "A relationship value is not acceptable for the current resource state.",
        "The specified pre-release build could not be added.",
        source={"pointer": "/data/relationships/build"},
    )


def _copy(world: World, version_id: str) -> None:
    version = world.find("appStoreVersions", version_id)
    source = version and world.find("appStoreVersions", version.attributes["copiesFrom"])
    if version and source:
        copy_texts(world, source, version)
        world.change(version, copiesFrom=None)


def _check_number(others: list[Record], version_string: str) -> None:
    if version_string in [version.attributes.get("versionString") for version in others]:
        raise invalid_attribute(
            "versionString", "The version number has been previously used.", kind="INVALID.DUPLICATE"
        )
    numbers = version_string.split(".")
    # Apple accepts one to three numbers.
    if len(numbers) > 3 or not all(number.isdecimal() for number in numbers):
        raise invalid_attribute("versionString", f"'{version_string}' is not a valid version number")


def _check_release(call: Call, version: Record | None, given: Given) -> None:
    """Raise Refusal for a schedule without a date, and for a date that is not a full hour."""
    values = {**(version.attributes if version else {}), **given.attributes}
    moment = values.get("earliestReleaseDate")
    if values.get("releaseType") == "SCHEDULED" and moment is None:
        raise invalid_attribute(
            "earliestReleaseDate",
            "A scheduled release needs a value for 'earliestReleaseDate'",
            kind="REQUIRED",
        )
    if given.attributes.get("earliestReleaseDate"):
        when = datetime.fromisoformat(str(moment))
        if (when.minute, when.second) != (0, 0):
            raise invalid_attribute("earliestReleaseDate", "The date has to be a full hour")
