"""The paths and methods that Apple's API has, also those that the sandbox does not play.

They stand in operations.txt, which `make operations` writes from Apple's document: the sandbox runs without the
document, and has to tell "Apple has no such path" (404) from "the sandbox does not play it" (501) all the same.
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
"""Apple's names of what is done to a resource, by the method and whether the path has an id."""


def patterns(path: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield what a path may be an example of, as segments, with the id in it; the path itself, without an id, first.

    Apple's paths hold one {id} at most.
    """
    segments = tuple(path.split("/"))
    yield segments, ""
    for position, segment in enumerate(segments):
        if segment:
            yield (*segments[:position], "{id}", *segments[position + 1 :]), segment


def methods_of(path: str) -> frozenset[str]:
    """Return the methods that Apple's API has for a path, none for a path that it does not have."""
    known = _methods_by_pattern()
    return next((known[segments] for segments, _ in patterns(path) if segments in known), frozenset())


def refusal(method: str, path: str) -> Refusal:
    """Return what Apple answers to a method or a path that it does not have.

    The texts are those of fastlane #16732, #18004 and #21524, and of many reports about `POST /v1/apps`.
    """
    segments = path.split("/")
    resource, related = "".join(segments[2:3]), segments[4:]
    if methods := methods_of(path):
        if related:  # Apple's names for what is done to a relationship are not known
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


# Few sandboxes are ever asked for what they do not play: the list is read when the first one is.
@cache
def _methods_by_pattern() -> dict[tuple[str, ...], frozenset[str]]:
    lines = files("asc_sandbox").joinpath(_LIST).read_text("utf-8").splitlines()
    rows = (line.split() for line in lines if not line.startswith("#"))
    return {tuple(path.split("/")): frozenset(methods) for path, *methods in rows}
