"""The errors of keys and certificates. They say what kind of file it is, never what it contains."""

from __future__ import annotations

from asc.errors import Error


class IdentityError(Error):
    """A certificate or a private key cannot be used."""


class WrongPassword(IdentityError):
    """A file is encrypted with another password than the given one, or no password was given."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "Give the password of the file as p12-password.")


class NoMatch(IdentityError):
    """No certificate belongs to the private key, or none that belongs to it is valid."""
