"""What a store of single objects has to be able to do, so that asc.signing.storage.journaled can build on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol


class Taken(Exception):
    """A condition did not hold: the object is there already, is gone, or has another version."""


class Missing(Exception):
    """There is no such object."""


@dataclass(frozen=True)
class Found:
    """An object in a list. `size` in bytes; 0 where the store does not say."""

    version: str
    size: int


class Objects(Protocol):
    """What a store of objects has to be able to do. All may raise StorageError; all are called from threads."""

    label: str

    def elsewhere(self) -> Iterable[str]:
        """Whole keys of objects outside the root, at most `nearby.MOST_KEYS` are looked at."""

    def found(self) -> Mapping[str, Found]:
        """All objects below the root, by their path from there."""

    def get(self, name: str, version: str) -> tuple[bytes, str]:
        """Content and version of an object, of this `version` where the store keeps old ones; raises Missing."""

    def create(self, name: str, data: bytes) -> str:
        """Writes an object that must not exist, and returns its version; raises Taken."""

    def replace(self, name: str, data: bytes, version: str) -> str:
        """Writes an object that must exist in this version, and returns the new one; raises Taken."""

    def delete(self, name: str, version: str) -> None:
        """Removes an object that has this version, as far as the store can tell; raises Taken. Gone is fine."""
