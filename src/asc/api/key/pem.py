"""The private key: from all forms in which people paste it, to PKCS#8 PEM."""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path

from asc.api.key.model import refuse
from asc.limited_files import read_limited
from asc.words import decoded

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
_BEGIN = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----")
_BEGIN_IN_UTF_16 = "-----BEGIN".encode("utf-16-le")

_DOWNLOAD_AGAIN = (
    "Paste the whole AuthKey_….p8 file as Apple gave it; a lost one can only be replaced by a new key "
    "(App Store Connect, Users and Access, Integrations)."
)
_NOT_THE_KEY = {
    "PUBLIC KEY": "is a public key",
    "CERTIFICATE": "is a certificate",
    "CERTIFICATE REQUEST": "is a certificate signing request",
    "ENCRYPTED PRIVATE KEY": "is encrypted with a passphrase",
    "RSA PRIVATE KEY": "is an RSA key",
    "DSA PRIVATE KEY": "is a DSA key",
    "OPENSSH PRIVATE KEY": "is an SSH key",
}


def private_key_pem(text: str, field: str = "key") -> str:
    """Return the P-256 private key in `text` as PKCS#8 PEM.

    Accepts PEM (PKCS#8 or SEC 1) with its newlines lost, doubled or written as two characters, the base64 body alone,
    and base64 of any of these. Raises KeyRefused, naming `field`, for everything else.
    """
    text = _unescape(text)
    if "-----BEGIN" in text:
        return _to_pem(_body_of_block(text, field), field)
    content = decode_base64(text)
    if content is None:
        raise refuse(field, "is neither a PEM private key nor base64 of one", _DOWNLOAD_AGAIN)
    if b"-----BEGIN" not in content and _BEGIN_IN_UTF_16 not in content:
        return _to_pem(content, field)
    try:
        inner = decoded(content)
    except UnicodeDecodeError:
        raise refuse(field, "is base64 of a damaged PEM private key", _DOWNLOAD_AGAIN) from None
    return private_key_pem(inner, field)


def decode_base64(text: str) -> bytes | None:
    """Return decoded base64 (ordinary or URL-safe, with or without line breaks and padding), or None."""
    compact = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _unescape(text: str) -> str:
    """Replace the two characters backslash and n (and r) by the control characters that they stand for."""
    # Base64 has no backslash, so the two characters can only stand for a control character.
    return text.replace("\\r", "").replace("\\n", "\n").replace("\r", "").strip("\ufeff \t\n\"'")


def _body_of_block(text: str, field: str) -> bytes:
    blocks = {label: body for label, body in _BLOCK.findall(text) if label != "EC PARAMETERS"}
    if not blocks:
        label = _BEGIN.search(text)
        name = label[1] if label else "PRIVATE KEY"
        raise refuse(field, f"is cut off: the line -----END {name}----- is missing", _DOWNLOAD_AGAIN)
    label, body = next(iter(blocks.items()))
    if label not in ("PRIVATE KEY", "EC PRIVATE KEY"):
        raise refuse(field, _NOT_THE_KEY.get(label, f"is a PEM of the kind “{label}”"), _DOWNLOAD_AGAIN)
    if "ENCRYPTED" in body:
        raise refuse(field, _NOT_THE_KEY["ENCRYPTED PRIVATE KEY"], _DOWNLOAD_AGAIN)
    content = decode_base64(body)
    if not content:
        raise refuse(
            field, "is damaged: the text between its BEGIN and END lines is not base64", _DOWNLOAD_AGAIN
        )
    return content


def _to_pem(der: bytes, field: str) -> str:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        key = serialization.load_der_private_key(der, password=None)
    except TypeError:
        # "Password was not given but private key is encrypted".
        raise refuse(field, _NOT_THE_KEY["ENCRYPTED PRIVATE KEY"], _DOWNLOAD_AGAIN) from None
    except (ValueError, UnsupportedAlgorithm):
        # Their texts may quote the material.
        raise refuse(field, _what_it_is(der) or "is damaged or cut off", _DOWNLOAD_AGAIN) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        kind = type(key).__name__.removesuffix("PrivateKey").lstrip("_")
        raise refuse(field, f"is a key of another kind ({kind})", _DOWNLOAD_AGAIN)
    if key.curve.name != "secp256r1":
        raise refuse(field, f"is on the curve {key.curve.name}, not P-256", _DOWNLOAD_AGAIN)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _what_it_is(der: bytes) -> str | None:
    """Return what the bytes are instead of a private key, or None if that is unknown."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    for load, words in (
        (serialization.load_der_public_key, "PUBLIC KEY"),
        (x509.load_der_x509_certificate, "CERTIFICATE"),
    ):
        try:
            load(der)
        except (ValueError, UnsupportedAlgorithm):
            continue
        return _NOT_THE_KEY[words]
    return None


MAX_SIZE = 64 * 1024
"""Bytes of the largest key file that is read. A real one has about 400."""
LONGEST_PATH = 180
"""Characters. The base64 of a private key is longer, and few paths are."""


def read_key_file(path: str, field: str) -> str:
    """Return the text of a key file. Raises KeyRefused, naming `field`, if it cannot be a key file."""
    remedy = "Give the path of the API key JSON or of the AuthKey_….p8 file."
    # The text may be the key itself, so the error does not quote it.
    if len(path) > LONGEST_PATH or "{" in path or "PRIVATE KEY" in path:
        raise refuse(field, "is not the path of a file; it may be the key itself", remedy)
    try:
        content = read_limited(Path(path).expanduser(), MAX_SIZE)
    except OSError as error:
        raise refuse(field, f"{path}: {error.strerror}", remedy) from None
    except (ValueError, RuntimeError):
        # A NUL in the path, or `~name` of an unknown user.
        raise refuse(field, f"{path!r} is not the path of a file", remedy) from None
    try:
        return decoded(content)
    except UnicodeDecodeError:
        raise refuse(field, f"{path} is not a text file", remedy) from None
