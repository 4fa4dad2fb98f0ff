"""Reads a store page from one YAML file, with the same names as fastlane's folder:

en-US:
  name: Example
  description: …
copyright: "{year} Example"
review_information: {first_name: Ada}
age_rating: {gambling: false}
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from asc.formats import yamltree
from asc.limited_files import read_limited
from asc.store.folder import REVIEW_FOLDER
from asc.store.folder_reader import locale_of
from asc.store.limits import BY_NAME, CATEGORIES, REVIEW
from asc.store.wanted import DEFAULT, Finding, Place, Text, Texts, WantedPage
from asc.words import did_you_mean, printable_name

AGE_RATING = "age_rating"
_TOP = (DEFAULT, "copyright", *CATEGORIES, REVIEW_FOLDER, AGE_RATING)
DEEPEST = 5
"""Levels of nesting: a page has three, and a hostile file could have thousands."""
LARGEST = 8 * 1024 * 1024
"""Bytes: 50 locales with texts of the greatest length stay well below it."""


def read_file(path: Path) -> WantedPage:
    """Return the page that a YAML file has. `findings` holds all that is wrong with it; nothing is raised."""
    place = Place(str(path))
    try:
        data = read_limited(path, LARGEST) if path.stat().st_size <= LARGEST else None
        text = data.decode("utf-8-sig") if data is not None else None
    except OSError as error:
        return _refused("unreadable", f"cannot be read: {error.strerror}", place, "Check its permissions.")
    except UnicodeDecodeError:
        return _refused("encoding", "is not UTF-8", place, "Save the file as UTF-8.")
    if text is None:
        return _refused("too-large", "is too large for a store page", place, "Put the texts there alone.")
    return read_yaml(text, str(path))


def read_yaml(text: str, name: str) -> WantedPage:
    """Return the page that a YAML text has; `name` is its file or its input."""
    try:
        root = yamltree.read_yaml(text, DEEPEST)
    except yamltree.YamlError as error:
        place = Place(name, error.line)
        return _refused("syntax", "is not a mapping in YAML", place, "Write name: value, one a line.")
    reader = _Reader(name)
    page = reader.page(root)
    return replace(page, findings=tuple(reader.findings))


@dataclass
class _Reader:
    name: str
    findings: list[Finding] = field(default_factory=list)

    def page(self, root: Any) -> WantedPage:
        texts: dict[str, Texts] = {}
        single: dict[str, Text] = {}
        default: Texts = {}
        review: Texts = {}
        rating: dict[str, Any] = {}
        for key, node, place in self._entries(root, Place(self.name, 1)):
            if key == DEFAULT:
                default = self._texts(node, place, BY_NAME)
            elif key == REVIEW_FOLDER:
                review = self._texts(node, place, REVIEW)
            elif key == AGE_RATING:
                rating = {name: value.value for name, value, _ in self._entries(node, place)}
            elif key in _TOP:
                single.update(self._value(key, node, place))
            # A word that is nearly one of ours is a typo, not a locale.
            elif close := did_you_mean(key, _TOP):
                self._find("unknown-key", f"{printable_name(key)} is not known.{close}", place)
            elif locale := locale_of(key, place, self.findings):
                if locale in texts:
                    self._find("twice", f"{locale} is there twice", place)
                texts[locale] = self._texts(node, place, BY_NAME)
        copyright_ = single.pop("copyright", None)
        return WantedPage(
            texts=texts,
            default=default,
            copyright=copyright_,
            categories=single,
            review=review,
            age_rating=rating,
        )

    def _texts(self, node: Any, place: Place, names: Any) -> Texts:
        texts: dict[str, Text] = {}
        for key, value, key_place in self._entries(node, place):
            if key in names:
                texts.update(self._value(key, value, key_place))
            else:
                self._find(
                    "unknown-key", f"{printable_name(key)} is not known.{did_you_mean(key, names)}", key_place
                )
        return texts

    def _value(self, key: str, node: Any, place: Place) -> dict[str, Text]:
        if node.id != "scalar":
            self._find("not-a-text", f"{key} has to be a text", place)
            return {}
        # The letters of the file: YAML would make false of `no`, and 1.1 of 1.10.
        value = str(node.value).strip()
        # The text of a block (| or >) begins below its name.
        line = node.start_mark.line + (2 if node.style in ("|", ">") else 1)
        return {key: Text(value, Place(self.name, line))} if value else {}

    def _entries(self, node: Any, place: Place) -> Iterator[tuple[str, Any, Place]]:
        if node is None or (node.id == "scalar" and not node.value):
            return
        if node.id != "mapping":
            self._find("syntax", "is not a mapping", place)
            return
        # YAML takes the last of two values without a word: a merge of two branches often leaves both.
        seen: set[str] = set()
        for key, value in node.value:
            key_place = Place(self.name, key.start_mark.line + 1)
            if key.value in seen:
                self._find("twice", f"{printable_name(str(key.value))} is there twice", key_place)
            seen.add(str(key.value))
            yield str(key.value), value, key_place

    def _find(self, rule: str, message: str, place: Place) -> None:
        self.findings.append(Finding(rule, message, place, "Write it as the page on update-app-store shows."))


def _refused(rule: str, message: str, place: Place, remedy: str) -> WantedPage:
    return WantedPage(findings=(Finding(rule, message, place, remedy),))
