"""The kinds of inputs: how to read each from text, and how to describe it to users."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

LONGEST_QUOTE = 60
"""Characters of an input that an error quotes, fewer than a line of a private key has."""

DEEPEST = 20
"""Levels of lists and mappings in YAML. No input needs more than three."""


@dataclass(frozen=True)
class Kind:
    """A kind of input. `parse` returns the value of a text, or raises ValueError with the reason.

    `form` tells users what to write. If `exact` is True, outer blanks and line breaks belong to the text.
    """

    name: str
    form: str
    parse: Callable[[str], Any]
    exact: bool = False


def quoted(text: str) -> str:
    """Return a text in quotes for an error, or `the given text` if it is long."""
    # A long text may be a secret in the wrong place, and the masks would not cover a part of it.
    return f"“{text}”" if len(text) <= LONGEST_QUOTE and text.isprintable() else "the given text"


def _boolean(text: str) -> bool:
    # The words of YAML 1.2, as the runner's own toolkit reads them: "yes" is refused rather than guessed.
    words = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
    if text not in words:
        raise ValueError(f"{quoted(text)} is neither true nor false")
    return words[text]


def _integer(text: str) -> int:
    # `int` would also read "1_000", other digits than ours, and numbers of any length.
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        raise ValueError(f"{quoted(text)} is not a whole number")
    return int(text)


def _duration(text: str) -> float:
    match = re.fullmatch(
        r"(?:([0-9]{1,5})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,9}(?:\.[0-9]{1,9})?)s?)?",
        text.replace(" ", ""),
    )
    # Each part of the pattern may be missing, so it also matches a text with none of them.
    if not match or not any(match.groups()):
        raise ValueError(f"{quoted(text)} is not a duration")
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return days * 86400 + hours * 3600 + minutes * 60 + seconds


def _list(text: str) -> tuple[str, ...]:
    # A name that is listed twice, for example in two lists that a workflow joins, counts once.
    return tuple(dict.fromkeys(item.strip() for item in re.split(r"[\n,]", text) if item.strip()))


class GivenTwice(ValueError):
    """A mapping has the same name twice."""

    def __init__(self, name: str) -> None:
        super().__init__(f"has {quoted(name)} twice")
        self.name = name


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return pairs as a dict. Raises GivenTwice."""
    mapping: dict[str, Any] = {}
    for name, value in pairs:
        if name in mapping:
            raise GivenTwice(name)
        mapping[name] = value
    return mapping


def _mapping(text: str) -> dict[str, Any]:
    try:
        # JSON is tried first, because it needs no import of the YAML parser.
        value = json.loads(text, object_pairs_hook=_once)
    except GivenTwice:
        raise
    except (ValueError, RecursionError):
        value = _yaml(text)
    if not isinstance(value, dict):
        raise ValueError("is not a mapping (name: value)")
    return {str(name): entry for name, entry in value.items()}


def _yaml(text: str) -> Any:
    """Return parsed YAML of texts, lists and mappings. Raises ValueError."""
    from yaml.constructor import BaseConstructor, ConstructorError
    from yaml.nodes import MappingNode

    from asc.formats.yamltree import YamlError, read_yaml

    class UniqueKeys(BaseConstructor):
        def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Any, Any]:
            # YAML would keep the last of two values without a word.
            _once((str(key.value), None) for key, _ in node.value)
            return super().construct_mapping(node, deep)

    try:
        root = read_yaml(text, DEEPEST)
        return UniqueKeys().construct_document(root) if root else None
    except ConstructorError:
        # A mapping or a list as a name.
        raise ValueError("is not a mapping in YAML") from None
    except YamlError as error:
        raise ValueError(
            "is not a mapping in YAML" + (f" (line {error.line})" if error.line else "")
        ) from None


def _date(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{quoted(text)} is not a date") from None
    # A date without a zone is the same moment on every runner.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _path(text: str) -> str:
    if "\0" in text or "\n" in text:
        raise ValueError("has a line break in it")
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        raise ValueError("has half a character in it") from None
    try:
        # The runner passes inputs without a shell, so nobody else has expanded the tilde.
        return str(Path(text).expanduser()) if text.startswith("~") else text
    except RuntimeError:
        # "~somebody".
        raise ValueError("begins with the home folder of an unknown user") from None


TEXT = Kind("text", "text", str)
SECRET = Kind("secret", "a secret", str)
PASSPHRASE = Kind("secret", "a secret", str, exact=True)
PATH = Kind("path", "a path", _path)
GLOB = Kind("glob", "a path, * and ** allowed", _path)
BOOLEAN = Kind("boolean", "true or false", _boolean)
INTEGER = Kind("integer", "a whole number", _integer)
DURATION = Kind("duration", "like 90, 30s, 30m, 1h30m or 7d", _duration)
LIST = Kind("list", "one a line, or with commas", _list)
MAPPING = Kind("mapping", "YAML or JSON, name: value", _mapping)
DATE = Kind("date", "like 2026-01-31 or 2026-01-31T10:00:00Z", _date)


def version(*words: str) -> Kind:
    """Return the kind of a marketing version (up to three numbers), or one of `words` in any case.

    https://developer.apple.com/documentation/bundleresources/information-property-list/cfbundleshortversionstring
    """
    return _number("version", 3, words)


def build_number(*words: str) -> Kind:
    """Return the kind of a build number (numbers and dots), or one of `words` in any case."""
    return _number("build number", 0, words)


def _number(noun: str, most: int, words: tuple[str, ...]) -> Kind:
    """Return the kind of a number with at most `most` segments (0 for any number of them)."""
    limit = f"up to {most} numbers with dots" if most else "numbers with dots"
    form = " or ".join((f"a {noun} ({limit})", *words))

    def parse(text: str) -> str:
        if text.lower() in words:
            return text.lower()
        if not re.fullmatch(r"[0-9]{1,18}(\.[0-9]{1,18})*", text):
            raise ValueError(f"{quoted(text)} is not {form}: {_likely(text, noun)}")
        if most and text.count(".") >= most:
            raise ValueError(f"{quoted(text)} is not {form}: leave out all after the third number")
        return text

    return Kind("text", form, parse)


def _likely(text: str, noun: str) -> str:
    """Return the advice for a text that people give where a number should stand."""
    number = r"[0-9]+(?:\.[0-9]+)*"
    if "$" in text or "{{" in text:
        return "a variable or build setting was not filled in"
    if re.fullmatch(rf"refs/tags/.*|.*/v?{number}", text):
        return f"give the {noun} alone, without the name of the tag or branch"
    if match := re.fullmatch(rf"[vV]\.?\s*({number})", text):
        return f"leave out the v ({match[1]})"
    if match := re.fullmatch(rf"({number})\s*\(({number})\)", text):
        return f"that is version and build number in one; give {match[1] if noun == 'version' else match[2]}"
    if match := re.fullmatch(rf"({number})[-+].*", text):
        return f"omit the text after the numbers ({match[1]})"
    if "," in text:
        return "write dots in place of commas"
    return "Apple accepts only digits and dots"


def choice(words: Iterable[str], also: Mapping[str, str] | None = None) -> Kind:
    """Return the kind of one of `words`, in any case. `also` maps other spellings, which the docs omit, to words."""
    allowed = tuple(words)

    def parse(text: str) -> str:
        word = (also or {}).get(text.lower(), text.lower())
        if word not in allowed:
            raise ValueError(f"{quoted(text)} is not one of {', '.join(allowed)}")
        return word

    return Kind("choice", " · ".join(allowed), parse)


def whole_number(least: int, most: int) -> Kind:
    """Return the kind of a whole number from `least` to `most`."""

    def parse(text: str) -> int:
        number = int(_integer(text))
        if not least <= number <= most:
            raise ValueError(f"{quoted(text)} is not between {least} and {most}")
        return number

    return Kind("integer", f"{least} to {most}", parse)


def matching(pattern: str, form: str) -> Kind:
    """Return the kind of a text that fits a pattern."""

    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"{quoted(text)} is not {form}")
        return text

    return Kind("text", form, parse)
