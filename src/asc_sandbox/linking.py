"""Declare the endpoints of relationships themselves, `/v1/<type>/{id}/relationships/<name>`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from asc_sandbox import document
from asc_sandbox.endpoints import Answer, Call, Endpoint, existing
from asc_sandbox.entity_errors import invalid_linkage, not_a_document
from asc_sandbox.errors import no_such_resource
from asc_sandbox.query import Grammar, parse
from asc_sandbox.schema import Relationship, Resource
from asc_sandbox.world import Record
from asc_sandbox.writing import without_parameters

Admit = Callable[[Call, Record, Record], None]
"""Allows or refuses a link from the record of the path to another one (or its end), and makes further changes."""


def _everything(call: Call, record: Record, other: Record) -> None:
    """Refuse nothing and change nothing further."""


@dataclass(frozen=True)
class Link:
    """A relationship with its linkage endpoints. `admit` and `release` are asked before a link is made or ended."""

    owner: Resource
    name: str
    admit: Admit
    release: Admit

    @property
    def relationship(self) -> Relationship:
        """Return the relationship as the owner declares it."""
        return self.owner.by_name[self.name]


def linkages(
    owner: Resource,
    name: str,
    target: Resource,
    methods: tuple[str, ...],
    *,
    admit: Admit = _everything,
    release: Admit = _everything,
) -> tuple[Endpoint, ...]:
    """Return the linkage endpoints of a relationship: GET, POST and DELETE, or PATCH if it leads to one record."""
    path = f"/v1/{owner.type}/{{id}}/relationships/{name}"
    link = Link(owner, name, admit, release)
    handlers: dict[str, Callable[[Call], Answer]] = {
        "GET": partial(_read, Grammar(target, includes=False, paged=link.relationship.many), link),
        "POST": partial(_add, link),
        "DELETE": partial(_remove, link),
        "PATCH": partial(_replace, link),
    }
    return tuple(Endpoint(method, path, owner.area, handlers[method]) for method in methods)


def _read(grammar: Grammar, link: Link, call: Call) -> Answer:
    query = parse(call.query, grammar, call.world.schema)
    records = call.world.related(existing(call, link.owner), link.name)
    if link.relationship.many:
        return Answer(200, document.of_linkages(call, query, records))
    if not records:
        raise no_such_resource(link.relationship.target, "null")
    return Answer(200, document.of_linkage(call, records[0]))


def _add(link: Link, call: Call) -> Answer:
    record = existing(call, link.owner)
    linked = {other.id for other in call.world.related(record, link.name)}
    # Apple accepts a link that exists already in silence, so `admit` is not asked about it.
    new = [other for other in _named(link, call) if other.id not in linked]
    for other in new:
        link.admit(call, record, other)
    call.world.connect(record, link.name, new)
    return Answer(204, None)


def _remove(link: Link, call: Call) -> Answer:
    record, gone = existing(call, link.owner), _named(link, call)
    for other in gone:
        link.release(call, record, other)
    call.world.disconnect(record, link.name, gone)
    return Answer(204, None)


def _replace(link: Link, call: Call) -> Answer:
    record = existing(call, link.owner)
    others = [] if _is_null(link, call) else _named(link, call)
    if link.relationship.many:
        _require_same(call.world.related(record, link.name), others)
    for other in others:
        link.admit(call, record, other)
    call.world.relate(record, link.name, [other.id for other in others])
    return Answer(204, None)


def _is_null(link: Link, call: Call) -> bool:
    """Return True if the body ends a relationship to one record."""
    # That Apple accepts this for builds is a guess.
    body = call.body
    return not link.relationship.many and isinstance(body, dict) and "data" in body and body["data"] is None


def _require_same(linked: list[Record], named: list[Record]) -> None:
    """Raise Refusal unless the named records are the linked ones in any order."""
    # That Apple accepts a new order and no other list is a guess.
    if sorted(record.id for record in linked) != sorted(record.id for record in named):
        raise invalid_linkage("The list has to name each linked resource once, and no other")


def _named(link: Link, call: Call) -> list[Record]:
    """Return the records that the body names. Raises Refusal."""
    without_parameters(call)
    data = call.body.get("data") if isinstance(call.body, dict) else None
    references: Any = data if link.relationship.many else [data]
    if not isinstance(references, list) or not all(isinstance(reference, dict) for reference in references):
        raise not_a_document()
    return [_record(link, call, reference) for reference in references]


def _record(link: Link, call: Call, reference: dict[str, Any]) -> Record:
    target = link.relationship.target
    if reference.get("type") != target:
        raise invalid_linkage(f"'{link.name}' takes the type and id of '{target}'")
    record = call.world.find(target, str(reference.get("id")))
    if record is None:
        raise invalid_linkage(f"There is no resource of type '{target}' with id '{reference.get('id')}'")
    return record
