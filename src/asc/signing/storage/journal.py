"""The journal: store a change of several files as one, in a storage that can only replace single files.

The file `asc-journal.json` holds the number of the newest change and, until that change has been carried out, all of
its contents. Before the journal is written, nothing of the change is stored; afterwards all of it is, because readers
apply the journal to the files they find. A writer that finds an unfinished change carries it out first. The contents
are encrypted like the stored files. Below it stand the operations that such a storage has to offer.
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
"""The prefix of the objects that `prove_writable` creates. A killed job leaves one behind."""
FORMAT = 1
"""The version of the journal's format. A journal of another version is not touched."""


class UnreadableJournal(Exception):
    """The file is not a journal, or was written by a newer version."""


@dataclass(frozen=True)
class Journal:
    """The newest change of a storage.

    `generation` counts changes. `changes` is empty once they are carried out. `bases` holds the version of each path
    when the change was made, "" if it did not exist: a file with neither that version nor the new content was changed
    by a program that knows no journal.
    """

    generation: int = 0
    identity: str = ""
    changes: Changes = field(default_factory=Changes)
    bases: Mapping[str, str] = field(default_factory=dict)

    def following(self, changes: Changes, versions: Mapping[str, str]) -> Journal:
        """Return the journal of the next change. `versions` holds the version of each file before it."""
        paths = [*changes.put, *changes.delete]
        bases = {path: versions.get(path, "") for path in paths}
        return Journal(self.generation + 1, new_identity(), changes, bases)

    def finished(self) -> Journal:
        """Return the journal to store once its change is carried out."""
        return Journal(self.generation, self.identity)

    def applied_to(self, files: Files) -> dict[str, bytes]:
        """Return `files` as they are once the change is carried out."""
        return self.changes.applied(files)

    def encode(self) -> bytes:
        """Return the journal as JSON, with contents in base64."""
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
    """Return a random name, 16 hexadecimal digits, for a change or a probe."""
    return secrets.token_hex(8)


def decode(data: bytes) -> Journal:
    """Parse the journal as it is stored. Raises UnreadableJournal."""
    try:
        document = json.loads(data)
        if document["format"] != FORMAT:
            raise UnreadableJournal(f"it has the format {document['format']!r:.20}")
        put = {str(path): base64.b64decode(text, validate=True) for path, text in document["put"].items()}
        changes = Changes(put, frozenset(map(str, document["delete"])))
        bases = {str(path): str(version) for path, version in document["bases"].items()}
        # A journal is input like any file: it must not write outside the tree or over the journal itself.
        if any(names.problem(path) or is_ours(path) for path in [*changes.put, *changes.delete]):
            raise UnreadableJournal("it names files that have no place here")
        return Journal(int(document["generation"]), str(document["identity"]), changes, bases)
    except (ValueError, OverflowError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableJournal("it is damaged") from error


def is_ours(path: str) -> bool:
    """Return True if `path` is a journal or a probe, not a signing asset."""
    return path == NAME or path.startswith(PROBE)


class Conflict(Exception):
    """A condition did not hold: the object exists already, is gone, or has another version."""


class ObjectMissing(Exception):
    """The object does not exist, or has another version than the requested one."""


@dataclass(frozen=True)
class ListedObject:
    """An object in a list. `size` is in bytes, 0 if the store does not report it."""

    version: str
    size: int


class Objects(Protocol):
    """The operations that ObjectStorage needs of a store of objects.

    All of them may raise StorageError, and all are called from several threads.
    """

    label: str
    shared: tuple[str, ...]
    """Names of objects that lie outside of the root, because all teams of the place share them."""

    def keys_outside(self) -> Iterable[str]:
        """Return the whole keys of objects outside the root, from at most `nearby.MOST_KEYS` objects."""

    def list_objects(self) -> Mapping[str, ListedObject]:
        """Return all objects below the root, by their path from there."""

    def get(self, name: str, version: str) -> tuple[bytes, str]:
        """Return content and version of an object.

        `version` is requested if the store keeps old ones; "" stands for the newest. Raises ObjectMissing.
        """

    def create(self, name: str, data: bytes) -> str:
        """Create an object and return its version. Raises Conflict if it exists."""

    def replace(self, name: str, data: bytes, version: str) -> str:
        """Replace an object and return its new version. Raises Conflict if it does not have this version."""

    def delete(self, name: str, version: str) -> None:
        """Remove an object; a missing one is ignored.

        Raises Conflict if the store can tell that it has another version.
        """
