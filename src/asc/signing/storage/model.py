"""What every storage offers, what it is opened with, and how it fails."""

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
    """The storage could not be used. `input` names the input that it is about, for example "storage-token"."""

    def __init__(self, input: str, message: str, remedy: str) -> None:
        super().__init__(f"{input}: {message}", remedy)
        self.input = input


class StorageUnreachable(StorageError):
    """Nothing answered, or what answered had trouble of its own: the same may work later."""


@dataclass(frozen=True)
class Changes:
    """What to store: `put` replaces or adds whole files, `delete` removes them; a path is in one of them only."""

    put: Mapping[str, bytes] = field(default_factory=dict)
    delete: frozenset[str] = frozenset()

    def needed(self, files: Files) -> Changes:
        """Those that make a difference to `files`."""
        return Changes(
            {path: data for path, data in self.put.items() if files.get(path) != data},
            frozenset(path for path in self.delete if path in files),
        )

    def applied(self, files: Files) -> dict[str, bytes]:
        """`files` with these changes, in order of their paths."""
        after = {path: data for path, data in files.items() if path not in self.delete} | dict(self.put)
        return dict(sorted(after.items()))

    def __bool__(self) -> bool:
        return bool(self.put or self.delete)


class Storage(Protocol):
    """A place that keeps signing assets. Writers never lose each other's work."""

    @property
    def label(self) -> str:
        """For logs: what it is and where. Holds no secret."""

    def read(self) -> Files:
        """All files. Names that could do harm are left out with a warning.

        Raises StorageError: not there, no access, too many or too large files.
        """

    def nearby(self) -> Nearby:
        """Places beside this one that hold match's files. None where they cannot be looked at: never raises."""

    def prove_writable(self) -> None:
        """Raises StorageError where a later `update` would be refused, as far as that can be told beforehand.

        Leaves no trace.
        """

    def update(self, change: Callable[[Files], Changes], message: str) -> Files:
        """Stores what `change` makes of the newest files, and returns the files after that.

        Where another writer was quicker, `change` is called again with what that one left: it should have no
        effects besides its result. `message` is one line for whoever reads the history. All of a change is stored
        or, where this raises StorageError, none of it, except where the module of the storage says otherwise.
        """


@dataclass(frozen=True)
class Options:
    """How a storage is opened; each uses what it knows. Texts are empty where they are not given.

    `token`: git and GitLab. `deploy_key`, `known_hosts`: the texts of an SSH private key and of known_hosts lines.
    `endpoint`: https address of a compatible server. `team_id`: folder in S3, Azure, Google Cloud and GitLab, as
    match has it. `credentials`: JSON, or the path of a JSON file, of a Google service account. `create_branch`: a
    branch that is missing is begun by the first `update`, not an error. `environment`: the variables of the job.
    `temporary`: where private folders are made. `attempts`: how often an update is tried against quicker writers.
    """

    token: str = field(default="", repr=False)
    deploy_key: str = field(default="", repr=False)
    known_hosts: str = ""
    branch: str = ""
    create_branch: bool = False
    author: str = "app-store-connect-actions <app-store-connect-actions@users.noreply.github.com>"
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
    """Return the error for a program that says there is no room left; None where `words` say something else."""
    # A server of git's says so of its own disk, or of a file that it does not take, in lines with “remote:”.
    ours = " / ".join(line for line in words.split(" / ") if not line.startswith("remote:"))
    if not re.search(r"no space left on device|disk quota exceeded|file too large", ours, re.IGNORECASE):
        return None
    return StorageError(
        "storage",
        f"there is no room left on the disk: {words}",
        "Make room on the disk (RUNNER_TEMP), then run again.",
    )
