"""RSA private keys and their signing requests."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from asc.identity.certificate import Certificate
from asc.identity.errors import IdentityError

KEY_SIZE = 2048
"""Bits. Apple certifies no other size of RSA, and no other kind of key, for code signing."""
_LONGEST_NAME = 64
"""Characters of a common name (RFC 5280, ub-common-name)."""


def new_private_key() -> RSAPrivateKey:
    """Return a new RSA key of 2048 bits."""
    return generate_private_key(65537, KEY_SIZE)


def key_pem(key: RSAPrivateKey) -> bytes:
    """Return the key as match stores it: PKCS#1 in PEM (`-----BEGIN RSA PRIVATE KEY-----`), not encrypted."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def csr(key: RSAPrivateKey, common_name: str, email: str | None = None) -> str:
    """Return the signing request as PEM, with SHA-256. The name is cut at 64 characters.

    Raises IdentityError if the name is empty, or a request cannot hold the address.
    """
    try:
        names = [x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name[:_LONGEST_NAME].strip())]
        if email and not email.isascii():  # it is an IA5String, which the library does not check
            raise ValueError
        if email:
            names.append(x509.NameAttribute(x509.NameOID.EMAIL_ADDRESS, email))
        request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names))
        return request.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    except ValueError:
        raise IdentityError(
            "The signing request cannot hold its common name or its e-mail address.",
            "Give a short name and an address in ASCII, or none.",
        ) from None


def same_key(certificate: Certificate, key: RSAPrivateKey) -> bool:
    """Return True if the certificate was issued for this key."""
    return certificate.public_key == public_key_der(key)


def public_key_der(key: RSAPrivateKey) -> bytes:
    """Return the SubjectPublicKeyInfo of a private key in DER."""
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
