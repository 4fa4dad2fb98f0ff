"""Words and dates that Apple's reviewers object to: the rules of fastlane's precheck, under its names.

Words are compared whole and without case, so that "contesting" is not "testing". The lists are our own.
https://developer.apple.com/app-store/review/guidelines/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from asc.apps import texts as cleaning
from asc.store.limits import BY_NAME
from asc.store.wanted import Finding, Place, Text, WantedPage

WORDS: Mapping[str, tuple[str, ...]] = {
    "negative_apple_sentiment": (
        *(
            "ios bug",
            "macos bug",
            "safari bug",
            "webkit bug",
            "uikit bug",
            "apple store bug",
            "app store bug",
        ),
        *("slow iphone", "slow ipad", "old iphone", "old ipad"),
    ),
    "placeholder_text": (
        *(
            "lorem ipsum",
            "hipster ipsum",
            "bacon ipsum",
            "placeholder",
            "text here",
            "tbd",
            "todo",
            "insert text",
        ),
    ),
    "other_platforms": (
        *("android", "google play", "play store", "windows phone", "windows mobile", "blackberry", "symbian"),
        *("sailfish os", "palm os", "huawei appgallery", "galaxy store"),
    ),
    "future_functionality": (
        *("coming soon", "coming shortly", "arriving soon", "arriving shortly", "here soon", "here shortly"),
        *("in the next release", "in a future release", "in a future update"),
    ),
    "test_words": ("testing", "just a test", "alpha test", "beta test", "alpha version", "beta version"),
}
REMEDIES = {
    "negative_apple_sentiment": "Say it without blaming Apple's products.",
    "placeholder_text": "Write the text that shall show.",
    "other_platforms": "Do not name other platforms on a store page.",
    "future_functionality": "Describe what the app does today.",
    "test_words": "Describe the app as finished.",
    "custom_text": "Take the words out; forbidden-words or the Precheckfile names them.",
    "copyright_date": "Write the year and the owner, like 2026 Example Team; {year} becomes this year.",
}
RULES = (*WORDS, "custom_text", "copyright_date", "unreachable_urls")
UNPLAYED = ("curse_words", "free_stuff_in_iap")
"""Rules of precheck that have no effect on files: forbidden-words takes the first one's place."""
_YEAR = re.compile(r"(?:19|20)\d{2}")


@dataclass(frozen=True)
class Watched:
    """The words of the rules: `forbidden` are the team's own, `year` is this year."""

    year: int
    forbidden: Sequence[str] = field(default=())


def check_words(page: WantedPage, watched: Watched) -> Iterator[Finding]:
    """Yield each watched word of the texts, with its line; and a copyright without a year that can be."""
    lists = {**WORDS, "custom_text": tuple(watched.forbidden)}
    patterns = {rule: _pattern(words) for rule, words in lists.items() if words}
    for locale, texts in _by_locale(page):
        for name, text in texts.items():
            for rule, pattern in patterns.items():
                if found := pattern.search(text.value):
                    level = "error" if rule == "custom_text" else "warning"
                    message = f"{locale}: {name} says “{found[0]}”"
                    yield Finding(rule, message, _line(text, found.start()), REMEDIES[rule], level)
    yield from _copyright(page.copyright, watched.year)


def check_style(page: WantedPage) -> Iterator[Finding]:
    """Yield what costs room or looks wrong, and characters that Apple refuses: warnings, all of them."""
    for locale, texts in _by_locale(page):
        keywords, name = texts.get("keywords"), texts.get("name")
        if keywords and re.search(r",\s", keywords.value):
            message = f"{locale}: keywords have blanks after commas, which count"
            yield Finding("keywords", message, keywords.place, "Take the blanks out.", "warning")
        if keywords and name:
            again = {word.strip().casefold() for word in keywords.value.split(",")} & set(
                name.value.casefold().split()
            )
            for word in sorted(again):
                message = f"{locale}: the keyword “{word}” is in the name, which is searched anyway"
                yield Finding("keywords", message, keywords.place, "Use the room for another.", "warning")
        for field_name, text in texts.items():
            yield from _characters(locale, field_name, text)
    yield from _same_texts(page)


def _characters(locale: str, name: str, text: Text) -> Iterator[Finding]:
    if BY_NAME[name].is_url:
        return
    _, changes = cleaning.clean(text.value, limit=2 * len(text.value) + 1)
    if changes:
        message = f"{locale}: {name} has what Apple refuses: {', '.join(changes)}"
        yield Finding("characters", message, text.place, "Take them out.", "warning")


def _same_texts(page: WantedPage) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for locale, texts in page.texts.items():
        text = texts.get("description")
        if not text:
            continue
        before = seen.setdefault(text.value, locale)
        # Two countries often share a language, and then they may share a text.
        if before.partition("-")[0] != locale.partition("-")[0]:
            message = f"{locale}: the description is that of {before}"
            yield Finding("same-text", message, text.place, "Translate it.", "warning")


def _copyright(text: Text | None, year: int) -> Iterator[Finding]:
    if text is None:
        return
    years = [int(found) for found in _YEAR.findall(text.value)]
    remedy = REMEDIES["copyright_date"]
    if not years:
        yield Finding("copyright_date", "the copyright has no year", text.place, remedy, "warning")
    elif years[0] > year:
        message = f"the copyright begins in {years[0]}, which is to come"
        yield Finding("copyright_date", message, text.place, remedy, "warning")


def _by_locale(page: WantedPage) -> Iterator[tuple[str, Mapping[str, Text]]]:
    yield from (("default", page.default), ("every locale", page.everywhere), *page.texts.items())


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    # Blanks of any kind between words; a letter or digit beside them makes another word of it.
    forms = ("\\s+".join(map(re.escape, word.split())) for word in words)
    return re.compile(rf"(?<!\w)(?:{'|'.join(forms)})(?!\w)", re.IGNORECASE)


def _line(text: Text, position: int) -> Place:
    if not text.place.line:
        return text.place
    return Place(text.place.file, text.place.line + text.value[:position].count("\n"))
