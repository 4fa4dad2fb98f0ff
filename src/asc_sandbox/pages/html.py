"""Build HTML that nobody can inject into: everything that is not `Html` is escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable


# A type of its own, so that mypy and `_markup` can tell markup from text.
class Html(str):
    """Text that is HTML already and is not escaped again."""

    __slots__ = ()


Child = str | int | None | Iterable["Child"]
"""A child of an element: text, a number, another element, nothing, or any number of these."""

# Elements without content and end tag, as far as the pages use them.
_VOID = ("img", "input", "link", "meta", "wbr")


def element(name: str, /, *children: Child, **attributes: str | int | bool | None) -> Html:
    """Return an element. An attribute that is True stands alone; one that is None or False is left out.

    `class_` is the attribute class, and `data_page` is data-page.
    """
    begin = f"<{name}{''.join(_attribute(*item) for item in attributes.items())}>"
    return Html(begin if name in _VOID else f"{begin}{joined(*children)}</{name}>")


def joined(*children: Child) -> Html:
    """Return children side by side, without an element around them."""
    return Html("".join(_markup(child) for child in children))


def _markup(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    if isinstance(child, str | int):
        return html.escape(str(child))
    return "".join(_markup(item) for item in child)


def _attribute(name: str, value: str | int | bool | None) -> str:
    if value is None or value is False:
        return ""
    written = name.rstrip("_").replace("_", "-")
    return f" {written}" if value is True else f' {written}="{html.escape(str(value))}"'
