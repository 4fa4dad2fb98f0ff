"""Read requests from the mappings that users write: keys in any style, and fastlane's names for them.

All functions raise ValueError with a reason that names the key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from asc.apps import texts
from asc.testflight.request import APP_ATTRIBUTES, DEFAULT, REVIEW_ATTRIBUTES, AppInfo, ReviewInfo
from asc.testflight.testers.tester import ADDRESS, Tester, masked
from asc.words import did_you_mean, listed, printable_name, some

LONGEST_APP_DESCRIPTION = 4000
"""Characters."""
_TESTER = rf"({ADDRESS})|([^<>]*?)\s*<({ADDRESS})>"
# fastlane's spellings of the keys, in the form of `_plain`.
_ALIASES = {"tvosprivacypolicyurl": "tv_os_privacy_policy", "privacypolicy": "privacy_policy_url"}


def whats_new(value: Mapping[str, Any] | str) -> dict[str, str]:
    """Return "What to Test" by locale. A plain text is the default; `{en-US: {whats_new: …}}` works as well."""
    if isinstance(value, str):
        return {DEFAULT: value}
    notes: dict[str, str] = {}
    for name, entry in _by_locale(value).items():
        if isinstance(entry, Mapping):
            entry = _members(entry, {"whats_new": "whatsNew"}, name).get("whats_new")
        if entry is not None:
            notes[name] = _text(entry, name)
    return notes


def review_info(value: Mapping[str, Any]) -> ReviewInfo:
    """Return the contact, the demo account and the notes for the reviewers, without blank texts."""
    members = _members(value, REVIEW_ATTRIBUTES)
    required = members.pop("demo_account_required", None)
    given_texts = {name: _text(entry, name) for name, entry in members.items()}
    email = given_texts.get("contact_email")
    if email and not re.fullmatch(ADDRESS, email.strip()):
        raise ValueError("contact_email is not an email address")
    return ReviewInfo(
        **{name: text.strip() for name, text in given_texts.items() if text.strip()},
        demo_account_required=None if required is None else _flag(required, "demo_account_required"),
    )


def app_info(value: Mapping[str, Any]) -> dict[str, AppInfo]:
    """Return the test information of the app by locale."""
    by_locale: dict[str, AppInfo] = {}
    for name, entry in _by_locale(value).items():
        if not isinstance(entry, Mapping):
            raise ValueError(f"{printable_name(name)} is not a mapping of {', '.join(APP_ATTRIBUTES)}")
        given_texts = {
            key: _text(value, f"{name}.{key}").strip()
            for key, value in _members(entry, APP_ATTRIBUTES, name).items()
        }
        if len(given_texts.get("description", "")) > LONGEST_APP_DESCRIPTION:
            raise ValueError(
                f"{printable_name(name)}.description is longer than {LONGEST_APP_DESCRIPTION} characters"
            )
        by_locale[name] = AppInfo(**{key: text for key, text in given_texts.items() if text})
    return by_locale


def testers(entries: Iterable[str]) -> tuple[Tester, ...]:
    """Return testers from `jane@example.com` or `Jane Doe <jane@example.com>`, each address once."""
    by_address: dict[str, Tester] = {}
    matches = [(entry, re.fullmatch(_TESTER, entry.strip())) for entry in entries]
    if wrong := [_place(number, entry) for number, (entry, match) in enumerate(matches, 1) if not match]:
        raise ValueError(f"{some(wrong)}: not an email address, nor Name <address>")
    for match in filter(None, (match for _, match in matches)):
        first, _, last = (match[2] or "").strip(" \"'").partition(" ")
        email = match[1] or match[3]
        tester = Tester(email, first, last.strip())
        before = by_address.setdefault(tester.address, tester)
        if (before.first_name, before.last_name) != (tester.first_name, tester.last_name):
            raise ValueError(f"{tester.masked} is given twice, with different names")
    return tuple(by_address.values())


def _place(number: int, entry: str) -> str:
    # Even an entry with a slip may hold a whole address, and everybody reads the log of a public repository.
    return f"entry {number}" + (f" ({printable_name(masked(entry.strip()))})" if "@" in entry else "")


def _by_locale(value: Mapping[str, Any]) -> dict[str, Any]:
    by_locale: dict[str, Any] = {}
    for key, entry in value.items():
        name = DEFAULT if str(key).strip().lower() == DEFAULT else texts.locale(str(key))
        put_once(by_locale, name, entry)
    # A key without a value asks for nothing.
    return {name: entry for name, entry in by_locale.items() if entry is not None}


def put_once(mapping: dict[str, Any], name: str, value: object) -> None:
    """Put a value under a name into a mapping. Raises ValueError if the name is there: two spellings of it clash."""
    if name in mapping:
        raise ValueError(f"{name} is given twice")
    mapping[name] = value


def _members(value: Mapping[str, Any], names: Mapping[str, str], within: str = "") -> dict[str, Any]:
    """Return the members of a mapping by our names, from kebab, snake and camel case."""
    known = {_plain(name): name for name in names}
    aliases = {form: name for form, name in _ALIASES.items() if name in names}
    members: dict[str, Any] = {}
    for key, entry in value.items():
        name = known.get(_plain(str(key))) or aliases.get(_plain(str(key)))
        if not name:
            place = f" in {printable_name(within)}" if within else ""
            hint = did_you_mean(str(key), names) or f" There are {listed(list(names))}."
            raise ValueError(f"{printable_name(str(key))}{place} is not known.{hint}")
        put_once(members, name, entry)
    # An empty member of a template that somebody left open is none.
    return {name: entry for name, entry in members.items() if entry is not None and entry != ""}


def _plain(key: str) -> str:
    return re.sub(r"[-_\s]", "", key).lower()


def _text(value: object, name: str) -> str:
    # YAML reads an unquoted `yes` as true: the letters are lost, and a guess would be published.
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{printable_name(name)} is not a text")
    return str(value)


def _flag(value: object, name: str) -> bool:
    words = {"true": True, "false": False}
    if isinstance(value, bool):
        return value
    if str(value).strip().lower() not in words:
        raise ValueError(f"{name} is neither true nor false")
    return words[str(value).strip().lower()]
