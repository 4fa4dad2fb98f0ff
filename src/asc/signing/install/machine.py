"""Install identities and profiles on a Mac: all of them, or none."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from asc.errors import SetupError, writing_remedy
from asc.signing.install.cleanup import undone_on_failure
from asc.signing.install.keychain import Keychain
from asc.signing.install.ledger import Ledger
from asc.signing.install.placing import place
from asc.signing.install.security import Security, put_first_in_search_list, read_search_list
from asc.signing.vault.entries import StoredIdentity, StoredProfile

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Mac:
    """The machine to install on: the user's home, the job's temporary folder (RUNNER_TEMP), and `security`."""

    home: Path
    temporary: Path
    security: Security


@dataclass(frozen=True)
class Installed:
    """The keychain, and UUID → file of each profile in Xcode's newer folder."""

    keychain: Path
    profiles: dict[str, Path]


def install(
    mac: Mac,
    ledger: Ledger,
    identifier: str,
    identities: Sequence[StoredIdentity],
    profiles: Sequence[StoredProfile],
) -> Installed:
    """Create a keychain with the identities and place the profiles. Record each step in the state before it is taken.

    If anything fails, or the process is ended, everything that the state names is removed again. Raises SecurityError,
    InstallError, SetupError.
    """
    with undone_on_failure(ledger, identifier, mac.security):
        keychain = _keychain(mac, ledger, identifier)
        _fill(keychain, ledger, identifier, identities)
        placed = place(ledger, identifier, mac.home, list(profiles))
    log.info("Installed %s in the keychain %s", ", ".join(_names(identities)) or "nothing", keychain.path)
    return Installed(keychain.path, placed)


def _keychain(mac: Mac, ledger: Ledger, identifier: str) -> Keychain:
    """Create the keychain in a folder of its own, because macOS puts lock files beside keychains."""
    try:
        # macOS resolves links in the search list, for example /var to /private/var, so the path is resolved here too.
        temporary = Path(os.path.realpath(mac.temporary))
        work = temporary / f"signing-{identifier}"
        # macOS changes the suffix .keychain to this one by itself; so the recorded path is the real one.
        path = work / f"signing-{identifier}.keychain-db"
        ledger.change(identifier, lambda state: replace(state, work=str(work), keychain=str(path)))
        work.mkdir(mode=0o700)
    except OSError as error:
        raise SetupError(
            f"{mac.temporary} cannot be written ({error.strerror}).",
            writing_remedy(error, "Check the runner's temporary folder."),
        ) from None
    keychain = Keychain(mac.security, path)
    keychain.create()
    return keychain


def _fill(keychain: Keychain, ledger: Ledger, identifier: str, identities: Sequence[StoredIdentity]) -> None:
    unique = list({identity.certificate.sha1: identity for identity in identities}.values())
    for identity in unique:
        keychain.add(identity, keychain.path.parent)
    # Security fails if the keychain has no key.
    if unique:
        keychain.let_tools_sign()
    # The lock keeps other jobs from changing the search list between reading and writing it.
    with ledger.locked():
        current = read_search_list(keychain.security)
        ledger.change(identifier, lambda state: replace(state, search_list=tuple(current)))
        put_first_in_search_list(keychain.security, str(keychain.path), current)
    keychain.prove(unique)


def _names(identities: Sequence[StoredIdentity]) -> list[str]:
    return list(dict.fromkeys(f"“{identity.certificate.common_name}”" for identity in identities))
