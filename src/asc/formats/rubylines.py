"""The statements of a Ruby file of settings, such as fastlane's Precheckfile: read as text, never run."""

from __future__ import annotations

import re
from dataclasses import dataclass

_COMMENT = re.compile(r"^((?:[^#\"']|\"[^\"]*\"|'[^']*')*)#.*$")
"""A comment, which begins at the first # outside of quotes."""
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
        """The name and the value of a line like `key "value"`, `key true` or `key 5`; None for any other."""
        found = _SETTING.fullmatch(self.text)
        # #{…} is Ruby that only Ruby can read, and so is a word like a constant or a call.
        if not found or "#{" in (found["double"] or ""):
            return None
        if found["word"] and not re.fullmatch(r"true|false|[0-9.]+", found["word"]):
            return None
        return found["name"], next(
            value for value in (found["double"], found["single"], found["word"]) if value is not None
        )


def read_statements(text: str) -> list[Statement]:
    """Return the statements of a file. A call in brackets may take several lines."""
    found: list[Statement] = []
    pending, start = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        stripped = _COMMENT.sub(r"\1", line).strip()
        if not stripped:
            continue
        pending, start = (f"{pending} {stripped}", start) if pending else (stripped, number)
        if all(pending.count(one) <= pending.count(other) for one, other in ("()", "[]", "{}")):
            found.append(Statement(start, pending))
            pending = ""
    return [*found, Statement(start, pending)] if pending else found
