"""Profiles in the folders where Xcode looks, shared with Xcode itself and with other jobs of the same user."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from pathlib import Path

from asc.errors import SetupError
from asc.signing.install.errors import InstallError
from asc.signing.install.ledger import Ledger
from asc.signing.install.names import profile_suffix
from asc.signing.install.state import Placed, State
from asc.signing.private import private_folder, write_private
from asc.signing.vault.entries import StoredProfile

FOLDERS = (
    "Library/Developer/Xcode/UserData/Provisioning Profiles",
    "Library/MobileDevice/Provisioning Profiles",
)
"""Below the home folder: where Xcode looks since version 16, and where it did before."""

_UUID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")


def place(ledger: Ledger, identifier: str, home: Path, profiles: list[StoredProfile]) -> dict[str, Path]:
    """Writes each profile to both folders. Returns UUID → the file in the newer folder.

    A file with the same content stays and is not ours to remove, unless another job made it: then the last of the
    jobs that use it removes it. A file with other content is kept aside until then. Raises InstallError where a
    profile's UUID is none; SetupError where a folder cannot be written.
    """
    found = {}
    for each in profiles:
        uuid = each.profile.uuid
        if not _UUID.fullmatch(uuid):
            raise InstallError(
                f"The profile “{each.profile.name[:80]}” has no proper UUID.",
                "Have it made anew with mode: sync and force: true.",
            )
        paths = [home.absolute() / folder / f"{uuid}{profile_suffix(each.platform)}" for folder in FOLDERS]
        for path in paths:
            try:
                with ledger.locked():
                    _place_one(ledger, identifier, path, each.content)
            except OSError as error:
                raise SetupError(
                    f"{path} cannot be written ({error.strerror}).", "Check its rights."
                ) from None
        found[uuid] = paths[0]
    return found


def _place_one(ledger: Ledger, identifier: str, path: Path, content: bytes) -> None:
    current = path.read_bytes() if path.is_file() else None
    entry = Placed(
        path=str(path),
        sha256=_sha256(content),
        made=current != content,
        previous=None if current in (None, content) else base64.b64encode(current or b"").decode(),
    )

    def with_entry(state: State) -> State:
        before = next((each for each in state.placed if each.path == entry.path and each.made), None)
        # Placed once already by this job: what stood there before it is what counts.
        return state.with_placed(Placed(entry.path, entry.sha256, True, before.previous) if before else entry)

    ledger.change(identifier, with_entry)
    if current != content:
        private_folder(path.parent)
        write_private(path, content)


def displace(ledger: Ledger, state: State) -> None:
    """Removes the files that are ours, or leaves them to another job that uses them. Under the ledger's lock.

    What was changed since is somebody else's and stays. Raises OSError.
    """
    others = [each for each in ledger.states() if each.id != state.id]
    for each in state.placed:
        if each.made and not any(_bequeath(ledger, other, each) for other in others):
            _remove(each)


def _bequeath(ledger: Ledger, other: State, ours: Placed) -> bool:
    """Makes a file of ours another job's to remove, if that job uses it or has put its own over it."""
    theirs = next((each for each in other.placed if each.path == ours.path), None)
    if theirs is None:
        return False
    if theirs.sha256 == ours.sha256:
        theirs = ours
    elif theirs.previous is not None and _sha256(base64.b64decode(theirs.previous)) == ours.sha256:
        theirs = replace(theirs, previous=ours.previous)
    else:
        return False
    ledger.change(other.id, lambda state: state.with_placed(theirs))
    return True


def _remove(placed: Placed) -> None:
    path = Path(placed.path)
    for temporary in path.parent.glob(f".{path.name}.*"):  # of a process that was killed while it wrote
        temporary.unlink(missing_ok=True)
    try:
        current = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return
    if _sha256(current) != placed.sha256:
        return
    if placed.previous is None:
        path.unlink(missing_ok=True)
    else:
        write_private(path, base64.b64decode(placed.previous))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
