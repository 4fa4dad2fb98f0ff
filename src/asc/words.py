"""Numbers and lists as the log, the summary and the errors say them."""

from __future__ import annotations

import re
from collections.abc import Sequence


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
