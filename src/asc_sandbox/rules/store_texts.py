"""The rules of texts on a store page: lengths, characters, languages, and the states in which they can be changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from asc_sandbox.endpoints import Call
from asc_sandbox.entity_errors import conflict, invalid_attribute
from asc_sandbox.errors import Refusal
from asc_sandbox.rules.media import drop_media
from asc_sandbox.rules.store_states import EDITABLE, EDITABLE_INFO, is_first, state_of
from asc_sandbox.rules.texts import LOCALES, REFUSED_CHARACTERS
from asc_sandbox.world import Record
from asc_sandbox.writing import Given, store, update

LIMITS = {
    "description": 4000,
    "keywords": 100,
    "whatsNew": 4000,
    "promotionalText": 170,
    "name": 30,
    "subtitle": 30,
    "notes": 4000,
}
"""The longest texts in characters. It is not known whether Apple counts the bytes of keywords instead."""

_SHORTEST_NAME = 2
_URLS = ("marketingUrl", "supportUrl", "privacyPolicyUrl", "privacyChoicesUrl")
# Apple lets this text change without a review.
_ALWAYS_EDITABLE = "promotionalText"


def make_text(call: Call, given: Given) -> Record:
    """Create the texts of a version in a new language."""
    version = given.one("appStoreVersion")
    if state_of(version) not in EDITABLE:
        raise conflict(
            "STATE_ERROR", "Cannot create localization after the app version has been submitted for review"
        )
    _check_locale(given, (*_texts(call, version), *_texts_to_come(call, version)))
    _check_first(call, version, given)
    check_texts(given.attributes)
    return store(call, given)


def change_text(call: Call, text: Record, given: Given) -> Record:
    """Change the texts of a version: all of them while it can be edited, later only the promotional text."""
    (version,) = call.world.related(text, "appStoreVersion")
    if state_of(version) not in EDITABLE:
        refuse_locked(name for name in given.attributes if name != _ALWAYS_EDITABLE)
    _check_first(call, version, given)
    check_texts(given.attributes)
    return update(call, text, given)


def delete_text(call: Call, text: Record) -> None:
    """Delete the texts and media of a version in one language."""
    (version,) = call.world.related(text, "appStoreVersion")
    if state_of(version) not in EDITABLE:
        raise conflict(
            "STATE_ERROR", "Cannot delete localization after the app version has been submitted for review"
        )
    # It is a guess that the primary language cannot be deleted.
    _refuse_primary(call, text, version)
    drop_media(call, text)
    call.world.remove(text)


def make_info_text(call: Call, given: Given) -> Record:
    """Create the name of an app in a new language."""
    info = given.one("appInfo")
    if info.attributes["state"] not in EDITABLE_INFO:
        raise conflict("STATE_ERROR", "Cannot create localization in the current state of the app info")
    _check_locale(given, call.world.related(info, "appInfoLocalizations"))
    check_texts(given.attributes)
    _check_name(call, info, given)
    return store(call, given)


def change_info_text(call: Call, text: Record, given: Given) -> Record:
    """Change the name of an app and the texts beside it, while its app info can be edited."""
    (info,) = call.world.related(text, "appInfo")
    if info.attributes["state"] not in EDITABLE_INFO:
        _raise_together(
            invalid_attribute(
                name,
                f"The field '{name}' can not be modified in the current state.",
                kind="INVALID.INVALID_STATE",
            )
            for name in given.attributes
        )
    check_texts(given.attributes)
    _check_name(call, info, given)
    return update(call, text, given)


def delete_info_text(call: Call, text: Record) -> None:
    """Delete the name of an app in one language, except for the primary one."""
    (info,) = call.world.related(text, "appInfo")
    if info.attributes["state"] not in EDITABLE_INFO:
        raise conflict("STATE_ERROR", "Cannot delete localization in the current state of the app info")
    _refuse_primary(call, text, info)
    call.world.remove(text)


def check_texts(attributes: Mapping[str, Any]) -> None:
    """Raise Refusal with every text that is too long, has refused characters, or is not the URL that it should be."""
    _raise_together(
        problem
        for name, value in attributes.items()
        if isinstance(value, str)
        for problem in _problems(name, value)
    )


def refuse_locked(names: Iterable[str]) -> None:
    """Raise Refusal for attributes that the state of their version locks, in the words of fastlane #17933."""
    _raise_together(
        conflict("STATE_ERROR", f"Attribute '{name}' cannot be edited at this time") for name in names
    )


def _problems(name: str, value: str) -> Iterable[Refusal]:
    longest = LIMITS.get(name)
    if longest and len(value) > longest:
        detail = f"The attribute '{name}' is too long. It can have {longest} characters at most."
        yield invalid_attribute(name, detail, kind="INVALID.TOO_LONG")
    if name == "name" and len(value) < _SHORTEST_NAME:
        yield invalid_attribute(name, "The attribute 'name' is too short.", kind="INVALID.TOO_SHORT")
    # As far as is known, names and keywords may hold more than the long texts; all refuse emoji and similar symbols.
    if name in LIMITS and (found := dict.fromkeys(REFUSED_CHARACTERS.findall(value))):
        detail = f"The attribute '{name}' can't contain the following character(s): {', '.join(found)}."
        yield invalid_attribute(name, detail, kind="INVALID.INVALID_CHARACTERS")
    if (
        name in _URLS
        and value
        and not (urlsplit(value).scheme in ("http", "https") and urlsplit(value).netloc)
    ):
        yield invalid_attribute(name, f"'{value}' is not a valid URL")


def _check_first(call: Call, version: Record, given: Given) -> None:
    if given.attributes.get("whatsNew") is not None and is_first(call.world, version):
        refuse_locked(["whatsNew"])


def _check_locale(given: Given, others: Iterable[Record]) -> None:
    locale = given.attributes["locale"]
    if locale not in LOCALES:
        # Apple's words, from fastlane #20702.
        raise invalid_attribute("locale", "The language specified is not listed for localization")
    if any(text.attributes["locale"] == locale for text in others):
        detail = f"Entity with locale: {locale} already exists. Try updating."
        raise invalid_attribute("locale", detail, kind="INVALID.DUPLICATE")


def _texts(call: Call, version: Record) -> list[Record]:
    return call.world.related(version, "appStoreVersionLocalizations")


def _texts_to_come(call: Call, version: Record) -> list[Record]:
    """Return the texts that Apple is about to copy: they are not shown yet, and cannot be created."""
    source = call.world.find("appStoreVersions", version.attributes.get("copiesFrom") or "")
    return _texts(call, source) if source else []


def _check_name(call: Call, info: Record, given: Given) -> None:
    """Raise Refusal for a name that another app has."""
    name, world = given.attributes.get("name"), call.world
    own = {app.id for app in world.related(info, "app")}
    for app in world.all("apps"):
        if app.id in own and name in (app.attributes.get("takenNames") or ()):
            raise _name_in_use(name, "DIFFERENT_ACCOUNT", "an app of another developer")
        # All languages count, because Apple's answer does not name one.
        names = [
            text.attributes["name"]
            for other in world.related(app, "appInfos")
            for text in world.related(other, "appInfoLocalizations")
        ]
        if app.id not in own and name is not None and name in names:
            raise _name_in_use(name, "SAME_ACCOUNT", "another of your apps")


def _name_in_use(name: str | None, whose: str, by: str) -> Refusal:
    detail = f"The app name '{name}' is already used by {by}. Choose another name."
    return invalid_attribute("name", detail, kind=f"INVALID.DUPLICATE.{whose}")


def _refuse_primary(call: Call, text: Record, owner: Record) -> None:
    for app in call.world.related(owner, "app"):
        if text.attributes["locale"] == app.attributes["primaryLocale"]:
            raise conflict("STATE_ERROR", "Cannot delete the localization of the primary locale of the app")


def _raise_together(problems: Iterable[Refusal]) -> None:
    """Raise one Refusal with all problems; do nothing if there are none."""
    found = tuple(problems)
    if found:
        raise replace(found[0], more=found[1:])
