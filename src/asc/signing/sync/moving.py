"""The whole store at once: under another passphrase, or copied to another place."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from asc import words
from asc.errors import Error
from asc.signing.storage import Changes, Storage
from asc.signing.vault.encryption import Version, encrypt, version_of
from asc.signing.vault.opening import Opener, change_passphrase, open_all
from asc.signing.vault.texts import DOCS, PASSPHRASE_MESSAGE, scaffold
from asc.signing.vault.trimmed import fitting

log = logging.getLogger(__name__)


def renew_passphrase(storage: Storage, old: str, new: str, version: Version) -> int:
    """Encrypts all files anew, in one change. Returns how many."""
    changed: dict[str, bytes] = {}

    def change(files: Mapping[str, bytes]) -> Changes:
        changed.clear()
        changed.update(change_passphrase(files, old, new, version))
        return Changes(changed)

    storage.update(change, PASSPHRASE_MESSAGE)
    return len(changed)


def migrate(source: Storage, target: Storage, passphrase: str, version: Version = 2) -> int:
    """Copies everything as it is, but encrypts what is not; what differs at the target is not overwritten.

    Returns how many were copied. Raises WrongPassphrase where the passphrase does not open the source: a copy that
    nobody can open is no use; BadPassphrase where there is none to encrypt with.
    """
    files = source.read()
    if not files:
        raise Error("storage: there is nothing in it to migrate.", "Check storage, branch and team-id.")
    opened = open_all(files, passphrase)
    bare = {path: plain for path, plain in opened.items() if version_of(files[path]) is None}
    fits = fitting(files, passphrase)
    sealed = {path: encrypt(plain, fits, version) for path, plain in bare.items()}
    copied: dict[str, bytes] = {}

    def change(there: Mapping[str, bytes]) -> Changes:
        # A bucket with folders of teams keeps its README outside of them, so it did not come along.
        docs = scaffold([*files, *there])
        wanted = {**docs, **files, **sealed, **_held(there, bare, passphrase)}
        other = sorted(path for path in wanted if path in there and there[path] != wanted[path])
        if other:
            names = words.some(other)
            raise Error(
                f"to-storage: it holds other files of the same names: {names}.",
                "Migrate into an empty place, or remove them there first.",
            )
        copied.clear()
        copied.update(Changes(wanted).needed(there).put)
        return Changes(dict(copied))

    target.prove_writable()
    target.update(change, "[sync-signing] Migrated")
    return len([path for path in copied if path not in DOCS])


def _held(there: Mapping[str, bytes], bare: Mapping[str, bytes], passphrase: str) -> dict[str, bytes]:
    """Those of `bare` that are there already, encrypted: no two encryptions of one file are the same."""
    paths = [path for path in bare if path in there]
    if not paths:
        return {}
    opened = Opener(there, passphrase).open(paths)
    return {path: there[path] for path in paths if opened[path] == bare[path] and version_of(there[path])}
