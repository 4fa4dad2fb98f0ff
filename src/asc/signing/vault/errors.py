"""The errors of reading stored files. Messages name the file and the input, never their content."""

from __future__ import annotations

from asc.errors import Error

PASSPHRASE = "passphrase"
"""The input that holds the passphrase of all files."""


class VaultError(Error):
    """A stored file cannot be used, for the reason that the subclass names."""


class WrongPassphrase(VaultError):
    """The passphrase does not open the file. Either may be wrong: a changed file and a wrong passphrase look alike."""


class BadPassphrase(VaultError):
    """The passphrase is blank or not text, so no file can have it."""

    # Exit code 2, like other malformed inputs: no storage can have this passphrase.
    exit_code = 2


class NotEncrypted(VaultError):
    """The file is stored without encryption, as match does in Google Cloud and GitLab."""


class Damaged(VaultError):
    """The file is neither encrypted by match nor a certificate, key or profile."""


class UnreadableFile(VaultError):
    """The file at `path` opens, but its content is not the kind that the path stands for."""

    def __init__(self, path: str, message: str, remedy: str) -> None:
        super().__init__(message, remedy)
        self.path = path
