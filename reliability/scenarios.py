"""What a scenario is: a world, a machine, a step, what it must come to, and what must never be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asc_sandbox.server import Sandbox
from core.running import Done
from reliability.faults import Kind

Json = dict[str, Any]


@dataclass(frozen=True)
class Scenario:
    """One action with one set of inputs. `options` are those of the sandbox."""

    name: str
    command: str
    world: Json = field(repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)
    only_ended: bool = False
    """Whether steps are only ended by signals: what App Store Connect's faults do is seen in another scenario."""

    def prepare(self, machine: Path, sandbox: Sandbox) -> None:
        """Puts files and records where the step finds them."""

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """The inputs, as the user would give them now."""
        raise NotImplementedError

    def env(self, sandbox: Sandbox) -> Mapping[str, str]:
        """Variables of the step."""
        return {}

    def facts(self, machine: Path, sandbox: Sandbox, done: Done) -> Json:
        """What a step that succeeded came to, without what is another each time: compared with a run without faults."""
        raise NotImplementedError

    def wrongs(self, machine: Path, sandbox: Sandbox) -> Iterator[str]:
        """What must never be, whatever went wrong."""
        yield from ()

    def is_right(self, kind: Kind, facts: Json, expected: Json) -> bool:
        """Whether that is what the step should come to."""
        return facts == expected

    def is_finished(self, facts: Json, expected: Json) -> bool:
        """Whether that is what a run that follows should come to."""
        return facts == expected

    def secrets(self) -> Iterable[str]:
        """What the step knows and nobody else may see, besides the API key."""
        return ()


def twice(what: str, found: Iterable[object]) -> Iterator[str]:
    """Complains of everything that is there twice."""
    yield from (f"{count} times {what} {each}" for each, count in Counter(found).items() if count > 1)


def only(outputs: Mapping[str, str], *but: str) -> dict[str, str]:
    """The outputs, without those."""
    return {name: value for name, value in outputs.items() if name not in but}
