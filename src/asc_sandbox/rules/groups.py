"""The rules of TestFlight groups and testers: who may get which build."""

from __future__ import annotations

from collections.abc import Iterable

from asc_sandbox.endpoints import Call
from asc_sandbox.entity_errors import invalid_attribute, invalid_linkage, invalid_relationship, unprocessable
from asc_sandbox.rules.states import obstacle
from asc_sandbox.world import Record, World
from asc_sandbox.writing import Given, store

_REASONS = {
    "PROCESSING": ("BUILD_NOT_PROCESSED", "The build is still being processed."),
    "PROCESSING_EXCEPTION": ("BUILD_NOT_VALID", "The build is not valid."),
    "EXPIRED": ("BUILD_EXPIRED", "The build has expired."),
    "MISSING_EXPORT_COMPLIANCE": (
        "MISSING_EXPORT_COMPLIANCE",
        "The build lacks its export compliance answer.",
    ),
}


def require_testable(world: World, build: Record) -> None:
    """Raise Refusal unless testers can get the build."""
    if state := obstacle(world, build):
        raise unprocessable(*_REASONS[state])


def admit_build(call: Call, group: Record, build: Record) -> None:
    """Raise Refusal unless the group takes the build."""
    if _app_ids(call.world, group) != _app_ids(call.world, build):
        raise invalid_linkage("The group belongs to another app than the build")
    if group.attributes.get("isInternalGroup") and group.attributes.get("hasAccessToAllBuilds"):
        raise unprocessable("INTERNAL_GROUP", "Cannot add internal group to a build.")
    require_testable(call.world, build)


def admit_to_build(call: Call, build: Record, tester: Record) -> None:
    """Raise Refusal unless a single tester can get the build."""
    require_testable(call.world, build)
    _join(call, tester, call.world.related(build, "app"))


def admit_tester(call: Call, group: Record, tester: Record) -> None:
    """Let a tester join the app of a group. Raises Refusal."""
    _require_new_email(call.world, tester.attributes["email"], [(group, "betaTesters")])
    _join(call, tester, call.world.related(group, "app"))


def make_group(call: Call, given: Given) -> Record:
    """Make a group, unless its app has one of this name."""
    app = given.one("app")
    for group in call.world.related(app, "betaGroups"):
        if group.attributes["name"] == given.attributes["name"]:
            raise invalid_attribute(
                "name", "The app has a group of this name already", kind="INVALID.DUPLICATE"
            )
    if given.attributes.get("hasAccessToAllBuilds") and not given.attributes.get("isInternalGroup"):
        raise invalid_attribute(
            "hasAccessToAllBuilds", "Only an internal group can have access to all builds"
        )
    for build in given.related.get("builds", ()):
        if _app_ids(call.world, build) != [app.id]:
            raise invalid_relationship("builds", "The build belongs to another app than the group")
        require_testable(call.world, build)
    return store(call, given, createdDate=call.stage.now())


def invite(call: Call, given: Given) -> Record:
    """Make a tester of groups and builds, unless one of them has the address already."""
    groups, builds = given.related.get("betaGroups", ()), given.related.get("builds", ())
    places = [(each, "betaTesters") for each in groups] + [(each, "individualTesters") for each in builds]
    _require_new_email(call.world, given.attributes["email"], places)
    for build in builds:
        require_testable(call.world, build)
    tester = store(call, given, state="INVITED" if places else "NOT_INVITED")
    _join(call, tester, [app for place, _ in places for app in call.world.related(place, "app")])
    return tester


def _require_new_email(world: World, email: str, places: Iterable[tuple[Record, str]]) -> None:
    for record, name in places:
        if any(each.attributes["email"] == email for each in world.related(record, name)):
            raise invalid_attribute(
                "email", f"{record.type} {record.id} has a tester with this address", kind="INVALID.DUPLICATE"
            )


def _join(call: Call, tester: Record, apps: Iterable[Record]) -> None:
    call.world.connect(tester, "apps", apps)


def _app_ids(world: World, record: Record) -> list[str]:
    return [app.id for app in world.related(record, "app")]
