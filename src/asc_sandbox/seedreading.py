"""Read lists and names of a seed, and report mistakes in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


class SeedError(ValueError):
    """Raised for a wrong seed. The text names the place, such as `apps[0].builds[2].expired`, and the mistake."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place}: {problem}" if place else problem)


def entries(place: str, value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the mappings of a list, each with its place. Raises SeedError for anything else."""
    if not isinstance(value, list | None):
        raise SeedError(place, f"expected a list, found {value!r}")
    for position, members in enumerate(value or ()):
        if not isinstance(members, Mapping):
            raise SeedError(f"{place}[{position}]", f"expected a mapping, found {members!r}")
        yield f"{place}[{position}]", members


def listed(names: set[str]) -> str:
    """Return the names in order, separated by commas, for a message."""
    return ", ".join(sorted(map(str, names)))
