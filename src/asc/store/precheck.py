"""Words and dates that Apple's reviewers object to: the rules of fastlane's precheck, under its names.

Words are compared whole and without case, so that "contesting" is not "testing". The lists are our own.
https://developer.apple.com/app-store/review/guidelines/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asc.apps import texts as cleaning
from asc.store.limits import BY_NAME
from asc.store.wanted import APPLE, Finding, Place, Text, WantedPage
from asc.words import printable_name

if TYPE_CHECKING:
    from asc.store.purchases import Purchase

_PRODUCTS = ("ios", "macos", "safari", "webkit", "uikit", "apple store", "app store")
WORDS: Mapping[str, tuple[str, ...]] = {
    "negative_apple_sentiment": (
        *(f"{product} {word}" for product in _PRODUCTS for word in ("bug", "bugs")),
        *(
            f"{word} {device}"
            for word in ("slow", "old")
            for device in ("iphone", "iphones", "ipad", "ipads")
        ),
    ),
    "placeholder_text": (
        *("lorem ipsum", "hipster ipsum", "bacon ipsum", "placeholder", "placeholders"),
        *("text here", "tbd", "todo", "insert text"),
    ),
    "other_platforms": (
        *("android", "google", "play store", "windows phone", "windows mobile", "windows 10 mobile"),
        *("windows universal app", "blackberry", "symbian", "sailfish os", "palm os", "compuserve"),
        *("huawei appgallery", "galaxy store"),
    ),
    "future_functionality": (
        *("coming soon", "coming shortly", "arriving soon", "arriving shortly", "here soon", "here shortly"),
        *("in the next release", "in a future release", "in a future update"),
    ),
    "test_words": (
        *("testing", "just a test", "alpha test", "alpha tests", "beta test", "beta tests"),
        *("alpha version", "beta version"),
    ),
}
NAMED_FREELY = (
    "google analytics",
    "google calendar",
    "google drive",
    "google fit",
    "google maps",
    "google photos",
)
"""Services of another platform that an app may well say that it works with."""
FREE = "free_stuff_in_iap"
REMEDIES = {
    "negative_apple_sentiment": "Say it without blaming Apple's products.",
    "placeholder_text": "Write the text that shall show.",
    "other_platforms": "Do not name other platforms on a store page.",
    "future_functionality": "Describe what the app does today.",
    "test_words": "Describe the app as finished.",
    FREE: "Say the price or the trial in App Store Connect; reviewers refuse the word in names and descriptions.",
    "custom_text": "Take the words out; forbidden-words or the Precheckfile names them.",
    "copyright_date": "Write the year and the owner, like 2026 Example Team; {year} becomes this year.",
}
RULES = (*WORDS, FREE, "custom_text", "copyright_date", "unreachable_urls")
WITHOUT_EFFECT = ("curse_words",)
"""Rules of precheck without an effect here: a list of curses would be ours to choose, so forbidden-words is it."""
_YEAR = re.compile(r"(?:19|20)\d{2}")


@dataclass(frozen=True)
class Watched:
    """The words of the rules: `forbidden` are the team's own, `year` is this year."""

    year: int
    forbidden: Sequence[str] = ()


def check_words(page: WantedPage, watched: Watched, purchases: Iterable[Purchase] = ()) -> Iterator[Finding]:
    """Yield each watched word of the texts, with its line; and a copyright without a year that can be."""
    lists = {**WORDS, "custom_text": tuple(watched.forbidden)}
    patterns = {rule: _pattern(words) for rule, words in lists.items() if words}
    for label, text in _texts_of(page):
        yield from _words(label, text, patterns)
    # In texts of a page "free" may be right; a purchase has a price.
    free = {**patterns, FREE: _pattern(["free"])}
    for label, text in _texts_of_purchases(purchases):
        yield from _words(label, text, free)
    yield from _copyright(page.copyright, watched.year)


def _words(label: str, text: Text, patterns: Mapping[str, re.Pattern[str]]) -> Iterator[Finding]:
    for rule, pattern in patterns.items():
        if matches := list(pattern.finditer(text.value)):
            spellings = {" ".join(match[0].casefold().split()): match[0] for match in reversed(matches)}
            quoted = ", ".join(f"“{word}”" for word in reversed(spellings.values()))
            # The team forbade its own words; Apple's reviewers read the others in their context.
            level = "error" if rule == "custom_text" else "warning"
            place = _line(text, matches[0].start())
            yield Finding(rule, f"{label} says {quoted}", place, REMEDIES[rule], level)


def _texts_of(page: WantedPage) -> Iterator[tuple[str, Text]]:
    for locale, texts in page.labelled_texts():
        for name, text in texts.items():
            if not BY_NAME[name].is_url:
                yield f"{locale}: {name}", text
    if page.copyright:
        yield "copyright", page.copyright


def _texts_of_purchases(purchases: Iterable[Purchase]) -> Iterator[tuple[str, Text]]:
    for purchase in purchases:
        for locale, texts in purchase.texts.items():
            for name, value in texts.items():
                yield f"{locale}: {name} of {printable_name(purchase.product_id)}", Text(value, APPLE)


def check_style(page: WantedPage) -> Iterator[Finding]:
    """Yield a warning for wasted room, for texts that look wrong, and for characters that Apple refuses."""
    for locale, texts in page.labelled_texts():
        keywords, name = texts.get("keywords"), texts.get("name")
        if keywords and re.search(r",\s", keywords.value):
            message = f"{locale}: keywords have blanks after commas, which count"
            yield Finding("keywords", message, keywords.place, "Remove the spaces.", "warning")
        if keywords and name:
            repeated = {word.strip().casefold() for word in keywords.value.split(",")} & set(
                name.value.casefold().split()
            )
            for word in sorted(repeated):
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
        yield Finding("characters", message, text.place, "Remove them.", "warning")


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
    years = [int(year_text) for year_text in _YEAR.findall(text.value)]
    remedy = REMEDIES["copyright_date"]
    if not years:
        yield Finding("copyright_date", "the copyright has no year", text.place, remedy, "warning")
    # The first one counts: in "2019-2026" it is the year in which the copyright begins.
    elif years[0] > year:
        message = f"the copyright begins in {years[0]}, which is to come"
        yield Finding("copyright_date", message, text.place, remedy, "warning")


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    # Blanks of any kind between words; a letter or digit beside them makes another word of it.
    forms, allowed = (
        "|".join("\\s+".join(map(re.escape, word.split())) for word in group)
        for group in (words, NAMED_FREELY)
    )
    return re.compile(rf"(?<!\w)(?!(?:{allowed})(?!\w))(?:{forms})(?!\w)", re.IGNORECASE)


def _line(text: Text, position: int) -> Place:
    # Inputs and Apple's texts have no lines.
    if not text.place.line:
        return text.place
    return Place(text.place.file, text.place.line + text.value[:position].count("\n"))
