"""Numbers and lists as the log, the summary and the errors say them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def counted(count: int, noun: str) -> str:
    """`1 profile`, `2 profiles`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def some(texts: Sequence[str], most: int) -> str:
    """The first `most` of them: `a, b and 7 more`; "" for none."""
    left_out = len(texts) - most
    return ", ".join(texts[:most]) + (f" and {left_out} more" if left_out > 0 else "")


def size(count: int) -> str:
    """Bytes as people say them: `840 bytes`, `12.5 KiB`, `1.2 GiB`."""
    value, unit = float(count), "bytes"
    for larger in ("KiB", "MiB", "GiB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{count} bytes" if unit == "bytes" else f"{value:.1f} {unit}"


def duration(seconds: float) -> str:
    """Seconds as people say them: `8 s`, `3 min 20 s`, `1 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    return f"{whole // 3600} h" + (f" {whole % 3600 // 60} min" if whole % 3600 // 60 else "")


_CONTROLS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]"
)


def printable(text: str) -> str:
    """Return `text` with every control but tab and line feed replaced: they colour, hide, move or reverse text."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


LONGEST = 60
MOST_NAMED = 20


def printable_name(name: str) -> str:
    """A name on one line. What cannot be printed would let a name write lines of its own into the log."""
    text = "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in name
    )
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def listed(names: Sequence[str]) -> str:
    """`a, b and 7 more`, or `none`."""
    return some([printable_name(name) for name in names], MOST_NAMED) or "none"


def folded(name: str) -> str:
    """A name without the differences that nobody means: case and blanks."""
    return " ".join(name.split()).casefold()


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that was probably meant, or ""."""
    import difflib  # only an error needs it: start-up time is a feature

    by_form = {folded(each[:LONGEST]): each for each in known}
    close = difflib.get_close_matches(folded(name[:LONGEST]), by_form, n=1, cutoff=0.7)
    return by_form[close[0]] if close else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """` Did you mean X?`, or ""."""
    meant = nearest(name, known)
    return f" Did you mean {printable_name(meant)}?" if meant else ""
