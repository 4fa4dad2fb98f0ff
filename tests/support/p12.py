"""A .p12 with several identities, as Keychain Access exports a selection. The library writes files with one key only.

PKCS#12 is RFC 7292; this one has no encryption and no MAC, which both are optional.
"""

from __future__ import annotations

from collections.abc import Iterable

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

SEQUENCE, SET, INTEGER, OCTETS, OID, EXPLICIT = 0x30, 0x31, 0x02, 0x04, 0x06, 0xA0
DATA = "1.2.840.113549.1.7.1"
KEY_BAG, CERTIFICATE_BAG = "1.2.840.113549.1.12.10.1.1", "1.2.840.113549.1.12.10.1.3"
X509, LOCAL_KEY_ID = "1.2.840.113549.1.9.22.1", "1.2.840.113549.1.9.21"


def p12_of_several(pairs: Iterable[tuple[RSAPrivateKey, bytes]]) -> bytes:
    """Return the file with these keys, each with its certificate (DER)."""
    bags = []
    for number, (key, certificate) in enumerate(pairs, 1):
        mark = _der(SET, _der(SEQUENCE, _oid(LOCAL_KEY_ID), _der(SET, _der(OCTETS, bytes([number])))))
        plain = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        bags.append(_der(SEQUENCE, _oid(KEY_BAG), _der(EXPLICIT, plain), mark))
        inner = _der(SEQUENCE, _oid(X509), _der(EXPLICIT, _der(OCTETS, certificate)))
        bags.append(_der(SEQUENCE, _oid(CERTIFICATE_BAG), _der(EXPLICIT, inner), mark))
    safe = _data(_der(SEQUENCE, *bags))
    return _der(SEQUENCE, _der(INTEGER, b"\x03"), _data(_der(SEQUENCE, safe)))


def _data(content: bytes) -> bytes:
    return _der(SEQUENCE, _oid(DATA), _der(EXPLICIT, _der(OCTETS, content)))


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _oid(text: str) -> bytes:
    first, second, *rest = map(int, text.split("."))
    content = bytes([40 * first + second])
    for number in rest:
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.insert(0, 0x80 | (number & 0x7F))
        content += bytes(groups)
    return _der(OID, content)
