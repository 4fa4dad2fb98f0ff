"""Change a whole storage: encrypt it with another passphrase, or copy it to another place."""

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
    """Encrypt all files with the passphrase `new`, in one change, and return their number: 0 if they are already.

    Raises WrongPassphrase if neither passphrase opens them, Error if the storage is empty, StorageError.
    """
    changed: dict[str, bytes] = {}

    def change(files: Mapping[str, bytes]) -> Changes:
        _check_not_empty(files, "to encrypt")
        changed.clear()
        changed.update(change_passphrase(files, old, new, version))
        return Changes(changed)

    storage.update(change, PASSPHRASE_MESSAGE)
    return len(changed)


def migrate(source: Storage, target: Storage, passphrase: str, version: Version = 2) -> int:
    """Copy all files from `source` to `target`, and return how many the target did not have.

    Encrypted files are copied as they are; plain ones are encrypted. Raises WrongPassphrase if the passphrase does not
    open the source, BadPassphrase if files need encryption and it is empty, Error if the target has other files of the
    same names.
    """
    files = source.read()
    _check_not_empty(files, "to migrate")
    opened = open_all(files, passphrase)
    unencrypted = {path: plain for path, plain in opened.items() if version_of(files[path]) is None}
    fits = fitting(files, passphrase)
    encrypted = {path: encrypt(plain, fits, version) for path, plain in unencrypted.items()}
    copied: dict[str, bytes] = {}

    def change(existing: Mapping[str, bytes]) -> Changes:
        # A bucket with folders of teams keeps its README outside of them, so it was not copied with the team's folder.
        docs = scaffold([*files, *existing])
        desired = {**docs, **files, **encrypted, **_already_encrypted(existing, unencrypted, passphrase)}
        different = sorted(path for path in desired if path in existing and existing[path] != desired[path])
        if different:
            names = words.some(different)
            raise Error(
                f"to-storage: it holds other files of the same names: {names}.",
                "Migrate into an empty storage, or remove these files from it first.",
            )
        copied.clear()
        copied.update(Changes(desired).needed(existing).put)
        return Changes(dict(copied))

    target.prove_writable()
    target.update(change, "[sync-signing] Migrated")
    return len([path for path in copied if path not in DOCS])


def _check_not_empty(files: Mapping[str, bytes], purpose: str) -> None:
    # A wrong branch or folder looks like an empty storage, and a green step would say that all is done.
    if not files:
        raise Error(
            f"storage: it is empty, so there is nothing {purpose}.", "Check storage, branch and team-id."
        )


def _already_encrypted(
    existing: Mapping[str, bytes], unencrypted: Mapping[str, bytes], passphrase: str
) -> dict[str, bytes]:
    """Return the files of the target that hold the content of `unencrypted` files in encrypted form."""
    # Two encryptions of one file differ, so only the decrypted contents can be compared.
    paths = [path for path in unencrypted if path in existing]
    if not paths:
        return {}
    opened = Opener(existing, passphrase).open(paths)
    return {
        path: existing[path]
        for path in paths
        if opened[path] == unencrypted[path] and version_of(existing[path])
    }
