"""RSA private keys and their signing requests."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from asc.identity.certificate import Certificate

KEY_SIZE = 2048
"""Bits. Apple certifies no other size of RSA, and no other kind of key, for code signing."""
COMMON_NAME = "App Store Connect Actions"
"""The subject of every signing request."""


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


def csr(key: RSAPrivateKey) -> str:
    """Return the signing request for a key as PEM, with SHA-256."""
    # Apple takes only the public key: the names in the certificate are the team's.
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, COMMON_NAME)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return request.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def same_key(certificate: Certificate, key: RSAPrivateKey) -> bool:
    """Return True if the certificate was issued for this key."""
    return certificate.public_key == public_key_der(key)


def public_key_der(key: RSAPrivateKey) -> bytes:
    """Return the SubjectPublicKeyInfo of a private key in DER."""
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
