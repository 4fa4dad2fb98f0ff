"""The changes of a plan: each is one write to App Store Connect."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from asc import words


@dataclass(frozen=True)
class Change:
    """One write of a plan.

    kind: the subject in one word, for code to compare.
    summary: the change in words, in the imperative ("submit to beta review").
    method: POST, PATCH or DELETE. A DELETE without a body has an empty `body`.
    settles: True if App Store Connect may refuse it for a while, as right after a build was processed.
    repeats: True if a second request does no harm.
    otherwise: the replacement if Apple refuses the change for the reason that the rules foresee.
    serves: ids, or names of new ones, of the groups (or the like) that have all they need by this change.
    makes: the placeholder, like "{version}", that stands in later changes for the id of the resource made here.
    after: the placeholder of an earlier change without which this one must not be sent, though it does not name it.
    clears: True if an earlier change makes room for this one, so that a refusal for lack of room may pass.
    mended: True if characters that Apple refused were taken out of its text.
    """

    kind: str
    summary: str
    method: str
    path: str
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    settles: bool = False
    repeats: bool = True
    otherwise: Fallback | None = None
    serves: tuple[str, ...] = ()
    makes: str = ""
    after: str = ""
    # Both say how the change came about. A change of a later plan is the same one without them.
    clears: bool = field(default=False, compare=False)
    mended: bool = field(default=False, compare=False)

    def with_ids(self, ids: Mapping[str, str]) -> Change:
        """Return the change with each placeholder of `ids` replaced by the id of the resource that was made."""
        if not ids:
            return self
        otherwise = self.otherwise
        if otherwise:
            otherwise = replace(
                otherwise, changes=tuple(change.with_ids(ids) for change in otherwise.changes)
            )
        path = self.path
        for placeholder, identifier in ids.items():
            path = path.replace(placeholder, identifier)
        return replace(self, path=path, body=_filled(self.body, ids), otherwise=otherwise)

    def needs(self, placeholder: str) -> bool:
        """Return True if the change comes `after` the placeholder, or its path or an id of its body has it."""
        return (
            self.after == placeholder
            or placeholder in self.path
            or _filled(self.body, {placeholder: ""}) != self.body
        )


@dataclass(frozen=True)
class Fallback:
    """The changes that replace a refused one. If they are made, `note` or `warning` is reported."""

    changes: tuple[Change, ...] = ()
    note: str = ""
    warning: str = ""


@dataclass(frozen=True)
class Plan:
    """The phases of a plan. The changes of one phase do not depend on each other.

    `warnings` are about requests that stay unfulfilled, `notes` are for information.
    """

    phases: tuple[tuple[Change, ...], ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def changes(self) -> tuple[Change, ...]:
        """Return the changes of all phases in the order in which they are sent."""
        return tuple(change for phase in self.phases for change in phase)

    def without(self, done: Sequence[Change]) -> Plan:
        """Return the plan without the changes in `done`."""
        return self.where(lambda change: change not in done)

    def where(self, keeps: Callable[[Change], bool]) -> Plan:
        """Return the plan with only the changes that `keeps` accepts."""
        left = (tuple(filter(keeps, phase)) for phase in self.phases)
        return replace(self, phases=tuple(phase for phase in left if phase))


def enumerated(parts: Iterable[str], noun: str) -> str:
    """Return "a, b and c", or a count such as "25 groups" (`noun` in the plural) if there are too many to name."""
    *head, last = parts
    if len(head) >= words.MOST_NAMED:
        return f"{len(head) + 1} {noun}"
    return f"{', '.join(head)} and {last}" if head else last


def _filled(value: Any, ids: Mapping[str, str]) -> Any:
    # Only whole values are replaced: a text of the user may hold braces.
    if isinstance(value, Mapping):
        return {name: _filled(member, ids) for name, member in value.items()}
    if isinstance(value, list):
        return [_filled(member, ids) for member in value]
    return ids.get(value, value) if isinstance(value, str) else value
