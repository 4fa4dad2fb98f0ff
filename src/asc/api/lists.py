"""Filters with many values, in as few requests as the length of an address allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

from asc.api.client import REQUESTS_AT_ONCE, Client, Query
from asc.api.document import Document

LONGEST = 7000
"""Characters of values in one address (some 150 names of profiles). Servers accept 8 KiB."""


def list_by(client: Client, path: str, parameter: str, values: Iterable[str], query: Query) -> Document:
    """Return the resources that a filter finds for the values, in as few requests as possible, sent side by side.

    The answer may hold more resources than requested: callers compare.
    """
    values = tuple(values)
    # A comma separates values, and Apple documents no way to escape one: everything is listed then.
    if any("," in value for value in values):
        return client.list(path, query)

    def ask(group: list[str]) -> Document:
        return client.list(path, {parameter: ",".join(group), **query})

    with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
        return Document.joined(pool.map(ask, chunks(values)))


def chunks(values: Iterable[str]) -> Iterator[list[str]]:
    """Yield the values in groups that fit into an address, in their order, each value once."""
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
