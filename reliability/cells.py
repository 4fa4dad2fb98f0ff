"""The cells of the matrix: made from the requests of a run without faults."""

from __future__ import annotations

import re
import signal
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from asc_sandbox.requestlog import Entry
from reliability.faults import APPLIED, EVERY, NOT_APPLIED, NOW_AND_THEN, Kind


@dataclass(frozen=True)
class Request:
    """One request of a run: its path with * for ids, and how many of its like came before."""

    method: str
    path: str
    before: int

    def __str__(self) -> str:
        return f"{self.method} {self.path}" + (f" ({self.before + 1})" if self.before else "")


@dataclass(frozen=True)
class Cell:
    """A step during which a request goes wrong (or any of several), or at which it is ended by a signal."""

    scenario: str
    requests: tuple[Request, ...]
    kind: Kind
    signal: int = 0

    @property
    def request(self) -> str:
        """What goes wrong, in words."""
        return str(self.requests[0]) if len(self.requests) == 1 else "any request"

    @property
    def specs(self) -> list[str]:
        """The faults in the sandbox's language."""
        return [self.kind.spec(each.method, each.path, each.before) for each in self.requests]

    @property
    def what(self) -> str:
        """What goes wrong."""
        if not self.signal:
            return str(self.kind)
        when = "applied" if self.kind is APPLIED else "not applied"
        return f"{signal.Signals(self.signal).name}, request {when}"

    def __str__(self) -> str:
        return f"{self.scenario}: {self.request}: {self.what}"


def requests_of(log: Iterable[Entry]) -> list[Request]:
    """The requests of a run, in their order."""
    seen: Counter[tuple[str, str]] = Counter()
    found = []
    for entry in log:
        like = entry.method, _without_ids(entry.path)
        found.append(Request(*like, seen[like]))
        seen[like] += 1
    return found


def broken(scenario: str, requests: Sequence[Request]) -> Iterator[Cell]:
    """All that can go wrong with these requests."""
    for request in requests:
        for kind in EVERY:
            if "cut=" not in kind.words or request.method != "GET":
                yield Cell(scenario, (request,), kind)
    first_of_each = tuple(each for each in requests if not each.before)
    yield from (Cell(scenario, first_of_each, kind) for kind in NOW_AND_THEN if len(first_of_each) > 1)


def ended(scenario: str, requests: Sequence[Request]) -> Iterator[Cell]:
    """Ends of a step at these requests."""
    for request in requests:
        for number in (signal.SIGTERM, signal.SIGKILL):
            yield Cell(scenario, (request,), NOT_APPLIED, number)
            yield Cell(scenario, (request,), APPLIED, number)


def sampled(every: Iterable[Cell], one_in: int) -> list[Cell]:
    """One cell in so many, always the same ones."""
    return [each for each in every if zlib.crc32(str(each).encode()) % one_in == 0]


def _without_ids(path: str) -> str:
    """`/v1/builds/*/app` for any build; all but the first segment of the stores' paths."""
    if path.startswith("/v1/"):
        return re.sub(r"^(/v1/[^/]+/)[^/]+", r"\1*", path)
    first, *rest = path.strip("/").split("/")
    return "/".join(["", first, *("*" for _ in rest)])
