"""Faults on demand: a small language that says which requests go wrong, how, and how often.

    GET /v1/builds status=503 retry-after=1 times=2 after=1
    *   /v1/apps/*/buildUploads  status=404 flaky=0.3 times=always
    POST /v1/buildUploads lost

A fault is a method or `*`, a path in which `*` stands for one segment, and words from `EFFECTS` and `SETTINGS`.
"""

from __future__ import annotations

import itertools
import math
import random
import re
import shlex
import threading
from collections.abc import Iterable
from dataclasses import dataclass

EFFECTS = {
    "status": "status=N: answer with this status and an error object, without serving the request",
    "html": "html: answer with a page of HTML; with status=N, else 200",
    "garbage-json": "garbage-json: answer with a body that is not JSON; with status=N, else 200",
    "empty": "empty: answer with no body; with status=N, else 200",
    "reset": "reset: reset the connection before answering",
    "cut": "cut=BYTES: read so many bytes of the request's body, then reset the connection",
    "hang": "hang: never answer, until the client goes",
    "slow": "slow=SECONDS: the body of the answer takes this long to arrive",
    "truncate": "truncate: announce the whole body, send half of it and close the connection",
    "short": "short: send half of the body as if that were all",
    "damage": "damage: send the body with a byte in its middle changed",
    "lost": "lost: serve the request, then close the connection without an answer",
    "ignored": "ignored: answer as if the request were served, and change nothing",
    "mute": "mute: serve the request, then never answer, until the client goes",
    "delay": "delay=SECONDS: wait first; alone or with any other effect",
}

SETTINGS = {
    "retry-after": "retry-after=VALUE: the Retry-After header, seconds or a quoted HTTP date",
    "code": "code=TEXT: the code of the error object instead of Apple's usual one",
    "detail": "detail=TEXT: the detail of the error object, in quotes if it has blanks",
    "times": "times=N|always: how often, 1 by default",
    "after": "after=N: let this many matching requests pass first",
    "flaky": "flaky=P: hit a matching request with this probability, from 0 to 1; the dice are seeded",
}

METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE", "*")
_TAKES_STATUS = ("status", "html", "garbage-json", "empty")
_WITH_SECONDS = ("slow", "delay")
# A number instead of None, so that the counters need no special case.
_FOREVER = 1 << 62


class FaultError(ValueError):
    """Raised for a misspelled fault. The text names the problem and lists all words."""

    def __init__(self, spec: str, problem: str) -> None:
        self.problem = problem
        words = "\n".join(f"  {line}" for line in (*EFFECTS.values(), *SETTINGS.values()))
        super().__init__(
            f"fault {spec!r}: {problem}\nA fault is METHOD PATH WORDS, with these words:\n{words}"
        )


@dataclass(frozen=True)
class Fault:
    """One fault: its requests (`method`, `path`), its effect, and how often it hits.

    `seconds` belong to `slow`, `size` (bytes) to `cut`, `delay` (seconds) to every effect. `status` is None for the
    effects without one.
    """

    method: str
    path: str
    effect: str
    status: int | None = None
    code: str | None = None
    detail: str | None = None
    retry_after: str | None = None
    seconds: float = 0.0
    delay: float = 0.0
    times: int = 1
    after: int = 0
    flaky: float = 1.0
    size: int = 0

    def matches(self, method: str, path: str) -> bool:
        """Return True if the fault is for this request; `path` has no query."""
        pattern = "[^/]+".join(re.escape(part) for part in self.path.split("*"))
        return self.method in ("*", method) and re.fullmatch(pattern, path) is not None


def parse(spec: str) -> Fault:
    """Read a fault from its text. Raises FaultError for a misspelled one."""
    try:
        # Like a shell, because an HTTP date as a value contains spaces and is quoted.
        method, path, *words = shlex.split(spec)
    except ValueError:
        raise FaultError(spec, "it begins with a method and a path") from None
    if method not in METHODS:
        raise FaultError(spec, f"{method!r} is not one of {', '.join(METHODS)}")
    if not path.startswith("/"):
        raise FaultError(spec, f"the path {path!r} does not begin with a slash")
    values = dict(_word(spec, word) for word in words)
    effect = _effect(spec, values)
    return Fault(
        method,
        path,
        effect,
        status=_status(spec, values, effect),
        code=values.get("code"),
        detail=values.get("detail"),
        retry_after=values.get("retry-after"),
        seconds=_number(spec, values, "slow", 0.0),
        delay=_number(spec, values, "delay", 0.0),
        times=_FOREVER if values.get("times") == "always" else _count(spec, values, "times", 1),
        after=_count(spec, values, "after", 0),
        flaky=_number(spec, values, "flaky", 1.0, largest=1.0),
        size=_count(spec, values, "cut", 0),
    )


def _word(spec: str, word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if name not in EFFECTS and name not in SETTINGS:
        raise FaultError(spec, f"{name!r} is neither an effect nor a setting of a fault")
    needs_value = name in SETTINGS or name in ("status", "cut", *_WITH_SECONDS)
    if needs_value != bool(equals and value):
        raise FaultError(spec, f"{name} {'needs a' if needs_value else 'takes no'} value")
    return name, value


def _effect(spec: str, values: dict[str, str]) -> str:
    """Return the one effect among the words."""
    # `status` and `delay` go with other effects too: they are the effect only if they stand alone.
    named = [name for name in values if name in EFFECTS and name not in ("status", "delay")]
    if len(named) > 1:
        raise FaultError(spec, f"{' and '.join(named)} do not go together")
    chosen = [*named, *(name for name in ("status", "delay") if name in values)]
    if not chosen:
        raise FaultError(spec, "it has no effect")
    return chosen[0]


def _status(spec: str, values: dict[str, str], effect: str) -> int | None:
    if effect not in _TAKES_STATUS:
        if "status" in values:
            raise FaultError(spec, f"status does not go with {effect}")
        return None
    status = values.get("status", "200")
    if not re.fullmatch("[2-5][0-9][0-9]", status):
        raise FaultError(spec, f"{status!r} is not a status from 200 to 599")
    return int(status)


def _number(
    spec: str, values: dict[str, str], name: str, default: float, *, largest: float = math.inf
) -> float:
    try:
        number = float(values.get(name, default))
    except ValueError:
        number = math.nan
    # NaN fails the comparison as well.
    if math.isinf(number) or not 0 <= number <= largest:
        raise FaultError(
            spec, f"{name}={values[name]} is not a number from 0{' to 1' if largest == 1 else ''}"
        )
    return number


def _count(spec: str, values: dict[str, str], name: str, default: int) -> int:
    value = values.get(name, str(default))
    if not value.isdecimal():
        raise FaultError(spec, f"{name}={value} is not a whole number")
    return int(value)


@dataclass(frozen=True)
class Planned:
    """A fault of the plan: requests still to let pass, hits so far, and hits left (None if it has no end)."""

    number: int
    spec: str
    to_pass: int
    hits: int
    left: int | None
    flaky: float


class FaultPlan:
    """The faults that are still to come."""

    def __init__(self, specs: Iterable[str] = (), *, seed: int = 0) -> None:
        # Tests and the browser's forms change the plan from other threads while requests are served.
        self._lock = threading.Lock()
        # Seeded: a run with flaky faults can be repeated.
        self._dice = random.Random(seed)
        self._numbers = itertools.count(1)
        self._pending: list[_Pending] = []
        self.hits = 0
        """Number of requests that a fault has hit so far."""
        for spec in specs:
            self.add(spec)

    def add(self, spec: str) -> None:
        """Add one more fault to the plan. Raises FaultError."""
        fault = parse(spec)
        with self._lock:
            self._pending.append(_Pending(next(self._numbers), spec, fault, fault.after))

    def pick(self, method: str, path: str) -> Fault | None:
        """Return the fault that hits this request, None for a request that is served as usual."""
        with self._lock:
            # All matching faults count the request, and the first one that is due hits it.
            due = [
                fault
                for fault in self._pending
                if fault.fault.matches(method, path) and fault.is_due(self._dice)
            ]
            if not due:
                return None
            due[0].hits += 1
            self.hits += 1
            return due[0].fault

    def planned(self) -> tuple[Planned, ...]:
        """Return the faults in their order, including spent ones."""
        with self._lock:
            return tuple(fault.as_planned() for fault in self._pending)

    def clear(self) -> None:
        """Remove all faults: every request is served as usual again."""
        with self._lock:
            self._pending.clear()

    def remove(self, number: int) -> None:
        """Remove one fault by its number; do nothing if the plan has no such fault."""
        with self._lock:
            self._pending = [fault for fault in self._pending if fault.number != number]


@dataclass
class _Pending:
    """A fault with its counters: requests still to let pass, and hits so far."""

    number: int
    spec: str
    fault: Fault
    to_pass: int
    hits: int = 0

    def is_due(self, dice: random.Random) -> bool:
        if self.to_pass:
            self.to_pass -= 1
            return False
        return self.hits < self.fault.times and dice.random() < self.fault.flaky

    def as_planned(self) -> Planned:
        left = None if self.fault.times == _FOREVER else self.fault.times - self.hits
        return Planned(self.number, self.spec, self.to_pass, self.hits, left, self.fault.flaky)
