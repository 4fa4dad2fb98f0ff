"""Removes what sync-signing made on a machine, and nothing else."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from asc.errors import Error
from asc.signing.install import search_list
from asc.signing.install.errors import CleanupError
from asc.signing.install.ledger import Ledger
from asc.signing.install.placing import displace
from asc.signing.install.security import Security
from asc.signing.install.state import State
from asc.signing.private import half_written

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Cleaned:
    """What was removed. `found` is False where there was no state: it had been cleaned up before."""

    found: bool
    keychain: str | None = None
    profiles: int = 0
    files: int = 0


def cleanup(ledger: Ledger, identifier: str, security: Security | None = None) -> Cleaned:
    """Removes the keychain, its entry in the search list, profiles and files of one state, and then the state.

    Does as much as it can; may be repeated. `security` is needed where there is a keychain. Raises CleanupError that
    names what is left, in which case the state stays.
    """
    with ledger.locked():
        state = ledger.find(identifier)
        if state is None:
            return Cleaned(found=False)
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
    return Cleaned(True, state.keychain, made, files)


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


def _keychain(state: State, security: Security | None) -> Callable[[], None]:
    def step() -> None:
        if state.keychain is None:
            return
        path = Path(state.keychain)
        try:
            if security is None:
                raise CleanupError(f"{path} is a keychain", "Run this on macOS.")
            # Looked for whether or not we put it there: some versions of macOS list a keychain that is made.
            search_list.remove(security, state.keychain)
        finally:
            if security is not None:
                # It makes macOS forget that the keychain is open. Refusals do not count, for the file goes anyway.
                security.run("delete-keychain", state.keychain)
            path.unlink(missing_ok=True)

    return step


def _work(state: State) -> Callable[[], None]:
    def step() -> None:
        if state.work and Path(state.work).exists():
            shutil.rmtree(state.work)

    return step


def _profiles(ledger: Ledger, state: State) -> Callable[[], None]:
    return lambda: displace(ledger, state)


def _outputs(state: State) -> Callable[[], None]:
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
