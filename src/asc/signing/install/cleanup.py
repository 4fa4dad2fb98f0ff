"""Removes what sync-signing made on a machine, and nothing else."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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
    """What was removed. `found` is False where there was no state: it had been cleaned up before."""

    found: bool
    keychain: str | None = None
    profiles: int = 0
    files: int = 0


def cleanup(ledger: Ledger, identifier: str, security: Security | None = None) -> CleanupResult:
    """Removes the keychain, its entry in the search list, profiles and files of one state, and then the state.

    Does as much as it can; may be repeated. `security` is needed where there is a keychain. Raises CleanupError that
    names what is left, in which case the state stays.
    """
    with ledger.locked():
        state = ledger.find(identifier)
        if state is None:
            return CleanupResult(found=False)
        files = sum(Path(each).is_file() for each in state.outputs)
        left = [
            problem
            for step in (_keychain(state, security), _work(state), _profiles(ledger, state), _outputs(state))
            if (problem := _attempt(step))
        ]
        if left:
            raise CleanupError(
                f"Not everything of this job could be removed: {'; '.join(left)}.",
                "Run cleanup-signing again; the next sync-signing on this machine tries, too.",
            )
        ledger.forget(identifier)
    made = sum(each.made for each in state.placed)
    return CleanupResult(True, state.keychain, made, files)


@contextmanager
def undone_on_failure(ledger: Ledger, identifier: str, security: Security | None = None) -> Iterator[None]:
    """Removes what the state names when anything is raised inside, be it the end of the process.

    What is raised goes on; what cannot be removed is in the log, and stays in the state.
    """
    try:
        yield
    except BaseException:
        try:
            cleanup(ledger, identifier, security)
        except (Error, OSError) as error:
            log.warning("%s", error.message if isinstance(error, Error) else error)
        raise


def _attempt(step: Callable[[], None]) -> str:
    try:
        step()
    except Error as error:
        return error.message.rstrip(".")
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    return ""


def _keychain(state: MachineState, security: Security | None) -> Callable[[], None]:
    def step() -> None:
        if state.keychain is None:
            return
        path = Path(state.keychain)
        try:
            if security is None:
                raise CleanupError(f"{path} is a keychain", "Run this on macOS.")
            # Looked for whether or not we put it there: some versions of macOS list a keychain that is made.
            remove_from_search_list(security, state.keychain)
        finally:
            if security is not None:
                # It makes macOS forget that the keychain is open. Refusals do not count, for the file goes anyway.
                security.run("delete-keychain", state.keychain)
            path.unlink(missing_ok=True)

    return step


def _work(state: MachineState) -> Callable[[], None]:
    def step() -> None:
        if state.work and Path(state.work).exists():
            shutil.rmtree(state.work)

    return step


def _profiles(ledger: Ledger, state: MachineState) -> Callable[[], None]:
    return lambda: displace(ledger, state)


def _outputs(state: MachineState) -> Callable[[], None]:
    def step() -> None:
        folders = []
        for each in map(Path, state.outputs):
            if each.is_dir() and not each.is_symlink():
                folders.append(each)
                continue
            each.unlink(missing_ok=True)
        for temporary in half_written(map(Path, state.outputs)):
            temporary.unlink(missing_ok=True)
        for folder in reversed(folders):  # the innermost was made last
            if not any(folder.iterdir()):
                folder.rmdir()

    return step


WORKER = "Runner.Worker"
"""The process of GitHub's runner that is started for a job, and ends with it."""
_TOLERANCE = 5.0
"""Seconds: Linux reckons the time a process started from the time since boot, and is off by one now and then."""


@dataclass(frozen=True)
class Process:
    """`started` is in seconds since 1970; `name` is the program, in some systems with its path, in others cut."""

    pid: int
    parent: int
    started: float
    name: str


def processes(path: str) -> Mapping[int, Process] | None:
    """All processes by id, from `ps` (looked for in `path`). None where they cannot be listed."""
    environment = {"PATH": path, "LC_ALL": "C", "TZ": "UTC"}
    command = ["ps", "-axo", "pid=,ppid=,lstart=,comm="]
    try:
        done = run_program(command, environment, timeout=30)
    except (OSError, ProgramTimeout):
        return None
    if done.code:
        return None
    found = (_process(line) for line in done.output.decode("utf-8", "replace").splitlines())
    return {each.pid: each for each in found if each} or None


def holder_of(pid: int, running: Mapping[int, Process] | None, name: str = WORKER) -> Holder | None:
    """The nearest ancestor of `pid` that is called `name`; None outside of a job, or where that is not known."""
    seen: set[int] = set()
    current = (running or {}).get(pid)
    while current and current.pid not in seen:
        seen.add(current.pid)
        if current.name.rpartition("/")[2] == name:
            return Holder(current.pid, current.started)
        current = (running or {}).get(current.parent)
    return None


def lives(holder: Holder, running: Mapping[int, Process]) -> bool:
    """Whether it is this process that runs under its id, not a later one."""
    process = running.get(holder.pid)
    return process is not None and abs(process.started - holder.started) <= _TOLERANCE


def _process(line: str) -> Process | None:
    parts = line.split(None, 7)
    if len(parts) < 8:
        return None
    try:
        time = datetime.strptime(" ".join(parts[2:7]), "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
        return Process(int(parts[0]), int(parts[1]), time.timestamp(), parts[7].strip())
    except ValueError:
        return None


LONGEST_JOB = timedelta(days=5)
"""The longest that a job lasts on a self-hosted runner."""


def sweep(
    ledger: Ledger,
    now: datetime,
    security: Security | None = None,
    running: Mapping[int, Process] | None = None,
    older_than: timedelta = LONGEST_JOB,
) -> list[MachineState]:
    """Cleans up after jobs that are over, and returns their states. Never raises Error: what fails is tried again.

    A job whose process is in `running` is left alone whatever its age. One whose process is not there is over. Where
    the process is not known, or `running` is None, only age counts.
    """
    cleaned = []
    for state in ledger.states():
        if not _over(state, now, running, older_than):
            continue
        try:
            cleanup(ledger, state.id, security)
        except Error as error:
            log.warning("What an earlier job left could not be removed: %s", error.message)
            continue
        log.info("Removed what a job of %s left", f"{state.created:%Y-%m-%d %H:%M} UTC")
        cleaned.append(state)
    return cleaned


def _over(
    state: MachineState, now: datetime, running: Mapping[int, Process] | None, older_than: timedelta
) -> bool:
    if state.holder and running is not None:
        return not lives(state.holder, running)
    return now - state.created > older_than
