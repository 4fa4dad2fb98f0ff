"""Find the API key: in the step's own inputs, then in our variables, then in those that fastlane users have set.

The first source that is there wins, and the later ones are not read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from asc.api.key.model import ApiKey, KeyRefused, refuse
from asc.api.key.pem import read_key_file
from asc.api.key.text import key_from_fields, looks_like_pem, parse_key
from asc.errors import Problem

FASTLANE = "APP_STORE_CONNECT_API_KEY"
_SEPARATE = {  # fastlane's app_store_connect_api_key action: one variable for each field
    f"{FASTLANE}_KEY_ID": "key_id",
    f"{FASTLANE}_ISSUER_ID": "issuer_id",
    f"{FASTLANE}_KEY": "key",
    f"{FASTLANE}_KEY_FILEPATH": "filepath",
    f"{FASTLANE}_IS_KEY_CONTENT_BASE64": "is_key_content_base64",
    f"{FASTLANE}_DURATION": "duration",
    f"{FASTLANE}_IN_HOUSE": "in_house",
}
SECRET_VARIABLES = ("ASC_API_KEY", FASTLANE, f"{FASTLANE}_KEY")
"""The variables whose values are secrets (the others hold paths, ids and switches)."""

HOW_TO_GIVE_A_KEY = (
    "Set the input api-key to the API key JSON from a repository secret (api-key: ${{ secrets.ASC_API_KEY }}), "
    "or the variable ASC_API_KEY or ASC_API_KEY_PATH."
)


def find_key(
    text: str | None, path: str | None, environ: Mapping[str, str], why_empty: str | None = None
) -> ApiKey:
    """Find the API key and check it.

    `text` and `path` are the inputs api-key and api-key-path. `why_empty` is what the job knows about secrets
    that did not arrive, for example in a pull request from a fork. Raises KeyRefused, which names the source, also
    if both inputs are given.
    """
    if text and text.strip() and path and path.strip():
        raise refuse("api-key", "is given together with api-key-path", "Give only one of the two.")
    separate = {field: environ[name] for name, field in _SEPARATE.items() if environ.get(name)}
    if separate and environ.get(f"{FASTLANE}_ISSUER_ID") == "":
        separate["issuer_id"] = ""  # an unset secret, not an individual key
    for source, value, read in (
        ("api-key", text, _from_text),
        # The step's own inputs come first: a variable of the whole job may hold the key of another team.
        ("api-key-path", path, _from_path),
        ("ASC_API_KEY", environ.get("ASC_API_KEY"), _from_text),
        ("ASC_API_KEY_PATH", environ.get("ASC_API_KEY_PATH"), _from_path),
        (f"{FASTLANE}_PATH", environ.get(f"{FASTLANE}_PATH"), _from_path),
        (FASTLANE, environ.get(FASTLANE), _from_text),
        (f"{FASTLANE}_…", "set" if separate else None, _from_separate),
    ):
        if value and value.strip():
            try:
                return read(value, separate)
            except KeyRefused as refused:
                raise _named(source, refused) from None
    raise _no_key(environ, why_empty)


def is_given(text: str | None, path: str | None, environ: Mapping[str, str]) -> bool:
    """Whether `find_key` has anything to look at."""
    names = ("ASC_API_KEY", "ASC_API_KEY_PATH", f"{FASTLANE}_PATH", FASTLANE, *_SEPARATE)
    return bool(text or path or any(environ.get(name) for name in names))


def _from_separate(_: str, separate: dict[str, Any]) -> ApiKey:
    return key_from_fields(separate, allow_filepath=True)


def _from_text(text: str, separate: dict[str, Any]) -> ApiKey:
    if looks_like_pem(text) and {"key_id", "issuer_id"} <= separate.keys():
        return key_from_fields({**separate, "key": text})  # the .p8 here, the ids in fastlane's variables
    return parse_key(text, allow_filepath=True)


def _from_path(path: str, separate: dict[str, Any]) -> ApiKey:
    text = read_key_file(path, "")
    if not looks_like_pem(text):
        return parse_key(text)
    in_name = re.search(r"AuthKey_([A-Za-z0-9]+)\.p8$", path)
    fields = {**({"key_id": in_name[1]} if in_name else {}), **separate, "key": text}
    missing = [name for name in ("key_id", "issuer_id") if name not in fields]
    if missing:
        variables = " and ".join(f"{FASTLANE}_{name.upper()}" for name in missing)
        raise refuse(
            "",
            f"is a .p8 file, which does not hold the {' and '.join(missing)}",
            f"Set {variables}, or use the API key JSON.",
        )
    return key_from_fields(fields)


def _named(source: str, refused: KeyRefused) -> KeyRefused:
    """Puts the name of the source before each problem."""
    return KeyRefused(
        Problem(f"{source} ({problem.input})" if problem.input else source, problem.reason, problem.remedy)
        for problem in refused.problems
    )


def _no_key(environ: Mapping[str, str], why_empty: str | None) -> KeyRefused:
    empty = [name for name in ("ASC_API_KEY", "ASC_API_KEY_PATH", FASTLANE) if environ.get(name) == ""]
    reason = (
        f"no API key was given ({', '.join(empty)} is set, but empty)" if empty else "no API key was given"
    )
    return refuse("api-key", reason, why_empty or HOW_TO_GIVE_A_KEY)
