"""Write records as the JSON:API documents that Apple answers with, https://jsonapi.org/format/1.0/."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from asc_sandbox.endpoints import Call
from asc_sandbox.query import Query, cursor_of
from asc_sandbox.schema import Relationship
from asc_sandbox.world import Record

Json = dict[str, Any]


def of_record(call: Call, query: Query, record: Record) -> Json:
    """Return the document of one record, with its included records."""
    document = {
        "data": _resource(call, query, record, query.includes),
        "links": {"self": call.base + call.path},
    }
    return _with_included(document, call, query, [record])


def of_new(call: Call, record: Record) -> Json:
    """Return the document of a record that was just created or changed."""
    # A write takes no parameters, so there is nothing to include or to leave out.
    address = f"{call.base}/v1/{record.type}/{record.id}"
    return {"data": _resource(call, Query(), record, ()), "links": {"self": address}}


def of_linkages(call: Call, query: Query, records: list[Record]) -> Json:
    """Return the document of a to-many relationship: a page of types and ids."""
    page, links, meta = _paged(call, query, records)
    return {"data": [reference(record) for record in page], "links": links, "meta": meta}


def of_linkage(call: Call, record: Record) -> Json:
    """Return the document of a relationship to one record."""
    return {"data": reference(record), "links": {"self": call.base + call.path}}


def reference(record: Record) -> Json:
    """Return the type and id of a record."""
    return {"type": record.type, "id": record.id}


def of_page(call: Call, query: Query, matches: list[Record]) -> Json:
    """Return the document of one page of the records that match."""
    page, links, meta = _paged(call, query, matches)
    data = [_resource(call, query, record, query.includes) for record in page]
    return _with_included({"data": data, "links": links, "meta": meta}, call, query, page)


def of_rows(call: Call, query: Query, records: list[Record], row: Callable[[Record], Json]) -> Json:
    """Return the document of a metric: a page of rows, one for each record."""
    page, links, meta = _paged(call, query, records)
    return {"data": [row(record) for record in page], "links": links, "meta": meta}


def _paged(call: Call, query: Query, matches: list[Record]) -> tuple[list[Record], Json, Json]:
    """Return the records of one page, with the links and the meta of the document."""
    paging: Json = {"total": len(matches), "limit": query.limit}
    links = {"self": _address(call, call.query)}
    following = query.offset + query.limit
    if following < len(matches):
        paging["nextCursor"] = cursor_of(following)
        links["next"] = _address(call, _next_page(call, query, following))
    return matches[query.offset : following], links, {"paging": paging}


def _address(call: Call, parameters: tuple[tuple[str, str], ...]) -> str:
    # Apple does not encode commas.
    return f"{call.base}{call.path}{'?' if parameters else ''}{urlencode(parameters, safe=',')}"


def _next_page(call: Call, query: Query, offset: int) -> tuple[tuple[str, str], ...]:
    # Clients follow the link as it is, so it repeats every other parameter.
    kept = tuple(pair for pair in call.query if pair[0] not in ("cursor", "limit"))
    return (*kept, ("cursor", cursor_of(offset)), ("limit", str(query.limit)))


def _with_included(document: Json, call: Call, query: Query, records: list[Record]) -> Json:
    """Add `included`, each record once, if the request names an include; it may be empty."""
    if query.includes:
        # By type and id, so that a record that several others refer to appears once.
        included = {
            (other.type, other.id): other
            for record in records
            for name in query.includes
            for other in call.world.related(record, name)[: query.related_limit(name)]
        }
        document["included"] = [_resource(call, query, other, ()) for other in included.values()]
    return document


def _resource(call: Call, query: Query, record: Record, includes: tuple[str, ...]) -> Json:
    """Return a resource object with the attributes and relationships that `fields` names."""
    resource = call.world.schema[record.type]
    # A relationship that `fields` leaves out is not shown, even if `include` names it.
    chosen = query.fields.get(record.type)
    resource_object: Json = {"type": record.type, "id": record.id}
    attributes = [name for name in resource.attributes if chosen is None or name in chosen]
    if attributes:
        resource_object["attributes"] = {name: value_of(call, record, name) for name in attributes}
    own_address = f"{call.base}/v1/{record.type}/{record.id}"
    relationships = {
        relationship.name: _relationship(
            call, query, record, relationship, own_address, relationship.name in includes
        )
        for relationship in resource.relationships
        if not relationship.hidden and (chosen is None or relationship.name in chosen)
    }
    if any(relationships.values()):
        resource_object["relationships"] = {
            name: content for name, content in relationships.items() if content
        }
    resource_object["links"] = {"self": own_address}
    return resource_object


def value_of(call: Call, record: Record, name: str) -> Any:
    """Return the stored value of an attribute, or else the value that follows from other facts."""
    stored = record.attributes.get(name)
    derived = call.world.schema[record.type].derived.get(name)
    return stored if stored is not None or derived is None else derived(call, record)


def _relationship(
    call: Call, query: Query, record: Record, relationship: Relationship, own_address: str, with_data: bool
) -> Json:
    """Return the links of a relationship, and its data if it is included; {} if it has neither."""
    name = relationship.name
    content: Json = {}
    if relationship.has_links:
        content["links"] = {"self": f"{own_address}/relationships/{name}", "related": f"{own_address}/{name}"}
    if with_data:
        references = [reference(other) for other in call.world.related(record, name)]
        if relationship.many:
            # The data is cut off at the limit, and the total is true: clients find cut-off includes by comparing
            # the two.
            limit = query.related_limit(name)
            content["meta"] = {"paging": {"total": len(references), "limit": limit}}
            content["data"] = references[:limit]
        else:
            content["data"] = references[0] if references else None
    return content
