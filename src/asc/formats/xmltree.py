"""XML from outside as a tree, without DTD (so without entities), and with limits of depth and size."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

DEEPEST = 64
MOST = 100_000


class XmlError(ValueError):
    """The bytes are not XML, or use a part of XML that is not allowed here."""


def read_xml(data: bytes) -> Element:
    """Return the root element of an XML document. The caller must have limited the size of `data`. Raises XmlError."""
    from xml.etree.ElementTree import TreeBuilder
    from xml.parsers import expat

    guard, tree = _Guard(), TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = guard.doctype
    parser.EntityDeclHandler = guard.doctype

    def start(name: str, attributes: dict[str, str]) -> None:
        guard.enter()
        tree.start(name, attributes)

    def end(name: str) -> None:
        guard.leave()
        tree.end(name)

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = tree.data
    try:
        parser.Parse(data, True)
        return tree.close()
    except (expat.ExpatError, AssertionError, LookupError, ValueError) as error:
        if isinstance(error, XmlError):
            raise
        raise XmlError(f"it is not XML ({error})") from None


class _Guard:
    """Counts elements and levels."""

    def __init__(self) -> None:
        self._depth = self._count = 0

    def doctype(self, *_: object) -> None:
        """Raise XmlError: a document type can define entities that grow without limit."""
        raise XmlError("it has a document type declaration, which nothing here needs")

    def enter(self) -> None:
        """Count an element that begins. Raises XmlError for too many elements or too deep ones."""
        self._depth += 1
        self._count += 1
        if self._depth > DEEPEST:
            raise XmlError(f"its elements are nested more than {DEEPEST} deep")
        if self._count > MOST:
            raise XmlError(f"it has more than {MOST:,} elements")

    def leave(self) -> None:
        """Count an element that ends, so that its siblings are not taken for its children."""
        self._depth -= 1
