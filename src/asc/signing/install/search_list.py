"""The user's keychain search list: ours in front, everybody else's kept. Callers hold the ledger's lock.

Only the list of the user is read and written (-d user): the system's keychain stands behind it by itself, and naming
it here would write it into the user's list.
"""

from __future__ import annotations

from asc.signing.install.listings import keychains, same_path
from asc.signing.install.security import Security

_READ = "The keychain search list cannot be read"
_WRITE = "The keychain search list cannot be set"


def read(security: Security) -> list[str]:
    """The paths, first searched first. Raises SecurityError."""
    return keychains(security.call(_READ, "list-keychains", "-d", "user"))


def put_first(security: Security, keychain: str, current: list[str]) -> None:
    """Puts `keychain` before those that are there. Raises SecurityError."""
    _set(security, [keychain, *_without(current, keychain)])


def remove(security: Security, keychain: str) -> None:
    """Takes `keychain` out, and leaves what others added or removed meanwhile as it is. Raises SecurityError."""
    current = read(security)
    rest = _without(current, keychain)
    # An empty list is not written, for what `security` makes of no argument differs: deleting the keychain empties it.
    if rest and len(rest) != len(current):
        _set(security, rest)


def _set(security: Security, paths: list[str]) -> None:
    security.call(_WRITE, "list-keychains", "-d", "user", "-s", *paths)


def _without(paths: list[str], keychain: str) -> list[str]:
    return [each for each in paths if not same_path(each, keychain)]
