"""Certificates and private keys in the files that users have: .cer, .pem, .key, .p12, under any name."""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
from collections.abc import Callable

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from asc.identity.certificate import Certificate
from asc.identity.errors import IdentityError, WrongPassword
from asc.identity.p12 import Identity, looks_like_p12, read_p12
from asc.words import decoded

LARGEST = 1024 * 1024
"""Bytes of a file that is read. Certificates and keys have a few thousand."""

_PEM_BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----")
_PRIVATE = ("PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY")
_WORDS = {
    "CERTIFICATE": "a certificate",
    "TRUSTED CERTIFICATE": "a certificate",
    "PRIVATE KEY": "a private key",
    "RSA PRIVATE KEY": "a private key",
    "ENCRYPTED PRIVATE KEY": "an encrypted private key",
    "EC PRIVATE KEY": "an elliptic curve key",
    "DSA PRIVATE KEY": "a DSA key",
    "OPENSSH PRIVATE KEY": "an SSH key",
    "PUBLIC KEY": "a public key",
    "RSA PUBLIC KEY": "a public key",
    "CERTIFICATE REQUEST": "a signing request",
    "NEW CERTIFICATE REQUEST": "a signing request",
    "PKCS7": "a PKCS#7 bundle",
}
# asc.formats.cms has this as well, and the two packages stand side by side.
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_CERTIFICATE_EXPECTED = "Expected is the .cer file as Apple gives it, or the same as PEM."
_KEY_EXPECTED = (
    "Expected is the RSA private key of the certificate: a .p12 file, or a PEM (PKCS#8 or PKCS#1)."
)


def identify(data: bytes) -> str:
    """Return the kind of a file, without opening it: “a certificate”, “a .p12 file”, …"""
    begins = _PEM_BEGIN.search(data[:LARGEST])
    if begins:
        label = begins[1].decode()
        return _WORDS.get(label, f"a PEM of the kind “{label}”")
    if not data.strip():
        return "an empty file"
    if looks_like_p12(data):
        return "a .p12 file"
    if data[:1] == b"\x30":
        return _identify_der(data)
    return "a text" if b"\x00" not in data[:4096] and data[:4096].isascii() else "something else"


def read_certificates(data: bytes, name: str = "The certificate") -> tuple[Certificate, ...]:
    """Return the certificates of a DER or PEM file (or base64 of it) in order, at least one.

    Raises IdentityError, with the kind of the file.
    """
    data = _unwrapped(data, name)
    try:
        if b"-----BEGIN " in data:
            found = x509.load_pem_x509_certificates(data)
        else:
            found = [x509.load_der_x509_certificate(data)]
        return tuple(Certificate.of(certificate) for certificate in found)
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
        what = identify(data)
        is_one = what == "a certificate"
        reason = "is a certificate that is damaged or cut off" if is_one else f"is {what}, not a certificate"
        raise IdentityError(f"{name} {reason}.", _CERTIFICATE_EXPECTED) from None


def read_private_key(
    data: bytes, password: str | None = None, name: str = "The private key"
) -> RSAPrivateKey:
    """Return the RSA key of a PEM, DER or .p12 file (or base64 of it).

    Raises WrongPassword if it is encrypted and the password is missing or wrong, and IdentityError with the kind of
    file.
    """
    identity = read_identity(data, password, name)
    if identity.key is None:
        raise IdentityError(f"{name} holds certificates, but no private key.", _KEY_EXPECTED)
    return identity.key


def read_identity(data: bytes, password: str | None = None, name: str = "The private key") -> Identity:
    """Return key and certificates of a .p12, or of a PEM that has either or both. Raises as `read_private_key`."""
    data = _unwrapped(data, name)
    if looks_like_p12(data):
        return read_p12(data, password, name)
    labels = [found.decode() for found in _PEM_BEGIN.findall(data)]
    certificates = read_certificates(data, name) if "CERTIFICATE" in labels else ()
    if certificates and not any(label.endswith("PRIVATE KEY") for label in labels):
        return Identity(None, certificates)
    return Identity(_key(_block_of_key(data), password, name), certificates)


def _block_of_key(data: bytes) -> bytes:
    """Return the data from the private key on."""
    # The part before the key in a PEM may be its certificate.
    starts = [found.start() for found in _PEM_BEGIN.finditer(data) if found[1].decode() in _PRIVATE]
    return data[starts[0] :] if starts else data


def _key(data: bytes, password: str | None, name: str) -> RSAPrivateKey:
    is_pem = b"-----BEGIN " in data
    load = serialization.load_pem_private_key if is_pem else serialization.load_der_private_key
    secret = password.encode("utf-8", "surrogatepass") if password else None
    try:
        key = _loaded(load, data, secret)
    except TypeError:
        # “Password was not given but private key is encrypted”.
        raise WrongPassword(f"{name} is encrypted, and no password was given.") from None
    except UnsupportedAlgorithm:
        raise IdentityError(f"{name} is of a kind that is not supported.", _KEY_EXPECTED) from None
    except ValueError:
        raise _unreadable(data, secret, name) from None
    if not isinstance(key, RSAPrivateKey):
        raise IdentityError(f"{name} is a private key, but not an RSA key.", _KEY_EXPECTED)
    return key


def _loaded(load: Callable[[bytes, bytes | None], object], data: bytes, secret: bytes | None) -> object:
    try:
        return load(data, secret)
    except TypeError:
        if secret is None:
            raise
        # “Password was given but private key is not encrypted”.
        return load(data, None)


def _unreadable(data: bytes, secret: bytes | None, name: str) -> IdentityError:
    what = identify(data)
    encrypted = what == "an encrypted private key" or b"Proc-Type: 4,ENCRYPTED" in data
    if encrypted and secret is not None:
        return WrongPassword(f"{name} does not open with the password given, or is damaged.")
    if what in ("a private key", "an encrypted private key"):
        return IdentityError(f"{name} is a private key that is damaged or cut off.", _KEY_EXPECTED)
    return IdentityError(f"{name} is {what}, not a private key.", _KEY_EXPECTED)


def _identify_der(data: bytes) -> str:
    if _SIGNED_DATA in data[:32]:
        return "a provisioning profile or another signed file"
    for load, words in (
        (x509.load_der_x509_certificate, "a certificate"),
        (x509.load_der_x509_csr, "a signing request"),
        (serialization.load_der_public_key, "a public key"),
    ):
        try:
            load(data)
        except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
            continue
        return words
    return "a binary file that is damaged or cut off"


def _unwrapped(data: bytes, name: str) -> bytes:
    """Return the data without base64 and UTF-16 around it. Raises IdentityError if it is too large."""
    if len(data) > LARGEST:
        raise IdentityError(
            f"{name} has {len(data)} bytes: no certificate and no key is that large.",
            "Check which file it is.",
        )
    # Secrets can hold only text, so binary files are pasted as base64. PowerShell writes PEM in UTF-16.
    if b"-----BEGIN " in data or data[:1] == b"\x30":
        return data
    with contextlib.suppress(UnicodeDecodeError):
        data = decoded(data).encode()
        if b"-----BEGIN " in data:
            return data
    try:
        inner = base64.b64decode(b"".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return data
    return inner if b"-----BEGIN " in inner or inner[:1] == b"\x30" else data
