"""Keys, signing requests, and what a client makes of certificates and profiles."""

from __future__ import annotations

import base64
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from asc.formats.mobileprovision import Profile, read_profile
from sandbox.client import Client, Response

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """One for all tests of a process: they are slow to make."""
    return rsa.generate_private_key(65537, bits)


def request_for(key: PrivateKey | None = None) -> str:
    """A signing request, PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "whatever")])
    request = x509.CertificateSigningRequestBuilder(name).sign(key or rsa_key(), hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def order(client: Client, certificate_type: str = "DISTRIBUTION", csr: str | None = None) -> Response:
    """Ask for a certificate."""
    attributes = {"csrContent": csr or request_for(), "certificateType": certificate_type}
    return client.post("certificates", attributes)


def certificate_of(record: Any) -> x509.Certificate:
    """The certificate in a record."""
    return x509.load_der_x509_certificate(base64.b64decode(record["attributes"]["certificateContent"]))


def profile_of(record: Any) -> Profile:
    """The profile in a record."""
    return read_profile(content_of(record))


def content_of(record: Any) -> bytes:
    return base64.b64decode(record["attributes"]["profileContent"])


def make_profile(
    client: Client,
    profile_type: str = "IOS_APP_STORE",
    *,
    name: str = "A profile",
    bundle_id: str = "EXAMPLE",
    certificates: tuple[str, ...] = ("DIST",),
    devices: tuple[str, ...] | None = None,
) -> Response:
    """Ask for a profile."""
    related: dict[str, Any] = {
        "bundleId": ("bundleIds", bundle_id),
        "certificates": [("certificates", each) for each in certificates],
    }
    if devices is not None:
        related["devices"] = [("devices", each) for each in devices]
    return client.post("profiles", {"name": name, "profileType": profile_type}, **related)
