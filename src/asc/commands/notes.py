"""Release notes and "What to Test" as users write them: one text, or a mapping of locales to texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from asc.apps import texts
from asc.commands import kinds
from asc.words import printable_name, some

DEFAULT = "default"
"""The name of the text for all locales that a mapping does not name."""
_LANGUAGES = {locale.partition("-")[0] for locale in texts.LOCALES}
_LOCALE = re.compile(r"([A-Za-z]{2})(?P<rest>[-_](?:[A-Za-z]{2}|[0-9]{3}|Hans|Hant|hans|hant)){0,2}")
_BEGIN = re.compile(r"""^["']?([A-Za-z0-9_-]+)["']?[ \t]*:(?=\s|$)""", re.MULTILINE)
"""A name at the begin of a line, as YAML has it."""
_FIRST = re.compile(r"""[\s{]*["']?([A-Za-z0-9_-]+)["']?\s*:""")
"""The first name of a mapping, in braces or not."""


def read_notes(text: str) -> Mapping[str, Any] | str:
    """Return the mapping of locales to texts that `text` is in YAML or JSON, or the text itself.

    Text in braces is a mapping, and so is one that names a locale: “Fixed: a crash” is YAML as well, but means a text.
    Raises ValueError for a mapping that names a locale twice, has other names beside locales, or is no YAML.
    """
    in_braces = text.lstrip().startswith("{")
    try:
        mapping: Mapping[str, Any] = kinds.MAPPING.parse(text)
    except kinds.GivenTwice as error:
        # A locale twice would lose a text. Another name twice is prose ("Fixed: …" on two lines).
        if in_braces or is_locale(error.name):
            raise
        _refuse_strays(_BEGIN.findall(text))
        return text
    except ValueError as error:
        # A colon in an unquoted text breaks YAML, and a missing comma JSON. All of it would be published as one text,
        # names included. Without braces, two letters may be the begin of a sentence.
        first = _FIRST.match(text)
        if first and is_locale(first[1]) and (in_braces or len(first[1]) > 2):
            reason = f"begins with the locale {first[1]} and {error}"
            raise ValueError(
                f"{reason}; a text with a colon stands in quotes, or below {first[1]}: |"
            ) from None
        return text
    if in_braces:
        return mapping
    _refuse_strays(mapping)
    return mapping if any(map(is_locale, mapping)) else text


def is_locale(name: str) -> bool:
    """Return True for `default`, and for a language of App Store Connect with or without its region."""
    name = name.strip()
    found = _LOCALE.fullmatch(name)
    if name == DEFAULT or not found:
        return name == DEFAULT
    # A language alone counts in lower case only: “No: more crashes” is not Norwegian. `de` counts, although Apple
    # calls it de-DE, so that its text is refused with that hint and not published with its name.
    language = found[1]
    return language in _LANGUAGES or (bool(found["rest"]) and language.lower() in _LANGUAGES)


def _refuse_strays(names: Iterable[str]) -> None:
    """Raise ValueError if some of the names are locales and others are none."""
    names = list(dict.fromkeys(names))
    locales = [printable_name(name) for name in names if is_locale(name)]
    strays = [printable_name(name) for name in names if not is_locale(name) and not _may_be_locale(name)]
    # A mapping would publish none of the strays, and a text would publish the names of the locales.
    if locales and strays:
        raise ValueError(
            f"names locales ({some(locales)}) and something else ({some(strays)}); "
            "a text of several lines stands below its locale, or below default: |"
        )


def _may_be_locale(name: str) -> bool:
    # Apple adds locales, so a name of that form is none of the strays.
    name = name.strip()
    return name.lower() == DEFAULT or (_LOCALE.fullmatch(name) is not None and name[:2].islower())
