"""Profiles in the folders where Xcode looks, shared with Xcode itself and with other jobs of the same user."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from asc.errors import SetupError
from asc.private_files import half_written, private_folder, write_private
from asc.signing.install.ledger import Ledger, MachineState, Placed
from asc.signing.install.security import InstallError
from asc.signing.install.written import profile_suffix
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
    found: dict[str, Path] = {}
    wanted: dict[Path, bytes] = {}
    for each in profiles:
        uuid = each.profile.uuid
        if not _UUID.fullmatch(uuid):
            raise InstallError(
                f"The profile “{each.profile.name[:80]}” has no proper UUID.",
                "Have it made anew with mode: sync and force: true.",
            )
        paths = [home.absolute() / folder / f"{uuid}{profile_suffix(each.platform)}" for folder in FOLDERS]
        wanted.update(dict.fromkeys(paths, each.content))
        found[uuid] = paths[0]
    with ledger.locked():
        entries = [_entry(path, content) for path, content in wanted.items()]
        ledger.change(identifier, lambda state: _with_entries(state, entries))
        for entry in entries:
            if entry.made:
                _write(Path(entry.path), wanted[Path(entry.path)])
    return found


def _entry(path: Path, content: bytes) -> Placed:
    try:
        current = path.read_bytes() if path.is_file() else None
    except OSError as error:
        raise SetupError(f"{path} cannot be read ({error.strerror}).", "Check its rights.") from None
    return Placed(
        path=str(path),
        sha256=_sha256(content),
        made=current != content,
        previous=None if current in (None, content) else base64.b64encode(current or b"").decode(),
    )


def _with_entries(state: MachineState, entries: Iterable[Placed]) -> MachineState:
    """Of what this job placed once already, what stood there before that is what counts."""
    before = {each.path: each.previous for each in state.placed if each.made}
    return state.with_placed(
        replace(each, made=True, previous=before[each.path]) if each.path in before else each
        for each in entries
    )


def _write(path: Path, content: bytes) -> None:
    try:
        private_folder(path.parent)
        write_private(path, content)
    except OSError as error:
        raise SetupError(f"{path} cannot be written ({error.strerror}).", "Check its rights.") from None


def displace(ledger: Ledger, state: MachineState) -> None:
    """Removes the files that are ours, or leaves them to another job that uses them. Under the ledger's lock.

    What was changed since is somebody else's and stays. Raises OSError.
    """
    left = {each.path: each for each in state.placed if each.made}
    for other in ledger.states():
        for path in _bequeath(ledger, other, left) if other.id != state.id else ():
            del left[path]
    for temporary in half_written(map(Path, left)):
        temporary.unlink(missing_ok=True)
    for each in left.values():
        _remove(each)


def _bequeath(ledger: Ledger, other: MachineState, ours: Mapping[str, Placed]) -> list[str]:
    """Makes files of ours another job's to remove, if that job uses them or has put its own over them: their paths."""
    found = [
        inherited
        for theirs in other.placed
        if theirs.path in ours and (inherited := _inherited(theirs, ours[theirs.path]))
    ]
    if found:
        ledger.change(other.id, lambda state: state.with_placed(found))
    return [each.path for each in found]


def _inherited(theirs: Placed, ours: Placed) -> Placed | None:
    if theirs.sha256 == ours.sha256:
        return ours
    if theirs.previous is not None and _sha256(base64.b64decode(theirs.previous)) == ours.sha256:
        return replace(theirs, previous=ours.previous)
    return None


def _remove(placed: Placed) -> None:
    path = Path(placed.path)
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
