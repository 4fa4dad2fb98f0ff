"""XML as a tree, for documents from outside: no DTD, so no entities; a limit for depth and number of elements."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

DEEPEST = 64
MOST = 100_000


class XmlError(ValueError):
    """The bytes are not XML, or XML of a kind that is not read here."""


def read_xml(data: bytes) -> Element:
    """The root element of an XML document. Raises XmlError; expects the caller to have bounded `data`."""
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
        """A document type can define entities, and those can grow without bounds."""
        raise XmlError("it has a document type declaration, which nothing here needs")

    def enter(self) -> None:
        """An element begins."""
        self._depth += 1
        self._count += 1
        if self._depth > DEEPEST:
            raise XmlError(f"its elements are nested more than {DEEPEST} deep")
        if self._count > MOST:
            raise XmlError(f"it has more than {MOST:,} elements")

    def leave(self) -> None:
        """An element ends."""
        self._depth -= 1
