"""Decrypt stored files on request, several at a time, and report how each of them failed."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from asc import words
from asc.signing.vault.encryption import RESTORE, Version, check_for, decrypt, encrypt, secret_of, version_of
from asc.signing.vault.errors import PASSPHRASE, Damaged, VaultError, WrongPassphrase
from asc.signing.vault.layout import SUFFIXES
from asc.signing.vault.trimmed import MOST_PROBES, fitting

log = logging.getLogger(__name__)

In = TypeVar("In")
Out = TypeVar("Out")
Opened = bytes | VaultError


class Opener:
    """Decrypt the files of one storage with one passphrase, each at most once.

    `passphrase` is the one that fits the storage: the given one, or its trimmed form.
    """

    def __init__(self, files: Mapping[str, bytes], passphrase: str) -> None:
        self._files = {path: data for path, data in files.items() if path.endswith(SUFFIXES)}
        self.passphrase = fitting(self._files, passphrase)
        self._opened: dict[str, Opened] = {}
        self._proven = False

    @property
    def paths(self) -> list[str]:
        """Return the sorted paths of all files that are or should be encrypted."""
        return sorted(self._files)

    def open(self, paths: Iterable[str]) -> dict[str, Opened]:
        """Return the content of each path, or the error that kept it from being read.

        Raises WrongPassphrase if a file does not open and the passphrase opens no other file either; BadPassphrase.
        """
        requested = list(paths)
        untried = [path for path in requested if path not in self._opened]
        self._try(untried)
        self._warn_of_plain([path for path in untried if self._opened[path] == self._files[path]])
        contents = {path: self._opened[path] for path in requested}
        if any(isinstance(opened, WrongPassphrase) for opened in contents.values()):
            self.prove()
        # The passphrase is right, since it opens another file: so this file is damaged.
        return {
            path: _unlike_others(path) if isinstance(opened, WrongPassphrase) else opened
            for path, opened in contents.items()
        }

    def _warn_of_plain(self, paths: list[str]) -> None:
        """Warn of files without encryption if other files are encrypted."""
        # Anybody with write access can add such a file without knowing the passphrase.
        if paths and any(version_of(data) for data in self._files.values()):
            log.warning(
                "These files of the storage are not encrypted, but others are: %s. Anybody with write access to the "
                "storage can have added them. The mode change-passphrase encrypts them.",
                words.some([f"“{path}”" for path in paths]),
            )

    def prove(self) -> None:
        """Check the passphrase against the storage.

        Raises WrongPassphrase if there are encrypted files and the passphrase opens none of them; BadPassphrase.
        """
        if self._proven:
            return
        encrypted = {path: version for path, data in self._files.items() if (version := version_of(data))}
        if not encrypted:
            return
        # Version 1 comes first because it costs microseconds. Files are tried one by one: usually the first decides.
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
        """Return the content of the file or its error, and True if that proves the passphrase."""
        data, looks_right = self._files[path], check_for(path)
        if version_of(data) is None and looks_right(data):
            # match leaves whole trees without encryption in some storages.
            return data, False
        try:
            return decrypt(data, self.passphrase, looks_right, f"“{path}”"), True
        except VaultError as error:
            return error, False


def side_by_side(work: Callable[[In], Out], items: list[In]) -> list[Out]:
    """Run `work` for all items in threads and return the results in order."""
    # Threads help because deriving a key takes nearly all of the time and releases the GIL.
    if len(items) < 2:
        return [work(item) for item in items]
    with ThreadPoolExecutor(min(len(items), os.cpu_count() or 2, 16)) as pool:
        return list(pool.map(work, items))


def _unlike_others(path: str) -> Damaged:
    return Damaged(
        f"“{path}” does not open with the {PASSPHRASE} that opens other files: "
        f"it was changed, cut off, or encrypted with another {PASSPHRASE}.",
        RESTORE,
    )


def _opens_nothing(passphrase: str) -> WrongPassphrase:
    remedy = f"Check the input {PASSPHRASE}: match calls it MATCH_PASSWORD."
    if passphrase != passphrase.strip():
        remedy += (
            " It begins or ends with a blank or a line break; the storage opens neither with nor without it."
        )
    return WrongPassphrase(f"The {PASSPHRASE} does not open the storage. Nothing was changed.", remedy)


def change_passphrase(
    files: Mapping[str, bytes], old: str, new: str, version: Version = 2
) -> dict[str, bytes]:
    """Return the files of the storage that are not encrypted with `new` in this version, encrypted so.

    Plain files are encrypted too. Raises WrongPassphrase if neither passphrase opens the storage, VaultError if single
    files cannot be opened, and BadPassphrase, naming the input `new-passphrase` for `new`.
    """
    secret_of(new, "new-passphrase")
    # An earlier run may have changed all files, or only some of them, if it was ended or another job wrote meanwhile.
    opened = _opened_by(files, new)
    others = {path: data for path, data in files.items() if path not in opened}
    # A file that does not open would be lost for good under the new passphrase, so one is enough to stop.
    plain = open_all(others, old)
    plain |= {path: content for path, content in opened.items() if version_of(files[path]) != version}

    def encrypted(path: str) -> bytes:
        data = encrypt(plain[path], new, version)
        # The old files are about to be replaced, so each new one is opened once before.
        if decrypt(data, new, check_for(path), f"“{path}”") != plain[path]:
            raise VaultError(
                f"“{path}” is not the same after encrypting and decrypting it. Nothing was changed.",
                "Report this as a bug.",
            )
        return data

    paths = list(plain)
    return dict(zip(paths, side_by_side(encrypted, paths), strict=True))


def _opened_by(files: Mapping[str, bytes], passphrase: str) -> dict[str, bytes]:
    """Return path → content of the encrypted files that open with exactly this passphrase."""

    def content_of(path: str) -> bytes | None:
        try:
            return decrypt(files[path], passphrase, check_for(path), f"“{path}”")
        except VaultError:
            return None

    paths = [path for path, data in files.items() if path.endswith(SUFFIXES) and version_of(data)]
    contents = zip(paths, side_by_side(content_of, paths), strict=True)
    return {path: content for path, content in contents if content is not None}


def open_all(files: Mapping[str, bytes], passphrase: str) -> dict[str, bytes]:
    """Decrypt every encrypted file of the storage, including those that match would not read: path → content.

    Raises WrongPassphrase; VaultError, which names the files that do not open; BadPassphrase.
    """
    opener = Opener(files, passphrase)
    opened = opener.open(opener.paths)
    failed = [path for path, content in opened.items() if isinstance(content, VaultError)]
    if failed:
        names = words.some([f"“{path}”" for path in failed])
        raise VaultError(
            f"These files do not open, so nothing was changed: {names}.",
            "Restore them from the storage's history, or remove them first.",
        )
    return {path: content for path, content in opened.items() if isinstance(content, bytes)}
