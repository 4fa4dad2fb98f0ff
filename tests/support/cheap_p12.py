"""A .p12 that costs little to make and to open: what its form is, test_files and test_recorder hold."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12

from asc.identity.certificate import Certificate


def cheap_p12(key: RSAPrivateKey, certificate: Certificate, password: str, name: str) -> bytes:
    """As `p12`, with one round of key derivation instead of thousands."""
    builder = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(1).hmac_hash(hashes.SHA1())
    protection = builder.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
    loaded = x509.load_der_x509_certificate(certificate.der)
    return pkcs12.serialize_key_and_certificates(
        name.encode(), key, loaded, None, protection.build(password.encode())
    )
