"""Make the cells of the matrix from the requests of a run without faults."""

from __future__ import annotations

import re
import signal
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from reliability.faults import APPLIED, EVERY, NOT_APPLIED, NOW_AND_THEN, Kind


class Logged(Protocol):
    """A request in the log of a server."""

    @property
    def method(self) -> str:
        """Return the HTTP method in capital letters."""

    @property
    def path(self) -> str:
        """Return the path of the address, without the query."""


@dataclass(frozen=True)
class Request:
    """One request of a run: its path with * for ids, and the number of equal requests before it."""

    method: str
    path: str
    before: int

    def __str__(self) -> str:
        return f"{self.method} {self.path}" + (f" ({self.before + 1})" if self.before else "")


@dataclass(frozen=True)
class Cell:
    """A step and its fault: one request (or any of several) goes wrong, or a signal ends the step at a request."""

    scenario: str
    requests: tuple[Request, ...]
    kind: Kind
    signal: int = 0

    @property
    def request(self) -> str:
        """Return the request that goes wrong, for the name of the cell."""
        return str(self.requests[0]) if len(self.requests) == 1 else "any request"

    @property
    def specs(self) -> list[str]:
        """Return the faults as the sandbox reads them (docs/sandbox.md, Faults)."""
        return [self.kind.spec(request.method, request.path, request.before) for request in self.requests]

    @property
    def what(self) -> str:
        """Return the fault or the signal, for the name of the cell and the table by fault."""
        if not self.signal:
            return str(self.kind)
        when = "applied" if self.kind is APPLIED else "not applied"
        return f"{signal.Signals(self.signal).name}, request {when}"

    def __str__(self) -> str:
        return f"{self.scenario}: {self.request}: {self.what}"


def requests_of(log: Iterable[Logged]) -> list[Request]:
    """Return the requests of a run in their order, with ids replaced."""
    seen: Counter[tuple[str, str]] = Counter()
    found = []
    for entry in log:
        like = entry.method, _without_ids(entry.path)
        found.append(Request(*like, seen[like]))
        seen[like] += 1
    return found


def broken(
    scenario: str,
    requests: Sequence[Request],
    kinds: Sequence[Kind] = EVERY,
    now_and_then: Sequence[Kind] = NOW_AND_THEN,
) -> Iterator[Cell]:
    """Yield a cell for each request and fault, and one for each fault that hits any request now and then."""
    for request in requests:
        for kind in kinds:
            if kind.fits(request.method, request.path):
                yield Cell(scenario, (request,), kind)
    first_of_each = tuple(request for request in requests if not request.before)
    yield from (Cell(scenario, first_of_each, kind) for kind in now_and_then if len(first_of_each) > 1)


def ended(scenario: str, requests: Sequence[Request]) -> Iterator[Cell]:
    """Yield a cell for each request and signal, before and after the sandbox applies the request."""
    for request in requests:
        for number in (signal.SIGTERM, signal.SIGKILL):
            yield Cell(scenario, (request,), NOT_APPLIED, number)
            yield Cell(scenario, (request,), APPLIED, number)


def sampled(every: Iterable[Cell], one_in: int) -> list[Cell]:
    """Return about one cell in `one_in`, chosen by its name."""
    # A checksum of the name chooses: a sample is the same in each run and in each process.
    return [cell for cell in every if zlib.crc32(str(cell).encode()) % one_in == 0]


def _without_ids(path: str) -> str:
    """Return a path with * for ids: `/v1/builds/*/app`. Of other paths (`/uploads/…`) only the first segment stays."""
    if path.startswith("/v1/"):
        return re.sub(r"^(/v1/[^/]+/)[^/]+", r"\1*", path)
    first, *rest = path.strip("/").split("/")
    return "/".join(["", first, *("*" for _ in rest)])
