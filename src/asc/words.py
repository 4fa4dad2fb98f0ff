"""Numbers, lists and names as the log, the summary and the errors write them, and texts as files hold them."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Sequence

MOST_NAMED = 10
"""Items that a list in a text names. The rest is counted."""
LONGEST_NAME = 120
"""Characters of a name or a path in a text. The rest is cut off."""

# Tab and line feed are missing here on purpose: texts of several lines keep them.
_CONTROLS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]"
)
# UDIDs of iPhones, iPads and Macs with Apple silicon count anywhere. That of an Intel Mac is a UUID, as ids are, so it
# counts only if Apple's words call it a UDID.
_UDID = re.compile(
    r"\b(?:[0-9A-F]{36}|[0-9A-F]{8}-[0-9A-F]{12})([0-9A-F]{4})\b"
    r"|(?<=device with number ')[0-9A-F-]{32}([0-9A-F]{4})(?=')"
    r"|(?<=')[0-9A-F-]{32}([0-9A-F]{4})(?=' was provided for the parameter 'udid')",
    re.IGNORECASE,
)
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: `1 profile`, `2 profiles`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def some(texts: Sequence[str], most: int = MOST_NAMED, separator: str = ", ") -> str:
    """Return the first `most` texts and how many follow: `a, b and 7 more`. An empty list gives ""."""
    left_out = len(texts) - most
    return separator.join(texts[:most]) + (f" and {left_out} more" if left_out > 0 else "")


def sentence(text: str) -> str:
    """Return a text with a full stop, unless a mark ends it already."""
    return text if text.endswith((".", "?", "!")) else f"{text}."


def size(count: int) -> str:
    """Return a number of bytes with the largest unit that fits: `840 bytes`, `12.5 KiB`, `1.2 GiB`."""
    # GiB is the largest unit: no file here is larger than some of them.
    value, unit = float(count), "bytes"
    for larger in ("KiB", "MiB", "GiB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{count} bytes" if unit == "bytes" else f"{value:.1f} {unit}"


def duration(seconds: float) -> str:
    """Return a duration with at most two units: `8 s`, `3 min 20 s`, `1 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    return f"{whole // 3600} h" + (f" {whole % 3600 // 60} min" if whole % 3600 // 60 else "")


def decoded(content: bytes) -> str:
    """Return the text of a file in UTF-8 or UTF-16, with or without a byte order mark. Raises UnicodeDecodeError.

    Windows PowerShell writes UTF-16 for `command > file`, and Excel for "Unicode Text".
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    # The texts that are read here begin with an ASCII character, whose other half in UTF-16 is zero.
    if content[1:2] == b"\0":
        return content.decode("utf-16-le")
    if content[:1] == b"\0":
        return content.decode("utf-16-be")
    return content.decode("utf-8-sig")


def printable(text: str) -> str:
    """Return a text of one or several lines in which control characters are replaced, except tab and line feed.

    Control characters could colour, hide, move or reverse what a terminal or a log shows.
    """
    return _CONTROLS.sub(_REPLACEMENT, text)


def printable_name(name: str, longest: int = LONGEST_NAME) -> str:
    """Return a foreign text (a name, a path, the words of a program) for one line, cut at `longest` characters."""
    # A line feed is replaced as well: a name with one could write lines of its own into the log.
    text = "".join(
        character if character.isprintable() else _REPLACEMENT for character in name[: longest + 1]
    )
    return text if len(text) <= longest else text[: longest - 1] + "…"


def without_udids(text: str) -> str:
    """Return a text with each UDID cut to its last four digits."""
    return _UDID.sub(lambda found: f"…{found[found.lastindex or 0]}", text)


def listed(names: Sequence[str]) -> str:
    """Return foreign names as a list for one line: `a, b and 7 more`. An empty list gives `none`."""
    return some([printable_name(name) for name in names]) or "none"


def folded(name: str) -> str:
    """Return a name in the form in which two names are compared: without differences of case and blanks."""
    return " ".join(name.split()).casefold()


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that is most like `name`, or "" if none is like it."""
    # Imported only for an error, to keep the start of a step short.
    import difflib

    by_form = {folded(candidate[:LONGEST_NAME]): candidate for candidate in known}
    close = difflib.get_close_matches(folded(name[:LONGEST_NAME]), by_form, n=1, cutoff=0.7)
    return by_form[close[0]] if close else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ` Did you mean X?` with the nearest known name, or "" if none is like `name`."""
    meant = nearest(name, known)
    return f" Did you mean {printable_name(meant)}?" if meant else ""
