"""PKCS#12: written in the form that macOS accepts, and read in all forms."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import pkcs12

from asc.identity.certificate import Certificate
from asc.identity.errors import IdentityError, WrongPassword
from asc.identity.keys import same_key

_EXPORT_AGAIN = (
    "Export it again from Keychain Access: the certificate together with its private key, as .p12."
)


@dataclass(frozen=True)
class Identity:
    """The contents of a .p12: the private key or None, and the certificates, the one of the key first."""

    key: RSAPrivateKey | None = field(repr=False)
    certificates: tuple[Certificate, ...]


def p12(key: RSAPrivateKey, certificate: Certificate, password: str, friendly_name: str) -> bytes:
    """Return key and certificate as PKCS#12 that `security import` accepts: PBE-SHA1-3DES and HMAC-SHA1.

    Raises IdentityError if the password is empty, the key belongs to another certificate, or the library lacks these
    algorithms.
    """
    if not password:
        raise IdentityError("A .p12 needs a password.", "Give one, or omit it to use a random one.")
    if not same_key(certificate, key):
        raise IdentityError(
            f"The private key does not belong to the certificate “{certificate.common_name}”.",
            "Give the key that the certificate was requested with.",
        )
    # macOS refuses the algorithms that OpenSSL 3 uses by default. The password only protects the file on its way into a
    # keychain.
    protection = (
        serialization.PrivateFormat.PKCS12.encryption_builder()
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())  # noqa: S303  what macOS takes
        .build(password.encode("utf-8"))
    )
    try:
        return pkcs12.serialize_key_and_certificates(
            friendly_name.encode("utf-8"),
            key,
            x509.load_der_x509_certificate(certificate.der),
            None,
            protection,
        )
    except UnsupportedAlgorithm:
        raise IdentityError(
            "This Python's OpenSSL refuses 3DES and SHA-1, which a .p12 for macOS needs.",
            "Use the runtime of the action, or a system that is not in FIPS mode.",
        ) from None


def read_p12(data: bytes, password: str | None = None, name: str = "The .p12 file") -> Identity:
    """Return the contents of a .p12 that opens with the password, or without one.

    Raises WrongPassword, and IdentityError if the file is not a .p12, is damaged, or has a key that is not RSA.
    """
    loaded = _load(data, _forms(password), name)
    if loaded.key is not None and not isinstance(loaded.key, RSAPrivateKey):
        raise IdentityError(
            f"{name} has a key that is not RSA.", "Apple signs code with RSA: export the right identity."
        )
    found = [entry.certificate for entry in (loaded.cert, *loaded.additional_certs) if entry is not None]
    try:
        certificates = tuple(Certificate.of(certificate) for certificate in found)
    except (ValueError, UnsupportedAlgorithm):
        raise IdentityError(f"{name} has a certificate that cannot be read.", _EXPORT_AGAIN) from None
    return Identity(loaded.key, certificates)


def looks_like_p12(data: bytes) -> bool:
    """Return True for a DER sequence that begins with version 3, as PKCS#12 does (RFC 7292, 4)."""
    return data[:1] == b"\x30" and b"\x02\x01\x03\x30" in data[2:10]


def _forms(password: str | None) -> list[bytes | None]:
    """Return the passwords to try, the given one first."""
    # Tools write “no password” as an empty one, or as none at all. A password that is not needed is no mistake.
    none: list[bytes | None] = [b"", None]
    if not password:
        return none
    # A secret that was pasted often ends in a line break that the password of the file lacks.
    given = dict.fromkeys((password, password.strip()))
    return [*(text.encode("utf-8", "surrogatepass") for text in given if text), *none]


def _load(data: bytes, passwords: list[bytes | None], name: str) -> pkcs12.PKCS12KeyAndCertificates:
    said = ""
    for password in passwords:
        try:
            return pkcs12.load_pkcs12(data, password)
        except UnsupportedAlgorithm:
            raise IdentityError(
                f"{name} is encrypted in a way that is not supported.", _EXPORT_AGAIN
            ) from None
        except (ValueError, TypeError) as error:
            # Only this text tells a wrong password from a damaged file. No error of ours quotes it.
            said = str(error)
    if "password" in said.lower() and looks_like_p12(data):
        given = "with the password given" if passwords[0] else "without a password"
        raise WrongPassword(f"{name} does not open {given}.")
    raise IdentityError(f"{name} is not a .p12 file, or is cut off.", _EXPORT_AGAIN)
