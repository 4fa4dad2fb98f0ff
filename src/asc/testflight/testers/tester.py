"""A tester as inputs and lists name one, and the request that creates one at Apple.

https://developer.apple.com/documentation/appstoreconnectapi/betatester
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from asc.api.document import references, request_body

ADDRESS = r"[^\s<>,;@]+@[^\s<>,;@]+\.[^\s<>,;@]+"
"""Pattern of an address. No comma, because Apple's filters separate addresses by commas."""


@dataclass(frozen=True)
class Tester:
    """A person who gets builds. `groups` are names of groups that a list gives to this person alone."""

    email: str
    first_name: str = ""
    last_name: str = ""
    groups: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """Return the address in the form that is compared, because Apple keeps its case and does not heed it."""
        return self.email.casefold()

    @property
    def masked(self) -> str:
        """Return the address for logs that others can read: `j…@example.com`."""
        return masked(self.email)


def masked(email: str) -> str:
    """Return an address for logs that others can read: `a…@example.com`."""
    name, _, domain = email.rpartition("@")
    return f"{name[:1]}…@{domain}" if domain else "a tester of the public link"


def tester_body(
    tester: Tester, place: Literal["betaGroups", "builds"], identifiers: Sequence[str]
) -> Mapping[str, Any]:
    """Return the body of the request that creates a tester and invites them to groups or builds.

    Apple invites nobody without one of both.
    """
    names = {"firstName": tester.first_name, "lastName": tester.last_name}
    attributes = {"email": tester.email, **{name: text for name, text in names.items() if text}}
    return request_body("betaTesters", attributes, relationships={place: references(place, identifiers)})
