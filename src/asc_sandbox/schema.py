"""Dataclasses and functions with which `resources/` declares types of records and their relationships."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from asc_sandbox.kinds import Kind


@dataclass(frozen=True)
class Relationship:
    """A relationship from records of one type to records of `target`, a type that the sandbox may not implement.

    With `inverse` the relationship is not stored: it is the other direction of that relationship of `target`. Apple
    always shows links, and data if it is included. Some relationships have only one of the two; `hidden` ones have
    neither.
    """

    name: str
    target: str
    many: bool = False
    inverse: str | None = None
    has_links: bool = True
    has_data: bool = True
    hidden: bool = False
    is_never_set: bool = False
    """True for a type of `target` that no record can have here, so that `include` truly finds nothing."""

    @property
    def includable(self) -> bool:
        """Return True if `include` may name the relationship."""
        return self.has_data and not self.hidden


def one(
    name: str,
    target: str,
    *,
    inverse: str | None = None,
    has_links: bool = True,
    is_never_set: bool = False,
) -> Relationship:
    """Return a relationship to at most one record."""
    return Relationship(name, target, inverse=inverse, has_links=has_links, is_never_set=is_never_set)


def many(name: str, target: str, *, inverse: str | None = None, has_links: bool = True) -> Relationship:
    """Return a relationship to any number of records."""
    return Relationship(name, target, many=True, inverse=inverse, has_links=has_links)


def link(name: str, target: str = "", *, inverse: str | None = None) -> Relationship:
    """Return a relationship that Apple shows as a link only; the endpoint behind the link does the rest."""
    return Relationship(name, target, many=True, inverse=inverse, has_data=False)


def hidden(name: str, target: str, *, inverse: str | None = None) -> Relationship:
    """Return a relationship to one record that the sandbox needs and Apple does not show."""
    return Relationship(name, target, inverse=inverse, has_data=False, hidden=True)


@dataclass(frozen=True)
class Resource:
    """A type of records.

    `area` is the area that a role may open (see roles). `defaults` are attributes in a seed's form, for records
    that do not set them. `derived` work out an attribute from an endpoints.Call and the record, each time a record
    without a stored value is shown. `completed` works out further attributes of a new record, once, from its id and
    its given attributes.

    With `short_ids` new ids have ten characters; with `id_of` a new record takes the id of the record that this
    relationship leads to. `private` attributes are for seeds and rules: no answer shows them, and no request may
    name them. `built_in` are the records that Apple itself has: id, attributes, references.
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
    built_in: tuple[tuple[str, Mapping[str, Any], Mapping[str, Any]], ...] = ()

    def kind(self, name: str) -> Kind | None:
        """Return the kind of an attribute, also of a private one; None if there is no such attribute."""
        return self.attributes.get(name) or self.private.get(name)

    @cached_property
    def by_name(self) -> Mapping[str, Relationship]:
        """Return the relationships by name, including hidden ones."""
        return {relationship.name: relationship for relationship in self.relationships}


Schema = Mapping[str, Resource]
"""The implemented types by name."""
