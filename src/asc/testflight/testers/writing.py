"""The writes of tester management: planned as a list, sent side by side, each refusal kept by itself."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Literal

from asc import words
from asc.api.client import REQUESTS_AT_ONCE, Client
from asc.api.document import reference, references, request_body
from asc.api.errors import ApiError
from asc.errors import Error, LostAnswerError, UnreachableError
from asc.testflight.state import Group
from asc.testflight.testers.roster import KnownTester, find_testers, is_member
from asc.testflight.testers.tester import Tester, masked, tester_body

log = logging.getLogger(__name__)

IN_ONE_REQUEST = 100
"""Testers that are linked or unlinked by one request."""

Kind = Literal["add", "create", "remove", "invite"]


@dataclass(frozen=True)
class TesterWrite:
    """One request about testers: `emails` are their addresses, `send` sends it. It may be repeated.

    `people` tell persons apart: the folded address, or the id of a tester without one. `singles` are sent in its place
    if Apple refuses it: Apple refuses all testers for one, and does not name it. `ids` are Apple's ids of the testers,
    "" for a new one. `places` are the ids of the groups whose testers change, "" for the app; none for a mail.
    """

    kind: Kind
    summary: str
    emails: tuple[str, ...]
    people: tuple[str, ...]
    send: Callable[[Client], object] = field(repr=False)
    singles: tuple[TesterWrite, ...] = ()
    ids: tuple[str, ...] = ()
    places: tuple[str, ...] = ()

    def narrowed(self, people: Collection[str]) -> TesterWrite:
        """Return the write for these people alone."""
        testers = zip(self.emails, self.people, self.ids, strict=True)
        kept = [tester for tester in testers if tester[1] in people]
        emails, persons, ids = (tuple(tester[part] for tester in kept) for part in range(3))
        return replace(self, emails=emails, people=persons, ids=ids)


@dataclass(frozen=True)
class RefusedTesters:
    """Testers that Apple refused, with Apple's words. The addresses in these are masked."""

    emails: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Sent:
    """The writes that were made, the testers that Apple refused, and the error if App Store Connect was not reached."""

    made: tuple[TesterWrite, ...] = ()
    refused: tuple[RefusedTesters, ...] = ()
    unreachable: UnreachableError | None = None


def additions(group: Group, testers: Sequence[KnownTester]) -> Iterator[TesterWrite]:
    """Yield the requests that put testers whom the app has into a group."""
    for write in _links("add", f"to {group}", _members(group), testers, group.id):
        yield replace(
            write, singles=tuple(_looking_again(group, single) for single in write.singles or (write,))
        )


def _looking_again(group: Group, write: TesterWrite) -> TesterWrite:
    """Return the addition of one tester that is no error if the tester is there after a refusal."""

    def send(client: Client) -> None:
        try:
            write.send(client)
        except ApiError as error:
            # Apple refuses a tester who is there already; another job may have been quicker.
            there = error.status == 409 and write.emails[0] and is_member(client, group.id, write.emails[0])
            if not there:
                raise

    return replace(write, send=send)


def creation(app_id: str, tester: Tester, groups: Sequence[Group]) -> TesterWrite:
    """Return the request that makes a new tester and invites them into the groups."""
    body = tester_body(tester, "betaGroups", [group.id for group in groups])

    def find(client: Client) -> KnownTester | None:
        return next(iter(find_testers(client, app_id, [tester.email])), None)

    def create(client: Client) -> KnownTester | None:
        client.create("/v1/betaTesters", body)
        return None

    def send(client: Client) -> None:
        there = client.create_once(lambda: create(client), lambda: find(client)).value
        # Somebody was quicker, or the answer was lost: the record that is there may lack some of the groups.
        for group in groups if there else ():
            _linking("add", _members(group), filter(None, [there]))(client)

    summary = f"invite {tester.masked} to {', '.join(map(str, groups))}"
    places = tuple(group.id for group in groups)
    return TesterWrite("create", summary, (tester.email,), (tester.address,), send, ids=("",), places=places)


def removals_from_group(group: Group, testers: Sequence[KnownTester]) -> Iterator[TesterWrite]:
    """Yield the requests that take testers out of a group."""
    return _links("remove", f"from {group}", _members(group), testers, group.id)


def removals_from_app(app_id: str, testers: Sequence[KnownTester]) -> Iterator[TesterWrite]:
    """Yield the requests that take testers out of an app, but out of no other app."""
    return _links("remove", "from the app", f"/v1/apps/{app_id}/relationships/betaTesters", testers, "")


def _links(
    kind: Literal["add", "remove"], place: str, path: str, testers: Sequence[KnownTester], place_id: str
) -> Iterator[TesterWrite]:
    """Yield the requests that make or end the links of a list with these testers, in batches."""

    def link(linked: Sequence[KnownTester]) -> TesterWrite:
        named = masked(linked[0].email) if len(linked) == 1 else words.counted(len(linked), "tester")
        return TesterWrite(
            kind,
            f"{kind} {named} {place}",
            tuple(tester.email for tester in linked),
            tuple(tester.person for tester in linked),
            _linking(kind, path, linked),
            ids=tuple(tester.id for tester in linked),
            places=(place_id,),
        )

    for start in range(0, len(testers), IN_ONE_REQUEST):
        chunk = testers[start : start + IN_ONE_REQUEST]
        singles = tuple(link([tester]) for tester in chunk) if len(chunk) > 1 else ()
        yield replace(link(chunk), singles=singles)


def invitation(app_id: str, tester: KnownTester) -> TesterWrite:
    """Return the request that sends the mail of an invitation again."""
    relationships = {
        "app": reference("apps", app_id),
        "betaTester": reference("betaTesters", tester.id),
    }
    body = request_body("betaTesterInvitations", {}, relationships=relationships)
    return TesterWrite(
        "invite",
        f"send {masked(tester.email)} the invitation again",
        (tester.email,),
        (tester.person,),
        lambda client: client.post("/v1/betaTesterInvitations", body),
        ids=(tester.id,),
    )


def send_all(client: Client, writes: Sequence[TesterWrite]) -> Sent:
    """Send the writes side by side, and return the results.

    Once App Store Connect cannot be reached, nothing more is sent.
    """
    unreachable = threading.Event()
    with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
        ended = [
            pair
            # `map` keeps the order of the writes: outputs and summaries are the same from run to run.
            for pairs in pool.map(lambda write: _send(client, write, unreachable), writes)
            for pair in pairs
        ]
    failed = [(write, error) for write, error in ended if error]
    return Sent(
        tuple(write for write, error in ended if error is None),
        tuple(
            RefusedTesters(write.emails, _without_addresses(error.message, write.emails))
            for write, error in failed
            if not isinstance(error, UnreachableError)
        ),
        next((error for _, error in failed if isinstance(error, UnreachableError)), None),
    )


def _send(
    client: Client, write: TesterWrite, unreachable: threading.Event
) -> list[tuple[TesterWrite, Error | None]]:
    # Each request would be repeated for minutes, and there may be thousands.
    if unreachable.is_set():
        return []
    try:
        try:
            write.send(client)
        except LostAnswerError:
            # Two invitations are two mails: a lost one counts as sent.
            if write.kind != "invite":
                # Links that are there already, or gone already, are no error: the same request again is harmless.
                write.send(client)
    except UnreachableError as error:
        unreachable.set()
        return [(write, error)]
    except Error as error:
        # Apple refuses all testers of a request for one of them, and does not say which.
        if isinstance(error, ApiError) and error.status in (409, 422) and write.singles:
            return [pair for single in write.singles for pair in _send(client, single, unreachable)]
        return [(write, error)]
    log.info("Done: %s", write.summary)
    return [(write, None)]


def _linking(
    kind: Literal["add", "remove"], path: str, testers: Iterable[KnownTester]
) -> Callable[[Client], object]:
    body = references("betaTesters", [tester.id for tester in testers])
    return lambda client: client.post(path, body) if kind == "add" else client.delete(path, body)


def _members(group: Group) -> str:
    return f"/v1/betaGroups/{group.id}/relationships/betaTesters"


def _without_addresses(text: str, emails: Iterable[str]) -> str:
    for email in emails:
        text = text.replace(email, masked(email)) if email else text
    return text
