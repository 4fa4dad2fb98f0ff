"""Take characters out of a text that Apple refuses because of them, so that the rest of the text is published.

Apple does not document the list. Its messages, as recorded in public reports: `'whatsNew' contains invalid
characters:'[…]'` and `Description can’t contain the following character(s): ….`
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from asc.api.errors import ApiError
from asc.changes.change import Change, Fallback
from asc.words import printable_name

_LISTED = re.compile(
    r"(?:invalid characters\s*:\s*'?\[(?P<brackets>.*)\]'?"
    r"|following character(?:s|\(s\))?\s*:\s*(?P<plain>.*?)\.?$)",
    re.IGNORECASE | re.DOTALL,
)
_ATTRIBUTE = "/data/attributes/"


def lists_characters(detail: str) -> bool:
    """Return True if Apple's message lists the characters that it refuses."""
    return _LISTED.search(detail) is not None


def without_listed(change: Change, error: ApiError) -> Fallback | None:
    """Return the change without the characters that Apple lists, with a warning.

    Returns None if Apple lists no characters, if the change was mended before, or if no text would be left.
    """
    # One repair at most: a second refusal of a mended text means that the list was read wrongly.
    if change.mended:
        return None
    for reason in error.errors:
        name, characters = reason.source.removeprefix(_ATTRIBUTE), _listed(reason.detail)
        text = _attributes(change).get(name)
        if not isinstance(text, str):
            continue
        mended = _without(change, name, characters)
        left = str(_attributes(mended)[name])
        # Nothing of the text was listed, or it has nothing else: the user has to see Apple's refusal.
        if left == text or not left.strip():
            continue
        named = ", ".join(
            f"U+{ord(character):04X} {printable_name(character)}"
            for character in sorted(set("".join(characters)) & set(text))
        )
        warning = f"App Store Connect refused characters, which were taken out to {change.summary}: {named}"
        return Fallback((mended,), warning=warning)
    return None


def _listed(detail: str) -> list[str]:
    """Return the characters between the commas of Apple's list."""
    match = _LISTED.search(detail)
    text = (match["brackets"] or match["plain"] or "") if match else ""
    return [entry.strip() for entry in re.split(r",\s", text) if entry.strip()]


def _attributes(change: Change) -> Mapping[str, Any]:
    """Return the attributes that the change sets; none for a change that only links."""
    data = change.body.get("data")
    return data.get("attributes", {}) if isinstance(data, Mapping) else {}


def _without(change: Change, name: str, characters: Iterable[str]) -> Change:
    instead = change.otherwise
    # A shorter text, for a refusal that is foreseen.
    if instead:
        changes = tuple(_without(replacement, name, characters) for replacement in instead.changes)
        instead = replace(instead, changes=changes)
    text = str(_attributes(change)[name])
    # An emoji of several code points goes before its parts, which would leave the joiners behind.
    for character in sorted(characters, key=len, reverse=True):
        text = text.replace(character, "")
    attributes = {**_attributes(change), name: text}
    body = {**change.body, "data": {**change.body["data"], "attributes": attributes}}
    return replace(change, body=body, otherwise=instead, mended=True)
