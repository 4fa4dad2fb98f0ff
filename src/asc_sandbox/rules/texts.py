"""The rules of texts that testers read: which characters App Store Connect takes, how many, which languages."""

from __future__ import annotations

import re
from typing import Any

from asc_sandbox.endpoints import Call
from asc_sandbox.entity_errors import invalid_attribute
from asc_sandbox.world import Record
from asc_sandbox.writing import Given, store, update

LONGEST_TEXT = 4000

_LOCALES = """
ar-SA bn-BD ca cs da de-DE el en-AU en-CA en-GB en-US es-ES es-MX fi fr-CA fr-FR gu-IN he hi hr hu id it ja kn-IN ko
ml-IN mr-IN ms nl-NL no or-IN pa-IN pl pt-BR pt-PT ro ru sk sl-SI sv ta-IN te-IN th tr uk ur-PK vi zh-Hans zh-Hant
"""
LOCALES = frozenset(_LOCALES.split())
"""The languages that App Store Connect knows."""

# By probes of third parties: the less-than sign, box drawing, and the ranges below; everything beyond U+FFFF. Marks on
# letters are refused where they are not composed; that all of U+0300 to U+036F are is a guess.
REFUSED_CHARACTERS = re.compile(
    "[<\u0300-\u036f\u20d0-\u20ff\u2400-\u245f\u2500-\u259f\u2600-\u27bf\u2800-\u28ff\u2980-\u2bff"
    "\ue000-\uf8ff\ufe00-\ufe0f\ufffd\U00010000-\U0010ffff]"
)


def make_notes(call: Call, given: Given) -> Record:
    """Make the notes of a build in a language that it has no notes in."""
    _check_locale(given, call.world.related(given.one("build"), "betaBuildLocalizations"))
    _check_text("whatsNew", given.attributes.get("whatsNew"))
    return store(call, given)


def change_notes(call: Call, notes: Record, given: Given) -> Record:
    """Change the notes of a build."""
    _check_text("whatsNew", given.attributes.get("whatsNew"))
    return update(call, notes, given)


def make_description(call: Call, given: Given) -> Record:
    """Describe an app to testers in a language that it is not described in."""
    _check_locale(given, call.world.related(given.one("app"), "betaAppLocalizations"))
    _check_text("description", given.attributes.get("description"))
    return store(call, given)


def change_description(call: Call, description: Record, given: Given) -> Record:
    """Change what testers read about an app."""
    _check_text("description", given.attributes.get("description"))
    return update(call, description, given)


def _check_locale(given: Given, others: list[Record]) -> None:
    locale = given.attributes["locale"]
    if locale not in LOCALES:
        raise invalid_attribute("locale", f"'{locale}' is not a valid locale")
    if any(each.attributes["locale"] == locale for each in others):
        raise invalid_attribute(
            "locale", f"There is a localization for '{locale}' already", kind="INVALID.DUPLICATE"
        )


def _check_text(name: str, value: Any) -> None:
    if value is None:
        return
    if len(value) > LONGEST_TEXT:
        raise invalid_attribute(
            name, f"'{name}' has more than {LONGEST_TEXT} characters", kind="INVALID.TOO_LONG"
        )
    if found := dict.fromkeys(REFUSED_CHARACTERS.findall(value)):
        listed = ", ".join(found)
        raise invalid_attribute(
            name, f"'{name}' contains invalid characters:'[{listed}]'", kind="INVALID.INVALID_CHARACTERS"
        )
