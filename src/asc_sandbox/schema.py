"""Dataclasses and functions with which `resources/` declares types of records and their relationships."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from asc_sandbox.kinds import Kind


@dataclass(frozen=True)
class Relationship:
    """A relationship from records of one type to records of another type.

    Apple always shows links, and data if it is included. Some relationships have only one of the two; `hidden`
    ones, which only the sandbox needs, have neither.
    """

    name: str
    # A type that the sandbox may not implement.
    target: str
    many: bool = False
    # The relationship of `target` that stores this one from the other side.
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
    """The declaration of a type of records."""

    type: str
    # The area that a role may read or write, see `roles`.
    area: str
    attributes: Mapping[str, Kind]
    relationships: tuple[Relationship, ...] = ()
    # Attributes of records that do not set them, in the form of a seed.
    defaults: Mapping[str, Any] = field(default_factory=dict)
    # Functions of an endpoints.Call and the record, called each time a record without a stored value is shown.
    derived: Mapping[str, Callable[[Any, Any], Any]] = field(default_factory=dict)
    # A function of the id and the given attributes of a new record, called once, that returns further attributes.
    completed: Callable[[str, Mapping[str, Any]], Mapping[str, Any]] | None = None
    # New ids have ten characters, as in Apple's provisioning.
    short_ids: bool = False
    # A relationship: a new record takes the id of the record at its other end.
    id_of: str = ""
    # Attributes for seeds and rules: no answer shows them, and no request may name them.
    private: Mapping[str, Kind] = field(default_factory=dict)
    # Records that Apple itself has, as (id, attributes, references).
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
