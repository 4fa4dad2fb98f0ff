"""Brings identities and profiles onto a Mac: all of it, or nothing."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from asc.errors import SetupError
from asc.signing.install.cleanup import undone_on_failure
from asc.signing.install.files import new_password
from asc.signing.install.keychain import Keychain
from asc.signing.install.ledger import Ledger
from asc.signing.install.placing import place
from asc.signing.install.security import Security, put_first_in_search_list, read_search_list
from asc.signing.vault.entries import StoredIdentity, StoredProfile

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Mac:
    """Where to install. `home` is the user's, `temporary` the job's folder (RUNNER_TEMP), `security` the program."""

    home: Path
    temporary: Path
    security: Security


@dataclass(frozen=True)
class Installed:
    """The keychain, and UUID → file of each profile in Xcode's folder."""

    keychain: Path
    profiles: dict[str, Path]


def install(
    mac: Mac,
    ledger: Ledger,
    identifier: str,
    identities: Sequence[StoredIdentity],
    profiles: Sequence[StoredProfile],
    keychain_password: str | None = None,
) -> Installed:
    """Makes a keychain with the identities and places the profiles, noting each in the state `identifier` before.

    `keychain_password` is only for later steps that want to unlock it: it becomes visible to other processes of the
    machine while the keychain is made; without it there is a random one. Where anything fails, or the process is
    told to end, everything that the state names is removed again. Raises SecurityError, InstallError, SetupError.
    """
    with undone_on_failure(ledger, identifier, mac.security):
        keychain = _keychain(mac, ledger, identifier, keychain_password or new_password())
        _fill(keychain, ledger, identifier, identities)
        placed = place(ledger, identifier, mac.home, list(profiles))
    log.info("%s in the keychain %s", ", ".join(_names(identities)) or "Nothing", keychain.path)
    return Installed(keychain.path, placed)


def _keychain(mac: Mac, ledger: Ledger, identifier: str, password: str) -> Keychain:
    """The keychain, in a folder of its own: macOS puts lock files beside keychains."""
    try:
        # As macOS itself will name it in the search list, where /var is a link to /private/var.
        temporary = Path(os.path.realpath(mac.temporary))
        work = temporary / f"signing-{identifier}"
        # macOS makes this suffix out of .keychain by itself; so the path that is written down is the real one.
        path = work / f"signing-{identifier}.keychain-db"
        ledger.change(identifier, lambda state: replace(state, work=str(work), keychain=str(path)))
        work.mkdir(mode=0o700)
    except OSError as error:
        raise SetupError(
            f"{mac.temporary} cannot be written ({error.strerror}).", "Check the runner's temporary folder."
        ) from None
    keychain = Keychain(mac.security, path, password)
    keychain.create()
    return keychain


def _fill(keychain: Keychain, ledger: Ledger, identifier: str, identities: Sequence[StoredIdentity]) -> None:
    once = list({each.certificate.sha1: each for each in identities}.values())
    for each in once:
        keychain.add(each, keychain.path.parent)
    if once:  # security fails where there is no key to set it for
        keychain.let_tools_sign()
    with ledger.locked():
        current = read_search_list(keychain.security)
        ledger.change(identifier, lambda state: replace(state, search_list=tuple(current)))
        put_first_in_search_list(keychain.security, str(keychain.path), current)
    keychain.prove(once)


def _names(identities: Sequence[StoredIdentity]) -> list[str]:
    return list(dict.fromkeys(f"“{each.certificate.common_name}”" for each in identities))
