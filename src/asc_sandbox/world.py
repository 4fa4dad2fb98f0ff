"""The state of the sandbox: records by type and id."""

from __future__ import annotations

import base64
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from asc_sandbox.kinds import NotThisKind
from asc_sandbox.schema import Resource, Schema

References = tuple[str, ...]


class WorldError(ValueError):
    """Raised if a record cannot be as requested; the text names the problem."""


@dataclass(frozen=True)
class Record:
    """One record. `references` holds the ids of each stored relationship, also of relationships to one record."""

    type: str
    id: str
    attributes: Mapping[str, Any]
    references: Mapping[str, References] = field(default_factory=dict)


class World:
    """Hold the records, and find both directions of each relationship.

    Hold `lock` for anything that takes more than one step: tests change the world from other threads.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        # Reentrant, because rules hold it while they call methods that take it too.
        self.lock = threading.RLock()
        self.revision = 0
        """Number that grows with every change."""
        self._records: dict[str, dict[str, Record]] = {type_name: {} for type_name in schema}
        # Ids are not used twice: a reference to a deleted record must not find a new one.
        self._made: dict[str, int] = {}
        # The inverse of each stored relationship, so that both directions are found at once. The inner dict is an
        # ordered set.
        self._referrers: dict[tuple[str, str, str], dict[str, None]] = {}

    def add(
        self,
        type_name: str,
        attributes: Mapping[str, Any],
        references: Mapping[str, str | Iterable[str]] | None = None,
        *,
        record_id: str | None = None,
    ) -> Record:
        """Create a record from the values of a seed or a client, and fill in defaults. Raises WorldError.

        `references` are ids by the name of the relationship.
        """
        resource = self.schema[type_name]
        with self.lock:
            new_id = record_id or self._borrowed_id(resource, references or {}) or self._new_id(type_name)
            completed = resource.completed(new_id, attributes) if resource.completed else {}
            # Given values win over values that follow from them, and both win over defaults.
            given = {**resource.defaults, **completed, **attributes}
            values = {name: self._converted(type_name, name, value) for name, value in given.items()}
            record = Record(type_name, new_id, values, self._checked(type_name, references or {}))
            if record.id in self._records[type_name]:
                raise WorldError(f"there is a record of type {type_name} with the id {record.id} already")
            self._store(record)
        return record

    def change(self, record: Record, **attributes: Any) -> Record:
        """Set attributes of a record, and return the new record; a Record itself never changes."""
        values = {name: self._converted(record.type, name, value) for name, value in attributes.items()}
        with self.lock:
            # The caller's record may be older than the stored one.
            current = self._records[record.type][record.id]
            changed = Record(record.type, record.id, {**current.attributes, **values}, current.references)
            self._records[record.type][record.id] = changed
            self.revision += 1
        return changed

    def relate(self, record: Record, name: str, ids: str | Iterable[str]) -> Record:
        """Replace the ids of a stored relationship of a record. Raises WorldError."""
        with self.lock:
            current = self._records[record.type][record.id]
            references = {**current.references, **self._checked(record.type, {name: ids})}
            changed = Record(record.type, record.id, current.attributes, references)
            self._forget(current)
            self._store(changed)
        return changed

    def connect(self, record: Record, name: str, others: Iterable[Record]) -> None:
        """Link a record with others over a to-many relationship; either side may store it."""
        for owner, stored, new in self._ends(record, name, others):
            ids = self._records[owner.type][owner.id].references.get(stored, ())
            # A link that exists already is not doubled.
            self.relate(owner, stored, dict.fromkeys((*ids, new)))

    def disconnect(self, record: Record, name: str, others: Iterable[Record]) -> None:
        """End links of a record with others over a to-many relationship; either side may store it."""
        for owner, stored, gone in self._ends(record, name, others):
            ids = self._records[owner.type][owner.id].references.get(stored, ())
            self.relate(owner, stored, [kept for kept in ids if kept != gone])

    def _ends(self, record: Record, name: str, others: Iterable[Record]) -> Iterator[tuple[Record, str, str]]:
        """Yield for each pair the record that stores the relationship, its name there, and the id of the other."""
        inverse = self.schema[record.type].by_name[name].inverse
        for other in others:
            yield (record, name, other.id) if inverse is None else (other, inverse, record.id)

    def remove(self, record: Record) -> None:
        """Delete a record. References to it stay and lead to no record, as in Apple's answers."""
        with self.lock:
            self.revision += 1
            self._forget(self._records[record.type].pop(record.id))

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Undo all changes of the block at its end. Hold `lock` around it."""
        records = {type_name: dict(stored) for type_name, stored in self._records.items()}
        referrers = {relationship: dict(ids) for relationship, ids in self._referrers.items()}
        try:
            yield
        finally:
            self._records, self._referrers = records, referrers
            self.revision += 1

    def all(self, type_name: str) -> list[Record]:
        """Return the records of a type in the order in which they were created."""
        with self.lock:
            return list(self._records[type_name].values())

    def find(self, type_name: str, record_id: str) -> Record | None:
        """Return the record of this type with this id, None if there is none."""
        return self._records[type_name].get(record_id)

    def related(self, record: Record, name: str) -> list[Record]:
        """Return the records that a relationship leads to; none if the sandbox does not implement their type."""
        relationship = self.schema[record.type].by_name[name]
        if relationship.target not in self.schema:
            return []
        if relationship.inverse is None:
            ids: Iterable[str] = record.references.get(name, ())
        else:
            ids = self._referrers.get((relationship.target, relationship.inverse, record.id), ())
        found = (self.find(relationship.target, record_id) for record_id in ids)
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
                raise WorldError(f"the sandbox does not implement records of type {relationship.target}")
            checked[name] = (ids,) if isinstance(ids, str) else tuple(ids)
            for record_id in checked[name]:
                # Checked at once: a wrong reference would be noticed much later, and far from its cause.
                if self.find(relationship.target, record_id) is None:
                    raise WorldError(
                        f"{name}: there is no record of type {relationship.target} with the id {record_id}"
                    )
        return checked

    def _borrowed_id(self, resource: Resource, references: Mapping[str, str | Iterable[str]]) -> str:
        """Return the id of the record that a new one belongs to, if both share it; otherwise ""."""
        owner = references.get(resource.id_of, "")
        return owner if isinstance(owner, str) else next(iter(owner), "")

    def _new_id(self, type_name: str) -> str:
        """Return a new id: a number for an app, ten characters or a UUID for other types."""
        while True:
            count = self._made[type_name] = self._made.get(type_name, 0) + 1
            # A version 5 UUID, so that the same seed gets the same ids each time.
            made_up = uuid.uuid5(_NAMESPACE, f"{type_name}/{count}")
            new = str(1_000_000_000 + count) if type_name == "apps" else str(made_up)
            if self.schema[type_name].short_ids:
                new = base64.b32encode(made_up.bytes).decode()[:10]
            # A seed may have used the id already.
            if new not in self._records[type_name]:
                return new

    def _store(self, record: Record) -> None:
        self.revision += 1
        self._records[record.type][record.id] = record
        for name, ids in record.references.items():
            for other_id in ids:
                self._referrers.setdefault((record.type, name, other_id), {})[record.id] = None

    def _forget(self, record: Record) -> None:
        for name, ids in record.references.items():
            for other_id in ids:
                self._referrers[record.type, name, other_id].pop(record.id, None)


_NAMESPACE = uuid.UUID("5d1f6c0e-6f0b-4d58-9d4e-0d8f5f0c7a11")
