"""The rules of TestFlight testers: their apps, groups and builds."""

from __future__ import annotations

from collections.abc import Iterable

from asc_sandbox.endpoints import Call
from asc_sandbox.entity_errors import conflict, invalid_attribute
from asc_sandbox.rules.states import require_testable
from asc_sandbox.world import Record, World
from asc_sandbox.writing import Given, store

LARGEST = 10_000
"""Testers of an app. Apple counts the external ones, https://developer.apple.com/testflight/."""


def admit_to_build(call: Call, build: Record, tester: Record) -> None:
    """Add the tester to the app of a build. Raises Refusal unless testers can get the build."""
    require_testable(call.world, build)
    join(call, tester, call.world.related(build, "app"))


def admit_to_group(call: Call, group: Record, tester: Record) -> None:
    """Add the tester to the app of a group. Raises Refusal if the group cannot have the tester."""
    email = tester.attributes.get("email")
    _require_new_email(call.world, email, [(group, "betaTesters")])
    require_place(call.world, email, is_internal=bool(group.attributes.get("isInternalGroup")))
    join(call, tester, call.world.related(group, "app"))


def invite(call: Call, given: Given) -> Record:
    """Create a tester of groups and builds. Refuse an address that one of them already has."""
    groups, builds = given.related.get("betaGroups", ()), given.related.get("builds", ())
    places = [(group, "betaTesters") for group in groups]
    places += [(build, "individualTesters") for build in builds]
    email = given.attributes["email"]
    _require_new_email(call.world, email, places)
    for group in groups:
        require_place(call.world, email, is_internal=bool(group.attributes.get("isInternalGroup")))
    for build in builds:
        require_testable(call.world, build)
    tester = store(call, given, state="INVITED" if places else "NOT_INVITED")
    join(call, tester, [app for place, _ in places for app in call.world.related(place, "app")])
    return tester


def leave_app(call: Call, tester: Record, app: Record) -> None:
    """Remove a tester from all groups and builds of an app."""
    for name in ("betaGroups", "builds"):
        records = call.world.related(tester, name)
        of_app = [record for record in records if app in call.world.related(record, "app")]
        call.world.disconnect(tester, name, of_app)


def require_place(world: World, email: str | None, *, is_internal: bool) -> None:
    """Raise Refusal for an internal group unless the address belongs to a user of the team."""
    # Apple ignores case here.
    users = {str(user.attributes.get("username")).casefold() for user in world.all("users")}
    if is_internal and str(email).casefold() not in users:
        raise conflict("STATE_ERROR", "Tester(s) cannot be assigned")


def join(call: Call, tester: Record, apps: Iterable[Record]) -> None:
    """Add the tester to the testers of these apps. Raises Refusal for an app that is full."""
    apps = list(apps)
    for app in apps:
        others = [other for other in call.world.related(app, "betaTesters") if other.id != tester.id]
        if len(others) >= LARGEST:
            # Apple documents the limit; the code and the words are a guess.
            raise conflict("STATE_ERROR.TESTER_LIMIT_REACHED", f"The app has {LARGEST} testers already")
    call.world.connect(tester, "apps", apps)


def _require_new_email(world: World, email: str | None, places: Iterable[tuple[Record, str]]) -> None:
    # Testers of a public link are anonymous: several have no address, which must not count as the same one.
    for record, name in places:
        taken = (str(tester.attributes.get("email")).casefold() for tester in world.related(record, name))
        if email and email.casefold() in taken:
            raise invalid_attribute(
                "email", f"{record.type} {record.id} has a tester with this address", kind="INVALID.DUPLICATE"
            )
