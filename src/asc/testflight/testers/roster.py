"""The testers of an app as App Store Connect lists them.

https://developer.apple.com/documentation/appstoreconnectapi/betatester
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from asc.api.client import Client, Query
from asc.api.document import LARGEST_INCLUDE, Resource, is_cut
from asc.api.errors import ApiError
from asc.api.lists import list_by
from asc.testflight.state import Group

LARGEST = 10_000
"""External testers that an app can have.

https://developer.apple.com/help/app-store-connect/test-a-beta-version/testflight-overview
"""
_FIELDS = "firstName,lastName,email,state,inviteType"


# An app can have 10,000 testers: with slots, and one text for a state, all of them take half the memory.
@dataclass(frozen=True, slots=True)
class KnownTester:
    """A tester record. One address can have several, and testers of a public link have none: `email` is "" then.

    `state` as Apple writes it; `group_ids` are the groups of all apps that the record is in, () if not asked for.
    """

    id: str
    email: str
    first_name: str
    last_name: str
    state: str
    group_ids: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """Return the address in the form that is compared, because Apple keeps its case and ignores it."""
        return self.email.casefold()

    @property
    def person(self) -> str:
        """Return the text that tells people apart: the folded address, or the id of a tester without one."""
        return self.address or self.id

    def groups_among(self, groups: Mapping[str, Group]) -> list[Group]:
        """Return the tester's groups among `groups` (by id). Groups of other apps are not among them."""
        return [groups[identifier] for identifier in self.group_ids if identifier in groups]


def read_members(client: Client, group_id: str) -> list[KnownTester]:
    """Return the testers of a group, over all pages."""
    query: Query = {"fields[betaTesters]": _FIELDS}
    return [
        _known(resource) for resource in client.list(f"/v1/betaGroups/{group_id}/betaTesters", query).data
    ]


def read_testers(client: Client, app_id: str) -> Iterator[KnownTester]:
    """Yield all testers of an app with their groups: one request for 200 testers, sent when the caller needs it.

    A tester in more groups than Apple includes costs one request more.
    """
    query: Query = {
        "filter[apps]": app_id,
        "fields[betaTesters]": f"{_FIELDS},betaGroups",
        "include": "betaGroups",
        "fields[betaGroups]": "name",
        "limit[betaGroups]": LARGEST_INCLUDE,
        # An app can have 10,000 testers: pages in a fixed order show each of them once.
        "sort": "email",
    }
    for page in client.pages("/v1/betaTesters", query):
        yield from (_with_all_groups(client, resource) for resource in page.data)


def find_testers(
    client: Client, app_id: str, emails: Sequence[str], *, group_id: str = "", ids: Sequence[str] = ()
) -> list[KnownTester]:
    """Return the records of an app, or of one of its groups, that have one of these addresses, in any case, or ids."""
    # One address can have records of several apps, so the app is part of the filter.
    place = {"filter[betaGroups]": group_id} if group_id else {"filter[apps]": app_id}
    query: Query = {**place, "fields[betaTesters]": _FIELDS}
    folded = {email.casefold() for email in emails}
    found = [
        *list_by(client, "/v1/betaTesters", "filter[email]", emails, query).data,
        *list_by(client, "/v1/betaTesters", "filter[id]", ids, query).data,
    ]
    return [tester for tester in map(_known, found) if tester.address in folded or tester.id in ids]


def is_member(client: Client, group_id: str, email: str) -> bool:
    """Return True if a group has a tester with this address, in any case."""
    query: Query = {"filter[betaGroups]": group_id, "filter[email]": email, "fields[betaTesters]": "email"}
    found = client.list("/v1/betaTesters", query).data
    return any(tester.text("email").casefold() == email.casefold() for tester in found)


def users_of_team(client: Client, emails: Sequence[str]) -> set[str] | None:
    """Return the addresses of users of the team, folded; None if the key may not read users."""
    try:
        users = list_by(client, "/v1/users", "filter[username]", emails, {"fields[users]": "username"}).data
    except ApiError as error:
        # Only some roles may read users, and the others can manage testers all the same.
        if error.status == 403:
            return None
        raise
    return {user.text("username").casefold() for user in users}


def places_left(testers: Iterable[KnownTester], groups: Mapping[str, Group]) -> int:
    """Return how many more external testers an app can have; `groups` are its groups by id."""
    # Users of the team who are in internal groups alone count against another limit.
    external = {
        tester.person
        for tester in testers
        if not (own := tester.groups_among(groups)) or any(not group.internal for group in own)
    }
    return max(0, LARGEST - len(external))


def _with_all_groups(client: Client, resource: Resource) -> KnownTester:
    tester = _known(resource)
    if not is_cut(resource, "betaGroups"):
        return tester
    # A user of the team may be in a group of each of fifty apps. Pruning spares users of the team, and knows them only
    # by their internal group of this app, which must not be the one that was cut off.
    groups = client.list(f"/v1/betaTesters/{tester.id}/betaGroups", {"fields[betaGroups]": "name"}).data
    return replace(tester, group_ids=tuple(sys.intern(group.id) for group in groups))


def _known(resource: Resource) -> KnownTester:
    return KnownTester(
        id=resource.id,
        email=resource.text("email"),
        first_name=resource.text("firstName"),
        last_name=resource.text("lastName"),
        state=sys.intern(resource.text("state")),
        group_ids=tuple(sys.intern(identifier) for _, identifier in resource.related("betaGroups")),
    )


def by_address(testers: Iterable[KnownTester]) -> dict[str, list[KnownTester]]:
    """Return the records of each folded address; testers of a public link are left out."""
    found: dict[str, list[KnownTester]] = {}
    for tester in testers:
        if tester.email:
            found.setdefault(tester.address, []).append(tester)
    return found
