"""The store page as the repository has it: texts with the file and line that they come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from asc.words import printable_name

LONGEST_PATH = 300
"""Characters of a path in a line: enough to recognize a file."""
DEFAULT = "default"
"""The folder, or the entry, with the texts for locales that lack them. It is not a locale itself."""


@dataclass(frozen=True)
class Place:
    """A place in the inputs: a file, with its line if known (from 1), or the name of an input."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        # The name of a file is foreign: with a line feed it would write lines of its own into the log.
        file = printable_name(self.file, LONGEST_PATH)
        return f"{file}:{self.line}" if self.line else file


APPLE = Place("App Store Connect")
"""The place of values at Apple, and of values that are missing there."""


@dataclass(frozen=True)
class Text:
    """A value and its place. The values of what reviewers are told may be secret, so no repr shows one."""

    value: str = field(repr=False)
    place: Place


@dataclass(frozen=True)
class Finding:
    """Something about the page that Apple refuses (level "error") or may refuse ("warning").

    rule: a word for it, which users can name; remedy: one imperative.
    """

    rule: str
    message: str
    place: Place
    remedy: str
    level: str = "error"


Texts = Mapping[str, Text]


@dataclass(frozen=True)
class WantedPage:
    """The store page as the repository has it. Absent parts stay as they are at Apple.

    texts: locale → name of the field → text; a locale without texts is there to be enabled.
    everywhere: texts for all locales, those at Apple included; they beat the others.
    categories, review: by fastlane's names. age_rating: by Apple's names.
    """

    texts: Mapping[str, Texts] = field(default_factory=dict)
    default: Texts = field(default_factory=dict)
    everywhere: Texts = field(default_factory=dict)
    copyright: Text | None = None
    categories: Texts = field(default_factory=dict)
    review: Texts = field(default_factory=dict)
    age_rating: Mapping[str, Any] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    def beaten_by(self, other: WantedPage) -> WantedPage:
        """Return both in one. `other` wins if both have a value."""
        # Ordered as in the files, so that plans and findings come in the same order on every run.
        locales = dict.fromkeys((*self.texts, *other.texts))
        return WantedPage(
            texts={
                locale: {**self.texts.get(locale, {}), **other.texts.get(locale, {})} for locale in locales
            },
            default={**self.default, **other.default},
            everywhere={**self.everywhere, **other.everywhere},
            copyright=other.copyright or self.copyright,
            categories={**self.categories, **other.categories},
            review={**self.review, **other.review},
            age_rating={**self.age_rating, **other.age_rating},
            findings=(*self.findings, *other.findings),
        )

    def with_locales(self, locales: Iterable[str]) -> WantedPage:
        """Return the page with these locales as well. New ones have no texts of their own."""
        return replace(
            self, texts={**self.texts, **{locale: {} for locale in locales if locale not in self.texts}}
        )

    def with_year(self, year: int) -> WantedPage:
        """Return the page with `year` for `{year}` in its copyright."""
        if self.copyright is None:
            return self
        value = self.copyright.value.replace("{year}", str(year))
        return replace(self, copyright=replace(self.copyright, value=value))

    def only(self, locales: Iterable[str]) -> WantedPage:
        """Return the page with the texts of these locales alone."""
        kept = set(locales)
        return replace(self, texts={locale: texts for locale, texts in self.texts.items() if locale in kept})

    def labelled_texts(self) -> Iterator[tuple[str, Texts]]:
        """Yield all texts as they stand in the files: the locale, or words for texts of several, with the texts."""
        yield "default", self.default
        yield "every locale", self.everywhere
        yield from self.texts.items()

    def texts_of(self, locale: str) -> Texts:
        """Return the texts of a locale, filled with the texts of `default`."""
        # The more precise place wins, except over an input that is meant for every locale.
        return {**self.default, **self.texts.get(locale, {}), **self.everywhere}

    @property
    def secrets(self) -> list[str]:
        """The values that no log may show."""
        return [text.value for name, text in self.review.items() if name == "demo_password" and text.value]
