"""The writes of tester management: planned as a list, sent side by side, each refusal kept by itself."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Literal

from asc import words
from asc.api.client import REQUESTS_AT_ONCE, Client
from asc.api.document import reference, references, request_body
from asc.api.errors import ApiError
from asc.errors import Error, LostAnswerError, UnreachableError
from asc.testflight.state import Group
from asc.testflight.testers.files import ListedTester
from asc.testflight.testers.roster import KnownTester, find_testers, masked

log = logging.getLogger(__name__)

IN_ONE_REQUEST = 100
"""Testers that are linked or unlinked by one request."""

Kind = Literal["add", "create", "remove", "invite"]


@dataclass(frozen=True)
class TesterWrite:
    """One request about testers: `emails` are their addresses, `send` sends it. It may be repeated.

    `singles` are sent in its place if Apple refuses it: Apple refuses all testers for one, and does not name it.
    """

    kind: Kind
    summary: str
    emails: tuple[str, ...]
    send: Callable[[Client], object] = field(repr=False)
    singles: tuple[TesterWrite, ...] = ()


@dataclass(frozen=True)
class RefusedTesters:
    """Testers that Apple refused, with Apple's words. The addresses in these are masked."""

    emails: tuple[str, ...]
    reason: str


def additions(group: Group, testers: Sequence[KnownTester]) -> Iterator[TesterWrite]:
    """Yield the requests that put testers whom the app has into a group."""
    path = f"/v1/betaGroups/{group.id}/relationships/betaTesters"
    for chunk in _chunks(testers):
        singles = [_addition(group, path, [tester]) for tester in chunk] if len(chunk) > 1 else []
        yield replace(_addition(group, path, chunk), singles=tuple(singles))


def _addition(group: Group, path: str, testers: Sequence[KnownTester]) -> TesterWrite:
    what = masked(testers[0].email) if len(testers) == 1 else words.counted(len(testers), "tester")
    return TesterWrite("add", f"add {what} to {group}", _emails(testers), _linking("post", path, testers))


def creation(app_id: str, tester: ListedTester, groups: Sequence[Group]) -> TesterWrite:
    """Return the request that makes a new tester and invites them into the groups."""
    names = {"firstName": tester.first_name, "lastName": tester.last_name}
    attributes = {"email": tester.email, **{name: text for name, text in names.items() if text}}
    memberships = {"betaGroups": references("betaGroups", [group.id for group in groups])}
    body = request_body("betaTesters", attributes, relationships=memberships)

    def send(client: Client) -> None:
        try:
            client.create("/v1/betaTesters", body)
        except (LostAnswerError, ApiError) as error:
            if isinstance(error, ApiError) and error.status != 409:
                raise
            # Somebody was quicker, the answer was lost, or Apple knows the address in another spelling: put the
            # record that there is into the groups.
            known = find_testers(client, app_id, [tester.email])
            if not known:
                raise
            for group in groups:
                _linking("post", f"/v1/betaGroups/{group.id}/relationships/betaTesters", known[:1])(client)

    summary = f"invite {masked(tester.email)} to {', '.join(map(str, groups))}"
    return TesterWrite("create", summary, (tester.email,), send)


def removals_from_group(group: Group, testers: Sequence[KnownTester]) -> Iterator[TesterWrite]:
    """Yield the requests that take testers out of a group."""
    path = f"/v1/betaGroups/{group.id}/relationships/betaTesters"
    for chunk in _chunks(testers):
        summary = f"remove {words.counted(len(chunk), 'tester')} from {group}"
        yield TesterWrite("remove", summary, _emails(chunk), _linking("delete", path, chunk))


def removals_from_app(app_id: str, testers: Sequence[KnownTester]) -> Iterator[TesterWrite]:
    """Yield the requests that take testers out of an app, but out of no other app."""
    path = f"/v1/apps/{app_id}/relationships/betaTesters"
    for chunk in _chunks(testers):
        summary = f"remove {words.counted(len(chunk), 'tester')} from the app"
        yield TesterWrite("remove", summary, _emails(chunk), _linking("delete", path, chunk))


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
        lambda client: client.post("/v1/betaTesterInvitations", body),
    )


def send_all(client: Client, writes: Iterable[TesterWrite]) -> tuple[list[TesterWrite], list[RefusedTesters]]:
    """Send the writes side by side. Return those that were made, and the testers that Apple refused.

    Raises UnreachableError once all have ended if App Store Connect could not be reached.
    """
    with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
        ended = [
            pair for pairs in pool.map(lambda write: _send(client, write), list(writes)) for pair in pairs
        ]
    for _, error in ended:
        if isinstance(error, UnreachableError):
            raise error
    refused = [
        RefusedTesters(write.emails, _without_addresses(error.message, write.emails))
        for write, error in ended
        if error
    ]
    return [write for write, error in ended if error is None], refused


def _send(client: Client, write: TesterWrite) -> list[tuple[TesterWrite, Error | None]]:
    try:
        try:
            write.send(client)
        except LostAnswerError:
            # Links that are there already, or gone already, are no error: the same request again is harmless.
            write.send(client)
    except Error as error:
        if isinstance(error, ApiError) and error.status in (409, 422) and write.singles:
            return [pair for single in write.singles for pair in _send(client, single)]
        return [(write, error)]
    log.info("Done: %s", write.summary)
    return [(write, None)]


def _linking(
    method: Literal["post", "delete"], path: str, testers: Sequence[KnownTester]
) -> Callable[[Client], object]:
    body = references("betaTesters", [tester.id for tester in testers])
    return lambda client: client.post(path, body) if method == "post" else client.delete(path, body)


def _without_addresses(text: str, emails: Iterable[str]) -> str:
    for email in emails:
        text = text.replace(email, masked(email)) if email else text
    return text


def _emails(testers: Iterable[KnownTester]) -> tuple[str, ...]:
    return tuple(tester.email for tester in testers)


def _chunks(testers: Sequence[KnownTester]) -> Iterator[Sequence[KnownTester]]:
    return (testers[start : start + IN_ONE_REQUEST] for start in range(0, len(testers), IN_ONE_REQUEST))
