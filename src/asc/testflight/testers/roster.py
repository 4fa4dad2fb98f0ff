"""The testers and groups of an app as App Store Connect lists them.

https://developer.apple.com/documentation/appstoreconnectapi/betatester
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from asc.api.client import Client, Query
from asc.api.document import Resource
from asc.api.errors import ApiError
from asc.testflight.state import Group

LARGEST = 10_000
"""External testers that an app can have.

https://developer.apple.com/help/app-store-connect/test-a-beta-version/testflight-overview
"""
IN_ONE_FILTER = 40
"""Addresses in one request: an address with more of them gets too long for servers."""
_FIELDS = "firstName,lastName,email,state,inviteType"


@dataclass(frozen=True)
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
        """Return the address as addresses compare: Apple keeps its case and does not heed it."""
        return self.email.casefold()


def masked(email: str) -> str:
    """Return an address for logs, because others can read them: `a…@example.com`."""
    name, _, domain = email.rpartition("@")
    return f"{name[:1]}…@{domain}" if domain else "a tester of the public link"


def read_groups(client: Client, app_id: str) -> list[Group]:
    """Return all groups of an app, over all pages."""
    query: Query = {"filter[app]": app_id, "fields[betaGroups]": "name,isInternalGroup,hasAccessToAllBuilds"}
    return [
        Group(
            resource.id,
            resource.text("name"),
            internal=resource.attributes.get("isInternalGroup") is True,
            all_builds=resource.attributes.get("hasAccessToAllBuilds") is True,
        )
        for resource in client.list("/v1/betaGroups", query).data
    ]


def read_members(client: Client, group_id: str) -> list[KnownTester]:
    """Return the testers of a group, over all pages."""
    query: Query = {"fields[betaTesters]": _FIELDS}
    return [
        _known(resource) for resource in client.list(f"/v1/betaGroups/{group_id}/betaTesters", query).data
    ]


def read_testers(client: Client, app_id: str) -> list[KnownTester]:
    """Return all testers of an app with their groups: one request for 200 testers."""
    query: Query = {
        "filter[apps]": app_id,
        "fields[betaTesters]": f"{_FIELDS},betaGroups",
        "include": "betaGroups",
        "fields[betaGroups]": "name",
        "limit[betaGroups]": 50,
    }
    return [_known(resource) for resource in client.list("/v1/betaTesters", query).data]


def find_testers(client: Client, app_id: str, emails: Sequence[str]) -> list[KnownTester]:
    """Return the records of an app that have one of these addresses, in any case."""
    wanted = {email.casefold() for email in emails}
    # The filter separates addresses by commas, and Apple documents no way to write one that holds a comma.
    plain = [email for email in emails if "," not in email]
    found: list[KnownTester] = []
    for chunk in _chunks(plain, IN_ONE_FILTER):
        query: Query = {
            "filter[apps]": app_id,
            "filter[email]": ",".join(chunk),
            "fields[betaTesters]": _FIELDS,
        }
        found += [_known(resource) for resource in client.list("/v1/betaTesters", query).data]
    return [tester for tester in found if tester.address in wanted]


def users_of_team(client: Client, emails: Sequence[str]) -> set[str] | None:
    """Return the addresses of users of the team, folded; None if the key may not read users."""
    found: set[str] = set()
    try:
        for chunk in _chunks(emails, IN_ONE_FILTER):
            query: Query = {"filter[username]": ",".join(chunk), "fields[users]": "username"}
            found |= {user.text("username").casefold() for user in client.list("/v1/users", query).data}
    except ApiError as error:
        if error.status == 403:
            return None
        raise
    return found


def _known(resource: Resource) -> KnownTester:
    return KnownTester(
        id=resource.id,
        email=resource.text("email"),
        first_name=resource.text("firstName"),
        last_name=resource.text("lastName"),
        state=resource.text("state"),
        group_ids=tuple(identifier for _, identifier in resource.related("betaGroups")),
    )


def _chunks(values: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (values[start : start + size] for start in range(0, len(values), size))


def by_address(testers: Iterable[KnownTester]) -> dict[str, list[KnownTester]]:
    """Return the records of each folded address; testers of a public link are left out."""
    found: dict[str, list[KnownTester]] = {}
    for tester in testers:
        if tester.email:
            found.setdefault(tester.address, []).append(tester)
    return found
