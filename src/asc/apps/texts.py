"""Texts for testers: cleaned and cut to the form that App Store Connect accepts, and its locales.

https://developer.apple.com/documentation/appstoreconnectapi/betabuildlocalization
https://developer.apple.com/help/app-store-connect/reference/app-store-localizations
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping

from asc.words import printable_name

LONGEST_WHATS_NEW = 4000
"""Characters that App Store Connect accepts. Characters beyond U+FFFF count twice, as in UTF-16."""
LONGEST_IN_BYTES = 4000
"""Bytes of UTF-8 that App Store Connect certainly accepts, as in fastlane. Used after a refusal only."""
CUT_MARK = "…"
_WORD_END_WITHIN = 0.85
"""The share of the limit after which the end of a line or a word is the better place to cut."""

# By recorded probes App Store Connect refuses these: what combines with symbols, control pictures, symbols and
# dingbats, braille, mathematical symbols and arrows, private use, and all that lies beyond U+FFFF.
_SYMBOLS = (
    "\u20d0-\u20ff\u2400-\u245f\u2600-\u27bf\u2800-\u28ff\u2980-\u2bff\ue000-\uf8ff\U00010000-\U0010ffff"
)
_IS_EMOJI = re.compile("[\u20d0-\u20ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001ffff\U000e0000-\U000e007f]")
_FLAG = "[\U0001f1e6-\U0001f1ff]{2}"
_FOLLOWERS = "[\U0001f3fb-\U0001f3ff\u20d0-\u20ff\U000e0020-\U000e007f]*"
_ONE = f"(?:{_FLAG}|[{_SYMBOLS}]){_FOLLOWERS}"
_REFUSED = re.compile(
    f"(?:(?P<symbol>{_ONE}(?:\u200d{_ONE})*\u200d?)|(?P<less><)|(?P<box>[\u2500-\u259f]+))(?P<blank>[ \u00a0]?)"
)
# They choose between two pictures of the sign before them, which stays: nobody sees that they are gone.
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
# Control characters, and the sequences by which they steer a terminal.
_INVISIBLE = re.compile(
    "\x1b\\[[0-9;]*[A-Za-z]|[\x00-\x08\x0e-\x1f\x7f-\x9f\ufeff\ufff9-\uffff\ud800-\udfff]"
)
_NEWLINES = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")

_LOCALES = """
ar-SA bn-BD ca cs da de-DE el en-AU en-CA en-GB en-US es-ES es-MX fi fr-CA fr-FR gu-IN he hi hr hu id it ja kn-IN ko
ml-IN mr-IN ms nl-NL no or-IN pa-IN pl pt-BR pt-PT ro ru sk sl-SI sv ta-IN te-IN th tr uk ur-PK vi zh-Hans zh-Hant
"""
LOCALES = tuple(_LOCALES.split())
"""The locales of App Store Connect. Apple adds to them, so other locales are accepted as well."""
_OTHERWISE_CALLED = {
    "iw": "he", "in": "id", "nb": "no", "nn": "no", "zh-cn": "zh-Hans", "zh-sg": "zh-Hans", "zh-tw": "zh-Hant",
    "zh-hk": "zh-Hant", "ca-es": "ca", "cs-cz": "cs", "da-dk": "da", "el-gr": "el", "fi-fi": "fi", "he-il": "he",
    "hi-in": "hi", "hr-hr": "hr", "hu-hu": "hu", "id-id": "id", "it-it": "it", "ja-jp": "ja", "ko-kr": "ko",
    "ms-my": "ms", "nb-no": "no", "no-no": "no", "pl-pl": "pl", "ro-ro": "ro", "ru-ru": "ru", "sk-sk": "sk",
    "sv-se": "sv", "th-th": "th", "tr-tr": "tr", "uk-ua": "uk", "vi-vn": "vi",
}  # fmt: skip


def clean(text: str, limit: int = LONGEST_WHATS_NEW) -> tuple[str, list[str]]:
    """Return the text in the form that App Store Connect accepts, and the changes as texts.

    Blanks at the ends do not count as a change, nor does NFC, which composes letters and their marks.
    """
    # A text that was typed on a Mac may hold “é” as e and U+0301, which App Store Connect refuses.
    text = _SELECTORS.sub("", unicodedata.normalize("NFC", _NEWLINES.sub("\n", text)))
    taken_out: Counter[str] = Counter()
    text, taken_out["control characters"] = _INVISIBLE.subn("", _without_refused(text, taken_out))
    # A letter and its mark may have come together.
    text = unicodedata.normalize("NFC", text)
    text = "\n".join(line.rstrip(" \t\u00a0") for line in text.strip().split("\n"))
    changes = [f"removed {what} ({count})" for what, count in taken_out.items() if count]
    if _length(text) > limit:
        changes.append(f"cut from {_length(text)} to {limit} characters")
        text = _cut(text, limit)
    return text, changes


def cut_to_bytes(text: str, limit: int = LONGEST_IN_BYTES) -> str:
    """Return the text with at most `limit` bytes, cut at the end of a word if one is near."""
    return text if in_bytes(text) <= limit else _cut(text, limit, in_bytes)


def clean_all(texts: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return the cleaned texts by locale without empty ones, and a line for each text that was changed."""
    cleaned: dict[str, str] = {}
    changed: list[str] = []
    for locale, text in texts.items():
        result, changes = clean(text)
        if result:
            cleaned[locale] = result
        if changes:
            changed.append(
                f"{printable_name(locale)}: {', '.join(changes)}" + ("" if result else "; nothing is left")
            )
    return cleaned, changed


def same(one: str, other: str) -> bool:
    """Return True if two texts read the same. App Store Connect may store other newlines and outer blanks."""
    return _NEWLINES.sub("\n", one).strip() == _NEWLINES.sub("\n", other).strip()


def locale(text: str) -> str:
    """Return the locale as App Store Connect writes it: `en_us` → `en-US`. An unknown locale passes if it looks like
    one.

    Raises ValueError for a text that is not a locale, or if App Store Connect uses another name for the locale.
    """
    folded = text.strip().replace("_", "-").lower()
    for known in LOCALES:
        if known.lower() == folded:
            return known
    language = folded.partition("-")[0]
    meant = [known for known in LOCALES if known.partition("-")[0] == folded]
    if folded in _OTHERWISE_CALLED:
        meant = [_OTHERWISE_CALLED[folded]]
    if meant:
        raise ValueError(
            f"{printable_name(text)} is not a locale of App Store Connect; did you mean {' or '.join(meant)}?"
        )
    # Apple adds locales: one that is not in the list must pass if it can be one.
    found = re.fullmatch(r"([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|[0-9]{3}))?", folded)
    if not found:
        raise ValueError(f"{printable_name(text)} is not a locale, like en-US or ja")
    script, region = found[2], found[3]
    return language + (f"-{script.title()}" if script else "") + (f"-{region.upper()}" if region else "")


def _without_refused(text: str, taken_out: Counter[str]) -> str:
    def take_out(found: re.Match[str]) -> str:
        taken_out[_name(found)] += 1
        at_start = not found.start() or found.string[found.start() - 1] in " \n\u00a0"
        # No blank is left double.
        return "" if at_start else found["blank"]

    return _REFUSED.sub(take_out, text)


def _name(found: re.Match[str]) -> str:
    if found["less"]:
        return "“<”"
    if found["box"]:
        return "box drawing"
    return "emoji" if _IS_EMOJI.search(found["symbol"]) else "characters that App Store Connect refuses"


def _length(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)


def in_bytes(text: str) -> int:
    """Return the length of a text in bytes of UTF-8."""
    return len(text.encode(errors="surrogatepass"))


def _cut(text: str, limit: int, measure: Callable[[str], int] = _length) -> str:
    room, end = limit - measure(CUT_MARK), 0
    while end < len(text) and room >= (size := measure(text[end])):
        room, end = room - size, end + 1
    # A cut between words reads better, unless it costs too much of the text.
    early = int(end * _WORD_END_WITHIN)
    for blank in ("\n", " "):
        at = text.rfind(blank, early, end + 1)
        if at > 0:
            return text[:at].rstrip() + CUT_MARK
    # A cut inside of a syllable would change the letter before it.
    while end > 1 and _belongs_to_the_one_before(text[end - 1], text[end]):
        end -= 1
    return text[:end].rstrip() + CUT_MARK


def _belongs_to_the_one_before(before: str, character: str) -> bool:
    """Return True if a cut between the two characters would change their look."""
    joins = "\u200c\u200d"
    return (
        unicodedata.category(character).startswith("M")
        or character in joins
        or before in joins
        # A virama joins the letter that follows.
        or unicodedata.combining(before) == 9
        or "\u1160" <= character <= "\u11ff"
        or "\ud7b0" <= character <= "\ud7ff"
    )
