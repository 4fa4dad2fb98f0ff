"""How reading the store fails. Messages name the file and the input, never what either of them holds."""

from __future__ import annotations

from asc.errors import Error

PASSPHRASE = "passphrase"
"""The input that every file is encrypted with."""


class VaultError(Error):
    """A file of the store cannot be used as it is."""


class WrongPassphrase(VaultError):
    """The passphrase does not open the file: it is another one's, or the file was changed. Both look the same."""


class BadPassphrase(VaultError):
    """The passphrase cannot be one: it is blank, or it is not text."""

    exit_code = 2


class NotEncrypted(VaultError):
    """The file is stored as it is, without encryption, as match does in Google Cloud and in GitLab."""


class Damaged(VaultError):
    """The file is neither encrypted as match does it nor anything that belongs into the store."""


class UnreadableFile(VaultError):
    """The file at `path` opens, but what is inside is not what its place says."""

    def __init__(self, path: str, message: str, remedy: str) -> None:
        super().__init__(message, remedy)
        self.path = path
