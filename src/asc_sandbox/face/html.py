"""HTML that cannot be injected into: what is not `Html` is escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


Child = str | int | None | Iterable["Child"]
"""What an element may hold: text, numbers, other elements, nothing, or any number of these."""

_VOID = ("img", "input", "link", "meta", "wbr")


def element(name: str, /, *children: Child, **attributes: str | int | bool | None) -> Html:
    """An element. An attribute that is True stands alone, one that is None or False is left out.

    `class_` is the attribute class, and `data_page` data-page.
    """
    begin = f"<{name}{''.join(_attribute(*each) for each in attributes.items())}>"
    return Html(begin if name in _VOID else f"{begin}{joined(*children)}</{name}>")


def joined(*children: Child) -> Html:
    """Children side by side."""
    return Html("".join(_markup(child) for child in children))


def _markup(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    if isinstance(child, str | int):
        return html.escape(str(child))
    return "".join(_markup(each) for each in child)


def _attribute(name: str, value: str | int | bool | None) -> str:
    if value is None or value is False:
        return ""
    written = name.rstrip("_").replace("_", "-")
    return f" {written}" if value is True else f' {written}="{html.escape(str(value))}"'
