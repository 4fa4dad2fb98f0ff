"""The state of the sandbox: records by type and id."""

from __future__ import annotations

import base64
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from asc_sandbox.kinds import NotThisKind
from asc_sandbox.schema import Resource, Schema

References = tuple[str, ...]


class WorldError(ValueError):
    """A record cannot be as it is asked for; the text says what is wrong with it."""


@dataclass(frozen=True)
class Record:
    """One record. `references` holds the ids of each stored relationship, also of those to one record."""

    type: str
    id: str
    attributes: Mapping[str, Any]
    references: Mapping[str, References] = field(default_factory=dict)


class World:
    """Holds the records and keeps both directions of each relationship findable.

    Requests are played one at a time, and tests change the world from other threads: hold `lock` for more
    than one step.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.lock = threading.RLock()
        self.revision = 0
        """Grows with every change."""
        self._records: dict[str, dict[str, Record]] = {type_name: {} for type_name in schema}
        # Ids are not used twice: what refers to a deleted record must not find a new one.
        self._made: dict[str, int] = {}
        self._referrers: dict[tuple[str, str, str], dict[str, None]] = {}

    def add(
        self,
        type_name: str,
        attributes: Mapping[str, Any],
        references: Mapping[str, str | Iterable[str]] | None = None,
        *,
        record_id: str | None = None,
    ) -> Record:
        """Make a record from what a seed or a client says; defaults are filled in. Raises WorldError.

        `references` are ids by the name of the relationship.
        """
        resource = self.schema[type_name]
        with self.lock:
            new_id = record_id or self._borrowed_id(resource, references or {}) or self._new_id(type_name)
            said = {**resource.defaults, **attributes}
            if resource.completed:
                said = {**resource.defaults, **resource.completed(new_id, attributes), **attributes}
            values = {name: self._converted(type_name, name, value) for name, value in said.items()}
            record = Record(type_name, new_id, values, self._checked(type_name, references or {}))
            if record.id in self._records[type_name]:
                raise WorldError(f"there is a record of type {type_name} with the id {record.id} already")
            self._store(record)
        return record

    def change(self, record: Record, **attributes: Any) -> Record:
        """Set attributes of a record; the new record is returned, records themselves never change."""
        values = {name: self._converted(record.type, name, value) for name, value in attributes.items()}
        with self.lock:
            current = self._records[record.type][record.id]
            changed = Record(record.type, record.id, {**current.attributes, **values}, current.references)
            self._records[record.type][record.id] = changed
            self.revision += 1
        return changed

    def relate(self, record: Record, name: str, ids: str | Iterable[str]) -> Record:
        """Replace what a stored relationship of a record refers to. Raises WorldError."""
        with self.lock:
            current = self._records[record.type][record.id]
            references = {**current.references, **self._checked(record.type, {name: ids})}
            changed = Record(record.type, record.id, current.attributes, references)
            self._forget(current)
            self._store(changed)
        return changed

    def connect(self, record: Record, name: str, others: Iterable[Record]) -> None:
        """Add to what a to-many relationship leads to, whichever side stores it."""
        for owner, stored, new in self._ends(record, name, others):
            ids = self._records[owner.type][owner.id].references.get(stored, ())
            self.relate(owner, stored, dict.fromkeys((*ids, new)))

    def disconnect(self, record: Record, name: str, others: Iterable[Record]) -> None:
        """Take from what a to-many relationship leads to, whichever side stores it."""
        for owner, stored, gone in self._ends(record, name, others):
            ids = self._records[owner.type][owner.id].references.get(stored, ())
            self.relate(owner, stored, [each for each in ids if each != gone])

    def _ends(self, record: Record, name: str, others: Iterable[Record]) -> Iterator[tuple[Record, str, str]]:
        """Of each pair the record that stores the relationship, its name there, and the id of the other."""
        inverse = self.schema[record.type].by_name[name].inverse
        for other in others:
            yield (record, name, other.id) if inverse is None else (other, inverse, record.id)

    def remove(self, record: Record) -> None:
        """Delete a record. References to it stay and lead nowhere, as in Apple's answers."""
        with self.lock:
            self.revision += 1
            self._forget(self._records[record.type].pop(record.id))

    def all(self, type_name: str) -> list[Record]:
        """The records of a type in the order they were made."""
        with self.lock:
            return list(self._records[type_name].values())

    def find(self, type_name: str, record_id: str) -> Record | None:
        """One record, None when there is none of that type with that id."""
        return self._records[type_name].get(record_id)

    def related(self, record: Record, name: str) -> list[Record]:
        """The records a relationship leads to; none when their type is not played."""
        relationship = self.schema[record.type].by_name[name]
        if relationship.target not in self.schema:
            return []
        if relationship.inverse is None:
            ids: Iterable[str] = record.references.get(name, ())
        else:
            ids = self._referrers.get((relationship.target, relationship.inverse, record.id), ())
        found = (self.find(relationship.target, each) for each in ids)
        return [other for other in found if other is not None]

    def _converted(self, type_name: str, name: str, value: Any) -> Any:
        kind = self.schema[type_name].kind(name)
        if kind is None:
            raise WorldError(f"{type_name} has no attribute {name}")
        try:
            return None if value is None else kind(value)
        except NotThisKind as error:
            raise WorldError(f"{name}: {error}") from None

    def _checked(
        self, type_name: str, references: Mapping[str, str | Iterable[str]]
    ) -> dict[str, References]:
        checked = {}
        for name, ids in references.items():
            relationship = self.schema[type_name].by_name.get(name)
            if relationship is None or relationship.inverse is not None:
                raise WorldError(f"{type_name} stores no relationship {name}")
            if relationship.target not in self.schema:
                raise WorldError(f"the sandbox does not play records of type {relationship.target}")
            checked[name] = (ids,) if isinstance(ids, str) else tuple(ids)
            for each in checked[name]:
                if self.find(relationship.target, each) is None:
                    raise WorldError(
                        f"{name}: there is no record of type {relationship.target} with the id {each}"
                    )
        return checked

    def _borrowed_id(self, resource: Resource, references: Mapping[str, str | Iterable[str]]) -> str:
        """Return the id of the record that a new one belongs to, where both share it; "" elsewhere."""
        owner = references.get(resource.id_of, "")
        return owner if isinstance(owner, str) else next(iter(owner), "")

    def _new_id(self, type_name: str) -> str:
        """Apps have numbers, others UUIDs or ten characters; the same seed gets the same ids each time."""
        while True:
            count = self._made[type_name] = self._made.get(type_name, 0) + 1
            made_up = uuid.uuid5(_NAMESPACE, f"{type_name}/{count}")
            new = str(1_000_000_000 + count) if type_name == "apps" else str(made_up)
            if self.schema[type_name].short_ids:
                new = base64.b32encode(made_up.bytes).decode()[:10]
            if new not in self._records[type_name]:
                return new

    def _store(self, record: Record) -> None:
        self.revision += 1
        self._records[record.type][record.id] = record
        for name, ids in record.references.items():
            for each in ids:
                self._referrers.setdefault((record.type, name, each), {})[record.id] = None

    def _forget(self, record: Record) -> None:
        for name, ids in record.references.items():
            for each in ids:
                self._referrers[record.type, name, each].pop(record.id, None)


_NAMESPACE = uuid.UUID("5d1f6c0e-6f0b-4d58-9d4e-0d8f5f0c7a11")
