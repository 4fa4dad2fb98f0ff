"""The contents of a CMS signature. The signature is not verified, because Apple does that.

RFC 5652, section 5.1:

    ContentInfo  SEQUENCE { signedData OID, [0] SEQUENCE { version, digestAlgorithms, EncapsulatedContentInfo, … } }
    EncapsulatedContentInfo  SEQUENCE { OID, [0] OCTET STRING }
"""

from __future__ import annotations

from collections.abc import Iterator

from asc.formats import ber
from asc.formats.ber import BerError, Element

# 1.2.840.113549.1.7.2
SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
EXPLICIT_0 = 0xA0


class CmsError(ValueError):
    """The bytes are not a CMS signature with contents."""


def looks_signed(data: bytes) -> bool:
    """Return True if `data` begins like a CMS signature, without reading it."""
    # Before the identifier stand only its tag and its length, and the tag and length of the sequence around it.
    return data[:1] == bytes((ber.SEQUENCE,)) and SIGNED_DATA in data[:32]


def signed_content(data: bytes) -> bytes:
    """Return the contents of a CMS SignedData (DER or BER). Raises CmsError."""
    try:
        return _content(ber.read(data))
    except BerError as error:
        raise CmsError(f"it is not a CMS signature: {error}") from None


def _content(outer: Element) -> bytes:
    info = outer.expect(ber.SEQUENCE).children()
    if bytes(_next(info).expect(ber.OID).content) != SIGNED_DATA:
        raise CmsError("it is a CMS structure, but not a signature")
    signed = _only(_next(info)).expect(ber.SEQUENCE).children()
    _next(signed).expect(ber.INTEGER)
    _next(signed).expect(ber.SET)
    encapsulated = _next(signed).expect(ber.SEQUENCE).children()
    _next(encapsulated).expect(ber.OID)
    content = next(encapsulated, None)
    if content is None:
        raise CmsError("it is a CMS signature without its contents")
    return _only(content).octets()


def _only(explicit: Element) -> Element:
    """Return the element inside an explicit [0]."""
    return _next(explicit.expect(EXPLICIT_0).children())


def _next(elements: Iterator[Element]) -> Element:
    element = next(elements, None)
    if element is None:
        raise BerError("an element is missing")
    return element
