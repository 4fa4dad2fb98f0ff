"""The rules of texts for testers: characters, lengths, languages."""

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

# Found by probes of third parties: the less-than sign, box drawing, the ranges below, and everything beyond U+FFFF.
# Combining marks are refused unless they are composed with a letter; it is a guess that all of U+0300 to U+036F are.
REFUSED_CHARACTERS = re.compile(
    "[<\u0300-\u036f\u20d0-\u20ff\u2400-\u245f\u2500-\u259f\u2600-\u27bf\u2800-\u28ff\u2980-\u2bff"
    "\ue000-\uf8ff\ufe00-\ufe0f\ufffd\U00010000-\U0010ffff]"
)


def make_notes(call: Call, given: Given) -> Record:
    """Create the notes of a build in a new language."""
    _check_locale(given, call.world.related(given.one("build"), "betaBuildLocalizations"))
    _check_text("whatsNew", given.attributes.get("whatsNew"))
    return store(call, given)


def change_notes(call: Call, notes: Record, given: Given) -> Record:
    """Change the notes of a build in one language."""
    _check_text("whatsNew", given.attributes.get("whatsNew"))
    return update(call, notes, given)


def make_description(call: Call, given: Given) -> Record:
    """Create the description of an app for testers in a new language."""
    _check_locale(given, call.world.related(given.one("app"), "betaAppLocalizations"))
    _check_text("description", given.attributes.get("description"))
    return store(call, given)


def change_description(call: Call, description: Record, given: Given) -> Record:
    """Change the description of an app for testers."""
    _check_text("description", given.attributes.get("description"))
    return update(call, description, given)


def _check_locale(given: Given, others: list[Record]) -> None:
    locale = given.attributes["locale"]
    if locale not in LOCALES:
        raise invalid_attribute("locale", f"'{locale}' is not a valid locale")
    if any(other.attributes["locale"] == locale for other in others):
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
