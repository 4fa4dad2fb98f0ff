"""Endpoints, and what passes through them: a Call goes in, an Answer or a Refusal comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asc_sandbox import operations
from asc_sandbox.errors import not_played
from asc_sandbox.world import World

if TYPE_CHECKING:
    from asc_sandbox.keys import Key
    from asc_sandbox.stage import Stage


@dataclass(frozen=True)
class Call:
    """One request, as far as an endpoint is concerned.

    `base` is the address the client used, as `http://127.0.0.1:8080`. `id` is what stands for {id} in the
    path, `query` the parameters in order, `body` the decoded JSON or None, `key` the API key that asks.
    """

    world: World
    stage: Stage
    base: str
    path: str
    id: str = ""
    query: tuple[tuple[str, str], ...] = ()
    body: Any = None
    key: Key | None = None


@dataclass(frozen=True)
class Answer:
    """What an endpoint answers; `document` is None for an answer without a body."""

    status: int
    document: dict[str, Any] | None


@dataclass(frozen=True)
class Endpoint:
    """A method of a path with at most one {id}.

    `area` is what a role opens or not; `play` may raise Refusal.
    """

    method: str
    path: str
    area: str
    play: Callable[[Call], Answer]

    @property
    def writes(self) -> bool:
        """Whether it changes anything."""
        return self.method != "GET"


class Router:
    """Finds the endpoint that a path means. Exact segments win over {id}."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._by_path: dict[tuple[str, ...], dict[str, Endpoint]] = {}
        for endpoint in endpoints:
            self._by_path.setdefault(tuple(endpoint.path.split("/")), {})[endpoint.method] = endpoint

    def find(self, method: str, path: str) -> tuple[Endpoint, str]:
        """Return the endpoint and the id in the path, "" when there is none.

        Raises Refusal: as Apple does for a path or a method that Apple does not have, 501 for those that Apple has
        and the sandbox does not play.
        """
        for segments, record_id in operations.patterns(path):
            if endpoint := self._by_path.get(segments, {}).get(method):
                return endpoint, record_id
        if method in operations.methods_of(path):
            raise not_played(f"{method} {path}")
        raise operations.refusal(method, path)
