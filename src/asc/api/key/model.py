"""The API key, and the error for a text that is none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from asc.errors import InputError, Problem

MAX_LIFETIME = 1200
"""Seconds that a token may live. App Store Connect refuses more than 20 minutes."""


@dataclass(frozen=True)
class ApiKey:
    """An API key that has passed every check that needs no request.

    `issuer_id` is None for an individual key. `lifetime` is the lifetime of a token in seconds. `private_key` is the
    unencrypted PKCS#8 PEM of a P-256 key; it is not part of the repr.
    """

    key_id: str
    issuer_id: str | None
    private_key: str = field(repr=False)
    lifetime: int = MAX_LIFETIME
    in_house: bool = False

    def secrets(self) -> list[str]:
        """Return the texts to mask: the PEM as a whole, its base64 body, and each line of it."""
        body = [line for line in self.private_key.splitlines() if not line.startswith("-----")]
        return [self.private_key, "".join(body), *body]


class KeyRefused(InputError):
    """A text is not a usable API key. Names fields, reasons and remedies, never the key itself."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        super().__init__(problems)


def refuse(field: str, reason: str, remedy: str) -> KeyRefused:
    """Return the error for one field, ready to be raised."""
    return KeyRefused([Problem(field, reason, remedy)])
