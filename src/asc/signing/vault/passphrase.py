"""A store under another passphrase, and a store moved: everything at once or nothing."""

from __future__ import annotations

from collections.abc import Mapping

from asc import words
from asc.signing.vault.contents import check_for
from asc.signing.vault.encryption import Version, decrypt, encrypt, secret_of
from asc.signing.vault.errors import VaultError
from asc.signing.vault.opening import Opener, side_by_side

_SHOWN = 10


def change_passphrase(
    files: Mapping[str, bytes], old: str, new: str, version: Version = 2
) -> dict[str, bytes]:
    """Returns all files of the store that are encrypted, under the passphrase `new`; each has been opened with it.

    Files that were stored without encryption are encrypted. Raises WrongPassphrase where `old` opens nothing;
    VaultError where single files cannot be opened, for they would be lost; BadPassphrase, naming the input
    `new-passphrase` for `new`.
    """
    secret_of(new, "new-passphrase")
    plain = open_all(files, old)

    def renewed(path: str) -> bytes:
        data = encrypt(plain[path], new, version)
        if decrypt(data, new, check_for(path), f"“{path}”") != plain[path]:
            raise VaultError(f"“{path}” does not come back as it was.", "Nothing was changed. Report this.")
        return data

    paths = list(plain)
    return dict(zip(paths, side_by_side(renewed, paths), strict=True))


def open_all(files: Mapping[str, bytes], passphrase: str) -> dict[str, bytes]:
    """Every file that is encrypted in the store, decrypted, whether match would look for it or not.

    Raises WrongPassphrase; VaultError that names the files that do not open; BadPassphrase.
    """
    opener = Opener(files, passphrase)
    opened = opener.open(opener.paths)
    failed = [path for path, each in opened.items() if isinstance(each, VaultError)]
    if failed:
        names = words.some([f"“{path}”" for path in failed], _SHOWN)
        raise VaultError(
            f"These files do not open, so nothing was changed: {names}.",
            "Restore them from the history of the store, or remove them first.",
        )
    return {path: each for path, each in opened.items() if isinstance(each, bytes)}
