"""Names that others chose, for messages: without control characters, of bounded length, and the nearest ones."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from asc import words

LONGEST = 60
MOST_NAMED = 20


def shown(name: str) -> str:
    """A name on one line. What cannot be printed would let a name write lines of its own into the log."""
    text = "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in name
    )
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def listed(names: Sequence[str]) -> str:
    """`a, b and 7 more`, or `none`."""
    return words.some([shown(name) for name in names], MOST_NAMED) or "none"


def folded(name: str) -> str:
    """A name without the differences that nobody means: case and blanks."""
    return " ".join(name.split()).casefold()


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that was probably meant, or ""."""
    by_form = {folded(each[:LONGEST]): each for each in known}
    close = difflib.get_close_matches(folded(name[:LONGEST]), by_form, n=1, cutoff=0.7)
    return by_form[close[0]] if close else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """` Did you mean X?`, or ""."""
    meant = nearest(name, known)
    return f" Did you mean {shown(meant)}?" if meant else ""
