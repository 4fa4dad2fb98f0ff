"""The API key JSON, in every form in which people paste it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

from asc.api.key.model import MAX_LIFETIME, ApiKey, KeyRefused, refuse
from asc.api.key.pem import decode_base64, private_key_pem, read_key_file
from asc.errors import Problem
from asc.words import decoded

T = TypeVar("T")

SHORTEST_LIFETIME = 10
MOST_BRACKETS = 50

_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_KEY_ID = re.compile(r"[A-Za-z0-9]{6,20}")
_HAS_FIELDS = re.compile(r"\{|^\s*[\"']?key_?id", re.MULTILINE | re.IGNORECASE)
_CURLED = re.compile(r"\{\s*[“”„‟«»‘’‚]")
_ESCAPED = re.compile(r'\{(?:\s|\\[nrt])*\\+"')
# Word processors and chat programs replace straight quotes by these.
_STRAIGHT_QUOTES = str.maketrans("“”„‟«»‘’‚", '"' * 9)
_QUOTES_AND_BLANKS = "\ufeff \t\r\n\"'`“”‘’"
_FORMAT = 'The format is {"key_id": "…", "issuer_id": "…", "key": "-----BEGIN PRIVATE KEY-----\\n…"}.'
_WHERE_THE_IDS_ARE = (
    "Both ids are in App Store Connect under Users and Access, Integrations, App Store Connect API."
)
_SEPARATE_IDS = "APP_STORE_CONNECT_API_KEY_KEY_ID and APP_STORE_CONNECT_API_KEY_ISSUER_ID"
_OTHER_NAMES = {
    "key_id": ("keyId", "keyid", "key-id", "kid", "KEY_ID"),
    "issuer_id": ("issuerId", "issuerid", "issuer-id", "iss", "ISSUER_ID"),
    "key": ("key_content", "keyContent", "key_filepath", "private_key", "privateKey", "p8", "KEY"),
}


def parse_key(text: str, *, allow_filepath: bool = False) -> ApiKey:
    """Return the key in the API key JSON (fastlane's format).

    Accepts plain JSON, JSON with `#` comments (which makes it YAML), JSON in base64, and JSON quoted once more.
    `allow_filepath` lets `filepath` stand for `key`, as in fastlane's hash. Raises KeyRefused with every problem found.
    """
    return key_from_fields(_fields(text), allow_filepath=allow_filepath)


def key_from_fields(fields: dict[str, Any], *, allow_filepath: bool = False) -> ApiKey:
    """Return the key of these fields. Raises KeyRefused with the problems of all fields at once."""
    # fastlane's hash of an individual key has no issuer id, and as JSON that is null.
    fields = {name: value for name, value in fields.items() if value is not None}
    problems: list[Problem] = []

    def check(read: Callable[[dict[str, Any]], T]) -> T | None:
        try:
            return read(fields)
        except KeyRefused as refused:
            problems.extend(refused.problems)
            return None

    key_id = check(_key_id)
    issuer_id = check(_issuer_id)
    private_key = check(lambda fields: _private_key(fields, allow_filepath))
    lifetime = check(_lifetime)
    in_house = check(lambda fields: _boolean(fields, "in_house"))
    # The base64 itself is recognised without it.
    check(lambda fields: _boolean(fields, "is_key_content_base64"))
    if problems:
        raise KeyRefused(problems)
    assert key_id and private_key and lifetime
    return ApiKey(key_id, issuer_id, private_key, lifetime, bool(in_house))


def looks_like_pem(text: str) -> bool:
    """Return True for a .p8 file without JSON around it, plain or in base64."""
    forms = (text, _inside_base64(text))
    return any("-----BEGIN" in form and not _HAS_FIELDS.search(form) for form in forms)


def _inside_base64(text: str) -> str:
    try:
        return decoded(decode_base64(text) or b"")
    except UnicodeDecodeError:
        return ""


def _fields(text: str, depth: int = 0) -> dict[str, Any]:
    # UTF-16 that was taken for UTF-8: the mark became U+FFFD twice, and each ASCII character has a NUL beside it.
    if "\0" in text:
        text = text.replace("\0", "").lstrip("\ufffd")
    text = text.strip("\ufeff \t\r\n")
    if text.startswith("\ufffd"):
        raise refuse(
            "",
            "was a text in UTF-16, as Windows PowerShell writes files, and arrived damaged",
            "Set the secret again: paste the text, or give it from a file in UTF-8.",
        )
    if len(text) > 1 and text[0] == text[-1] == "'":
        text = text[1:-1].strip()
    if not text:
        raise refuse("", "is empty", _FORMAT)
    # A word processor curled the quotes.
    if _CURLED.match(text):
        text = text.translate(_STRAIGHT_QUOTES)
    if depth < 2 and _ESCAPED.match(text):
        return _fields(_unescaped(text), depth + 1)
    # Plain JSON first, then the forms that hold it: a text in a text, base64.
    found = _structure(text)
    if isinstance(found, dict):
        return {str(name): value for name, value in found.items()}
    if looks_like_pem(text):
        raise refuse(
            "",
            "is the .p8 file alone, without key id and issuer id",
            f"{_FORMAT} Or leave it and set {_SEPARATE_IDS}. {_WHERE_THE_IDS_ARE}",
        )
    inner = found if isinstance(found, str) and found != text else _inside_base64(text)
    if depth < 2 and inner.strip("\ufeff \t\r\n").startswith(("{", '"', "ey")):
        return _fields(inner, depth + 1)
    if text.endswith((".json", ".p8")) and "\n" not in text:
        raise refuse("", "is the name of a file", "Give a file with api-key-path, its contents with api-key.")
    raise refuse(
        "", "is not JSON" + (" (it begins with {, but does not end well)" if text[0] == "{" else ""), _FORMAT
    )


def _unescaped(text: str) -> str:
    """Return the JSON in the contents of a JSON string, which come without the quotes around them."""
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        # Quotes inside of the key are not escaped, for one.
        return text.replace('\\"', '"')


def _structure(text: str) -> object:
    """Return the parsed JSON or YAML (JSON with comments is YAML), or None."""
    try:
        # Not strict: real line breaks inside the key.
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        pass
    # A key has no lists in it, and deep ones keep YAML busy for minutes.
    nested = text.count("[") + text.count("{")
    if nested > MOST_BRACKETS or not re.search(r"key_?id|issuer_?id", text, re.IGNORECASE):
        return None
    # Only here: 24 ms that plain JSON does not pay.
    import yaml

    try:
        loaded: object = yaml.safe_load(text)
        # YAML has values that JSON has not: integers too long to print, circles, names that are lists.
        json.dumps(loaded, default=str)
        return loaded
    except (
        yaml.YAMLError,
        ValueError,
        TypeError,
        OverflowError,
        RecursionError,
        LookupError,
        AttributeError,
    ):
        # "!!bool x" is a KeyError, and "\UFFFFFFFF" an OverflowError.
        return None


def _text(fields: dict[str, Any], name: str) -> str:
    """Return the value of a required text field, without the quotes and blanks around it. Raises KeyRefused."""
    value = fields.get(name)
    if value is None:
        other = next((other for other in _OTHER_NAMES[name] if other in fields), None)
        raise refuse(name, f"is missing (there is “{other}”)" if other else "is missing", _FORMAT)
    if not isinstance(value, str):
        if name == "key_id" and isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise refuse(name, f"is not a text but {_kind(value)}", _FORMAT)
    value = value.strip(_QUOTES_AND_BLANKS)
    if not value:
        raise refuse(name, "is empty (a secret that is not set?)", _FORMAT)
    return value


def _key_id(fields: dict[str, Any]) -> str:
    value = _text(fields, "key_id")
    if _UUID.fullmatch(value):
        raise refuse(
            "key_id", "looks like an issuer id", "The key id has 10 letters and digits. " + _WHERE_THE_IDS_ARE
        )
    if not _KEY_ID.fullmatch(value):
        raise refuse("key_id", "is not a key id (10 letters and digits)", _WHERE_THE_IDS_ARE)
    return value


def _issuer_id(fields: dict[str, Any]) -> str | None:
    if "issuer_id" not in fields and not any(name in fields for name in _OTHER_NAMES["issuer_id"]):
        # An individual key has none.
        return None
    try:
        value = _text(fields, "issuer_id")
    except KeyRefused as refused:
        if "empty" in refused.message:
            remedy = "Set it; leave the whole field out only for an individual key. " + _WHERE_THE_IDS_ARE
            raise refuse("issuer_id", "is empty (a secret that is not set?)", remedy) from None
        raise
    if _UUID.fullmatch(value):
        return value
    if _KEY_ID.fullmatch(value):
        raise refuse("issuer_id", "looks like a key id", "The issuer id is a UUID. " + _WHERE_THE_IDS_ARE)
    raise refuse("issuer_id", "is not an issuer id (a UUID)", _WHERE_THE_IDS_ARE)


def _private_key(fields: dict[str, Any], allow_filepath: bool) -> str:
    if allow_filepath and "key" not in fields and isinstance(fields.get("filepath"), str):
        return private_key_pem(read_key_file(fields["filepath"], "filepath"), "filepath")
    if fields.get("key") is None and ("filepath" in fields or "key_filepath" in fields):
        raise refuse(
            "key", "is missing, there is only the path of a file", "Put the contents of the .p8 into “key”."
        )
    if fields.get("key") is None and "key_content" in fields:
        raise refuse(
            "key",
            "is missing, there is “key_content”",
            "Rename “key_content” to “key”, as fastlane's JSON has it.",
        )
    return private_key_pem(_text(fields, "key"))


def _lifetime(fields: dict[str, Any]) -> int:
    value = fields.get("duration")
    if value is None or value == "":
        return MAX_LIFETIME
    remedy = f"Give seconds, at most {MAX_LIFETIME}, or leave it out."
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,9}\s*", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        raise refuse("duration", "is not a whole number of seconds", remedy)
    if value > MAX_LIFETIME:
        raise refuse(
            "duration", f"is {value}: App Store Connect refuses tokens of over {MAX_LIFETIME} seconds", remedy
        )
    if value < SHORTEST_LIFETIME:
        raise refuse("duration", f"is {value}: too short for a request", remedy)
    return int(value)


def _boolean(fields: dict[str, Any], name: str) -> bool:
    value = fields.get(name)
    if value is None or isinstance(value, bool):
        return bool(value)
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": False}
    word = str(value).strip().lower() if isinstance(value, str | int) else ""
    if word not in words or not isinstance(value, str | int):
        raise refuse(name, "is neither true nor false", f'Write "{name}": true or false, or leave it out.')
    return words[word]


def _kind(value: object) -> str:
    return {dict: "an object", list: "a list", bool: "true or false"}.get(type(value), "a number")
