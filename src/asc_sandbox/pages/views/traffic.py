"""Views of keys, requests and faults."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote_plus

from asc_sandbox.faults import Planned
from asc_sandbox.keys import Key
from asc_sandbox.pages.words import Tone, counted
from asc_sandbox.ratelimit import RateLimit
from asc_sandbox.requestlog import Entry

_LONGEST_QUERY = 300
"""Characters of a query that the page shows."""


@dataclass(frozen=True)
class ApiKey:
    """An API key, without anything that could be used to sign a token."""

    id: str
    role: str
    kind: str
    left: int
    limit: int


@dataclass(frozen=True)
class Request:
    """A request that has ended; `status` is None if the connection was dropped."""

    when: datetime
    method: str
    path: str
    query: str
    status: int | None
    milliseconds: float
    connection: int

    @property
    def tone(self) -> Tone:
        """Return the tone for the end of the request: bad, warn or good."""
        if self.status is None or self.status >= 500:
            return "bad"
        return "warn" if self.status >= 400 else "good"


@dataclass(frozen=True)
class Requests:
    """The last requests, newest first, with the numbers of all requests and of failed ones."""

    last: tuple[Request, ...]
    count: int
    failed: int


def api_keys(keys: Iterable[Key], budget: RateLimit, now: float) -> tuple[ApiKey, ...]:
    """Return the keys that the sandbox accepts, with the rest of their budgets."""
    return tuple(
        ApiKey(key.id, key.role, _kind(key), budget.remaining(key.id, now), budget.limit) for key in keys
    )


def _kind(key: Key) -> str:
    kind = "individual" if key.issuer is None else "team"
    return f"{kind}, in-house" if key.in_house else kind


def requests(entries: Sequence[Entry], limit: int) -> Requests:
    """Return the last `limit` requests, newest first, and the counts of all."""
    failed = sum(1 for entry in entries if entry.status is None or entry.status >= 400)
    return Requests(tuple(_request(entry) for entry in entries[: -limit - 1 : -1]), len(entries), failed)


def _request(entry: Entry) -> Request:
    # Only Apple's API has a query worth reading: other queries are signatures of addresses.
    query = unquote_plus(entry.query) if entry.path.startswith("/v") else ""
    if len(query) > _LONGEST_QUERY:
        query = query[:_LONGEST_QUERY] + "…"
    when = datetime.fromtimestamp(entry.t, UTC).astimezone()
    return Request(when, entry.method, entry.path, query, entry.status, entry.ms, entry.connection)


def outlook(fault: Planned) -> str:
    """Return the remaining effect of a fault in words."""
    if fault.left == 0:
        return f"spent after {counted(fault.hits, 'hit')}"
    when = f"after {counted(fault.to_pass, 'request')} more, " if fault.to_pass else ""
    often = "until it is removed" if fault.left is None else counted(fault.left, "time")
    chance = f", each with {fault.flaky:.0%} probability" if fault.flaky < 1 else ""
    done = f" ({counted(fault.hits, 'hit')} so far)" if fault.hits else ""
    return f"{when}{often}{chance}{done}"
