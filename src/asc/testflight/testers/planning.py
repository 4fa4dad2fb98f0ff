"""Plan additions, removals and invitations of testers from a list and the state of the app."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from asc import words
from asc.api.client import Client
from asc.errors import Error
from asc.testflight.state import Group
from asc.testflight.testers.roster import (
    KnownTester,
    by_address,
    find_testers,
    read_members,
    users_of_team,
)
from asc.testflight.testers.tester import Tester
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

Wanted = Mapping[Group, Sequence[Tester]]
"""The listed testers of each group. A group to create has no id yet."""


@dataclass(frozen=True)
class TesterPlan:
    """The writes of a mode, and how many testers need none. `new_groups` have to be created first."""

    writes: tuple[TesterWrite, ...] = ()
    existing: int = 0
    new_groups: tuple[Group, ...] = ()

    @property
    def removed(self) -> int:
        """Return how many people the plan removes; one person can be in several groups."""
        return len({person for write in self.writes if write.kind == "remove" for person in write.people})


@dataclass(frozen=True)
class Roster:
    """The state that an addition is planned from: the members of its groups, and other testers by folded address."""

    members: Mapping[Group, Sequence[KnownTester]] = field(repr=False)
    known: Mapping[str, Sequence[KnownTester]] = field(repr=False)


def read_roster(client: Client, app_id: str, by_group: Wanted) -> Roster:
    """Return the state of the groups and testers of a list.

    Raises Error if somebody is to join an internal group and is no user of the team.
    """
    _check_internal(client, by_group)
    members = {group: read_members(client, group.id) for group in by_group if group.id}
    lacking = {
        tester.address: tester.email
        for group, testers in by_group.items()
        for tester in _lacking(testers, members.get(group, ()))
    }
    return Roster(members, by_address(find_testers(client, app_id, list(lacking.values()))))


def plan_addition(app_id: str, by_group: Wanted, roster: Roster, exact: Iterable[Group] = ()) -> TesterPlan:
    """Return the writes after which each group has its testers, and those in `exact` have nobody else."""
    writes: list[TesterWrite] = []
    missing: set[str] = set()
    new: dict[str, tuple[Tester, list[Group]]] = {}
    for group, testers in by_group.items():
        there = []
        for tester in _lacking(testers, roster.members.get(group, ())):
            missing.add(tester.address)
            if tester.address in roster.known:
                # Of several records of one address any will do: Apple keeps them apart by how somebody was invited.
                there.append(roster.known[tester.address][0])
            else:
                new.setdefault(tester.address, (tester, []))[1].append(group)
        writes += additions(group, there)
    writes += [creation(app_id, tester, groups) for tester, groups in new.values()]
    for group in exact:
        writes += removals_from_group(group, _others(by_group[group], roster.members.get(group, ())))
    everybody = {tester.address for testers in by_group.values() for tester in testers}
    return TesterPlan(
        tuple(writes), len(everybody - missing), tuple(group for group in by_group if not group.id)
    )


def plan_removal(
    client: Client, app_id: str, testers: Sequence[Tester], groups: Sequence[Group] | None
) -> TesterPlan:
    """Return the writes that take the testers out of the groups, or out of the app if `groups` is None."""
    if groups is None:
        found = find_testers(client, app_id, [tester.email for tester in testers])
        return TesterPlan(tuple(removals_from_app(app_id, found)))
    # Members are read and not looked up: only they tell which of several records is in the group.
    addresses = {tester.address for tester in testers}
    return TesterPlan(
        tuple(
            write
            for group in groups
            for write in removals_from_group(
                group, [member for member in read_members(client, group.id) if member.address in addresses]
            )
        )
    )


def check_kept(keep: Iterable[str], groups: Iterable[Group]) -> None:
    """Raise Error if something to keep is neither an address nor a group: a typo would remove people."""
    groups = list(groups)
    known = {text.casefold() for group in groups for text in (group.name, group.id)}
    for name in keep:
        if "@" not in name and name.casefold() not in known:
            names = [group.name for group in groups]
            raise Error(
                f"keep: the app has no group {words.printable_name(name)}.{words.did_you_mean(name, names)}",
                "Write the name of a group of the app, or an address.",
            )


def plan_pruning(
    app_id: str,
    testers: Collection[KnownTester],
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
    wanted = {group.id for group in chosen}
    # One person can have several records: what holds for one of them counts for all.
    staying = {
        tester.person
        for tester in testers
        if tester.id in usages
        or tester.address in kept
        or any(
            group.internal or group.name.casefold() in kept or group.id.casefold() in kept
            for group in tester.groups_among(groups)
        )
    }
    idle = [
        tester
        for tester in testers
        if tester.person not in staying
        and tester.state in JOINED
        and (not wanted or wanted & set(tester.group_ids))
    ]
    if from_app:
        return TesterPlan(tuple(removals_from_app(app_id, idle)), len(testers) - len(idle))
    writes = [
        write
        for group in (chosen or [group for group in groups.values() if not group.internal])
        for write in removals_from_group(group, [tester for tester in idle if group.id in tester.group_ids])
    ]
    return TesterPlan(tuple(writes), len(testers) - len(idle))


def plan_invitations(client: Client, app_id: str, testers: Sequence[Tester]) -> TesterPlan:
    """Return the requests that send an invitation again. Testers with an accepted one are left out."""
    records = by_address(find_testers(client, app_id, [tester.email for tester in testers]))
    if unknown := [tester.masked for tester in testers if tester.address not in records]:
        raise Error(
            f"testers: the app has no tester {words.some(unknown)}.", "Add them first, with mode: add."
        )
    # One mail for each person: another record of the address may be the one that was accepted.
    waiting = [own[0] for own in records.values() if not any(record.state in JOINED for record in own)]
    return TesterPlan(tuple(invitation(app_id, tester) for tester in waiting), len(records) - len(waiting))


def _lacking(testers: Sequence[Tester], members: Sequence[KnownTester]) -> list[Tester]:
    there = {member.address for member in members}
    return [tester for tester in testers if tester.address not in there]


def _others(testers: Sequence[Tester], members: Sequence[KnownTester]) -> list[KnownTester]:
    """Return the members of a group without a place in its list.

    Testers of a public link stay: they have no address.
    """
    listed = {tester.address for tester in testers}
    return [member for member in members if member.email and member.address not in listed]


def _check_internal(client: Client, by_group: Wanted) -> None:
    """Raise Error if a stranger to the team is to join an internal group, before anything is written."""
    inside = {
        tester.address: tester for group, testers in by_group.items() if group.internal for tester in testers
    }
    # A key that may not read users learns nothing here: Apple refuses strangers one by one then.
    users = users_of_team(client, [tester.email for tester in inside.values()]) if inside else None
    strangers = [
        tester.masked for address, tester in inside.items() if users is not None and address not in users
    ]
    if strangers:
        raise Error(
            f"groups: an internal group takes users of the team only, which {words.some(strangers)} "
            f"{'is' if len(strangers) == 1 else 'are'} not.",
            "Invite them to the team (App Store Connect, Users and Access), or use an external group.",
        )
