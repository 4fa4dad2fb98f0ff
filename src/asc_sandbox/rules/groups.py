"""The rules of TestFlight groups: the groups that an app may have, and the builds that they may get."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

from asc_sandbox.endpoints import Call
from asc_sandbox.entity_errors import invalid_attribute, invalid_linkage, invalid_relationship, unprocessable
from asc_sandbox.rules.states import require_testable
from asc_sandbox.rules.testers import join, require_place
from asc_sandbox.world import Record, World
from asc_sandbox.writing import Given, store, update

LARGEST_PUBLIC_LINK_LIMIT = 10_000
"""Testers: Apple's limit of external testers for an app."""

_PUBLIC_LINK = ("publicLinkEnabled", "publicLinkLimitEnabled", "publicLinkLimit")


def admit_build(call: Call, group: Record, build: Record) -> None:
    """Raise Refusal unless the group can get the build."""
    if _app_ids(call.world, group) != _app_ids(call.world, build):
        raise invalid_linkage("The group belongs to another app than the build")
    if group.attributes.get("isInternalGroup") and group.attributes.get("hasAccessToAllBuilds"):
        raise unprocessable("INTERNAL_GROUP", "Cannot add internal group to a build.")
    require_testable(call.world, build)


def make_group(call: Call, given: Given) -> Record:
    """Create a group. Refuse a name that another group of the app has."""
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
    # Everything is checked before the group is stored: a refused request must change nothing.
    is_internal = bool(given.attributes.get("isInternalGroup"))
    _require_possible_public_link(given.attributes, {}, is_internal=is_internal)
    testers = given.related.get("betaTesters", ())
    for tester in testers:
        require_place(call.world, tester.attributes.get("email"), is_internal=is_internal)
    group = _with_public_link(call, store(call, given, createdDate=call.context.now()))
    for tester in testers:
        join(call, tester, [app])
    return group


def change_group(call: Call, group: Record, given: Given) -> Record:
    """Change a group. Refuse a public link that it cannot have."""
    is_internal = bool(group.attributes.get("isInternalGroup"))
    _require_possible_public_link(given.attributes, group.attributes, is_internal=is_internal)
    return _with_public_link(call, update(call, group, given))


def _with_public_link(call: Call, group: Record) -> Record:
    """Give a group its link if the link is on. The link stays the same when it is turned off and on again (a guess)."""
    if not group.attributes.get("publicLinkEnabled") or group.attributes.get("publicLink"):
        return group
    name = f"{zlib.crc32(group.id.encode()):08X}"
    link = f"https://testflight.apple.com/join/{name}"
    return call.world.change(group, publicLinkId=name, publicLink=link)


def _require_possible_public_link(
    attributes: Mapping[str, Any], before: Mapping[str, Any], *, is_internal: bool
) -> None:
    """Raise Refusal for a public link of an internal group, and for a limit out of range."""
    for name in _PUBLIC_LINK:
        # Apple refuses the names alone, even with false and null: spaceship's create_beta_group sends all of them and
        # therefore cannot create internal groups. The text is Apple's, the code is a guess.
        if is_internal and name in attributes:
            raise invalid_attribute(name, "Public link limit cannot be applied to internal group")
    limit = attributes.get("publicLinkLimit")
    if limit is not None and not 1 <= limit <= LARGEST_PUBLIC_LINK_LIMIT:
        raise invalid_attribute(
            "publicLinkLimit", f"The limit has to be from 1 to {LARGEST_PUBLIC_LINK_LIMIT}"
        )
    # A guess: third parties found that a limit needs its switch.
    if limit is not None and not {**before, **attributes}.get("publicLinkLimitEnabled"):
        raise invalid_attribute("publicLinkLimit", "The limit of the public link is not enabled")


def _app_ids(world: World, record: Record) -> list[str]:
    return [app.id for app in world.related(record, "app")]
