"""API keys: the model of a key, and the file that gives one to a client."""

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
"""The issuer id in the examples of Apple's documentation."""


class KeyFileError(Exception):
    """Raised if the key file cannot be used; the text names the file and the reason."""


@dataclass(frozen=True)
class Key:
    """An API key of the team. `issuer` is None for an individual key.

    `private_key` is None if the seed gives the public key only. The repr does not show it.
    """

    id: str
    issuer: str | None
    role: str
    public_key: ec.EllipticCurvePublicKey
    private_key: ec.EllipticCurvePrivateKey | None = field(default=None, repr=False)
    in_house: bool = False

    def as_fastlane_json(self) -> dict[str, Any]:
        """Return fastlane's API key JSON: {key_id, issuer_id, key, in_house}; `key` is the text of Apple's .p8.

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
    """Return a key with a fresh P-256 key pair."""
    private = ec.generate_private_key(ec.SECP256R1())
    return Key(key_id, issuer, role, private.public_key(), private, in_house)


def hand_out(path: Path, keys: Mapping[str, Key], key_id: str | None = None) -> dict[str, Key]:
    """Write the key that `key_id` names, or the first, to a file that only its owner can read.

    Return the keys to accept. If the file exists, its key is used instead. Raises KeyFileError, or OSError if the
    file cannot be written.
    """
    if not path.exists():
        chosen = keys.get(key_id or next(iter(keys)))
        if chosen is None:
            raise KeyFileError(f"the seed has no key {key_id}; it has {', '.join(keys)}")
        if not path.parent.is_dir():
            raise KeyFileError(f"{path} cannot be written: there is no folder {path.parent}")
        _write_exclusively(path, json.dumps(chosen.as_fastlane_json(), indent=2) + "\n")
        return dict(keys)
    # The existing file's key stays valid, so that a client keeps working when the sandbox starts again.
    written = _read(path)
    known = keys.get(written["key_id"])
    if known is None or (key_id is not None and key_id != known.id):
        raise KeyFileError(
            f"{path} holds the key {written['key_id']}, not {key_id or 'one of the seed'}; remove the file"
        )
    private = _private_key(path, written["key"])
    return {**keys, known.id: replace(known, public_key=private.public_key(), private_key=private)}


def _write_exclusively(path: Path, content: str) -> None:
    """Create the file with its content in one step, readable for its owner only."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    # The file holds a private key, so nobody else may read it even for a moment.
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
        # A link fails if another sandbox was faster, and a client never sees half a file.
        os.link(part, path)
    finally:
        part.unlink()


def _read(path: Path) -> dict[str, str]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {"key_id": content["key_id"], "key": content["key"]}
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
