"""How keys and certificates are refused. Messages say what a file is, never what it holds."""

from __future__ import annotations

from asc.errors import Error


class IdentityError(Error):
    """A certificate or a private key cannot be used."""


class WrongPassword(IdentityError):
    """A file of the user's is encrypted with another password than the one given, or with one where none was given."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "Give the password of the file as p12-password.")


class NoMatch(IdentityError):
    """No certificate belongs to the private key, or none of those that do is valid now."""
