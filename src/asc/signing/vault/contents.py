"""What a decrypted file is, told from its first bytes: cheap, and sure enough to know a wrong key by."""

from __future__ import annotations

from collections.abc import Callable

from asc.signing.identity.p12 import looks_like_p12

_SIGNED_DATA = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
"""The object identifier that a CMS signature, and so a profile, begins with (RFC 5652, 5.1)."""


def is_certificate(data: bytes) -> bool:
    """DER that is a sequence of a sequence and as long as it says, or PEM."""
    if data.lstrip().startswith(b"-----BEGIN CERTIFICATE-----"):
        return True
    return (
        data[:2] == b"\x30\x82" and data[4:5] == b"\x30" and int.from_bytes(data[2:4], "big") == len(data) - 4
    )


def is_private_key(data: bytes) -> bool:
    """A private key in PEM, or PKCS#12."""
    head = data[:4096]
    return (b"-----BEGIN " in head and b"PRIVATE KEY-----" in head) or looks_like_p12(data)


def is_profile(data: bytes) -> bool:
    """A CMS signature."""
    return data[:1] == b"\x30" and _SIGNED_DATA in data[:32]


def check_for(path: str) -> Callable[[bytes], bool]:
    """The check for a path's ending."""
    if path.endswith(".cer"):
        return is_certificate
    return is_private_key if path.endswith(".p12") else is_profile
