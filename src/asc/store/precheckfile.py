"""Reads fastlane's Precheckfile: a Ruby file, of which lines like `test_words(level: :skip)` are understood.

https://docs.fastlane.tools/actions/precheck/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from asc.store.precheck import RULES, UNPLAYED
from asc.store.wanted import Finding, Place
from asc.words import printable_name

LEVELS = ("error", "warn", "skip")
_RULE = re.compile(r"(?P<rule>[a-z_]+)\s*\(?(?P<rest>.*?)\)?\s*$")
_LEVEL = re.compile(r"level:\s*:(\w+)")
_DATA = re.compile(r"data:\s*\[(.*?)\]")
_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_COMMENT = re.compile(r"^((?:[^#\"']|\"[^\"]*\"|'[^']*')*)#.*$")
"""A comment, which begins at the first # outside of quotes."""
_ELSEWHERE = (
    *(
        "app_identifier",
        "username",
        "team_id",
        "team_name",
        "api_key",
        "api_key_path",
        "platform",
        "use_live",
    ),
    "include_in_app_purchases",
)
"""Options about the account: they are inputs here."""


@dataclass(frozen=True)
class Precheckfile:
    """A Precheckfile: a level for each rule, the words of `custom_text`, and the lines that cannot be read."""

    levels: Mapping[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def read_precheckfile(path: Path) -> Precheckfile:
    """Return what a Precheckfile says; lines that are not understood are findings."""
    try:
        statements = _statements(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        return Precheckfile(findings=(_finding(f"cannot be read: {error}", Place(str(path))),))
    levels: dict[str, str] = {}
    words: list[str] = []
    findings: list[Finding] = []
    default = ""
    for number, text in statements:
        found = _RULE.fullmatch(text)
        if found and found["rule"] in _ELSEWHERE:
            continue
        rule = found["rule"] if found else ""
        level = _LEVEL.search(text)
        if found and rule == "default_rule_level" and found["rest"].strip(" :") in LEVELS:
            default = found["rest"].strip(" :")
        elif rule in (*RULES, *UNPLAYED):
            if level and level[1] in LEVELS:
                levels[rule] = level[1]
            if rule == "custom_text" and (data := _DATA.search(text)):
                words += [one or other for one, other in _QUOTED.findall(data[1])]
        else:
            findings.append(_finding(f"{printable_name(text)} is not understood", Place(str(path), number)))
    everywhere = dict.fromkeys(RULES, default) if default else {}
    return Precheckfile({**everywhere, **levels}, tuple(words), tuple(findings))


def _statements(text: str) -> list[tuple[int, str]]:
    """Return the statements, without comments, with the number of their first line: a call may take several lines."""
    found: list[tuple[int, str]] = []
    pending, start = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        stripped = _COMMENT.sub(r"\1", line).strip()
        if not stripped:
            continue
        pending, start = (f"{pending} {stripped}", start) if pending else (stripped, number)
        if pending.count("(") <= pending.count(")") and pending.count("[") <= pending.count("]"):
            found.append((start, pending))
            pending = ""
    return [*found, (start, pending)] if pending else found


def _finding(message: str, place: Place) -> Finding:
    return Finding("precheckfile", message, place, "Give the rule in the input rules.", "warning")
