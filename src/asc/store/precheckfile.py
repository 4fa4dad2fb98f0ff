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
_RULE = re.compile(r"(?P<rule>[a-z_]+)\s*\(?(?P<rest>.*?)\)?\s*$")
_LEVEL = re.compile(r"level:\s*:(\w+)")
_DATA = re.compile(r"data:\s*\[(.*?)\]")
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
        match = _RULE.fullmatch(text)
        if match and match["rule"] in _ELSEWHERE:
            continue
        rule = match["rule"] if match else ""
        level = _LEVEL.search(text)
        if match and rule == "default_rule_level" and match["rest"].strip(" :") in LEVELS:
            default = match["rest"].strip(" :")
        elif rule in (*RULES, *WITHOUT_EFFECT):
            if level and level[1] in LEVELS:
                levels[rule] = level[1]

            if rule == "custom_text" and (data := _DATA.search(text)):
                words += [one or other for one, other in _QUOTED.findall(data[1])]
        else:
            findings.append(_finding(f"{printable_name(text)} is not understood", Place(str(path), number)))
    # A default counts for the lines above it as well, as in fastlane.
    everywhere = dict.fromkeys(RULES, default) if default else {}
    return Precheckfile({**everywhere, **levels}, tuple(words), tuple(findings))


def _finding(message: str, place: Place) -> Finding:
    return Finding("precheckfile", message, place, "Give the rule in the input rules.", "warning")
