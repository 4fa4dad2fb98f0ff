"""API keys: what the sandbox knows of them, and the file that hands one to a client."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

DEFAULT_ISSUER = "57246542-96fe-1a63-e053-0824d011072a"


class KeyFileError(Exception):
    """The key file cannot be used; the text says which and why."""


@dataclass(frozen=True)
class Key:
    """An API key of the team. `issuer` is None for an individual key.

    `private_key` is None where the seed brought the public key only. It is not part of the repr.
    """

    id: str
    issuer: str | None
    role: str
    public_key: ec.EllipticCurvePublicKey
    private_key: ec.EllipticCurvePrivateKey | None = field(default=None, repr=False)
    in_house: bool = False

    def as_fastlane_json(self) -> dict[str, Any]:
        """fastlane's API key JSON: {key_id, issuer_id, key, in_house}, `key` as Apple's .p8 has it.

        Raises KeyFileError for a key whose private half the sandbox does not have.
        """
        if self.private_key is None:
            raise KeyFileError(f"the seed gives only the public half of the key {self.id}")
        pem = self.private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        issuer = {} if self.issuer is None else {"issuer_id": self.issuer}
        return {"key_id": self.id, **issuer, "key": pem, "in_house": self.in_house}


def new_key(key_id: str, issuer: str | None, role: str, *, in_house: bool = False) -> Key:
    """A key with a fresh pair."""
    private = ec.generate_private_key(ec.SECP256R1())
    return Key(key_id, issuer, role, private.public_key(), private, in_house)


def hand_out(path: Path, keys: Mapping[str, Key], key_id: str | None = None) -> dict[str, Key]:
    """Write the key that `key_id` names, or the first, to a file that only its owner can read.

    Where the file exists already its key is used, so that a client keeps working when the sandbox starts
    again. Returns the keys to accept. Raises KeyFileError, or OSError when the file cannot be written.
    """
    if not path.exists():
        chosen = keys.get(key_id or next(iter(keys)))
        if chosen is None:
            raise KeyFileError(f"the seed has no key {key_id}; it has {', '.join(keys)}")
        if not path.parent.is_dir():
            raise KeyFileError(f"{path} cannot be written: there is no folder {path.parent}")
        _write_exclusively(path, json.dumps(chosen.as_fastlane_json(), indent=2) + "\n")
        return dict(keys)
    known = _read(path)
    wanted = keys.get(known["key_id"])
    if wanted is None or (key_id is not None and key_id != wanted.id):
        raise KeyFileError(
            f"{path} holds the key {known['key_id']}, not {key_id or 'one of the seed'}; remove the file"
        )
    private = _private_key(path, known["key"])
    return {**keys, wanted.id: replace(wanted, public_key=private.public_key(), private_key=private)}


def _write_exclusively(path: Path, content: str) -> None:
    """Create the file at once with its content: a link fails where a file is, and never shows half of one."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
        os.link(part, path)
    finally:
        part.unlink()


def _read(path: Path) -> dict[str, str]:
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        return {"key_id": known["key_id"], "key": known["key"]}
    except (ValueError, KeyError, TypeError):
        raise KeyFileError(f"{path} is not an API key that the sandbox wrote; remove the file") from None


def _private_key(path: Path, pem: str) -> ec.EllipticCurvePrivateKey:
    try:
        private = serialization.load_pem_private_key(pem.encode(), None)
    except ValueError:
        private = None
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise KeyFileError(f"the key in {path} is not a P-256 private key; remove the file")
    return private
