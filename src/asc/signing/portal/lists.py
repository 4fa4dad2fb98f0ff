"""Filters with many values: as few requests as the length of an address allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import quote

LONGEST = 7000
"""Characters of values in one address; servers take 8 KiB. That is some 150 profiles with their names."""


def chunks(values: Iterable[str]) -> Iterator[list[str]]:
    """The values in groups that fit into an address, in their order, each once."""
    group: list[str] = []
    length = 0
    for value in dict.fromkeys(values):
        size = len(quote(value)) + 1
        if group and length + size > LONGEST:
            yield group
            group, length = [], 0
        group.append(value)
        length += size
    if group:
        yield group
