"""The changes of who gets the build: groups in one request, known testers in another, new ones one by one.

https://developer.apple.com/documentation/appstoreconnectapi/post-v1-builds-_id_-relationships-betagroups
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from asc.builds.distribution.changes import Change, Instead, build_id, enumerated, many, one, resource
from asc.builds.distribution.ground import Ground, Group
from asc.builds.distribution.names import shown
from asc.builds.distribution.state import BuildState
from asc.builds.distribution.wishes import Tester, Wishes


def groups(wishes: Wishes, ground: Ground, state: BuildState | None) -> Iterator[Change]:
    """All groups that exist in one request. A new one is made with the build in it."""
    have = state.group_ids if state else frozenset()
    wanted = [group for group in ground.groups if group.id not in have and not group.gets_all]
    if wanted:
        yield _add_groups(wanted, state)
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
            groups=(name,),
        )


def gets_it_by_itself(group: Group) -> str:
    """What is said of a group to which nothing is added."""
    return f"Nothing is added to {group}, which gets every build by itself"


def _add_groups(groups: Sequence[Group], state: BuildState | None) -> Change:
    return Change(
        "group",
        f"add to {enumerated(map(str, groups), 'groups')}",
        "POST",
        f"/v1/builds/{build_id(state)}/relationships/betaGroups",
        many("betaGroups", [group.id for group in groups]),
        settles=True,
        otherwise=_one_by_one(groups, state),
        groups=tuple(group.id for group in groups),
    )


def _one_by_one(groups: Sequence[Group], state: BuildState | None) -> Instead | None:
    """App Store Connect refuses a request whole because of one internal group in it, and does not say which."""
    internal = [group for group in groups if group.internal]
    external = [group for group in groups if not group.internal]
    if not internal:
        return None
    if len(groups) == 1:
        return Instead(note=gets_it_by_itself(groups[0]))
    parts = [external] if external else []
    return Instead(tuple(_add_groups(part, state) for part in (*parts, *([group] for group in internal))))


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
