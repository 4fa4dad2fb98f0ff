"""Provisioning profiles as Apple signs them, signed by a throw-away CA instead."""

from __future__ import annotations

import plistlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID

ProfileKind = Literal["app-store", "development", "ad-hoc", "enterprise", "expired"]
KINDS: tuple[ProfileKind, ...] = ("app-store", "development", "ad-hoc", "enterprise", "expired")
TEAM_ID, TEAM_NAME = "A1B2C3D4E5", "Example Team"
DEVICES = ["00008030-000A11112222802E", "00008110-001B33334444801E"]
PLATFORMS = {"IOS": ["iOS", "xrOS", "visionOS"], "TV_OS": ["tvOS"], "VISION_OS": ["xrOS"], "MAC_OS": ["OSX"]}
_NAMESPACE = uuid.UUID("6f0c8b7e-6a0b-4d0e-9d7e-2f6a3f1c9b55")


@dataclass(frozen=True)
class Signer:
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


@cache
def signer(name: str) -> Signer:
    """A self-signed certificate of this common name, made once in a process."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, name),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, TEAM_ID),
        ]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Signer(certificate, key)


def make_profile(
    bundle_id: str,
    kind: ProfileKind = "app-store",
    *,
    platform: str = "IOS",
    team_id: str = TEAM_ID,
    now: datetime | None = None,
    values: Mapping[str, Any] | None = None,
) -> bytes:
    """A .mobileprovision for a bundle id (`*` for a wildcard): DER of a CMS SignedData over an XML property list.

    `values` replaces members of the property list.
    """
    now = (now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None, microsecond=0)
    content = {**_content(bundle_id, kind, platform, team_id, now), **(values or {})}
    return sign(plistlib.dumps(content, sort_keys=False))


def sign(content: bytes) -> bytes:
    """A CMS SignedData (DER) with `content` inside."""
    apple = signer("Sandbox Provisioning Profile Signing")
    return (
        pkcs7.PKCS7SignatureBuilder()
        .set_data(content)
        .add_signer(apple.certificate, apple.key, hashes.SHA256())
        .sign(Encoding.DER, [pkcs7.PKCS7Options.Binary])
    )


def _content(bundle_id: str, kind: ProfileKind, platform: str, team_id: str, now: datetime) -> dict[str, Any]:
    created = now - timedelta(days=400 if kind == "expired" else 10)
    development = kind == "development"
    owner = "Apple Development: Example" if development else f"Apple Distribution: {TEAM_NAME} ({team_id})"
    return {
        "AppIDName": "Example",
        "ApplicationIdentifierPrefix": [team_id],
        "CreationDate": created,
        "Platform": PLATFORMS[platform],
        "IsXcodeManaged": False,
        "DeveloperCertificates": [signer(owner).certificate.public_bytes(Encoding.DER)],
        "Entitlements": _entitlements(bundle_id, kind, platform, team_id),
        "ExpirationDate": created + timedelta(days=365),
        "Name": f"Example {kind} {bundle_id}",
        **({"ProvisionedDevices": DEVICES} if kind in ("development", "ad-hoc") else {}),
        **({"ProvisionsAllDevices": True} if kind == "enterprise" else {}),
        "TeamIdentifier": [team_id],
        "TeamName": TEAM_NAME,
        "TimeToLive": 365,
        "UUID": str(uuid.uuid5(_NAMESPACE, f"{team_id} {bundle_id} {kind} {platform}")),
        "Version": 1,
    }


def _entitlements(bundle_id: str, kind: ProfileKind, platform: str, team_id: str) -> dict[str, Any]:
    mac = platform == "MAC_OS"
    return {
        ("com.apple.application-identifier" if mac else "application-identifier"): f"{team_id}.{bundle_id}",
        ("com.apple.security.get-task-allow" if mac else "get-task-allow"): kind == "development",
        "com.apple.developer.team-identifier": team_id,
        "keychain-access-groups": [f"{team_id}.*"],
        **({"beta-reports-active": True} if kind in ("app-store", "expired") else {}),
    }
