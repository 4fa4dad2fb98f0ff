"""Compare the writes of tester management with the testers that App Store Connect lists afterwards.

An answer is no proof: App Store Connect may accept a request that it does not carry out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from asc import words
from asc.api.client import Client
from asc.api.polling import look_until
from asc.errors import Error
from asc.testflight.groups import read_groups
from asc.testflight.state import Group
from asc.testflight.testers.roster import KnownTester, find_testers
from asc.testflight.testers.tester import masked
from asc.testflight.testers.writing import TesterWrite


def confirm_writes(
    client: Client, app_id: str, accepted: Sequence[TesterWrite]
) -> tuple[tuple[TesterWrite, ...], tuple[TesterWrite, ...]]:
    """Return the writes as far as App Store Connect shows them, and the rest of them.

    Makes one request for some 250 testers of each group, and looks again as long as something is missing. An
    invitation is a mail, which no list shows: it counts as sent.
    """

    def look() -> Mapping[str, Sequence[KnownTester]]:
        return {place: _listed(client, app_id, place, accepted) for place in places}

    places = tuple(dict.fromkeys(place for write in accepted for place in write.places))
    shown = look_until(client, look, lambda shown: not any(_missing(write, shown) for write in accepted))
    missing = [(write, _missing(write, shown)) for write in accepted]
    return (
        tuple(write.narrowed(set(write.people) - people) for write, people in missing),
        tuple(write.narrowed(people) for write, people in missing if people),
    )


def confirm_groups(client: Client, app_id: str, created: Collection[Group]) -> None:
    """Raise Error if the app lacks one of the groups that were created."""

    def missing() -> list[Group]:
        there = {group.id for group in read_groups(client, app_id)}
        return [group for group in created if group.id not in there]

    if left := look_until(client, missing, lambda left: not left):
        raise Error(
            f"App Store Connect accepted {words.listed(list(map(str, left)))}, but the app does not have it. "
            "No tester was added or removed.",
            "Run the step again. If the error stays, create the group in App Store Connect (TestFlight).",
        )


def not_made(missing: Iterable[TesterWrite]) -> Error:
    """Return the error for writes that App Store Connect accepted and did not carry out."""
    kinds = {"add": "not in the group", "create": "not in the group", "remove": "still there"}
    people: dict[str, dict[str, None]] = {}
    for write in missing:
        people.setdefault(kinds[write.kind], {}).update(dict.fromkeys(map(masked, write.emails)))
    states = (f"{state}: {words.some(list(emails), 5)}" for state, emails in people.items())
    return Error(
        f"Apple accepted the changes, but did not make all of them. {'; '.join(states)}.",
        "Run the step again: it sends only what is missing. If the error stays, make the change in App Store Connect "
        "(TestFlight).",
    )


def _listed(
    client: Client, app_id: str, place: str, accepted: Iterable[TesterWrite]
) -> Sequence[KnownTester]:
    """Return those testers of the writes that a group has, or the app if `place` is ""."""
    writes = [write for write in accepted if place in write.places]
    pairs = [pair for write in writes for pair in zip(write.emails, write.ids, strict=True)]
    return find_testers(
        client,
        app_id,
        [email for email, _ in pairs if email],
        group_id=place,
        # Testers of a public link have no address.
        ids=[identifier for email, identifier in pairs if not email],
    )


def _missing(write: TesterWrite, shown: Mapping[str, Sequence[KnownTester]]) -> set[str]:
    """Return the people for whom a write is not made in each of its places."""
    return {person for place in write.places for person in _missing_from(write, shown[place])}


def _missing_from(write: TesterWrite, shown: Sequence[KnownTester]) -> Iterator[str]:
    if write.kind == "remove":
        # Only the removed record has to be gone: another one of the same person may stay.
        ids = {tester.id for tester in shown}
        yield from (person for person, tester in zip(write.people, write.ids, strict=True) if tester in ids)
    else:
        there = {tester.person for tester in shown}
        yield from (person for person in write.people if person not in there)
