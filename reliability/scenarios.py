"""The interface of a scenario: its world, machine and step, the state it must reach, and the rules it must keep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from asc_sandbox.server import Sandbox
from core.running import Done
from reliability.cells import Cell, Logged, Request, broken, ended
from reliability.faults import Kind

Json = dict[str, Any]


class Faulty(Protocol):
    """A server whose requests go wrong: the sandbox, or a proxy in front of another server."""

    @property
    def requests(self) -> Sequence[Logged]:
        """Return the requests that arrived so far, oldest first."""

    @property
    def faults_hit(self) -> int:
        """Return the number of requests that a fault has hit so far."""

    def add_fault(self, spec: str) -> None:
        """Add a fault in the language of asc_sandbox.faults, for example `GET /v1/apps status=503`."""

    def end_faults(self) -> None:
        """Remove all faults, and answer every request as usual again."""


@dataclass(frozen=True)
class Scenario:
    """One action with one set of inputs. `world` is the seed of the sandbox, `options` are its parameters."""

    name: str
    command: str
    world: Json = field(repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)
    only_ended: bool = False
    """True if this scenario has only cells with signals, because another scenario covers the faults."""

    @contextmanager
    def begun(self, machine: Path) -> Iterator[Scenario]:
        """Start the servers of one cell besides the sandbox, and yield this scenario with them."""
        yield self

    def broken(self, sandbox: Sandbox) -> Faulty:
        """Return the server that gets the fault: the sandbox unless a scenario has another."""
        return sandbox

    def cells(self, requests: Sequence[Request]) -> list[Cell]:
        """Return the cells of the scenario, its part of the matrix, from the requests of a run without faults."""
        return [*(() if self.only_ended else broken(self.name, requests)), *ended(self.name, requests)]

    def may_refuse(self, kind: Kind) -> bool:
        """Return True if a step may end with exit code 1 because of this fault."""
        # An ignored write: Apple was reached, and did not do what it accepted.
        return kind.is_refusal or kind.is_ignored

    def prepare(self, machine: Path, sandbox: Sandbox) -> None:
        """Put the files and records in place that the step needs."""

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """Return the inputs as a user would give them in the present state."""
        raise NotImplementedError

    def env(self, sandbox: Sandbox) -> Mapping[str, str]:
        """Return more environment variables of the step."""
        return {}

    def facts(self, machine: Path, sandbox: Sandbox, done: Done) -> Json:
        """Return the state after a step that succeeded, without values that differ in each run.

        The state is compared with that of a run without faults.
        """
        raise NotImplementedError

    def wrongs(self, machine: Path, sandbox: Sandbox) -> Iterator[str]:
        """Yield each broken rule of those that hold after any fault."""
        yield from ()

    def is_right(self, kind: Kind, facts: Json, expected: Json) -> bool:
        """Return True if a step with this fault may reach this state."""
        return facts == expected

    def is_clear(self, kind: Kind, done: Done) -> bool:
        """Return True if a failure with this fault is clear although it breaks a rule of failures."""
        return False

    def is_finished(self, facts: Json, expected: Json) -> bool:
        """Return True if the run after the fault may reach this state."""
        return facts == expected

    def secrets(self) -> Iterable[str]:
        """Return the secrets of the step besides the API key."""
        return ()


def twice(what: str, found: Iterable[object]) -> Iterator[str]:
    """Yield a complaint for each thing that exists twice. `what` names the kind."""
    yield from (f"{count} times {what} {thing}" for thing, count in Counter(found).items() if count > 1)


def writes(sandbox: Sandbox) -> Iterator[str]:
    """Yield a complaint for each request that may change something, for steps that only read."""
    for request in sandbox.requests:
        if request.method != "GET":
            yield f"{request.method} {request.path} was sent"


def sizes(folder: Path) -> list[tuple[str, int]]:
    """Return path and size of each file below a folder, sorted by path."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [(str(path.relative_to(folder)), path.stat().st_size) for path in files]


def without(outputs: Mapping[str, str], *but: str) -> dict[str, str]:
    """Return the outputs without those named in `but`."""
    return {name: value for name, value in outputs.items() if name not in but}
