"""Endpoints: each takes a Call and returns an Answer or raises a Refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asc_sandbox import operations
from asc_sandbox.errors import no_such_resource, not_implemented
from asc_sandbox.schema import Resource
from asc_sandbox.world import Record, World

if TYPE_CHECKING:
    from asc_sandbox.context import Context
    from asc_sandbox.keys import Key


@dataclass(frozen=True)
class Call:
    """One request as an endpoint sees it.

    `base` is the address that the client used, such as `http://127.0.0.1:8080`. `id` stands for {id} in the path,
    `query` holds the parameters in order, `body` the decoded JSON or None, `key` the API key of the request.
    """

    world: World
    context: Context
    base: str
    path: str
    id: str = ""
    query: tuple[tuple[str, str], ...] = ()
    body: Any = None
    key: Key | None = None


@dataclass(frozen=True)
class Answer:
    """The status and document of an answer; `document` is None for an answer without a body."""

    status: int
    document: dict[str, Any] | None


@dataclass(frozen=True)
class Endpoint:
    """A method of a path with at most one {id}.

    `area` is the part of App Store Connect that a role may open (see roles); `handle` may raise Refusal.
    """

    method: str
    path: str
    area: str
    handle: Callable[[Call], Answer]

    @property
    def writes(self) -> bool:
        """Return True if the endpoint may change records."""
        return self.method != "GET"


def existing(call: Call, resource: Resource) -> Record:
    """Return the record whose id stands in the path. Raises Refusal 404."""
    record = call.world.find(resource.type, call.id)
    if record is None:
        raise no_such_resource(resource.type, call.id)
    return record


class Router:
    """Find the endpoint of a path. Exact segments win over {id}."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._by_path: dict[tuple[str, ...], dict[str, Endpoint]] = {}
        for endpoint in endpoints:
            self._by_path.setdefault(tuple(endpoint.path.split("/")), {})[endpoint.method] = endpoint

    def find(self, method: str, path: str) -> tuple[Endpoint, str]:
        """Return the endpoint and the id in the path, "" if the path has none.

        Raises Refusal: Apple's own if Apple has no such path or method, 501 if only the sandbox does not have it.
        """
        # `patterns` yields the path itself first, so exact segments win.
        for segments, record_id in operations.patterns(path):
            if endpoint := self._by_path.get(segments, {}).get(method):
                return endpoint, record_id
        if method in operations.methods_of(path):
            raise not_implemented(f"{method} {path}")
        raise operations.refusal(method, path)
