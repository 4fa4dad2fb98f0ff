"""Which passphrase a store stands under: the one given, or the same without the blanks around it.

match takes its passphrase to the byte, and so does this project. Earlier versions of this project took the blanks and
line breaks around it away, and wrote stores under what was left; docs/adr/0019 says how one is told from a wrong one.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from asc.signing.vault.encryption import check_for, decrypt, version_of
from asc.signing.vault.errors import BadPassphrase, VaultError
from asc.signing.vault.layout import SUFFIXES

log = logging.getLogger(__name__)

MOST_PROBES = 32
"""Files that are tried before a passphrase is called wrong: one of 3 ms each, so a tenth of a second."""


def fitting(files: Mapping[str, bytes], passphrase: str) -> str:
    """Return `passphrase`, or its trimmed form where that alone opens encrypted files of the store.

    A store without encrypted files takes the passphrase as it is given. So does one that neither form opens: its
    reader raises WrongPassphrase. Raises BadPassphrase.
    """
    trimmed = passphrase.strip()
    if trimmed in ("", passphrase):
        return passphrase
    if _opens(files, passphrase) or not _opens(files, trimmed):
        return passphrase
    return trimmed


def warn_of_trimmed(files: Mapping[str, bytes], passphrase: str) -> None:
    """Say that match does not open this store with the same secret. Raises BadPassphrase."""
    if fitting(files, passphrase) != passphrase:
        log.warning(
            "The storage opens with the passphrase without the blanks or line breaks around it: an earlier version of "
            "this action wrote it so. match takes them as part of the passphrase, and does not open it. Store the "
            "secret anew without them; or run mode: change-passphrase with the same secret as new-passphrase."
        )


def _opens(files: Mapping[str, bytes], passphrase: str) -> bool:
    """Try the files of version 1 first: one costs microseconds, and the content has to look right as well."""
    found = {
        path: version
        for path, data in files.items()
        if path.endswith(SUFFIXES) and (version := version_of(data))
    }
    for path in sorted(found, key=lambda path: (found[path], path))[:MOST_PROBES]:
        try:
            decrypt(files[path], passphrase, check_for(path))
        except BadPassphrase:
            raise  # it is the same for every file
        except VaultError:
            continue
        return True
    return False
