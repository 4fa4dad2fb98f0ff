"""The interface of every storage, the options to open one with, and the errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from asc.api.clock import SYSTEM_CLOCK, Clock
from asc.errors import Error
from asc.signing.storage.nearby import Nearby

Files = Mapping[str, bytes]
"""Path relative to the root of the storage, parts divided by "/", → content as it is stored."""


class StorageError(Error):
    """The storage could not be used. `input` is the name of the input to correct, for example "storage-token"."""

    def __init__(self, input: str, message: str, remedy: str) -> None:
        super().__init__(f"{input}: {message}", remedy)
        self.input = input


class StorageUnreachable(StorageError):
    """The server did not answer, or reported an error of its own. The same request may work later."""

    exit_code = 3


@dataclass(frozen=True)
class Changes:
    """The changes to store: `put` adds or replaces whole files, `delete` removes files. No path is in both."""

    put: Mapping[str, bytes] = field(default_factory=dict)
    delete: frozenset[str] = frozenset()

    def needed(self, files: Files) -> Changes:
        """Return these changes without the ones that `files` have already."""
        return Changes(
            {path: data for path, data in self.put.items() if files.get(path) != data},
            frozenset(path for path in self.delete if path in files),
        )

    def applied(self, files: Files) -> dict[str, bytes]:
        """Return `files` with these changes, sorted by path."""
        after = {path: data for path, data in files.items() if path not in self.delete} | dict(self.put)
        return dict(sorted(after.items()))

    def __bool__(self) -> bool:
        return bool(self.put or self.delete)


class Storage(Protocol):
    """A place that keeps signing assets. Concurrent writers never lose each other's changes."""

    @property
    def label(self) -> str:
        """Return the kind and address of the storage, for logs. It contains no secret."""

    def read(self) -> Files:
        """Return all files. A warning names each file that is skipped because its name could do harm.

        Raises StorageError: it does not exist, access is denied, too many or too large files.
        """

    def nearby(self) -> Nearby:
        """Return places beside this one that hold match's files, or none if they cannot be read. Never raises."""

    def prove_writable(self) -> None:
        """Check that an `update` would be allowed, as far as the storage can tell. Leaves no trace.

        Raises StorageError if it would be refused.
        """

    def update(self, change: Callable[[Files], Changes], message: str) -> Files:
        """Call `change` with the newest files, store the changes it returns, and return the files afterwards.

        If another writer was quicker, `change` is called again with the newer files, so it must have no side effects.
        `message` is one line for the history. All of a change is stored or, if this raises StorageError, none of it,
        except as the module of the storage says.
        """


@dataclass(frozen=True)
class Options:
    """The options to open a storage with; each storage uses the ones it knows. Texts are empty if they are not given.

    `token`: git and GitLab. `deploy_key`, `known_hosts`: the texts of an SSH private key and of known_hosts lines.
    `endpoint`: https address of a compatible server. `team_id`: folder in S3, Azure, Google Cloud and GitLab, as in
    match. `credentials`: a Google service account as JSON, or the path of a JSON file. `create_branch`: let the first
    `update` create a missing branch instead of failing. `environment`: the variables of the job. `temporary`: parent of
    private folders. `attempts`: how often an update is tried against quicker writers.
    """

    token: str = field(default="", repr=False)
    deploy_key: str = field(default="", repr=False)
    known_hosts: str = ""
    branch: str = ""
    create_branch: bool = False
    endpoint: str = ""
    region: str = ""
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)
    credentials: str = field(default="", repr=False)
    team_id: str = ""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    temporary: Path | None = None
    clock: Clock = SYSTEM_CLOCK
    attempts: int = 30


def disk_is_full(words: str) -> StorageError | None:
    """Return the error for a program that reported a full disk, or None if `words` report something else."""
    # A git server reports its own full disk, or a file that it refuses, in lines that begin with “remote:”.
    ours = " / ".join(line for line in words.split(" / ") if not line.startswith("remote:"))
    if not re.search(r"no space left on device|disk quota exceeded|file too large", ours, re.IGNORECASE):
        return None
    return StorageError(
        "storage",
        f"there is no room left on the disk: {words}",
        "Make room on the disk (RUNNER_TEMP), then run again.",
    )
