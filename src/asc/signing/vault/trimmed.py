"""Choose between the given passphrase and its trimmed form, by trying both on the storage.

match uses the passphrase byte for byte, and so does this project. Earlier versions of this project trimmed blanks and
line breaks around it and encrypted with the rest; docs/adr/0019 explains how that differs from a wrong passphrase.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from asc.signing.vault.encryption import check_for, decrypt, version_of
from asc.signing.vault.errors import BadPassphrase, VaultError
from asc.signing.vault.layout import SUFFIXES

log = logging.getLogger(__name__)

MOST_PROBES = 32
"""Files to try before a passphrase counts as wrong. One takes 3 ms, so all take a tenth of a second."""


def fitting(files: Mapping[str, bytes], passphrase: str) -> str:
    """Return `passphrase`, or its trimmed form if only that one opens files of the storage. Raises BadPassphrase."""
    trimmed = passphrase.strip()
    if trimmed in ("", passphrase):
        return passphrase
    # If neither form opens a file, the reader of the storage raises WrongPassphrase for the one that was given.
    if _opens(files, passphrase) or not _opens(files, trimmed):
        return passphrase
    return trimmed


def warn_of_trimmed(files: Mapping[str, bytes], passphrase: str) -> None:
    """Warn if match cannot open this storage with the same secret. Raises BadPassphrase."""
    if fitting(files, passphrase) != passphrase:
        log.warning(
            "The storage opens only if the blanks or line breaks around the passphrase are removed, because an earlier "
            "version of this action removed them. match keeps them and cannot open the storage. Remove them from the "
            "secret, or run mode: change-passphrase with the same secret as new-passphrase."
        )


def _opens(files: Mapping[str, bytes], passphrase: str) -> bool:
    """Return True if the passphrase opens one of the first encrypted files."""
    versions = {
        path: version
        for path, data in files.items()
        if path.endswith(SUFFIXES) and (version := version_of(data))
    }
    # Version 1 comes first: trying it costs microseconds, and its content has to look right as well.
    for path in sorted(versions, key=lambda path: (versions[path], path))[:MOST_PROBES]:
        try:
            decrypt(files[path], passphrase, check_for(path))
        except BadPassphrase:
            # No file can have this passphrase, so the others need no try.
            raise
        except VaultError:
            continue
        return True
    return False
