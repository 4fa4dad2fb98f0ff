"""The words in which `resources/` declares the types of records and the relationships between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from asc_sandbox.kinds import Kind


@dataclass(frozen=True)
class Relationship:
    """From records of one type to records of `target`, which may be a type that the sandbox does not play.

    With `inverse` the relationship is not stored: it is the other direction of that relationship of `target`.
    Apple shows links always and data when included; some relationships have only the one or the other, and
    `hidden` ones neither.
    """

    name: str
    target: str
    many: bool = False
    inverse: str | None = None
    has_links: bool = True
    has_data: bool = True
    hidden: bool = False

    @property
    def includable(self) -> bool:
        """Whether `include` may name it."""
        return self.has_data and not self.hidden


def one(name: str, target: str, *, inverse: str | None = None, has_links: bool = True) -> Relationship:
    """A relationship to at most one record."""
    return Relationship(name, target, inverse=inverse, has_links=has_links)


def many(name: str, target: str, *, inverse: str | None = None, has_links: bool = True) -> Relationship:
    """A relationship to any number of records."""
    return Relationship(name, target, many=True, inverse=inverse, has_links=has_links)


def link(name: str, target: str = "", *, inverse: str | None = None) -> Relationship:
    """A relationship that Apple shows as a link only; the rest is for the endpoint behind the link."""
    return Relationship(name, target, many=True, inverse=inverse, has_data=False)


def hidden(name: str, target: str, *, inverse: str | None = None) -> Relationship:
    """A relationship to one record that the sandbox needs and Apple does not show."""
    return Relationship(name, target, inverse=inverse, has_data=False, hidden=True)


@dataclass(frozen=True)
class Resource:
    """A type of records.

    `area` is what a role opens or not (see roles). `defaults` are attributes as a seed would write them, for
    records that do not set them. `derived` are attributes that are worked out, from an endpoints.Call and the
    record, whenever a record that does not set them is shown. `completed` says what else follows from the id of a new
    record and what is said of it, once for all. With `short_ids` new ids have ten characters; with `id_of` a new id is
    that of the record which this relationship leads to. `private` attributes are for seeds and rules: no answer shows
    them, and no request may name them. `standing` are the records that Apple has itself: id, attributes, references.
    """

    type: str
    area: str
    attributes: Mapping[str, Kind]
    relationships: tuple[Relationship, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    derived: Mapping[str, Callable[[Any, Any], Any]] = field(default_factory=dict)
    completed: Callable[[str, Mapping[str, Any]], Mapping[str, Any]] | None = None
    short_ids: bool = False
    id_of: str = ""
    private: Mapping[str, Kind] = field(default_factory=dict)
    standing: tuple[tuple[str, Mapping[str, Any], Mapping[str, Any]], ...] = ()

    def kind(self, name: str) -> Kind | None:
        """Return what an attribute holds, a private one too; None where there is no such attribute."""
        return self.attributes.get(name) or self.private.get(name)

    @cached_property
    def by_name(self) -> Mapping[str, Relationship]:
        """The relationships by name, hidden ones too."""
        return {relationship.name: relationship for relationship in self.relationships}


Schema = Mapping[str, Resource]
"""The played types by name."""
