"""Plan additions, removals and invitations of testers from a list and the state of the app."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from asc import words
from asc.api.client import Client
from asc.errors import Error
from asc.testflight.state import Group
from asc.testflight.testers.files import ListedTester
from asc.testflight.testers.roster import (
    KnownTester,
    by_address,
    find_testers,
    masked,
    read_members,
    users_of_team,
)
from asc.testflight.testers.usage import Usage
from asc.testflight.testers.writing import (
    TesterWrite,
    additions,
    creation,
    invitation,
    removals_from_app,
    removals_from_group,
)

JOINED = ("ACCEPTED", "INSTALLED")
"""States of testers with access to the app. Apple does not say since when somebody is invited."""


@dataclass(frozen=True)
class TesterPlan:
    """The writes, and how many listed testers are there already. `removed` counts people, not requests."""

    writes: tuple[TesterWrite, ...] = ()
    existing: int = 0
    removed: int = 0
    notes: tuple[str, ...] = field(default=())


def plan_addition(
    client: Client, app_id: str, wanted: Mapping[Group, Sequence[ListedTester]], *, exact: bool
) -> TesterPlan:
    """Return the writes after which each group has its testers, and with `exact` nobody else.

    Raises Error if somebody is to join an internal group and is no user of the team.
    """
    _check_internal(client, wanted)
    members = {group: read_members(client, group.id) for group in wanted}
    lacking = {
        group: [tester for tester in testers if tester.email.casefold() not in by_address(members[group])]
        for group, testers in wanted.items()
    }
    emails = {tester.email.casefold(): tester.email for testers in lacking.values() for tester in testers}
    known = by_address(find_testers(client, app_id, list(emails.values()))) if emails else {}
    writes: list[TesterWrite] = []
    new: dict[str, tuple[ListedTester, list[Group]]] = {}
    for group, testers in lacking.items():
        # Of several records of one address any will do: Apple keeps them apart by how somebody was invited.
        there = [known[tester.email.casefold()][0] for tester in testers if tester.email.casefold() in known]
        writes += additions(group, there)
        for tester in testers:
            if tester.email.casefold() not in known:
                new.setdefault(tester.email.casefold(), (tester, []))[1].append(group)
    writes += [creation(app_id, tester, groups) for tester, groups in new.values()]
    missing = {tester.email.casefold() for testers in lacking.values() for tester in testers}
    everybody = {tester.email.casefold() for testers in wanted.values() for tester in testers}
    removals = _others(wanted, members) if exact else {}
    for group, others in removals.items():
        writes += removals_from_group(group, others)
    gone = {other.id for others in removals.values() for other in others}
    return TesterPlan(tuple(writes), len(everybody - missing), len(gone))


def plan_removal(
    client: Client, app_id: str, testers: Sequence[ListedTester], groups: Sequence[Group] | None
) -> TesterPlan:
    """Return the writes that take the testers out of the groups, or out of the app if `groups` is None."""
    addresses = {tester.email.casefold() for tester in testers}
    if groups is None:
        found = find_testers(client, app_id, [tester.email for tester in testers])
        return TesterPlan(tuple(removals_from_app(app_id, found)), 0, len({one.address for one in found}))
    writes: list[TesterWrite] = []
    gone: set[str] = set()
    for group in groups:
        inside = [member for member in read_members(client, group.id) if member.address in addresses]
        writes += removals_from_group(group, inside)
        gone |= {member.address for member in inside}
    return TesterPlan(tuple(writes), 0, len(gone))


def plan_pruning(
    app_id: str,
    testers: Sequence[KnownTester],
    usages: Mapping[str, Usage],
    groups: Mapping[str, Group],
    chosen: Sequence[Group],
    keep: Iterable[str],
    *,
    from_app: bool,
) -> TesterPlan:
    """Return the writes that remove everybody without a session in the period of `usages`.

    `groups` are all groups of the app by id, `chosen` the groups to prune, all if it is empty. Users of the team
    (members of an internal group), people without an accepted invitation, and everybody in `keep` stay.
    """
    kept = {text.casefold() for text in keep}

    def stays(tester: KnownTester) -> bool:
        own = [groups[identifier] for identifier in tester.group_ids if identifier in groups]
        return (
            tester.id in usages
            or tester.state not in JOINED
            or any(group.internal for group in own)
            or tester.address in kept
            or any(group.name.casefold() in kept or group.id.casefold() in kept for group in own)
        )

    wanted = {group.id for group in chosen}
    idle = [
        tester for tester in testers if not stays(tester) and (not wanted or wanted & set(tester.group_ids))
    ]
    if from_app:
        return TesterPlan(tuple(removals_from_app(app_id, idle)), len(testers) - len(idle), len(idle))
    writes = [
        write
        for group in (chosen or [group for group in groups.values() if not group.internal])
        for write in removals_from_group(group, [tester for tester in idle if group.id in tester.group_ids])
    ]
    return TesterPlan(tuple(writes), len(testers) - len(idle), len(idle))


def plan_invitations(client: Client, app_id: str, testers: Sequence[ListedTester]) -> TesterPlan:
    """Return the requests that send an invitation again. Testers with an accepted one are left out."""
    found = find_testers(client, app_id, [tester.email for tester in testers])
    waiting = [tester for tester in found if tester.state not in JOINED]
    unknown = [tester for tester in testers if tester.email.casefold() not in by_address(found)]
    if unknown:
        names = words.some([masked(tester.email) for tester in unknown])
        raise Error(f"testers: the app has no tester {names}.", "Add them first, with mode: add.")
    return TesterPlan(tuple(invitation(app_id, tester) for tester in waiting), len(found) - len(waiting))


def _others(
    wanted: Mapping[Group, Sequence[ListedTester]], members: Mapping[Group, Sequence[KnownTester]]
) -> dict[Group, list[KnownTester]]:
    """Return the members of each group without a place in its list.

    Testers of a public link stay: they have no address.
    """
    listed = {group: {tester.email.casefold() for tester in testers} for group, testers in wanted.items()}
    return {
        group: [member for member in members[group] if member.email and member.address not in listed[group]]
        for group in wanted
    }


def _check_internal(client: Client, wanted: Mapping[Group, Sequence[ListedTester]]) -> None:
    """Raise Error if a stranger to the team is to join an internal group, before anything is written."""
    inside = {
        tester.email.casefold(): tester.email
        for group, testers in wanted.items()
        if group.internal
        for tester in testers
    }
    users = users_of_team(client, list(inside.values())) if inside else None
    strangers = [email for address, email in inside.items() if users is not None and address not in users]
    if strangers:
        names = words.some([masked(email) for email in strangers])
        raise Error(
            f"groups: an internal group takes users of the team only, and {names} is none."
            if len(strangers) == 1
            else f"groups: an internal group takes users of the team only, and these are none: {names}.",
            "Invite them to the team (App Store Connect, Users and Access), or use an external group.",
        )
