"""Record what each job installs on a machine, so that it can be removed even after a crash."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asc.errors import SetupError
from asc.private_files import private_folder, write_private
from asc.signing.install.security import InstallError

log = logging.getLogger(__name__)

VERSION = 1
"""The version of a state's format. States of another version are left alone."""


@dataclass(frozen=True)
class Holder:
    """The process that lives as long as the job: its id, and its start in seconds since 1970."""

    pid: int
    started: float


@dataclass(frozen=True)
class Placed:
    """A file that this job uses in one of Xcode's folders.

    `made` is True if sync-signing created it, so that the clean-up removes it. `previous` is the content that was there
    before, in base64.
    """

    path: str
    sha256: str
    made: bool
    previous: str | None = None


@dataclass(frozen=True)
class MachineState:
    """The record of everything that one run of sync-signing created. Paths are absolute; `created` is in UTC.

    `owner` names the job, so that its clean-up finds the record. `keychain` is the file; `search_list` is the list
    before the change, None if it is unchanged. `work` is a folder to remove with its contents. `outputs` are files, and
    folders to remove if they are empty.
    """

    id: str
    owner: str
    created: datetime
    holder: Holder | None = None
    keychain: str | None = None
    search_list: tuple[str, ...] | None = None
    work: str | None = None
    placed: tuple[Placed, ...] = ()
    outputs: tuple[str, ...] = ()

    def with_placed(self, placed: Iterable[Placed]) -> MachineState:
        """Return the state with these files, which replace earlier entries for the same paths."""
        new = {entry.path: entry for entry in placed}
        others = (entry for entry in self.placed if entry.path not in new)
        return replace(self, placed=(*others, *new.values()))

    def with_outputs(self, paths: Iterable[str]) -> MachineState:
        """Return the state with these files and folders of `output-directory` added."""
        return replace(self, outputs=tuple(dict.fromkeys((*self.outputs, *paths))))


def write_state(state: MachineState) -> bytes:
    """Return the state as JSON in ASCII."""
    values = {**asdict(state), "version": VERSION, "created": state.created.astimezone(UTC).isoformat()}
    # JSON in ASCII can hold every path, including bytes that are not UTF-8.
    return (json.dumps(values, indent=1) + "\n").encode()


def read_state(content: bytes) -> MachineState:
    """Parse a state from JSON. Raises ValueError if it is not a state or has another version."""
    try:
        values = json.loads(content)
        if values.get("version") != VERSION:
            raise ValueError("it has another version")
        return _state(values)
    except (AttributeError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(f"it is not a state: {type(error).__name__}") from None


def _state(values: dict[str, Any]) -> MachineState:
    holder, listed = values["holder"], values["search_list"]
    created = datetime.fromisoformat(values["created"])
    return MachineState(
        id=str(values["id"]),
        owner=str(values["owner"]),
        created=created if created.tzinfo else created.replace(tzinfo=UTC),
        holder=Holder(int(holder["pid"]), float(holder["started"])) if holder else None,
        keychain=_path(values["keychain"]),
        search_list=None if listed is None else tuple(str(path) for path in listed),
        work=_path(values["work"]),
        placed=tuple(
            Placed(str(entry["path"]), str(entry["sha256"]), entry["made"] is True, entry["previous"])
            for entry in values["placed"]
        ),
        outputs=tuple(str(path) for path in values["outputs"]),
    )


def _path(value: object) -> str | None:
    return None if value is None else str(value)


LOCK_TIMEOUT = 180.0
"""Seconds to wait for another job: longer than a call of `security` that hangs there."""
_ID = re.compile(r"[0-9a-f]{16}")


class Ledger:
    """The states of all jobs of one user on one machine. Used by one thread; processes wait for each other."""

    def __init__(self, folder: Path, lock_timeout: float = LOCK_TIMEOUT) -> None:
        """Create `folder` if it is missing. Raises SetupError if it cannot be created or written."""
        self.folder = folder.absolute()
        self._timeout = lock_timeout
        self._depth = 0
        try:
            private_folder(self.folder)
            usable = os.access(self.folder, os.W_OK | os.X_OK)
        except OSError:
            usable = False
        if not usable:
            raise SetupError(
                f"{self.folder} cannot be written.", "Check the home folder of the runner's user."
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from changing the ledger and everything recorded in it; may be nested.

        Raises InstallError if another process holds the lock for too long.
        """
        if self._depth:
            yield
            return
        # The file is never removed: otherwise two processes could hold locks on two files of this name.
        # The system releases the lock of a killed process.
        descriptor = os.open(
            self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
        )
        try:
            _acquire(descriptor, self._timeout)
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
        finally:
            os.close(descriptor)

    def begin(self, owner: str, now: datetime, holder: Holder | None = None) -> MachineState:
        """Write a new state for the job `owner` and return it. `holder` is the process that ends with the job, if
        known.
        """
        state = MachineState(id=secrets.token_hex(8), owner=owner, created=now, holder=holder)
        with self.locked():
            self._write(state)
        return state

    def change(self, identifier: str, change: Callable[[MachineState], MachineState]) -> MachineState:
        """Write the result of `change` for the newest state and return it. Raises InstallError if the state is gone."""
        with self.locked():
            state = self.find(identifier)
            if state is None:
                raise InstallError(
                    "The record of this job's keychain and files is gone: a clean-up removed it meanwhile.",
                    "Run cleanup-signing only at the end of the job.",
                )
            changed = change(state)
            self._write(changed)
            return changed

    def note(self, identifier: str) -> Callable[[Iterable[Path]], None]:
        """Return a function that records paths of `output-directory`, for the parameter `before` of `write_files`."""

        def record(paths: Iterable[Path]) -> None:
            self.change(identifier, lambda state: state.with_outputs(map(str, paths)))

        return record

    def find(self, identifier: str) -> MachineState | None:
        """Return the state with this id, or None if there is none."""
        return _read(self._path(identifier))

    def states(self) -> list[MachineState]:
        """Return all states, oldest first. Unreadable files are logged and left alone."""
        # Names with a dot in front are files that `write_private` has not finished.
        states = [_read(path) for path in self.folder.glob("[!.]*.json")]
        return sorted((state for state in states if state), key=lambda state: (state.created, state.id))

    def of_owner(self, owner: str) -> list[MachineState]:
        """Return the states of one job, newest first: the order to clean them up in."""
        return [state for state in reversed(self.states()) if state.owner == owner]

    def forget(self, identifier: str) -> None:
        """Remove the state with this id, if it exists."""
        self._path(identifier).unlink(missing_ok=True)

    def _write(self, state: MachineState) -> None:
        write_private(self._path(state.id), write_state(state))

    def _path(self, identifier: str) -> Path:
        # The id becomes a file name, so it must not lead out of the folder.
        if not _ID.fullmatch(identifier):
            raise InstallError(
                f"{identifier[:80]!r} is not the id of a record of sync-signing.",
                "Use the id that sync-signing returned.",
            )
        return self.folder / f"{identifier}.json"


def _read(path: Path) -> MachineState | None:
    try:
        state = read_state(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        log.warning("%s is not a record of sync-signing (%s)", path, error)
        return None
    # A copy under another name must not be cleaned up twice.
    return state if path.stem == state.id else None


def _acquire(descriptor: int, timeout: float) -> None:
    # flock cannot wait with a time limit, so it is tried again and again.
    until = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > until:
                raise InstallError(
                    "Another job on this machine has held the lock on its keychains for minutes.",
                    "Look for a security process that hangs, or run these jobs one after the other.",
                ) from None
            time.sleep(0.05)
