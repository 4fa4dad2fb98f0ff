"""Read the API keys of a seed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from asc_sandbox.keys import DEFAULT_ISSUER, Key, new_key
from asc_sandbox.roles import ROLES
from asc_sandbox.seedreading import SeedError, entries, listed

_KEY_MEMBERS = {"id", "issuer", "role", "public_key", "in_house"}


def read_keys(value: Any) -> dict[str, Key]:
    """Return the keys by id, in the order of the seed. Raises SeedError."""
    keys: dict[str, Key] = {}
    for place, members in entries("keys", value):
        if unknown := members.keys() - _KEY_MEMBERS:
            raise SeedError(
                place,
                f"a key has no member {listed(unknown)}; its members are {', '.join(sorted(_KEY_MEMBERS))}",
            )
        key = _key(place, members)
        if key.id in keys:
            raise SeedError(place, f"there is a key {key.id} already")
        keys[key.id] = key
    if not keys:
        raise SeedError("keys", "at least one key is needed")
    return keys


def _key(place: str, members: Mapping[str, Any]) -> Key:
    key_id, role = members.get("id"), members.get("role", "ADMIN")
    if not isinstance(key_id, str):
        raise SeedError(f"{place}.id", f"expected text, found {key_id!r}")
    if role not in ROLES:
        raise SeedError(f"{place}.role", f"{role!r} is not one of {', '.join(sorted(ROLES))}")
    # An explicit null makes an individual key.
    issuer = members.get("issuer", DEFAULT_ISSUER)
    in_house = bool(members.get("in_house", False))
    if "public_key" in members:
        return Key(
            key_id, issuer, role, _public_key(f"{place}.public_key", members["public_key"]), None, in_house
        )
    return new_key(key_id, issuer, role, in_house=in_house)


def _public_key(place: str, pem: Any) -> ec.EllipticCurvePublicKey:
    try:
        public = serialization.load_pem_public_key(str(pem).encode())
    except ValueError:
        public = None
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise SeedError(place, "is not the PEM of a P-256 public key")
    return public
