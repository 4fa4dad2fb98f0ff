"""The paths and methods of Apple's API, including the ones that the sandbox does not implement.

They stand in operations.txt, written from Apple's document by `make operations`. The sandbox runs without the
document and still tells "Apple has no such path" (404) from "the sandbox does not implement it" (501).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from asc_sandbox.errors import Refusal, no_such_path, operation_not_allowed

_LIST = "operations.txt"

_OPERATIONS = {
    ("GET", False): "GET_COLLECTION",
    ("GET", True): "GET_INSTANCE",
    ("POST", False): "CREATE",
    ("PATCH", True): "UPDATE",
    ("DELETE", True): "DELETE",
}
"""Apple's names of operations on a resource, by the method and whether the path has an id."""


def patterns(path: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the patterns that a path may be an example of, as segments, each with the id that it would hold.

    The path itself comes first, without an id. Apple's paths hold one {id} at most.
    """
    segments = tuple(path.split("/"))
    yield segments, ""
    for position, segment in enumerate(segments):
        if segment:
            yield (*segments[:position], "{id}", *segments[position + 1 :]), segment


def methods_of(path: str) -> frozenset[str]:
    """Return the methods that Apple's API has for a path; none for a path that it does not have."""
    known = _methods_by_pattern()
    return next((known[segments] for segments, _ in patterns(path) if segments in known), frozenset())


def refusal(method: str, path: str) -> Refusal:
    """Return Apple's answer to a method or a path that it does not have.

    The texts are from fastlane #16732, #18004 and #21524, and from many reports about `POST /v1/apps`.
    """
    segments = path.split("/")
    resource, related = "".join(segments[2:3]), segments[4:]
    if methods := methods_of(path):
        if related:
            # Apple's names of operations on a relationship are not known.
            return operation_not_allowed(f"relationship '{related[-1]}'", method, sorted(methods))
        collection = "/".join(segments[:3])
        allowed = _named(collection, with_id=False) + _named(f"{collection}/id", with_id=True)
        asked = _OPERATIONS.get((method, len(segments) > 3), method)
        return operation_not_allowed(f"resource '{resource}'", asked, sorted(allowed))
    if resource and not any(known[2] == resource for known in _methods_by_pattern()):
        return no_such_path(path, f"The resource '{resource}' does not exist")
    if related and all(segments[1:]):
        return no_such_path(path, f"The relationship '{related[-1]}' does not exist")
    return no_such_path(path, f"'{path}' is not a valid URL")


def _named(path: str, *, with_id: bool) -> list[str]:
    return [_OPERATIONS.get((method, with_id), method) for method in methods_of(path)]


# Read at the first need: few sandboxes ever get a request that they do not implement.
@cache
def _methods_by_pattern() -> dict[tuple[str, ...], frozenset[str]]:
    lines = files("asc_sandbox").joinpath(_LIST).read_text("utf-8").splitlines()
    rows = (line.split() for line in lines if not line.startswith("#"))
    return {tuple(path.split("/")): frozenset(methods) for path, *methods in rows}
