"""The job summary in Markdown, in which foreign text cannot break out of its cell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from asc.words import printable

_BARE_ADDRESS = re.compile(r"\b((?:https?|ftp):|www)(//(?!developer\.apple\.com/)|\.)", re.IGNORECASE)


def escape(text: object) -> str:
    """Return foreign text in a form that is safe in a table cell or a sentence."""
    flat = " ".join(printable(str(text).replace("\r", " ")).split())
    # GitHub makes links of bare addresses: a foreign text must not lead readers anywhere but to Apple's pages.
    flat = _BARE_ADDRESS.sub("\\1\u200b\\2", flat)
    return re.sub(
        r"([\\`|*_\[\]~])", r"\\\1", flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    )


def heading(text: str) -> str:
    """Return a heading for the step's part of the summary."""
    return f"### {escape(text)}\n\n"


def paragraph(text: str) -> str:
    """Return a paragraph. The caller must have escaped the foreign texts in it."""
    return f"{text}\n\n"


class ImageCell(str):
    """A picture for a cell of a table. It is not escaped."""

    __slots__ = ()


def image(url: str, height: int) -> ImageCell:
    """Return the picture at an address of Apple's server for pictures, "" for any other address."""
    # Readers of a summary must not be led to a server of somebody else.
    found = re.fullmatch(r"https://[a-z0-9-]+\.mzstatic\.com/[A-Za-z0-9/._~%-]+", url)
    return ImageCell(f'<img src="{url}" height="{height}">' if found else "")


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table. Its cells are escaped here, so that callers pass foreign texts as they are."""
    lines = [columns, ["---"] * len(columns), *(map(_cell, row) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n"


def _cell(cell: object) -> str:
    return cell if isinstance(cell, ImageCell) else escape(cell)
