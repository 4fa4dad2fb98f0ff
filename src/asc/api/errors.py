"""Apple's refusals: the error objects of an answer, as errors that say what to do next.

https://developer.apple.com/documentation/appstoreconnectapi/interpreting-and-handling-errors
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from asc.api.key.model import ApiKey
from asc.errors import Error
from asc.words import without_udids

_INTEGRATIONS = "App Store Connect, Users and Access, Integrations"
# https://developer.apple.com/documentation/appstoreconnectapi/creating-api-keys-for-app-store-connect-api
_CLOSED_TO_INDIVIDUAL_KEYS = ("bundleIds", "bundleIdCapabilities", "certificates", "devices", "profiles")
INDIVIDUAL_KEY = "Apple lets no individual key into certificates, identifiers, devices and profiles"
# Matched by prefix, the longest first.
_REMEDIES = {
    "FORBIDDEN.REQUIRED_AGREEMENTS_MISSING_OR_EXPIRED": (
        "The account holder has to accept the current agreement in App Store Connect, Business "
        "(or at developer.apple.com/account)."
    ),
    "NOT_FOUND": "Check the id; an app of another team, or one this key may not see, is answered the same way.",
    "PARAMETER_ERROR": "Report this bug of the action with the text above.",
}


@dataclass(frozen=True)
class AppleError:
    """One error object of an answer. `source` is a JSON pointer or the name of a parameter."""

    status: str
    code: str
    title: str
    detail: str
    source: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def __str__(self) -> str:
        text = self.title.rstrip(".")
        if self.detail and self.detail != self.title:
            text += f": {self.detail.rstrip('.')}"
        return (
            text
            + (f" ({self.code}" if self.code else " (no code")
            + (f" at {self.source})" if self.source else ")")
        )


class ApiError(Error):
    """App Store Connect refused a request. `status` is the HTTP status, `errors` are Apple's reasons."""

    def __init__(self, call: str, status: int, errors: tuple[AppleError, ...], remedy: str) -> None:
        reasons = "; ".join(map(str, errors)) or "without a reason"
        super().__init__(f"App Store Connect refused {call} with {status}: {reasons}.", remedy)
        self.status = status
        self.errors = errors

    def has_code(self, prefix: str) -> bool:
        """Return True if one of Apple's dotted codes is `prefix` or begins with `prefix` and a dot."""
        return any(error.code == prefix or error.code.startswith(prefix + ".") for error in self.errors)


def read_errors(body: object) -> tuple[AppleError, ...]:
    """Return the error objects of an answer's body, with the ones in meta.associatedErrors. May be empty."""
    return tuple(_walk(body.get("errors"))) if isinstance(body, Mapping) else ()


def is_closed_to(key: ApiKey, path: str) -> bool:
    """Return True if `key` is an individual key and Apple allows `path` only with a team key."""
    # The type of the resource follows the version: /v1/profiles/….
    types = path.split("/")[2:3]
    return key.issuer_id is None and any(type_name in _CLOSED_TO_INDIVIDUAL_KEYS for type_name in types)


def api_error(call: str, status: int, errors: tuple[AppleError, ...], role: str, key: ApiKey) -> ApiError:
    """Return the error for a refused request. `role` names the roles that the command needs."""
    # The longest code first, because it is the most specific one.
    for code in sorted(_REMEDIES, key=len, reverse=True):
        if any(error.code.startswith(code) for error in errors):
            return ApiError(call, status, errors, _REMEDIES[code])
    if status == 403 and is_closed_to(key, call.partition(" ")[2]):
        remedy = (
            f"{INDIVIDUAL_KEY}, and {key.key_id} is one: create a team key with the role {role} under "
            f"{_INTEGRATIONS}."
        )
        return ApiError(call, status, errors, remedy)
    if status == 403:
        remedy = f"The key {key.key_id} needs the role {role}: create one that has it under {_INTEGRATIONS}."
        return ApiError(call, status, errors, remedy)
    return ApiError(
        call, status, errors, "Correct the problem that App Store Connect names, then run the step again."
    )


def token_refused(
    call: str, errors: tuple[AppleError, ...], key: ApiKey, clock: str | None, worked: bool
) -> ApiError:
    """Return the error for a 401 that a new token did not change.

    `clock` describes the difference of the clocks; `worked` is True if a request of this run succeeded with the key.
    """
    kind = (
        "that the issuer id belongs to it (an individual key has none: leave issuer_id out)"
        if key.issuer_id
        else "that it is an individual key (a team key needs its issuer id)"
    )
    enterprise = (
        "that the account is an Enterprise one, as in_house says"
        if key.in_house
        else 'for an Enterprise account that the JSON has "in_house": true'
    )
    remedy = (
        f"Check under {_INTEGRATIONS} that the key {key.key_id} exists and is active, {kind}, "
        f"that the .p8 is its own, and {enterprise}."
    )
    if is_closed_to(key, call.partition(" ")[2]):
        remedy = f"{INDIVIDUAL_KEY}: use a team key. {remedy}"
    elif worked:
        remedy = f"Requests before it succeeded: run the step again. If it fails again: {remedy}"
    if clock:
        remedy = f"{clock}: set it. {remedy}"
    return ApiError(call, 401, errors, remedy)


def _walk(errors: Any) -> Iterator[AppleError]:
    for error in errors if isinstance(errors, list) else ():
        if not isinstance(error, Mapping):
            continue
        source = error.get("source")
        source = source if isinstance(source, Mapping) else {}
        meta = error.get("meta")
        meta = meta if isinstance(meta, Mapping) else {}
        yield AppleError(
            status=_text(error.get("status")),
            code=_text(error.get("code")),
            title=_text(error.get("title")) or "no title",
            detail=_text(error.get("detail")),
            source=_text(source.get("pointer") or source.get("parameter")),
            meta=meta,
        )
        # Apple puts the reasons that matter into the errors of associated resources.
        associated = meta.get("associatedErrors")
        for group in associated.values() if isinstance(associated, Mapping) else ():
            yield from _walk(group)


def _text(value: object) -> str:
    """Return one of Apple's texts, with each UDID cut to its last four digits."""
    return "" if value is None else without_udids(str(value))
