"""Read the query of a JSON:API request: the parameters that an endpoint takes, and their values.

Paging is described on https://developer.apple.com/documentation/appstoreconnectapi/large-data-sets; filters,
sorting, `include` and `fields` on the page of each endpoint.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import eq

from asc_sandbox.errors import (
    Refusal,
    invalid_parameter,
    missing_parameter,
    not_implemented,
    unknown_parameter,
)
from asc_sandbox.schema import Relationship, Resource, Schema

DEFAULT_LIMIT = 50
LARGEST_LIMIT = 200
DEFAULT_RELATED_LIMIT = 10
LARGEST_RELATED_LIMIT = 50

_POSITION = re.compile(r"at:\d+")


@dataclass(frozen=True)
class Filter:
    """The parameter `filter[name]`.

    `at` is the path of the compared value, see reading.values_at; `values` are the allowed ones, () for any.
    `matches(held, asked)` compares two texts. A list is refused without its `required` filters.
    """

    name: str
    at: str = ""
    values: tuple[str, ...] = ()
    matches: Callable[[str, str], bool] = eq
    required: bool = False

    @property
    def path(self) -> str:
        """Return the path of the compared value."""
        return self.at or self.name


def contains_loosely(held: str, asked: str) -> bool:
    """Return True if the value contains the asked text, in any case."""
    # `filter[bundleId]` and `filter[identifier]` of the live service find more than the exact text, so clients have
    # to compare again. The sandbox always finds more.
    return asked.casefold() in held.casefold()


@dataclass(frozen=True)
class Grammar:
    """The parameters that an endpoint takes for the records in its answer."""

    resource: Resource
    filters: tuple[Filter, ...] = ()
    exists: tuple[str, ...] = ()
    # The names for `sort`, the paths of their values if they differ, and the parameter that a name needs.
    sorts: tuple[str, ...] = ()
    sort_paths: Mapping[str, str] = field(default_factory=dict)
    sort_needs: Mapping[str, str] = field(default_factory=dict)
    includes: bool = True
    # Relationships that this endpoint does not include.
    without: tuple[str, ...] = ()
    paged: bool = True
    # The maxima of `limit[x]` that differ from 50.
    limit_maxima: Mapping[str, int] = field(default_factory=dict)

    def includable(self) -> dict[str, Relationship]:
        """Return the relationships that `include` may name."""
        candidates = (
            relationship
            for relationship in self.resource.relationships
            if self.includes and relationship.includable
        )
        return {
            relationship.name: relationship
            for relationship in candidates
            if relationship.name not in self.without
        }


@dataclass(frozen=True)
class Query:
    """The parameters of one request.

    `fields` has only the types that the request names; `sorts` are (path, descending).
    """

    filters: tuple[tuple[Filter, tuple[str, ...]], ...] = ()
    exists: tuple[tuple[str, bool], ...] = ()
    sorts: tuple[tuple[str, bool], ...] = ()
    includes: tuple[str, ...] = ()
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    limit: int = DEFAULT_LIMIT
    limits: Mapping[str, int] = field(default_factory=dict)
    offset: int = 0

    def related_limit(self, relationship: str) -> int:
        """Return how many records of an included relationship are shown."""
        return self.limits.get(relationship, DEFAULT_RELATED_LIMIT)


def parse(parameters: Sequence[tuple[str, str]], grammar: Grammar, schema: Schema) -> Query:
    """Read the parameters of a request. Raises Refusal as Apple does, naming the parameter."""
    for known in grammar.filters:
        if known.required and f"filter[{known.name}]" not in dict(parameters):
            raise missing_parameter(f"filter[{known.name}]")
    reader = _Reader(grammar, schema)
    given: dict[str, str] = {}
    # Several values go into one parameter, separated by commas: Apple refuses a parameter that is repeated.
    for name, value in parameters:
        if name in given:
            raise invalid_parameter(name, f"The parameter '{name}' can be given only once")
        given[name] = value
    for name, value in given.items():
        reader.read(name, value, given)
    return reader.query()


class _Reader:
    """Collect a Query parameter by parameter."""

    def __init__(self, grammar: Grammar, schema: Schema) -> None:
        self._grammar = grammar
        self._schema = schema
        self._includable = grammar.includable()
        self._filters: list[tuple[Filter, tuple[str, ...]]] = []
        self._exists: list[tuple[str, bool]] = []
        self._sorts: tuple[tuple[str, bool], ...] = ()
        self._includes: tuple[str, ...] = ()
        self._fields: dict[str, frozenset[str]] = {}
        self._limit = DEFAULT_LIMIT
        self._limits: dict[str, int] = {}
        self._offset = 0

    def query(self) -> Query:
        return Query(
            tuple(self._filters),
            tuple(self._exists),
            self._sorts,
            self._includes,
            self._fields,
            self._limit,
            self._limits,
            self._offset,
        )

    def read(self, name: str, value: str, given: Mapping[str, str]) -> None:
        family, _, rest = name.partition("[")
        member = rest.removesuffix("]")
        match family, bool(member):
            case "filter", True:
                self._filters.append(self._filter(name, member, value))
            case "exists", True:
                self._exists.append(self._existence(name, member, value))
            case "fields", True:
                self._fields[member] = self._field_names(name, member, value)
            case "limit", True:
                self._limits[member] = self._related_limit(name, member, value)
            case "sort", False if self._grammar.sorts:
                self._sorts = tuple(self._sort(expression, given) for expression in value.split(","))
            case "include", False if self._includable:
                # Each relationship once, in the order of the request.
                self._includes = tuple(dict.fromkeys(self._include(name) for name in value.split(",")))
            case "limit", False if self._grammar.paged:
                self._limit = _number(name, value, LARGEST_LIMIT)
            case "cursor", False if self._grammar.paged:
                self._offset = offset_of(value)
            case _:
                raise unknown_parameter(name)

    def _filter(self, name: str, member: str, value: str) -> tuple[Filter, tuple[str, ...]]:
        known_filter = next((known for known in self._grammar.filters if known.name == member), None)
        if known_filter is None:
            raise unknown_parameter(name)
        values = tuple(value.split(","))
        for asked in values:
            if known_filter.values and asked not in known_filter.values:
                raise _invalid_value(name, asked)
        return known_filter, values

    def _existence(self, name: str, member: str, value: str) -> tuple[str, bool]:
        if member not in self._grammar.exists:
            raise unknown_parameter(name)
        if value not in ("true", "false"):
            raise _invalid_value(name, value)
        return member, value == "true"

    def _field_names(self, name: str, type_name: str, value: str) -> frozenset[str]:
        if type_name not in {
            self._grammar.resource.type,
            *(relationship.target for relationship in self._includable.values()),
        }:
            raise unknown_parameter(name)
        names = frozenset(value.split(","))
        if type_name in self._schema:
            resource = self._schema[type_name]
            visible = {
                relationship.name for relationship in resource.relationships if not relationship.hidden
            }
            for unknown in sorted(names - resource.attributes.keys() - visible):
                raise invalid_parameter(name, f"'{unknown}' is not a valid field name")
        return names

    def _related_limit(self, name: str, member: str, value: str) -> int:
        if member not in self._includable or not self._includable[member].many:
            raise unknown_parameter(name)
        return _number(name, value, self._grammar.limit_maxima.get(member, LARGEST_RELATED_LIMIT))

    def _sort(self, expression: str, given: Mapping[str, str]) -> tuple[str, bool]:
        name = expression.removeprefix("-")
        if name not in self._grammar.sorts:
            raise _invalid_value("sort", expression)
        needed = self._grammar.sort_needs.get(name)
        if needed and needed not in given:
            raise invalid_parameter("sort", f"Sorting by '{name}' requires the parameter '{needed}'")
        return self._grammar.sort_paths.get(name, name), expression != name

    def _include(self, name: str) -> str:
        if name not in self._includable:
            raise invalid_parameter("include", f"'{name}' is not a valid relationship name")
        relationship = self._includable[name]
        if relationship.target not in self._schema and not relationship.is_never_set:
            raise not_implemented(f"include={name}: records of type {relationship.target}")
        return name


def _number(name: str, value: str, largest: int) -> int:
    if not value.isdecimal() or not 1 <= int(value) <= largest:
        raise invalid_parameter(
            name, f"'{value}' is not a valid value for '{name}': it has to be from 1 to {largest}"
        )
    return int(value)


def _invalid_value(name: str, value: str) -> Refusal:
    return invalid_parameter(name, f"'{value}' is not a valid value for the parameter '{name}'")


def cursor_of(offset: int) -> str:
    """Return the opaque text that stands for a position in a list."""
    # Encoded, so that no client is tempted to compute a cursor.
    return base64.urlsafe_b64encode(f"at:{offset}".encode()).decode().rstrip("=")


def offset_of(cursor: str) -> int:
    """Return the position that a cursor stands for. Raises Refusal for a cursor that the sandbox did not make."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        text = ""
    # Refused: an invented cursor must not look like an empty page.
    if not _POSITION.fullmatch(text):
        raise invalid_parameter("cursor", f"'{cursor}' is not a valid cursor")
    return int(text.removeprefix("at:"))
