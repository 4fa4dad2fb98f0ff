"""Declare the endpoints that read: a list of records, one record, the records of a relationship."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from asc_sandbox import document
from asc_sandbox.endpoints import Answer, Call, Endpoint, existing
from asc_sandbox.errors import no_such_resource
from asc_sandbox.kinds import date, provisioning_date
from asc_sandbox.query import Filter, Grammar, Query, contains_loosely, parse
from asc_sandbox.schema import Resource
from asc_sandbox.world import Record, World

__all__ = ["Filter", "contains_loosely", "instance", "listing", "related"]


def listing(
    path: str,
    resource: Resource,
    *,
    filters: tuple[Filter, ...] = (),
    exists: tuple[str, ...] = (),
    sorts: tuple[str, ...] = (),
    sort_paths: Mapping[str, str] | None = None,
    limit_maxima: Mapping[str, int] | None = None,
) -> Endpoint:
    """Return the endpoint `GET path` for a page of all records of a type. See query.Grammar for the arguments."""
    grammar = Grammar(
        resource,
        filters=filters,
        exists=exists,
        sorts=sorts,
        sort_paths=sort_paths or {},
        limit_maxima=limit_maxima or {},
    )
    return Endpoint("GET", path, resource.area, partial(_list, grammar))


def instance(path: str, resource: Resource, *, limit_maxima: Mapping[str, int] | None = None) -> Endpoint:
    """Return the endpoint `GET path` for the record whose id stands in the path."""
    grammar = Grammar(resource, paged=False, limit_maxima=limit_maxima or {})
    return Endpoint("GET", path, resource.area, partial(_get, grammar))


def related(
    path: str,
    owner: Resource,
    name: str,
    target: Resource,
    *,
    filters: tuple[Filter, ...] = (),
    sorts: tuple[str, ...] = (),
    sort_needs: Mapping[str, str] | None = None,
    includes: bool = False,
    without: tuple[str, ...] = (),
) -> Endpoint:
    """Return the endpoint `GET path` for the records of a relationship of the record in the path: a page, or one."""
    many = owner.by_name[name].many
    # Most of these endpoints take no `include` in Apple's document, hence the default.
    grammar = Grammar(
        target,
        filters=filters,
        sorts=sorts,
        sort_needs=sort_needs or {},
        includes=includes,
        without=without,
        paged=many,
    )
    return Endpoint(
        "GET", path, target.area, partial(_related_many if many else _related_one, grammar, owner, name)
    )


def _list(grammar: Grammar, call: Call) -> Answer:
    return _page(grammar, call, call.world.all(grammar.resource.type))


def _get(grammar: Grammar, call: Call) -> Answer:
    query = parse(call.query, grammar, call.world.schema)
    return Answer(200, document.of_record(call, query, existing(call, grammar.resource)))


def _related_many(grammar: Grammar, owner: Resource, name: str, call: Call) -> Answer:
    return _page(grammar, call, call.world.related(existing(call, owner), name))


def _related_one(grammar: Grammar, owner: Resource, name: str, call: Call) -> Answer:
    query = parse(call.query, grammar, call.world.schema)
    records = call.world.related(existing(call, owner), name)
    if not records:
        # Apple's words (fastlane #16950): a missing record has the id null.
        raise no_such_resource(grammar.resource.type, "null")
    return Answer(200, document.of_record(call, query, records[0]))


def _page(grammar: Grammar, call: Call, records: list[Record]) -> Answer:
    query = parse(call.query, grammar, call.world.schema)
    matches = [record for record in records if _passes(call.world, record, query)]
    # Sorting is stable, so sorting by the last name first gives the order of all names.
    for path, descending in reversed(query.sorts):
        matches.sort(key=partial(_sort_key, call.world, path), reverse=descending)
    return Answer(200, document.of_page(call, query, matches))


def _passes(world: World, record: Record, query: Query) -> bool:
    for condition, asked in query.filters:
        values = values_at(world, record, condition.path)
        # An attribute with a list matches if any of its items does.
        flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
        texts = [_as_text(item) for item in flat if item is not None]
        if not any(condition.matches(text, value) for text in texts for value in asked):
            return False
    return all(
        (values_at(world, record, path) not in ([], [None])) == exists for path, exists in query.exists
    )


def values_at(world: World, record: Record, path: str) -> list[Any]:
    """Return the values at a dotted path, through relationships to other records and mappings to their members.

    A path that ends at a relationship means the ids, so `app` is the app's id and `preReleaseVersion.version` is a
    text.
    """
    head, _, rest = path.partition(".")
    if head == "id":
        return [record.id]
    if head in world.schema[record.type].by_name:
        return [
            value for other in world.related(record, head) for value in values_at(world, other, rest or "id")
        ]
    value = record.attributes.get(head)
    for member in rest.split(".") if rest else ():
        # The mapping may be null or lack the member.
        value = (value or {}).get(member)
    return [value]


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _sort_key(world: World, path: str, record: Record) -> tuple[bool, Any]:
    """Return a key that puts missing values first, dates by time, and everything else in the order of texts."""
    # Build numbers sort as texts, "10" before "9": clients must not rely on the order of Apple's answers.
    value = next(iter(values_at(world, record, path)), None)
    if value is not None and world.schema[record.type].attributes.get(path) in (date, provisioning_date):
        value = datetime.fromisoformat(value)
    return value is not None, value
