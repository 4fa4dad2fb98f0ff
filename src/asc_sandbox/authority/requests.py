"""Read signing requests and certificates from clients and seeds."""

from __future__ import annotations

import base64
import binascii
import re

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa

_ARMOUR = re.compile(r"-----[A-Z ]+-----")


class BadRequest(ValueError):
    """Raised for a signing request that Apple would not accept; the text gives the reason."""


def public_key_of(csr: str) -> rsa.RSAPublicKey:
    """Return the public key of a signing request: PEM, also without its first and last line. Raises BadRequest."""
    request = _parsed(csr)
    try:
        key, sound = request.public_key(), request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm):
        raise BadRequest("its key cannot be read") from None
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size != 2048:
        raise BadRequest("its key is not an RSA key of 2048 bits")
    if not sound:
        raise BadRequest("its signature is wrong")
    return key


def _parsed(csr: str) -> x509.CertificateSigningRequest:
    try:
        der = base64.b64decode("".join(_ARMOUR.sub("", csr).split()), validate=True)
        return x509.load_der_x509_csr(der)
    except (ValueError, binascii.Error, UnsupportedAlgorithm):
        raise BadRequest("it is not a PKCS#10 request in PEM") from None


def certificate_of(content: str) -> x509.Certificate | None:
    """Return the certificate in a `certificateContent`, None if it cannot be read."""
    try:
        return x509.load_der_x509_certificate(base64.b64decode(content, validate=True))
    except (ValueError, binascii.Error):
        return None
