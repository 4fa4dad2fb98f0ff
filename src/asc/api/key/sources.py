"""Find the API key: in the inputs of the step, then in our variables, then in the variables of fastlane.

The first source that is set counts, and later ones are not read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from asc.api.key import other_names
from asc.api.key.model import ApiKey, KeyRefused, refuse
from asc.api.key.pem import read_key_file
from asc.api.key.text import key_from_fields, looks_like_pem, parse_key
from asc.errors import Problem

FASTLANE = "APP_STORE_CONNECT_API_KEY"
# fastlane's app_store_connect_api_key action: one variable for each field.
_SEPARATE = {
    f"{FASTLANE}_KEY_ID": "key_id",
    f"{FASTLANE}_ISSUER_ID": "issuer_id",
    f"{FASTLANE}_KEY": "key",
    f"{FASTLANE}_KEY_FILEPATH": "filepath",
    f"{FASTLANE}_IS_KEY_CONTENT_BASE64": "is_key_content_base64",
    f"{FASTLANE}_DURATION": "duration",
    f"{FASTLANE}_IN_HOUSE": "in_house",
}
SECRET_VARIABLES = ("ASC_API_KEY", FASTLANE, f"{FASTLANE}_KEY")
"""The variables whose values are secrets. The others hold paths, ids and switches."""

HOW_TO_GIVE_A_KEY = (
    "Set the input api-key to the API key JSON from a repository secret (api-key: ${{ secrets.ASC_API_KEY }}), "
    "or the variable ASC_API_KEY or ASC_API_KEY_PATH."
)
_WHY_A_SECRET_IS_EMPTY = (
    "A secret that does not exist is empty. A secret of an environment needs `environment:` in the job; a called "
    "workflow needs `secrets: inherit`."
)


def find_key(
    text: str | None, path: str | None, environ: Mapping[str, str], why_empty: str | None = None
) -> ApiKey:
    """Return the API key after all checks that need no request.

    `text` and `path` are the inputs api-key and api-key-path. `why_empty` is the job's reason for missing secrets, for
    example a pull request from a fork. Raises KeyRefused, which names the source.
    """
    separate = _separate(environ)
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
                separately = read is _from_separate
                named = _variable_of_each(refused, environ) if separately else _named(source, refused)
                raise _with_reason_for_empty(named, why_empty) from None
    raise _no_key(environ, why_empty)


def is_given(text: str | None, path: str | None, environ: Mapping[str, str]) -> bool:
    """Return True if `find_key` has a source to read."""
    names = ("ASC_API_KEY", "ASC_API_KEY_PATH", f"{FASTLANE}_PATH", FASTLANE, *_SEPARATE)
    return bool(text or path or any(environ.get(name) for name in names))


def _separate(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields that fastlane's separate variables give; {} if all of them are absent or empty."""
    fields = {field: environ[name] for name, field in _SEPARATE.items() if name in environ}
    if not any(fields.values()):
        return {}
    # An empty variable is a secret that is not set. For the optional fields that is the same as none.
    needed = {"key_id", "issuer_id"} if fields.get("filepath") else {"key_id", "issuer_id", "key"}
    return {field: value for field, value in fields.items() if value or field in needed}


def _from_separate(_: str, separate: dict[str, Any]) -> ApiKey:
    return key_from_fields(separate, allow_filepath=True)


def _from_text(text: str, separate: dict[str, Any]) -> ApiKey:
    if looks_like_pem(text) and {"key_id", "issuer_id"} <= separate.keys():
        # The .p8 here, the ids in fastlane's variables.
        return key_from_fields({**separate, "key": text})
    return parse_key(text, allow_filepath=True)


def _from_path(path: str, separate: dict[str, Any]) -> ApiKey:
    text = read_key_file(path, "")
    if not looks_like_pem(text):
        return parse_key(text)
    # Apple names the downloaded file after the key id.
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
    """Put the name of the source before each problem."""
    return KeyRefused(
        Problem(f"{source} ({problem.input})" if problem.input else source, problem.reason, problem.remedy)
        for problem in refused.problems
    )


def _variable_of_each(refused: KeyRefused, environ: Mapping[str, str]) -> KeyRefused:
    """Replace the field in each problem by the variable that holds it."""
    variables = {field: name for name, field in _SEPARATE.items()}
    problems = []
    for problem in refused.problems:
        variable, remedy = variables.get(problem.input, f"{FASTLANE}_…"), problem.remedy
        if problem.input in variables and not environ.get(variable):
            remedy = other_names.advice(environ, variable) or f"Set {variable}."
        problems.append(Problem(variable, problem.reason, remedy))
    return KeyRefused(problems)


def _with_reason_for_empty(refused: KeyRefused, why_empty: str | None) -> KeyRefused:
    """Add the likely reason to each field that is empty."""
    return KeyRefused(
        Problem(problem.input, problem.reason, f"{problem.remedy} {why_empty or _WHY_A_SECRET_IS_EMPTY}")
        if "is empty" in problem.reason
        else problem
        for problem in refused.problems
    )


def _no_key(environ: Mapping[str, str], why_empty: str | None) -> KeyRefused:
    empty = [name for name in ("ASC_API_KEY", "ASC_API_KEY_PATH", FASTLANE) if environ.get(name) == ""]
    reason = (
        f"no API key was given ({', '.join(empty)} is set, but empty)" if empty else "no API key was given"
    )
    if renamed := other_names.advice(environ):
        return refuse("api-key", f"{reason} under a name that is known here", renamed)
    why = f"{HOW_TO_GIVE_A_KEY} {_WHY_A_SECRET_IS_EMPTY}" if empty else HOW_TO_GIVE_A_KEY
    return refuse("api-key", reason, why_empty or why)
