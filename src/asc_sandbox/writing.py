"""Declare the endpoints that write: each creates, changes or deletes a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from asc_sandbox import document
from asc_sandbox.endpoints import Answer, Call, Endpoint, existing
from asc_sandbox.entity import Given, Shape, read
from asc_sandbox.errors import unknown_parameter
from asc_sandbox.kinds import Kind
from asc_sandbox.schema import Resource
from asc_sandbox.world import Record

__all__ = ["Given", "changing", "creating", "deleting", "existing", "store", "update"]

Make = Callable[[Call, Given], Record]
"""Creates the record that a body describes, or raises Refusal."""

Change = Callable[[Call, Record, Given], Record]
"""Changes a record as a body says, or raises Refusal."""

Delete = Callable[[Call, Record], None]
"""Deletes a record, or raises Refusal."""


def store(call: Call, given: Given, **attributes: object) -> Record:
    """Create the record with the members of the body and the attributes that the endpoint adds."""
    resource = call.world.schema[_type_of(call)]
    stored = {
        name: [other.id for other in others]
        for name, others in given.related.items()
        if resource.by_name[name].inverse is None
    }
    # A relationship that the other side stores can only be connected when the record exists.
    record = call.world.add(resource.type, {**given.attributes, **attributes}, stored)
    for name in given.related.keys() - stored.keys():
        call.world.connect(record, name, given.related[name])
    return record


def update(call: Call, record: Record, given: Given) -> Record:
    """Change the record as the body says."""
    for name, others in given.related.items():
        call.world.relate(record, name, [other.id for other in others])
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
    """Return the endpoint `POST path` for new records. The arguments are the fields of entity.Shape."""
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
    """Return the endpoint `PATCH path` for the record with the id of the path. The arguments are in entity.Shape."""
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
    """Return the endpoint `DELETE path` for the record whose id stands in the path."""
    return Endpoint("DELETE", path, resource.area, partial(_delete, resource, then))


def without_parameters(call: Call) -> None:
    """Raise Refusal if the request has parameters: a write takes none."""
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
    """Return the type of the records of a collection's path, `/v1/<type>`."""
    return call.path.rsplit("/", 1)[1]
