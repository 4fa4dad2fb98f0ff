"""How the parts of a seed are read, and how mistakes in them are told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


class SeedError(ValueError):
    """A seed is wrong. The text names the place, as `apps[0].builds[2].expired`, and what is wrong there."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place}: {problem}" if place else problem)


def entries(place: str, value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The mappings of a list, each with its place."""
    if not isinstance(value, list | None):
        raise SeedError(place, f"expected a list, found {value!r}")
    for position, members in enumerate(value or ()):
        if not isinstance(members, Mapping):
            raise SeedError(f"{place}[{position}]", f"expected a mapping, found {members!r}")
        yield f"{place}[{position}]", members


def listed(names: set[str]) -> str:
    """The names in order, for a message."""
    return ", ".join(sorted(map(str, names)))
