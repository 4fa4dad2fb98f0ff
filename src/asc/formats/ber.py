"""A strict reader of BER, the encoding of certificates and signatures, with DER and the looser forms.

ITU-T X.690. Apple's signing writes mostly DER; older profiles have indefinite lengths and octet strings in pieces.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

INTEGER, OCTET_STRING, OID, SEQUENCE, SET = 0x02, 0x04, 0x06, 0x30, 0x31
CONSTRUCTED = 0x20
PIECES_DEEP = 8
"""Levels of octet strings within octet strings."""
LEVELS = 64
"""Levels of elements of indefinite length."""


class BerError(ValueError):
    """The bytes are not BER, or not the expected element."""


@dataclass(frozen=True)
class Element:
    """One element: its identifier byte and its contents, as a view into the bytes that were read."""

    tag: int
    content: memoryview

    def children(self) -> Iterator[Element]:
        """Return the elements in a constructed element. Raises BerError for a primitive one."""
        if not self.tag & CONSTRUCTED:
            raise BerError(f"an element with the tag {self.tag:#04x} has no parts")
        at = 0
        while at < len(self.content):
            element, at = _element(self.content, at)
            yield element

    def expect(self, tag: int) -> Element:
        """Return this element. Raises BerError if it has another tag."""
        if self.tag != tag:
            raise BerError(f"there is the tag {self.tag:#04x} where {tag:#04x} belongs")
        return self

    def octets(self) -> bytes:
        """Return the bytes of an octet string, joined if it comes in pieces. Raises BerError for other elements."""
        return b"".join(_pieces(self, PIECES_DEEP))


def read(data: bytes) -> Element:
    """Return the single element in `data`, which may end in NULs and line ends. Raises BerError."""
    view = memoryview(data)
    element, end = _element(view, 0)
    if bytes(view[end:]).strip(b"\0\r\n"):
        raise BerError(f"{len(view) - end} bytes follow its end")
    return element


def _pieces(element: Element, levels: int) -> Iterator[bytes]:
    if element.tag == OCTET_STRING:
        yield bytes(element.content)
        return
    element.expect(OCTET_STRING | CONSTRUCTED)
    if not levels:
        raise BerError("an octet string is nested too deeply")
    for child in element.children():
        yield from _pieces(child, levels - 1)


def _element(view: memoryview, start: int) -> tuple[Element, int]:
    """Return the element at `start`, and the position of the next one."""
    tag, length, at = _header(view, start)
    if length is None:
        contents_end, end = _end_of_contents(view, at)
    else:
        contents_end = end = at + length
    return Element(tag, view[at:contents_end]), end


def _header(view: memoryview, at: int) -> tuple[int, int | None, int]:
    """Return the identifier byte, the length (None if indefinite), and the position of the contents."""
    if at + 2 > len(view):
        raise BerError("it ends in the middle of an element")
    tag, first, at = view[at], view[at + 1], at + 2
    # CMS and X.509 have no tags above 30.
    if tag & 0x1F == 0x1F:
        raise BerError("tags of several bytes do not occur here")
    if first == 0x80:
        if not tag & CONSTRUCTED:
            raise BerError("a primitive element has no length")
        return tag, None, at
    if first == 0xFF:
        raise BerError("a length begins with a byte that is reserved")
    length = first
    if first > 0x80:
        size = first & 0x7F
        length = int.from_bytes(view[at : at + size], "big") if at + size <= len(view) else len(view)
        at += size
    if at + length > len(view):
        raise BerError("an element claims more bytes than there are")
    return tag, length, at


def _end_of_contents(view: memoryview, at: int) -> tuple[int, int]:
    """Return the end of the contents of an element of indefinite length, and the position of the next element."""
    # Counting the open levels, instead of descending into them, looks at each byte once: nested lengths cost no more.
    open_levels = 1
    while True:
        before = at
        tag, length, at = _header(view, at)
        if length is None:
            open_levels += 1
            if open_levels > LEVELS:
                raise BerError("its elements are nested too deeply")
        elif tag == 0:
            if length:
                raise BerError("the end of contents has contents")
            open_levels -= 1
            if not open_levels:
                return before, at
        else:
            at += length
