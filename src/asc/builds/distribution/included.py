"""What comes along with a resource. Apple gives at most 50 of each relationship and says how many there are."""

from __future__ import annotations

from collections.abc import Mapping

from asc.api.document import Document, Resource

LARGEST_INCLUDE = 50


def many(document: Document, resource: Resource, relationship: str) -> list[Resource]:
    """The included resources of a to-many relationship, as many as came."""
    references = resource.related(relationship)
    return [document.included[reference] for reference in references if reference in document.included]


def is_cut(resource: Resource, relationship: str) -> bool:
    """Whether there may be more of them than came: then nothing can be said of those that did not."""
    came = len(resource.related(relationship))
    value: object = resource.relationships.get(relationship)
    for member in ("meta", "paging", "total"):
        value = value.get(member) if isinstance(value, Mapping) else None
    return value > came if isinstance(value, int) else came >= LARGEST_INCLUDE
