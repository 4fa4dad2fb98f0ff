"""The paths and methods that Apple's API has, also those that the sandbox does not play.

They stand in operations.txt, which `make operations` writes from Apple's document: the sandbox runs without the
document, and has to tell "Apple has no such path" (404) from "the sandbox does not play it" (501) all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

_LIST = "operations.txt"


def patterns(path: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield what a path may be an example of, as segments, with the id in it; the path itself, without an id, first.

    Apple's paths hold one {id} at most.
    """
    segments = tuple(path.split("/"))
    yield segments, ""
    for position, segment in enumerate(segments):
        yield (*segments[:position], "{id}", *segments[position + 1 :]), segment


def methods_of(path: str) -> frozenset[str]:
    """Return the methods that Apple's API has for a path, none for a path that it does not have."""
    known = _methods_by_pattern()
    return next((known[segments] for segments, _ in patterns(path) if segments in known), frozenset())


# Few sandboxes are ever asked for what they do not play: the list is read when the first one is.
@cache
def _methods_by_pattern() -> dict[tuple[str, ...], frozenset[str]]:
    lines = files("asc_sandbox").joinpath(_LIST).read_text("utf-8").splitlines()
    rows = (line.split() for line in lines if not line.startswith("#"))
    return {tuple(path.split("/")): frozenset(methods) for path, *methods in rows}
