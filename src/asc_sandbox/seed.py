"""Read a seed: the world and the keys of the start. docs/sandbox.md describes the format."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from asc_sandbox.keys import Key
from asc_sandbox.plans import OUTCOMES
from asc_sandbox.schema import Schema
from asc_sandbox.seedkeys import read_keys
from asc_sandbox.seedreading import SeedError, entries, listed
from asc_sandbox.world import Record, World, WorldError

__all__ = ["DEMO", "Seed", "SeedError", "load"]

DEMO = Path(__file__).with_name("seeds") / "demo.yml"

_DEFAULT_KEYS = [{"id": "SANDBOX001"}]


@dataclass(frozen=True)
class Seed:
    """The records and keys that a sandbox starts with. The first key is the default one.

    `processing` are the members of plans.Processing that differ for an app, by its bundle id.
    """

    keys: Mapping[str, Key]
    world: World
    processing: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class _Entry:
    """One record of a seed with the records around it, the innermost last."""

    place: str
    type: str
    members: Mapping[str, Any]
    parents: tuple[Record, ...] = field(default=())


def load(source: Mapping[str, Any] | Path | str | None, schema: Schema) -> Seed:
    """Read a seed from a mapping, from a YAML file, or from the demo if `source` is None.

    Raises SeedError for a wrong seed, OSError for a file that cannot be read.
    """
    content = source if isinstance(source, Mapping) else _parse(Path(source or DEMO))
    # Refused, because a misspelled type would silently leave the sandbox empty.
    if unknown := content.keys() - schema.keys() - {"keys", "processing"}:
        raise SeedError(
            "",
            f"a seed has no member {listed(unknown)}; its members are keys, processing, {', '.join(schema)}",
        )
    world = World(schema)
    for resource in schema.values():
        for record_id, attributes, related in resource.built_in:
            world.add(resource.type, attributes, related, record_id=record_id)
    references = []
    for type_name in schema:
        for place, members in entries(type_name, content.get(type_name)):
            references += list(_add(world, _Entry(place, type_name, members)))
    # References come last, because they may lead to records that stand later in the seed.
    for place, record, name, ids in references:
        try:
            world.relate(record, name, ids)
        except WorldError as error:
            raise SeedError(place, str(error)) from None
    return Seed(
        read_keys(content.get("keys", _DEFAULT_KEYS)), world, _processing(content.get("processing", {}))
    )


def _parse(path: Path) -> Mapping[str, Any]:
    try:
        # Both loaders are safe. libyaml's is ten times faster, but not every PyYAML has it.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        content = yaml.load(path.read_text(encoding="utf-8"), loader)
    except yaml.YAMLError as error:
        raise SeedError(str(path), f"is not YAML: {error}") from None
    if not isinstance(content, dict):
        raise SeedError(str(path), "a seed is a mapping of lists, as {apps: […], keys: […]}")
    return content


_Reference = tuple[str, Record, str, str | list[str]]


def _add(world: World, entry: _Entry) -> Iterator[_Reference]:
    """Create a record and the records nested in it; yield their references."""
    resource = world.schema[entry.type]
    attributes = {name: value for name, value in entry.members.items() if resource.kind(name)}
    relations = {name: value for name, value in entry.members.items() if name in resource.by_name}
    if unknown := entry.members.keys() - attributes.keys() - relations.keys() - {"id"}:
        raise SeedError(entry.place, f"{entry.type} have no attribute or relationship {listed(unknown)}")
    try:
        record = world.add(entry.type, attributes, record_id=_id(world.schema, entry))
    except WorldError as error:
        raise SeedError(entry.place, str(error)) from None
    for parent in entry.parents:
        yield from _to_parent(world, entry.place, record, parent)
    for name, value in relations.items():
        yield from _relation(world, entry, record, name, value)


def _id(schema: Schema, entry: _Entry) -> str | None:
    """Return the given id, or else the id of the record that this one shares its id with; None for neither."""
    owner = schema[entry.type].by_name.get(schema[entry.type].id_of)
    shared = next((parent.id for parent in entry.parents if owner and parent.type == owner.target), None)
    given = entry.members.get("id", shared or (owner and entry.members.get(owner.name)))
    # YAML reads an unquoted id as a number, and drops its leading zeros.
    if given is not None and not isinstance(given, str):
        raise SeedError(f"{entry.place}.id", f"expected text, found {given!r}; put it in quotes")
    return given


def _to_parent(world: World, place: str, record: Record, parent: Record) -> Iterator[_Reference]:
    """Yield the relationships from a nested record back to a record around it, as from a build to its app."""
    for relationship in world.schema[parent.type].relationships:
        if relationship.target == record.type and relationship.inverse:
            yield place, record, relationship.inverse, parent.id


def _relation(world: World, entry: _Entry, record: Record, name: str, value: Any) -> Iterator[_Reference]:
    place = f"{entry.place}.{name}"
    relationship = world.schema[entry.type].by_name[name]
    # The record itself stores this relationship; others are stored by the nested records.
    if relationship.inverse is None:
        if relationship.many and isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
            value = yield from _nested(world, entry, record, name, value)
        if not isinstance(value, list if relationship.many else str):
            raise SeedError(
                place, f"expected {'a list of ids' if relationship.many else 'an id'}, found {value!r}"
            )
        yield place, record, name, value
        return
    if not relationship.many:
        if not isinstance(value, Mapping):
            raise SeedError(place, f"set {relationship.inverse} of the {relationship.target} instead")
        yield from _add(world, _Entry(place, relationship.target, value, (*entry.parents, record)))
        return
    for nested_place, members in entries(place, value):
        yield from _add(world, _Entry(nested_place, relationship.target, members, (*entry.parents, record)))


def _nested(
    world: World, entry: _Entry, record: Record, name: str, value: list[Any]
) -> Generator[_Reference, None, list[Any]]:
    """Create the records that stand as mappings in a list of ids; return the list with their ids."""
    target, ids = world.schema[entry.type].by_name[name].target, []
    for position, item in enumerate(value):
        if isinstance(item, Mapping):
            place, before = f"{entry.place}.{name}[{position}]", len(world.all(target))
            yield from _add(world, _Entry(place, target, item, (*entry.parents, record)))
            # The record itself comes before the records that are nested in it.
            ids.append(world.all(target)[before].id)
        else:
            ids.append(item)
    return ids


def _processing(value: Any) -> Mapping[str, Mapping[str, Any]]:
    """Check and return the members of plans.Processing that differ for some apps."""
    if not isinstance(value, Mapping):
        raise SeedError("processing", f"expected a mapping of bundle ids, found {value!r}")
    for bundle_id, members in value.items():
        place = f"processing.{bundle_id}"
        if not isinstance(members, Mapping) or members.keys() - {"seconds", "outcome", "detail_lag"}:
            raise SeedError(place, f"expected seconds, outcome and detail_lag, found {members!r}")
        if members.get("outcome", "valid") not in OUTCOMES:
            raise SeedError(place, f"{members['outcome']!r} is not one of {', '.join(OUTCOMES)}")
        for name in ("seconds", "detail_lag"):
            if not isinstance(members.get(name, 0), int | float):
                raise SeedError(place, f"expected a number of seconds, found {members[name]!r}")
    return value
