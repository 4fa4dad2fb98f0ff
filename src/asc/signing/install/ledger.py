"""The folder of the states, and its lock."""

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


@dataclass(frozen=True)
class Holder:
    """The process that lives as long as the job: its id, and when it started, seconds since 1970."""

    pid: int
    started: float


@dataclass(frozen=True)
class Placed:
    """A file in one of Xcode's folders that this job uses.

    `made`: it is ours to remove; else it was there before. `previous`: what stood there instead, base64.
    """

    path: str
    sha256: str
    made: bool
    previous: str | None = None


@dataclass(frozen=True)
class MachineState:
    """What one run of sync-signing made. Paths are absolute; `created` in UTC.

    `owner` names the job, so that its clean-up finds it. `keychain` is the file; `search_list` what the list was
    before, None as long as it has not been touched. `work` is a folder of ours that goes with all that is in it;
    `outputs` are files, and folders if they are empty then.
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
        """With these files, in the place of earlier entries for the same paths."""
        new = {each.path: each for each in placed}
        others = (each for each in self.placed if each.path not in new)
        return replace(self, placed=(*others, *new.values()))

    def with_outputs(self, paths: Iterable[str]) -> MachineState:
        """With these files and folders of `output-directory`."""
        return replace(self, outputs=tuple(dict.fromkeys((*self.outputs, *paths))))


def write_state(state: MachineState) -> bytes:
    """JSON."""
    values = {**asdict(state), "version": VERSION, "created": state.created.astimezone(UTC).isoformat()}
    return (json.dumps(values, indent=1) + "\n").encode()


def read_state(content: bytes) -> MachineState:
    """The reverse. Raises ValueError where it is none, or one of another version."""
    try:
        values = json.loads(content)
        if values.get("version") != VERSION:
            raise ValueError("of another version")
        return _state(values)
    except (AttributeError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(f"no state: {type(error).__name__}") from None


def _state(values: dict[str, Any]) -> MachineState:
    holder, listed = values["holder"], values["search_list"]
    created = datetime.fromisoformat(values["created"])
    return MachineState(
        id=str(values["id"]),
        owner=str(values["owner"]),
        created=created if created.tzinfo else created.replace(tzinfo=UTC),
        holder=Holder(int(holder["pid"]), float(holder["started"])) if holder else None,
        keychain=_path(values["keychain"]),
        search_list=None if listed is None else tuple(str(each) for each in listed),
        work=_path(values["work"]),
        placed=tuple(
            Placed(str(each["path"]), str(each["sha256"]), each["made"] is True, each["previous"])
            for each in values["placed"]
        ),
        outputs=tuple(str(each) for each in values["outputs"]),
    )


def _path(value: object) -> str | None:
    return None if value is None else str(value)


LOCK_TIMEOUT = 180.0
"""Seconds: longer than a call of `security` that hangs in another job."""
_ID = re.compile(r"[0-9a-f]{16}")


class Ledger:
    """The states of all jobs of one user on one machine. For one thread; processes wait for each other."""

    def __init__(self, folder: Path, lock_timeout: float = LOCK_TIMEOUT) -> None:
        """`folder` is made where it is missing. Raises SetupError where it cannot be, or is someone else's."""
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
        """Nobody else changes what is shared meanwhile. May be nested. Raises InstallError where it takes too long."""
        if self._depth:
            yield
            return
        # The file stays: were it removed, two could hold two locks of one name. Killed processes let go of it.
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
        """A new state, on disk, of a job called `owner`. `holder` is the process that ends with the job, if known."""
        state = MachineState(id=secrets.token_hex(8), owner=owner, created=now, holder=holder)
        with self.locked():
            self._write(state)
        return state

    def change(self, identifier: str, change: Callable[[MachineState], MachineState]) -> MachineState:
        """Writes what `change` makes of the state as it is on disk now. Raises InstallError where it is gone."""
        with self.locked():
            state = self.find(identifier)
            if state is None:
                raise InstallError(
                    "The record of this job's keychain and files is gone: something cleaned up meanwhile.",
                    "Let cleanup-signing run only at the end of the job.",
                )
            changed = change(state)
            self._write(changed)
            return changed

    def note(self, identifier: str) -> Callable[[Iterable[Path]], None]:
        """A function that writes paths of `output-directory` down: `before` of `write_files`."""

        def note(paths: Iterable[Path]) -> None:
            self.change(identifier, lambda state: state.with_outputs(map(str, paths)))

        return note

    def find(self, identifier: str) -> MachineState | None:
        """The state, or None where there is none."""
        return _read(self._path(identifier))

    def states(self) -> list[MachineState]:
        """All that can be read, oldest first. Others are named in the log and left alone."""
        found = [_read(path) for path in self.folder.glob("[!.]*.json")]
        return sorted((each for each in found if each), key=lambda each: (each.created, each.id))

    def of_owner(self, owner: str) -> list[MachineState]:
        """The states of one job, newest first: the order to clean them up in."""
        return [each for each in reversed(self.states()) if each.owner == owner]

    def forget(self, identifier: str) -> None:
        """Removes the state; one that is not there is fine."""
        self._path(identifier).unlink(missing_ok=True)

    def _write(self, state: MachineState) -> None:
        write_private(self._path(state.id), write_state(state))

    def _path(self, identifier: str) -> Path:
        if not _ID.fullmatch(identifier):
            raise InstallError(
                f"{identifier[:80]!r} is no record of sync-signing.", "Use the one that it handed on."
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
    return state if path.stem == state.id else None


def _acquire(descriptor: int, timeout: float) -> None:
    until = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > until:
                raise InstallError(
                    "Another job on this machine has been changing its keychains for minutes.",
                    "Look for a hanging security process, or run these jobs one after the other.",
                ) from None
            time.sleep(0.05)
