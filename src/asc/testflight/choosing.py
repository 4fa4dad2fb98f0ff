"""Choose the groups and the declaration that the inputs name. A typo must not end in a build without testers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from asc.errors import Error
from asc.testflight.state import Declaration, Group
from asc.words import did_you_mean, folded, listed, printable_name

_LIKE_AN_ID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


def groups(
    requested: Sequence[str], existing: Sequence[Group], create: str | None
) -> tuple[tuple[Group, ...], tuple[str, ...]]:
    """Return the existing groups that are named, each once, and the names of groups to create as `create`.

    A name is compared exactly, then as an id, then without case and blanks. Raises Error for a name without a group,
    or with more than one.
    """
    chosen: dict[str, Group] = {}
    new: dict[str, str] = {}
    unknown: list[str] = []
    for name in requested:
        group = _group(name, existing)
        if group:
            chosen.setdefault(group.id, group)
        # An id without a group comes from another app or a deleted group: nobody wants a group with an id for its name.
        elif create and not re.fullmatch(_LIKE_AN_ID, name):
            # Two spellings of one new name must not become two groups.
            new.setdefault(folded(name), name)
        else:
            unknown.append(name)
    if unknown:
        raise _unknown_groups(unknown, existing)
    return tuple(chosen.values()), tuple(new.values())


def declaration(requested: str, existing: Sequence[Declaration]) -> Declaration:
    """Return the declaration with this id or code. Raises Error if there is none or it is not approved."""
    chosen = next((candidate for candidate in existing if requested in (candidate.id, candidate.code)), None)
    known = ", ".join(map(str, existing)) or "none"
    if chosen is None:
        raise Error(
            f"encryption-declaration: the app has no declaration {printable_name(requested)}. It has: {known}.",
            "Give the id or the code of one that is APPROVED, or make one in App Store Connect (App Information).",
        )
    if chosen.state != "APPROVED":
        raise Error(
            f"encryption-declaration: {chosen} is not approved. The app has: {known}.",
            "Wait for Apple's approval, or give another one.",
        )
    return chosen


def _group(name: str, existing: Sequence[Group]) -> Group | None:
    forms: Iterable[Callable[[Group], bool]] = (
        lambda group: group.name == name,
        lambda group: group.id == name,
        lambda group: folded(group.name) == folded(name),
    )
    for matches in forms:
        matching = [group for group in existing if matches(group)]
        # Two groups may have one name; only an id tells them apart.
        if len(matching) > 1:
            ids = ", ".join(f"{printable_name(group.name)}: {group.id}" for group in matching)
            raise Error(
                f"groups: {len(matching)} groups of the app are called {printable_name(name)} ({ids}).",
                "Give the id of one of them.",
            )
        if matching:
            return matching[0]
    return None


def _unknown_groups(unknown: Sequence[str], existing: Sequence[Group]) -> Error:
    names = sorted((group.name for group in existing), key=folded)
    hints = "".join(did_you_mean(name, names) for name in unknown[:5])
    known = f"its groups: {listed(names)}" if names else "it has no groups"
    return Error(
        f"groups: the app has no group {listed(unknown)} ({known}).{hints}",
        "Check the spelling (an id works as well), or set create-groups to create unknown groups.",
    )
