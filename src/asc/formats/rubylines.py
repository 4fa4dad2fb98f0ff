"""The statements of a Ruby file of settings, such as fastlane's Precheckfile: read as text, never run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from asc.limited_files import read_limited

LARGEST = 1 << 20
"""Bytes; people write a few lines."""
_QUOTED_OR_SIGN = re.compile(r"\"[^\"]*\"|'[^']*'|[\"'#]")
_SETTING = re.compile(
    r"(?P<name>[a-z_]+)[ (]+(?:\"(?P<double>[^\"\\]*)\"|'(?P<single>[^'\\]*)'|(?P<word>[\w.]+))\s*\)?"
)


@dataclass(frozen=True)
class Statement:
    """A statement without its comments; `line` is its first line, from 1."""

    line: int
    text: str

    @property
    def setting(self) -> tuple[str, str] | None:
        """Return the name and the value of a line like `key "value"`, `key true` or `key 5`; None for any other."""
        found = _SETTING.fullmatch(self.text)
        # #{…} is Ruby that only Ruby can read, and so is a word like a constant or a call.
        if not found or "#{" in (found["double"] or ""):
            return None
        if found["word"] and not re.fullmatch(r"true|false|[0-9.]+", found["word"]):
            return None
        return found["name"], next(
            value for value in (found["double"], found["single"], found["word"]) if value is not None
        )


def read_ruby(path: Path) -> list[Statement]:
    """Return the statements of a file. Raises ValueError if it is not UTF-8, and OSError."""
    return read_statements(read_limited(path, LARGEST).decode("utf-8-sig"))


def read_statements(text: str) -> list[Statement]:
    """Return the statements of a text. A call in brackets may take several lines."""
    found: list[Statement] = []
    parts: list[str] = []
    start = depth = 0
    for number, line in enumerate(text.splitlines(), 1):
        stripped = _without_comment(line).strip()
        if not stripped:
            continue
        start = start if parts else number
        parts.append(stripped)
        # A call goes on until its brackets are closed.
        depth += sum(map(stripped.count, "([{")) - sum(map(stripped.count, ")]}"))
        if depth <= 0:
            found.append(Statement(start, " ".join(parts)))
            parts, depth = [], 0
    return [*found, Statement(start, " ".join(parts))] if parts else found


def _without_comment(line: str) -> str:
    """Return a line up to the first # outside of quotes; the whole line if its quotes are not closed."""
    # One pattern for the whole line would keep a state for each character, 150 MB for a line of 1 MB.
    for found in _QUOTED_OR_SIGN.finditer(line):
        if found[0] == "#":
            return line[: found.start()]
        if found[0] in ("'", '"'):
            break
    return line
