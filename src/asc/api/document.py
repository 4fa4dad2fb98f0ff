"""JSON:API documents: the resources of answers, and the bodies of requests.

https://developer.apple.com/documentation/appstoreconnectapi/pagedocumentlinks Answers are read leniently: the live API
omits members, sends null, and adds members that no schema names.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from asc.errors import UnreachableError
from asc.words import printable_name

log = logging.getLogger(__name__)

# Ids become segments of addresses: an id with a slash would turn the address into another one.
_ID = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._~:@!$&'()*+,;=-]+")
"""The characters that a segment of a path may hold without encoding."""


@dataclass(frozen=True)
class Resource:
    """One resource: its type, its id, its attributes, and the ids in its relationships."""

    type: str
    id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    relationships: Mapping[str, Any] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return an attribute as text. Return "" if it is missing, null, a list or an object."""
        value = self.attributes.get(name)
        return "" if value is None or isinstance(value, list | Mapping) else str(value)

    def flag(self, name: str) -> bool | None:
        """Return an attribute that is true or false; None if it is missing or null, which is no "no"."""
        value = self.attributes.get(name)
        return value if isinstance(value, bool) else None

    def time(self, name: str) -> datetime | None:
        """Return a date attribute in UTC, or None. Apple writes both `2021-02-02T04:00:19-08:00` and `…220+0000`."""
        try:
            return datetime.fromisoformat(self.text(name)).astimezone(UTC)
        except (ValueError, OverflowError):
            return None

    def related(self, name: str) -> list[tuple[str, str]]:
        """Return (type, id) of each resource in the relationship `name`, or [] if the answer does not include it."""
        relationship = self.relationships.get(name)
        data = relationship.get("data") if isinstance(relationship, Mapping) else None
        references = data if isinstance(data, list) else [data]
        return [
            (str(ref.get("type")), ref["id"])
            for ref in references
            if isinstance(ref, Mapping) and _is_id(ref.get("id"))
        ]


@dataclass(frozen=True)
class Document:
    """One answer, or all pages of one listing. `next` is the link to the following page, or None."""

    data: tuple[Resource, ...]
    included: Mapping[tuple[str, str], Resource] = field(default_factory=dict)
    next: str | None = None
    rows: tuple[Mapping[str, Any], ...] = ()
    """The objects of `data` as they came. The rows of a metric have no type and no id, so they are no resources."""

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Document:
        """Return the document of a decoded body. Everything in it that is not a resource is ignored."""
        data = body.get("data")
        links = body.get("links")
        following = links.get("next") if isinstance(links, Mapping) else None
        items = data if isinstance(data, list) else [data]
        return cls(
            data=tuple(_resources(items)),
            rows=tuple(item for item in items if isinstance(item, Mapping)),
            included={
                (resource.type, resource.id): resource for resource in _resources(body.get("included"))
            },
            next=following if isinstance(following, str) and following else None,
        )

    @property
    def resource(self) -> Resource:
        """Return the single resource of the answer. Raises UnreachableError if the answer lacks it."""
        if self.data:
            return self.data[0]
        raise UnreachableError(
            "App Store Connect answered without the resource that was asked for.",
            "Run the step again. If it fails again, check the proxy between this machine and App Store Connect.",
        )

    @classmethod
    def joined(cls, pages: Iterable[Document]) -> Document:
        """Return all pages of a listing as one document."""
        pages = list(pages)
        included = {key: resource for page in pages for key, resource in page.included.items()}
        return cls(tuple(resource for page in pages for resource in page.data), included)

    def one(self, resource: Resource, relationship: str) -> Resource | None:
        """Return the included resource of a to-one relationship, or None."""
        return next(
            (self.included[ref] for ref in resource.related(relationship) if ref in self.included), None
        )

    def many(self, resource: Resource, relationship: str) -> list[Resource]:
        """Return the included resources of a to-many relationship. May be fewer than there are: see `is_cut`."""
        return [self.included[ref] for ref in resource.related(relationship) if ref in self.included]


def _is_id(value: object) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _resources(items: object) -> Iterator[Resource]:
    for item in items if isinstance(items, list) else ():
        if not isinstance(item, Mapping) or not isinstance(item.get("type"), str):
            continue
        if not _is_id(item.get("id")):
            # Nothing can be asked for, changed or deleted under such an id, so the resource is as good as not there.
            log.warning(
                "App Store Connect answered with one of %s whose id cannot be part of an address: %s. It is left out.",
                printable_name(item["type"]),
                printable_name(str(item.get("id"))),
            )
        else:
            attributes, relationships = item.get("attributes"), item.get("relationships")
            yield Resource(
                type=item["type"],
                id=item["id"],
                attributes=attributes if isinstance(attributes, Mapping) else {},
                relationships=relationships if isinstance(relationships, Mapping) else {},
            )


LARGEST_INCLUDE = 50
"""Resources of a relationship that an answer includes at most, where the request asks for that many."""


def is_cut(resource: Resource, relationship: str) -> bool:
    """Return True if the relationship may have more resources than the answer includes."""
    came, total = len(resource.related(relationship)), total_of(resource, relationship)
    # Nothing can be said of resources that were cut off: the caller must list them separately.
    return came >= LARGEST_INCLUDE if total is None else total > came


def total_of(resource: Resource, relationship: str) -> int | None:
    """Return the number of resources in a relationship as Apple counts them, or None if the answer has no number."""
    value: object = resource.relationships.get(relationship)
    for member in ("meta", "paging", "total"):
        value = value.get(member) if isinstance(value, Mapping) else None
    return value if isinstance(value, int) else None


def reference(type_name: str, identifier: str) -> dict[str, Any]:
    """Return the `data` of a to-one relationship in a request body."""
    return {"data": {"type": type_name, "id": identifier}}


def references(type_name: str, identifiers: Iterable[str]) -> dict[str, Any]:
    """Return the `data` of a to-many relationship. It is also the whole body of a request to `/relationships/`."""
    return {"data": [{"type": type_name, "id": identifier} for identifier in identifiers]}


def request_body(
    type_name: str,
    attributes: Mapping[str, Any],
    identifier: str | None = None,
    relationships: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the JSON:API body of a POST, or of a PATCH if `identifier` is given.

    `relationships` maps each name to a `reference` or `references`. Empty attributes and relationships are left out.
    """
    data: dict[str, Any] = {"type": type_name}
    if identifier is not None:
        data["id"] = identifier
    if attributes:
        data["attributes"] = dict(attributes)
    if relationships:
        data["relationships"] = dict(relationships)
    return {"data": data}
