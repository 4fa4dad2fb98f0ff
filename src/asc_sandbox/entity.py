"""Read the body of a write: the attributes and relationships that it may have, and the ones that it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from asc_sandbox import entity_errors as errors
from asc_sandbox.endpoints import Call
from asc_sandbox.errors import Refusal, not_implemented
from asc_sandbox.kinds import Kind, NotThisKind
from asc_sandbox.schema import Resource
from asc_sandbox.world import Record, World


@dataclass(frozen=True)
class Shape:
    """The attributes and relationships that a body must have and may have."""

    resource: Resource
    # Attributes.
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    # Relationships: the required and the optional ones.
    owners: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    # The allowed values of attributes; any, if an attribute is not listed.
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # The kinds of attributes that can only be written: the resource itself does not have them.
    written: Mapping[str, Kind] = field(default_factory=dict)
    # False for the body of a change, which has to repeat the id of its record.
    creates: bool = True

    def kind(self, name: str) -> Kind | None:
        """Return the kind of an attribute, None if a body cannot have it."""
        return self.written.get(name) or self.resource.attributes.get(name)


@dataclass(frozen=True)
class Given:
    """The attributes and relationships that a body names."""

    attributes: Mapping[str, Any]
    related: Mapping[str, tuple[Record, ...]]

    def one(self, name: str) -> Record:
        """Return the record of a required relationship to one record."""
        return self.related[name][0]


def read(call: Call, shape: Shape) -> Given:
    """Read a body. Raises Refusal with every mistake in it."""
    data = call.body.get("data") if isinstance(call.body, dict) else None
    if not isinstance(data, dict):
        raise errors.not_a_document()
    if data.get("type") != shape.resource.type:
        raise errors.wrong_type(shape.resource.type, data.get("type"))
    if not shape.creates and data.get("id") != call.id:
        raise errors.wrong_id(call.id, data.get("id"))
    attributes, relationships = _members(data, "attributes"), _members(data, "relationships")
    problems = [
        *_attribute_problems(shape, attributes),
        *_relationship_problems(call.world, shape, relationships),
    ]
    if problems:
        # Apple answers with all mistakes at once, so clients have to show more than the first.
        raise replace(problems[0], more=tuple(problems[1:]))
    return Given(
        attributes,
        {name: tuple(_records(call.world, shape, name, value)) for name, value in relationships.items()},
    )


def _members(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    members = data.get(name, {})
    if not isinstance(members, dict):
        raise errors.not_a_document()
    return members


def _attribute_problems(shape: Shape, attributes: Mapping[str, Any]) -> Iterator[Refusal]:
    for name in shape.required:
        if attributes.get(name) is None:
            yield errors.missing_attribute(name)
    for name, value in attributes.items():
        if shape.kind(name) is None:
            yield errors.unknown_attribute(name, shape.resource.type)
        elif name not in (*shape.required, *shape.optional):
            yield errors.forbidden_attribute(name, "CREATE" if shape.creates else "UPDATE")
        elif value is not None:
            yield from _value_problems(shape, name, value)


def _value_problems(shape: Shape, name: str, value: Any) -> Iterator[Refusal]:
    kind = shape.kind(name)
    # The caller has reported unknown attributes already.
    assert kind is not None
    try:
        kind(value)
    except NotThisKind as error:
        yield errors.mistyped_attribute(name, str(error))
        return
    allowed = shape.values.get(name)
    if allowed and value not in allowed:
        yield errors.invalid_attribute(name, f"'{value}' is not a valid value for the attribute '{name}'")


def _relationship_problems(world: World, shape: Shape, relationships: Mapping[str, Any]) -> Iterator[Refusal]:
    for name in shape.owners:
        if name not in relationships:
            yield errors.missing_relationship(name)
    for name, value in relationships.items():
        if name not in (*shape.owners, *shape.related):
            yield errors.unknown_relationship(name, shape.resource.type)
            continue
        target = shape.resource.by_name[name].target
        if _clears(shape, name, value):
            continue
        for reference in _references(shape, name, value):
            if reference is None or reference.get("type") != target:
                yield errors.invalid_relationship(name, f"'{name}' takes the type and id of '{target}'")
            elif target not in world.schema:
                # A 501 instead of a problem of the body, because the client may be right.
                raise not_implemented(f"relationship {name}: records of type {target}")
            elif world.find(target, str(reference.get("id"))) is None:
                missing = f"There is no resource of type '{target}' with id '{reference.get('id')}'"
                yield errors.invalid_relationship(name, missing)


def _clears(shape: Shape, name: str, value: Any) -> bool:
    """Return True if `{"data": null}` ends a relationship to one record, as a change may."""
    ends = isinstance(value, dict) and "data" in value and value["data"] is None
    return ends and not shape.creates and not shape.resource.by_name[name].many


def _references(shape: Shape, name: str, value: Any) -> list[dict[str, Any] | None]:
    """Return the references of a relationship; None stands for a value that is not a reference."""
    data = value.get("data") if isinstance(value, dict) else None
    if not shape.resource.by_name[name].many:
        data = [data]
    if not isinstance(data, list):
        return [None]
    return [item if isinstance(item, dict) else None for item in data]


def _records(world: World, shape: Shape, name: str, value: Any) -> Iterator[Record]:
    if _clears(shape, name, value):
        return
    for reference in _references(shape, name, value):
        record = world.find(shape.resource.by_name[name].target, (reference or {})["id"])
        # `_relationship_problems` has found every one of them.
        assert record is not None
        yield record
