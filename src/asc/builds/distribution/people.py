"""The changes of who gets the build: groups in one request, known testers in another, new ones one by one.

https://developer.apple.com/documentation/appstoreconnectapi/post-v1-builds-_id_-relationships-betagroups
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from asc.builds.distribution.changes import Change, build_id, enumerated, many, one, resource
from asc.builds.distribution.ground import Ground, Group
from asc.builds.distribution.names import shown
from asc.builds.distribution.state import BuildState
from asc.builds.distribution.wishes import Tester, Wishes


def groups(wishes: Wishes, ground: Ground, state: BuildState | None) -> Iterator[Change]:
    """All groups that exist in one request. A new one is made with the build in it."""
    have = state.group_ids if state else frozenset()
    wanted = [group for group in ground.groups if group.id not in have and not group.gets_all]
    external = [group for group in wanted if not group.internal]
    if wanted:
        otherwise = _add_groups(external, state) if external and external != wanted else None
        yield _add_groups(wanted, state, otherwise)
    for name in ground.new_groups:
        internal = wishes.create_groups == "internal"
        attributes = {"name": name, "isInternalGroup": internal}
        if internal:
            attributes["hasAccessToAllBuilds"] = False  # builds are chosen, as in this run
        relationships = {
            "app": one("apps", ground.destination.app.id),
            "builds": many("builds", [build_id(state)]),
        }
        yield Change(
            "group",
            f"create the {'internal' if internal else 'external'} group {shown(name)} with the build in it",
            "POST",
            "/v1/betaGroups",
            resource("betaGroups", attributes, None, relationships),
            settles=True,
        )


def _add_groups(groups: Sequence[Group], state: BuildState | None, otherwise: Change | None = None) -> Change:
    return Change(
        "group",
        f"add to {enumerated(map(str, groups), 'groups')}",
        "POST",
        f"/v1/builds/{build_id(state)}/relationships/betaGroups",
        many("betaGroups", [group.id for group in groups]),
        settles=True,
        otherwise=otherwise,
    )


def testers(wishes: Wishes, ground: Ground, state: BuildState | None) -> Iterator[Change]:
    """Those whom the app knows in one request; a new one is made with the build."""
    have = state.tester_ids if state else frozenset()
    ids = {tester: ground.tester_ids.get(tester.email.casefold()) for tester in wishes.testers}
    known = [
        (tester, identifier) for tester, identifier in ids.items() if identifier and identifier not in have
    ]
    if known:
        yield Change(
            "tester",
            f"add {enumerated((tester.shown for tester, _ in known), 'testers')}",
            "POST",
            f"/v1/builds/{build_id(state)}/relationships/individualTesters",
            many("betaTesters", [identifier for _, identifier in known]),
            settles=True,
        )
    yield from (_invite(tester, state) for tester, identifier in ids.items() if not identifier)


def _invite(tester: Tester, state: BuildState | None) -> Change:
    names = {"firstName": tester.first_name, "lastName": tester.last_name}
    attributes = {"email": tester.email, **{name: text for name, text in names.items() if text}}
    return Change(
        "tester",
        f"invite {tester.shown}",
        "POST",
        "/v1/betaTesters",
        resource("betaTesters", attributes, None, {"builds": many("builds", [build_id(state)])}),
        settles=True,
    )
