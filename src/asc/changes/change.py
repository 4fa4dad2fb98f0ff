"""The changes of a plan: each is one write to App Store Connect."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from asc.builds.build import BuildState

TO_COME = "{build}"
"""Stands for the id of a build that does not exist yet."""
MOST_NAMED = 10


@dataclass(frozen=True)
class Change:
    """One write. `summary` says it to humans; `kind` is what it is about, in a word that code can compare.

    `settles`: App Store Connect may refuse it for a while, right after processing. `repeats`: doing it twice is
    harmless. `otherwise`: what to do where it is refused for the reason that is foreseen. `groups`: those that have
    the build by it, as ids, or names of new ones. `clears`: the queue of beta review was told to make way for it.
    `mended`: characters that Apple refused were taken out of its text.
    """

    kind: str
    summary: str
    method: str
    path: str
    body: Mapping[str, Any] = field(repr=False)
    settles: bool = False
    repeats: bool = True
    otherwise: Fallback | None = None
    groups: tuple[str, ...] = ()
    clears: bool = field(default=False, compare=False)
    mended: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Fallback:
    """What is done in place of a change that is refused, and what is said of it then, as a note or as a warning."""

    changes: tuple[Change, ...] = ()
    note: str = ""
    warning: str = ""


@dataclass(frozen=True)
class Plan:
    """Phases of changes, those of one phase independent of each other; and what is to be said besides.

    `warnings` are about what is not as wished, `notes` about what is good to know.
    """

    phases: tuple[tuple[Change, ...], ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def changes(self) -> tuple[Change, ...]:
        """All changes in their order."""
        return tuple(change for phase in self.phases for change in phase)

    def without(self, done: Sequence[Change]) -> Plan:
        """The same without changes that are made already."""
        return self.where(lambda change: change not in done)

    def where(self, wanted: Callable[[Change], bool]) -> Plan:
        """The same with some of the changes."""
        left = (tuple(filter(wanted, phase)) for phase in self.phases)
        return replace(self, phases=tuple(phase for phase in left if phase))


def build_id(state: BuildState | None) -> str:
    """The id of the build, or what stands for it."""
    return state.id if state else TO_COME


def enumerated(parts: Iterable[str], what: str) -> str:
    """`a, b and c`; too many become `25 groups` (`what`)."""
    *head, last = parts
    if len(head) >= MOST_NAMED:
        return f"{len(head) + 1} {what}"
    return f"{', '.join(head)} and {last}" if head else last
