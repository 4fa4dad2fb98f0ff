"""Keep the files that arrive in parts on disk, and sign the addresses of their parts."""

from __future__ import annotations

import hashlib
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from asc_sandbox.clock import Clock
from asc_sandbox.signedlinks import SignedLinks

FOLDER = "/uploads/"
"""Prefix of the paths of parts: `/uploads/<token>/<part number>`."""

DEFAULT_PART_SIZE = 5 * 1024 * 1024
DEFAULT_LIFETIME = 24 * 3600.0

_RENEWED_BEFORE = 0.1
"""The share of its lifetime below which an address is replaced by a new one."""

_CONTENT_TYPE = "application/octet-stream"
_OWN_HEADER = "X-Sandbox-Part"
"""A header that Apple's storage does not have: a client must copy headers, not know their names."""


@dataclass(frozen=True)
class Part:
    """A range of bytes of a file; `number` counts from 1."""

    number: int
    offset: int
    length: int


@dataclass
class Delivery:
    """A file on its way: `tags` are the MD5s of the parts that have arrived, by number."""

    token: str
    path: Path
    parts: Mapping[int, Part]
    expires: float
    tags: dict[int, str] = field(default_factory=dict)
    committed: bool = False

    def missing(self) -> list[int]:
        """Return the numbers of the parts that have not arrived."""
        return [number for number in self.parts if number not in self.tags]

    def headers(self, part: Part) -> dict[str, str]:
        """Return the headers that a part must come with."""
        return {"Content-Type": _CONTENT_TYPE, _OWN_HEADER: f"{self.token[:8]}-{part.number}"}

    def digest(self, algorithm: str) -> str:
        """Return the hash of the whole file in hexadecimal."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, algorithm).hexdigest()


@dataclass(frozen=True)
class Delivered:
    """A file that a client has committed."""

    file_id: str
    upload_id: str
    file_name: str
    path: Path

    @property
    def size(self) -> int:
        """Return the size of the file in bytes."""
        return self.path.stat().st_size

    @cached_property
    def sha256(self) -> str:
        """Return the SHA-256 of the file in hexadecimal."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


class Depot:
    """Keep deliveries in a folder of its own, which is made for the first of them."""

    def __init__(
        self, clock: Clock, *, part_size: int = DEFAULT_PART_SIZE, lifetime: float = DEFAULT_LIFETIME
    ) -> None:
        if part_size < 1 or lifetime <= 0:
            raise ValueError("the size of a part and its lifetime have to be greater than 0")
        self._clock = clock
        self._part_size = part_size
        self._lifetime = lifetime
        self._links = SignedLinks(clock)
        self._folder: Path | None = None
        self._by_file: dict[str, Delivery] = {}
        self._by_token: dict[str, Delivery] = {}
        self._keeps_files = False

    def expect(self, file_id: str, size: int) -> Delivery:
        """Reserve space for a file, and return its delivery."""
        self._folder = self._folder or Path(tempfile.mkdtemp(prefix="asc-sandbox-"))
        token = secrets.token_urlsafe(18)
        offsets = range(0, size, self._part_size)
        parts = [
            Part(number, offset, min(self._part_size, size - offset))
            for number, offset in enumerate(offsets, start=1)
        ]
        path = self._folder / token
        with path.open("wb") as file:
            # The full size at once, because parts arrive in any order.
            file.truncate(size)
        delivery = Delivery(token, path, {part.number: part for part in parts}, self._new_expiry())
        self._by_file[file_id] = self._by_token[token] = delivery
        return delivery

    def of_file(self, file_id: str) -> Delivery | None:
        """Return the delivery of a file's record, None for a record of a seed."""
        return self._by_file.get(file_id)

    def forget(self, file_id: str) -> None:
        """Delete a file and end its addresses."""
        if delivery := self._by_file.pop(file_id, None):
            del self._by_token[delivery.token]
            if not self._keeps_files:
                delivery.path.unlink(missing_ok=True)

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Undo all changes of the block at its end, apart from the bytes of parts."""
        by_file, by_token = dict(self._by_file), dict(self._by_token)
        committed = {token: delivery.committed for token, delivery in by_token.items()}
        self._keeps_files = True
        try:
            yield
        finally:
            self._by_file, self._by_token, self._keeps_files = by_file, by_token, False
            for token, delivery in by_token.items():
                delivery.committed = committed[token]

    def operations(self, delivery: Delivery, base: str) -> list[dict[str, Any]]:
        """Return the uploadOperations of a file. Addresses that have expired, or soon will, are renewed."""
        if delivery.expires - self._clock.now() < _RENEWED_BEFORE * self._lifetime:
            delivery.expires = self._new_expiry()
        expiration = datetime.fromtimestamp(delivery.expires, UTC).isoformat(timespec="milliseconds")
        return [
            {
                "method": "PUT",
                "url": base + self._links.sign(f"{FOLDER}{delivery.token}/{part.number}", delivery.expires),
                "offset": part.offset,
                "length": part.length,
                "requestHeaders": [
                    {"name": name, "value": value} for name, value in delivery.headers(part).items()
                ],
                "expiration": expiration,
                "partNumber": part.number,
                **({"entityTag": delivery.tags[part.number]} if part.number in delivery.tags else {}),
            }
            for part in delivery.parts.values()
        ]

    def addressed(self, path: str, query: Mapping[str, str]) -> tuple[Delivery, Part] | None:
        """Return the delivery and the part behind an address; None unless it is signed and not expired."""
        if not self._links.is_good(path, query):
            return None
        # Signed, so the path is the sandbox's own and needs no further checks.
        token, _, number = path.removeprefix(FOLDER).partition("/")
        delivery = self._by_token.get(token)
        return (delivery, delivery.parts[int(number)]) if delivery else None

    def close(self) -> None:
        """Delete the folder and every file in it."""
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _new_expiry(self) -> float:
        # In milliseconds, as the address has it: comparisons must not differ by a rounding.
        return round(self._clock.now() + self._lifetime, 3)
