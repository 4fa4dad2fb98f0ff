"""The job summary: a little Markdown, in which foreign text cannot break out of its cell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def escape(text: object) -> str:
    """Foreign text for a table cell or a sentence."""
    flat = " ".join(str(text).split())
    return re.sub(
        r"([\\`|*_\[\]~])", r"\\\1", flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    )


def heading(text: str) -> str:
    """A heading of the step's part of the summary."""
    return f"### {escape(text)}\n\n"


def paragraph(text: str) -> str:
    """A paragraph; the caller has escaped what is foreign in it."""
    return f"{text}\n\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table. Cells are escaped here."""
    lines = [columns, ["---"] * len(columns), *([escape(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n"
