"""Decrypts files of the store when they are asked for, several at a time, and tells what a failure means."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from asc import words
from asc.signing.vault.encryption import Version, check_for, decrypt, encrypt, secret_of, version_of
from asc.signing.vault.errors import PASSPHRASE, Damaged, VaultError, WrongPassphrase
from asc.signing.vault.layout import SUFFIXES
from asc.signing.vault.trimmed import MOST_PROBES, fitting

log = logging.getLogger(__name__)

In = TypeVar("In")
Out = TypeVar("Out")
Opened = bytes | VaultError

MOST_NAMED = 10


class Opener:
    """The files of a store that are encrypted, and what is known of them with one passphrase.

    A file is decrypted once. One that fails is Damaged where the passphrase opens another one.
    """

    def __init__(self, files: Mapping[str, bytes], passphrase: str) -> None:
        self._files = {path: data for path, data in files.items() if path.endswith(SUFFIXES)}
        self.passphrase = fitting(self._files, passphrase)
        """The one that the store stands under, and that what is added to it is encrypted with."""
        self._opened: dict[str, Opened] = {}
        self._proven = False

    @property
    def paths(self) -> list[str]:
        """Every file that is encrypted, or should be."""
        return sorted(self._files)

    def open(self, paths: Iterable[str]) -> dict[str, Opened]:
        """Returns what each path holds, or why that cannot be told.

        Raises WrongPassphrase where one does not open with the passphrase and no other one of the store does;
        BadPassphrase.
        """
        wanted = list(paths)
        untried = [path for path in wanted if path not in self._opened]
        self._try(untried)
        self._warn_of_plain([path for path in untried if self._opened[path] == self._files[path]])
        found = {path: self._opened[path] for path in wanted}
        if any(isinstance(each, WrongPassphrase) for each in found.values()):
            self.prove()
        return {
            path: _not_like_the_others(path) if isinstance(each, WrongPassphrase) else each
            for path, each in found.items()
        }

    def _warn_of_plain(self, paths: list[str]) -> None:
        """Says which files are not encrypted where others are: no passphrase was needed to put them there."""
        if paths and any(version_of(data) for data in self._files.values()):
            log.warning(
                "These files of the storage are not encrypted, unlike others there; whoever may write to it can have "
                "put them there: %s. The mode change-passphrase encrypts them.",
                ", ".join(f"“{path}”" for path in paths[:MOST_NAMED]),
            )

    def prove(self) -> None:
        """Raises WrongPassphrase where the passphrase opens no encrypted file though there are some; BadPassphrase."""
        if self._proven:
            return
        encrypted = {path: version for path, data in self._files.items() if (version := version_of(data))}
        if not encrypted:
            return
        # Version 1 first: it costs microseconds. One after the other, for the first one mostly decides.
        untried = sorted(encrypted.keys() - self._opened.keys(), key=lambda path: (encrypted[path], path))
        for path in untried[:MOST_PROBES]:
            self._try([path])
            if self._proven:
                return
        if any(isinstance(self._opened.get(path), WrongPassphrase) for path in encrypted):
            raise _opens_nothing(self.passphrase)

    def _try(self, paths: list[str]) -> None:
        if any(version_of(self._files[path]) for path in paths):
            secret_of(self.passphrase)
        for path, (opened, proves) in zip(paths, side_by_side(self._open_one, paths), strict=True):
            self._opened[path] = opened
            self._proven = self._proven or proves

    def _open_one(self, path: str) -> tuple[Opened, bool]:
        """What the path holds, and whether that proves the passphrase."""
        data, looks_right = self._files[path], check_for(path)
        if version_of(data) is None and looks_right(data):
            return data, False  # of a tree that match left without encryption
        try:
            return decrypt(data, self.passphrase, looks_right, f"“{path}”"), True
        except VaultError as error:
            return error, False


def side_by_side(work: Callable[[In], Out], items: list[In]) -> list[Out]:
    """The results in order. What takes time here, deriving keys, lets other threads run."""
    if len(items) < 2:
        return [work(item) for item in items]
    with ThreadPoolExecutor(min(len(items), os.cpu_count() or 2, 16)) as pool:
        return list(pool.map(work, items))


def _not_like_the_others(path: str) -> Damaged:
    return Damaged(
        f"“{path}” does not open with the {PASSPHRASE} that opens other files: "
        "it was changed, cut off, or encrypted with another one.",
        "Restore the file from the history of the store, or remove it and have it made anew.",
    )


def _opens_nothing(passphrase: str) -> WrongPassphrase:
    remedy = f"Check the input {PASSPHRASE}: it is what match calls MATCH_PASSWORD."
    if passphrase != passphrase.strip():
        remedy += (
            " It begins or ends with a blank or a line break; neither with nor without it the store opens."
        )
    return WrongPassphrase(f"The {PASSPHRASE} does not open the store: nothing was changed.", remedy)


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
