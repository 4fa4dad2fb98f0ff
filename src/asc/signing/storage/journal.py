"""The journal: how a storage that can only replace single files takes a change of several files as one.

One file, `asc-journal.json` beside the others, holds the number of the newest change and, until that change has been
carried out, all of it, contents included. Writing it is the moment that counts: before, nothing of the change is
there; after, all of it is, for readers lay it over the files they find. Whoever wants to change something next and
finds it unfinished carries it out first. It holds contents as they are stored, so nothing unencrypted.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from asc.signing.storage import names
from asc.signing.storage.model import Changes, Files

NAME = "asc-journal.json"
PROBE = "asc-probe-"
"""Names that begin so are objects of `prove_writable`, left behind where it was killed."""
FORMAT = 1


class UnreadableJournal(Exception):
    """The journal is none, or one of a newer version."""


@dataclass(frozen=True)
class Journal:
    """`generation` counts changes. `changes` is empty when they are carried out.

    `bases` names the version that each path had when the change was made, "" for none: a file that has neither that
    version nor the new content was changed by someone who knows no journal.
    """

    generation: int = 0
    identity: str = ""
    changes: Changes = field(default_factory=Changes)
    bases: Mapping[str, str] = field(default_factory=dict)

    def following(self, changes: Changes, versions: Mapping[str, str]) -> Journal:
        """The journal with the next change, to files of these versions."""
        paths = [*changes.put, *changes.delete]
        bases = {path: versions.get(path, "") for path in paths}
        return Journal(self.generation + 1, new_identity(), changes, bases)

    def finished(self) -> Journal:
        """The journal once its change is carried out."""
        return Journal(self.generation, self.identity)

    def over(self, files: Files) -> dict[str, bytes]:
        """The files as they are once the change is carried out."""
        return self.changes.applied(files)

    def encode(self) -> bytes:
        """As it is stored: JSON, contents in base64."""
        document = {
            "format": FORMAT,
            "about": "Written by app-store-connect-actions: how changes of several files are stored as one. Keep it.",
            "generation": self.generation,
            "identity": self.identity,
            "put": {path: base64.b64encode(data).decode() for path, data in self.changes.put.items()},
            "delete": sorted(self.changes.delete),
            "bases": dict(self.bases),
        }
        return json.dumps(document, indent=1).encode()


def new_identity() -> str:
    """A name that no other change has."""
    return secrets.token_hex(8)


def decode(data: bytes) -> Journal:
    """Reads a stored journal; raises Unreadable."""
    try:
        document = json.loads(data)
        if document["format"] != FORMAT:
            raise UnreadableJournal(f"it has the format {document['format']!r:.20}")
        put = {str(path): base64.b64decode(text, validate=True) for path, text in document["put"].items()}
        changes = Changes(put, frozenset(map(str, document["delete"])))
        bases = {str(path): str(version) for path, version in document["bases"].items()}
        if any(names.problem(path) or is_ours(path) for path in [*changes.put, *changes.delete]):
            raise UnreadableJournal("it names files that have no place here")
        return Journal(int(document["generation"]), str(document["identity"]), changes, bases)
    except (ValueError, OverflowError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableJournal("it is damaged") from error


def is_ours(path: str) -> bool:
    """Whether `path` is a journal or a probe, not a signing asset."""
    return path == NAME or path.startswith(PROBE)


class Conflict(Exception):
    """A condition did not hold: the object is there already, is gone, or has another version."""


class ObjectMissing(Exception):
    """There is no such object."""


@dataclass(frozen=True)
class ReadResult:
    """An object in a list. `size` in bytes; 0 where the store does not say."""

    version: str
    size: int


class Objects(Protocol):
    """What a store of objects has to be able to do. All may raise StorageError; all are called from threads."""

    label: str

    def elsewhere(self) -> Iterable[str]:
        """Whole keys of objects outside the root, at most `nearby.MOST_KEYS` are looked at."""

    def found(self) -> Mapping[str, ReadResult]:
        """All objects below the root, by their path from there."""

    def get(self, name: str, version: str) -> tuple[bytes, str]:
        """Content and version of an object, of this `version` where the store keeps old ones; raises Missing."""

    def create(self, name: str, data: bytes) -> str:
        """Writes an object that must not exist, and returns its version; raises Taken."""

    def replace(self, name: str, data: bytes, version: str) -> str:
        """Writes an object that must exist in this version, and returns the new one; raises Taken."""

    def delete(self, name: str, version: str) -> None:
        """Removes an object that has this version, as far as the store can tell; raises Taken. Gone is fine."""
