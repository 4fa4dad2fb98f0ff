"""The endpoints that write, as declarations: a record is made, changed, or deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from asc_sandbox import document
from asc_sandbox.endpoints import Answer, Call, Endpoint
from asc_sandbox.entity import Given, Shape, read
from asc_sandbox.errors import no_such_resource, unknown_parameter
from asc_sandbox.kinds import Kind
from asc_sandbox.schema import Resource
from asc_sandbox.world import Record

__all__ = ["Given", "changing", "creating", "deleting", "existing", "store", "update"]

Make = Callable[[Call, Given], Record]
"""Makes the record that a body asks for, or refuses."""

Change = Callable[[Call, Record, Given], Record]
"""Changes a record as a body asks for, or refuses."""

Delete = Callable[[Call, Record], None]
"""Deletes a record, or refuses."""


def store(call: Call, given: Given, **attributes: object) -> Record:
    """Make the record: what the body says, and what the endpoint adds."""
    resource = call.world.schema[_type_of(call)]
    stored = {
        name: [each.id for each in others]
        for name, others in given.related.items()
        if resource.by_name[name].inverse is None
    }
    record = call.world.add(resource.type, {**given.attributes, **attributes}, stored)
    for name in given.related.keys() - stored.keys():
        call.world.connect(record, name, given.related[name])
    return record


def update(call: Call, record: Record, given: Given) -> Record:
    """Change the record as the body says."""
    for name, others in given.related.items():
        call.world.relate(record, name, [each.id for each in others])
    return call.world.change(record, **given.attributes)


def _remove(call: Call, record: Record) -> None:
    call.world.remove(record)


def creating(
    path: str,
    resource: Resource,
    *,
    required: tuple[str, ...] = (),
    optional: tuple[str, ...] = (),
    owners: tuple[str, ...] = (),
    related: tuple[str, ...] = (),
    values: Mapping[str, tuple[str, ...]] | None = None,
    written: Mapping[str, Kind] | None = None,
    then: Make = store,
) -> Endpoint:
    """`POST path` makes a record. `owners` are relationships that are required; the rest is in entity.Shape."""
    shape = Shape(resource, required, optional, owners, related, values or {}, written or {})
    return Endpoint("POST", path, resource.area, partial(_create, shape, then))


def changing(
    path: str,
    resource: Resource,
    *,
    optional: tuple[str, ...] = (),
    related: tuple[str, ...] = (),
    values: Mapping[str, tuple[str, ...]] | None = None,
    written: Mapping[str, Kind] | None = None,
    then: Change = update,
) -> Endpoint:
    """`PATCH path` changes the record whose id stands in the path. See entity.Shape for the arguments."""
    shape = Shape(
        resource,
        optional=optional,
        related=related,
        values=values or {},
        written=written or {},
        creates=False,
    )
    return Endpoint("PATCH", path, resource.area, partial(_change, shape, then))


def deleting(path: str, resource: Resource, *, then: Delete = _remove) -> Endpoint:
    """`DELETE path` deletes the record whose id stands in the path."""
    return Endpoint("DELETE", path, resource.area, partial(_delete, resource, then))


def existing(call: Call, resource: Resource) -> Record:
    """The record whose id stands in the path. Raises Refusal 404."""
    record = call.world.find(resource.type, call.id)
    if record is None:
        raise no_such_resource(resource.type, call.id)
    return record


def without_parameters(call: Call) -> None:
    """Raise Refusal when there are any: a write takes none."""
    for name, _ in call.query:
        raise unknown_parameter(name)


def _create(shape: Shape, then: Make, call: Call) -> Answer:
    without_parameters(call)
    return Answer(201, document.of_new(call, then(call, read(call, shape))))


def _change(shape: Shape, then: Change, call: Call) -> Answer:
    without_parameters(call)
    record = existing(call, shape.resource)
    return Answer(200, document.of_new(call, then(call, record, read(call, shape))))


def _delete(resource: Resource, then: Delete, call: Call) -> Answer:
    without_parameters(call)
    then(call, existing(call, resource))
    return Answer(204, None)


def _type_of(call: Call) -> str:
    """The type of the records of a collection's path, `/v1/<type>`."""
    return call.path.rsplit("/", 1)[1]
