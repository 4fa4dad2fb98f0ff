"""Remove everything that sync-signing created on a machine, and nothing else."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from asc.errors import Error
from asc.private_files import half_written
from asc.programs import ProgramTimeout, run_program
from asc.signing.install.ledger import Holder, Ledger, MachineState
from asc.signing.install.placing import displace
from asc.signing.install.security import CleanupError, Security, remove_from_search_list

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CleanupResult:
    """The keychain and the counts of files that were removed. `found` is False if there was no state."""

    found: bool
    keychain: str | None = None
    profiles: int = 0
    files: int = 0


def cleanup(ledger: Ledger, identifier: str, security: Security | None = None) -> CleanupResult:
    """Remove the keychain, its entry in the search list, profiles and files of one state, then the state itself.

    It removes as much as possible and may be repeated. `security` is needed if there is a keychain. Raises
    CleanupError, which names everything that is left; the state then stays.
    """
    with ledger.locked():
        state = ledger.find(identifier)
        if state is None:
            return CleanupResult(found=False)
        files = sum(Path(output).is_file() for output in state.outputs)
        steps: tuple[Callable[[], None], ...] = (
            partial(_remove_keychain, state, security),
            partial(_remove_work_folder, state),
            partial(displace, ledger, state),
            partial(_remove_outputs, state),
        )
        # Every step is tried, so that one failure does not leave more than necessary on the machine.
        failures = [failure for step in steps if (failure := _attempt(step))]
        if failures:
            raise CleanupError(
                f"Not everything of this job could be removed: {'; '.join(failures)}.",
                "Run cleanup-signing again; the next sync-signing on this machine also tries again.",
            )
        ledger.forget(identifier)
    profiles = sum(placed.made for placed in state.placed)
    return CleanupResult(True, state.keychain, profiles, files)


@contextmanager
def undone_on_failure(ledger: Ledger, identifier: str, security: Security | None = None) -> Iterator[None]:
    """Clean up the state `identifier` if anything is raised inside, including the end of the process.

    The exception goes on. A failed clean-up is logged, and the state stays.
    """
    try:
        yield
    except BaseException:
        # A cancelled job must not leave a keychain behind either.
        try:
            cleanup(ledger, identifier, security)
        except (Error, OSError) as error:
            log.warning("%s", _message(error))
        raise


def _message(error: Error | OSError) -> str:
    return error.message if isinstance(error, Error) else str(error)


def _attempt(step: Callable[[], None]) -> str:
    """Take a step, and return the reason why it failed, or "" if it did not."""
    try:
        step()
    except Error as error:
        return error.message.rstrip(".")
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    return ""


def _remove_keychain(state: MachineState, security: Security | None) -> None:
    if state.keychain is None:
        return
    path = Path(state.keychain)
    try:
        if security is None:
            raise CleanupError(f"{path} is a keychain", "Run this on macOS.")
        # Some versions of macOS list a new keychain by themselves, so it is removed in any case.
        remove_from_search_list(security, state.keychain)
    finally:
        if security is not None:
            # This makes macOS forget that the keychain is open. A failure is ignored because the file goes anyway.
            security.run("delete-keychain", state.keychain)
        path.unlink(missing_ok=True)


def _remove_work_folder(state: MachineState) -> None:
    if state.work and Path(state.work).exists():
        shutil.rmtree(state.work)


def _remove_outputs(state: MachineState) -> None:
    folders = []
    for output in map(Path, state.outputs):
        if output.is_dir() and not output.is_symlink():
            folders.append(output)
            continue
        output.unlink(missing_ok=True)
    for temporary in half_written(map(Path, state.outputs)):
        temporary.unlink(missing_ok=True)
    # The innermost folder was created last. A folder with other files in it stays.
    for folder in reversed(folders):
        if not any(folder.iterdir()):
            folder.rmdir()


WORKER = "Runner.Worker"
"""The process that GitHub's runner starts for each job; it ends with the job."""
_TOLERANCE = 5.0
"""Seconds that two readings of a start time may differ. Linux derives it from the time since boot and rounds."""


@dataclass(frozen=True)
class Process:
    """A running process.

    `started` is in seconds since 1970. `name` is the program; some systems print it with its path, others cut it.
    """

    pid: int
    parent: int
    started: float
    name: str


def processes(path: str) -> Mapping[int, Process] | None:
    """Return all processes by id, from the `ps` in `path`, or None if they cannot be listed."""
    # The locale and the time zone fix the form of the start times.
    environment = {"PATH": path, "LC_ALL": "C", "TZ": "UTC"}
    command = ["ps", "-axo", "pid=,ppid=,lstart=,comm="]
    try:
        done = run_program(command, environment, timeout=30)
    except (OSError, ProgramTimeout):
        return None
    if done.code:
        return None
    listed = (_process(line) for line in done.output.decode("utf-8", "replace").splitlines())
    return {process.pid: process for process in listed if process} or None


def holder_of(pid: int, running: Mapping[int, Process] | None, name: str = WORKER) -> Holder | None:
    """Return the nearest ancestor of `pid` called `name`, or None outside a job or if it is unknown."""
    # The list is not of one moment, so a reused process id could make the ancestors a circle.
    visited: set[int] = set()
    current = (running or {}).get(pid)
    while current and current.pid not in visited:
        visited.add(current.pid)
        if current.name.rpartition("/")[2] == name:
            return Holder(current.pid, current.started)
        current = (running or {}).get(current.parent)
    return None


def lives(holder: Holder, running: Mapping[int, Process]) -> bool:
    """Return True if this very process is running, and not a later one with the same id."""
    process = running.get(holder.pid)
    return process is not None and abs(process.started - holder.started) <= _TOLERANCE


def _process(line: str) -> Process | None:
    # The start time has five parts; the name comes last because it may contain blanks.
    parts = line.split(None, 7)
    if len(parts) < 8:
        return None
    try:
        started = datetime.strptime(" ".join(parts[2:7]), "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
        return Process(int(parts[0]), int(parts[1]), started.timestamp(), parts[7].strip())
    except ValueError:
        return None


LONGEST_JOB = timedelta(days=5)
"""GitHub's time limit for a job on a self-hosted runner."""


def sweep(
    ledger: Ledger,
    now: datetime,
    security: Security | None = None,
    running: Mapping[int, Process] | None = None,
) -> list[MachineState]:
    """Clean up after jobs that have ended, and return their states. A failure is logged and never raised.

    A job has ended if its process is not in `running`. If its process is unknown or `running` is None, its age decides.
    """
    cleaned = []
    for state in ledger.states():
        if not _has_ended(state, now, running):
            continue
        try:
            cleanup(ledger, state.id, security)
        except (Error, OSError) as error:
            log.warning("The keychain and files of an earlier job could not be removed: %s", _message(error))
            continue
        log.info("Removed the keychain and files of a job of %s", f"{state.created:%Y-%m-%d %H:%M} UTC")
        cleaned.append(state)
    return cleaned


def _has_ended(state: MachineState, now: datetime, running: Mapping[int, Process] | None) -> bool:
    if state.holder and running is not None:
        return not lives(state.holder, running)
    return now - state.created > LONGEST_JOB
