"""Place profiles in Xcode's folders, shared with Xcode itself and with other jobs of the same user."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from asc.errors import SetupError, writing_remedy
from asc.private_files import half_written, private_folder, write_private
from asc.signing.install.ledger import Ledger, MachineState, Placed
from asc.signing.install.security import InstallError
from asc.signing.vault.entries import StoredProfile
from asc.signing.vault.layout import profile_suffix

FOLDERS = (
    "Library/Developer/Xcode/UserData/Provisioning Profiles",
    "Library/MobileDevice/Provisioning Profiles",
)
"""Folders of profiles below the home folder: of Xcode since version 16, and of earlier versions."""

_UUID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")


def place(ledger: Ledger, identifier: str, home: Path, profiles: list[StoredProfile]) -> dict[str, Path]:
    """Write each profile to both folders and return UUID → the file in the newer folder.

    Raises InstallError if a profile's UUID is malformed, SetupError if a folder cannot be written.
    """
    installed: dict[str, Path] = {}
    contents: dict[Path, bytes] = {}
    for stored in profiles:
        uuid = stored.profile.uuid
        # The UUID becomes a file name, so it must not lead out of the folder.
        if not _UUID.fullmatch(uuid):
            raise InstallError(
                f"The profile “{stored.profile.name[:80]}” has no proper UUID.",
                "Create it again with mode: sync and force: true.",
            )
        paths = [home.absolute() / folder / f"{uuid}{profile_suffix(stored.platform)}" for folder in FOLDERS]
        contents.update(dict.fromkeys(paths, stored.content))
        installed[uuid] = paths[0]
    # A file with the same content stays and is not ours to remove, unless another job created it: then the last of the
    # jobs that use it removes it. A file with other content is kept in the state and restored by the clean-up.
    with ledger.locked():
        entries = [_entry(path, content) for path, content in contents.items()]
        ledger.change(identifier, lambda state: _with_entries(state, entries))
        for entry in entries:
            if entry.made:
                _write(Path(entry.path), contents[Path(entry.path)])
    return installed


def _entry(path: Path, content: bytes) -> Placed:
    try:
        current = path.read_bytes() if path.is_file() else None
    except OSError as error:
        raise SetupError(f"{path} cannot be read ({error.strerror}).", "Check its permissions.") from None
    return Placed(
        path=str(path),
        sha256=_sha256(content),
        made=current != content,
        previous=None if current in (None, content) else base64.b64encode(current or b"").decode(),
    )


def _with_entries(state: MachineState, entries: Iterable[Placed]) -> MachineState:
    """Return the state with these files."""
    # If this job placed the file before, the content that was there before the first time is the one to restore.
    before = {placed.path: placed.previous for placed in state.placed if placed.made}
    return state.with_placed(
        replace(entry, made=True, previous=before[entry.path]) if entry.path in before else entry
        for entry in entries
    )


def _write(path: Path, content: bytes) -> None:
    try:
        private_folder(path.parent)
        write_private(path, content)
    except OSError as error:
        raise SetupError(
            f"{path} cannot be written ({error.strerror}).", writing_remedy(error, "Check its permissions.")
        ) from None


def displace(ledger: Ledger, state: MachineState) -> None:
    """Remove the files that this job created, or leave them to another job that uses them. Call it under the ledger's
    lock.

    Raises OSError.
    """
    ours = {placed.path: placed for placed in state.placed if placed.made}
    for other in ledger.states():
        for path in _hand_over(ledger, other, ours) if other.id != state.id else ():
            del ours[path]
    for temporary in half_written(map(Path, ours)):
        temporary.unlink(missing_ok=True)
    for placed in ours.values():
        _remove(placed)


def _hand_over(ledger: Ledger, other: MachineState, ours: Mapping[str, Placed]) -> list[str]:
    """Return the paths that another job uses, after recording in its state that it has to remove them."""
    inherited = [
        placed
        for theirs in other.placed
        if theirs.path in ours and (placed := _inherited(theirs, ours[theirs.path]))
    ]
    if inherited:
        ledger.change(other.id, lambda state: state.with_placed(inherited))
    return [placed.path for placed in inherited]


def _inherited(theirs: Placed, ours: Placed) -> Placed | None:
    """Return the entry of another job after it takes over our file, or None if it does not use that file."""
    if theirs.sha256 == ours.sha256:
        return ours
    # The other job replaced our file by its own: it has to restore the content that was there before ours.
    if theirs.previous is not None and _sha256(base64.b64decode(theirs.previous)) == ours.sha256:
        return replace(theirs, previous=ours.previous)
    return None


def _remove(placed: Placed) -> None:
    path = Path(placed.path)
    try:
        current = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return
    # Somebody changed the file since, so it is theirs.
    if _sha256(current) != placed.sha256:
        return
    if placed.previous is None:
        path.unlink(missing_ok=True)
    else:
        write_private(path, base64.b64decode(placed.previous))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
