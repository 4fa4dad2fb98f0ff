"""Reads fastlane's Precheckfile: a Ruby file, of which lines like `test_words(level: :skip)` are understood.

https://docs.fastlane.tools/actions/precheck/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from asc.formats.rubylines import read_ruby
from asc.store.precheck import RULES, WITHOUT_EFFECT
from asc.store.wanted import Finding, Place
from asc.words import printable_name

LEVELS = ("error", "warn", "skip")
# None of the patterns looks for the end of what it begins: with a long line that takes quadratic time.
_RULE = re.compile(r"[a-z_]+")
_LEVEL = re.compile(r"level:\s*:(\w+)")
_DATA = re.compile(r"data:\s*\[")
_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'")
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
        statements = read_ruby(path)
    except (OSError, ValueError) as error:
        return Precheckfile(findings=(_finding(f"cannot be read: {error}", Place(str(path))),))
    levels: dict[str, str] = {}
    words: list[str] = []
    findings: list[Finding] = []
    default = ""
    for statement in statements:
        number, text = statement.line, statement.text
        match = _RULE.match(text)
        rule = match[0] if match else ""
        rest = text[len(rule) :].strip(" :()")
        if rule in _ELSEWHERE:
            continue
        level = _LEVEL.search(text)
        if rule == "default_rule_level" and rest in LEVELS:
            default = rest
        elif rule in (*RULES, *WITHOUT_EFFECT):
            if level and level[1] in LEVELS:
                levels[rule] = level[1]
            if rule == "custom_text":
                words += _data_of(text)
        else:
            findings.append(_finding(f"{printable_name(text)} is not understood", Place(str(path), number)))
    # A default counts for the lines above it as well, as in fastlane.
    everywhere = dict.fromkeys(RULES, default) if default else {}
    return Precheckfile({**everywhere, **levels}, tuple(words), tuple(findings))


def _data_of(text: str) -> list[str]:
    """Return the texts in quotes of the list `data: ["…", "…"]` in a statement."""
    start = _DATA.search(text)
    content, end, _ = text[start.end() :].partition("]") if start else ("", "", "")
    return [one or other for one, other in _QUOTED.findall(content)] if end else []


def _finding(message: str, place: Place) -> Finding:
    return Finding("precheckfile", message, place, "Give the rule in the input rules.", "warning")
