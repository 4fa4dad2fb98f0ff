"""Explain why Apple does not take a version into review: each reason with its locale and a fix.

Apple looks when a version is added to a submission, and puts all reasons into `meta.associatedErrors`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from asc.api.client import Client
from asc.api.errors import ApiError, AppleError
from asc.errors import Error, ManyError
from asc.store.limits import CATEGORIES, FIELDS, REVIEW
from asc.store.readiness import PRICE, TERRITORY, UPDATE

_PRIVACY = "Publish the answers in App Store Connect, the app, App Privacy; no API can."
# By a part of Apple's code or of the path of the resource. The first that fits counts: codes say more than paths.
_FIXES = {
    "APP_DATA_USAGES_REQUIRED": _PRIVACY,
    "SCREENSHOT_REQUIRED": "Upload the screenshots with update-app-store.",
    "appStoreVersionLocalizations": UPDATE,
    "appInfoLocalizations": UPDATE,
    "ageRatingDeclarations": "Answer it in age-rating of update-app-store.",
    "appStoreReviewDetails": "Give it in review-info of update-app-store.",
    "appInfos": "Give the category in categories of update-app-store.",
    "contentRightsDeclaration": "Set third-party-content of update-app-store.",
    "usesNonExemptEncryption": "Set uses-non-exempt-encryption.",
    "copyright": "Set copyright of update-app-store.",
    "AVAILABILITY": TERRITORY,
    "relationships/build": "Set build-id or build-number.",
    "PRICE": PRICE,
}

_NAMES = {
    **{field.attribute: field.name for field in FIELDS},
    **{attribute: name for names in (REVIEW, CATEGORIES) for name, attribute in names.items()},
}
"""Apple's names of attributes → the names that users write."""
_PARTS = {
    "appStoreVersions": "the version",
    "appInfos": "the app's information",
    "apps": "the app",
    "builds": "the build",
    "ageRatingDeclarations": "the age rating",
    "appStoreReviewDetails": "the review information",
    "appDataUsages": "the answers about privacy",
}


def explained(client: Client, version_id: str, error: ApiError) -> Error:
    """Return the refusal of a version: each reason with its locale, its field and its own remedy."""
    reasons = list(_associated(error))
    # Refusals without any reason were reported for answers about privacy that are not published.
    if not reasons:
        remedy = f"If Apple names no reason, the app privacy answers may not be published: {_PRIVACY}"
        return Error(error.message, remedy if error.status == 409 else error.remedy)
    locales = _locales(client, version_id, [path for path, _ in reasons])
    fixes = {_line(path, reason, locales): _fix(path, reason) for path, reason in reasons}
    errors = [
        Error(line, fix or "Add what Apple names, then run the step again.") for line, fix in fixes.items()
    ]
    return errors[0] if len(errors) == 1 else ManyError(errors)


def _line(path: str, reason: AppleError, locales: Mapping[str, str]) -> str:
    attribute = reason.source.rpartition("/")[2]
    # Apple's name stands in the text; users know the name of the file or the input.
    known = _NAMES.get(attribute, attribute)
    return f"Apple refuses {_place(path, locales)}{f': {known}' if known else ''}: {reason}."


def _associated(error: ApiError) -> Iterator[tuple[str, AppleError]]:
    for reason in error.errors:
        associated = reason.meta.get("associatedErrors")
        for path, group in associated.items() if isinstance(associated, Mapping) else ():
            # A list of errors was recorded, and one error alone.
            for entry in group if isinstance(group, list) else [group]:
                if isinstance(entry, Mapping):
                    yield str(path), _reason(entry)


def _reason(entry: Mapping[str, Any]) -> AppleError:
    source = entry.get("source")
    pointer = source.get("pointer") if isinstance(source, Mapping) else ""
    status, code, title, detail = (
        str(entry.get(name) or "") for name in ("status", "code", "title", "detail")
    )
    return AppleError(status, code, title, detail, str(pointer or ""))


def _locales(client: Client, version_id: str, paths: Sequence[str]) -> dict[str, str]:
    """Return the locales by the ids of texts: one request for the version, and one for each name of the app."""
    path = f"/v1/appStoreVersions/{version_id}/appStoreVersionLocalizations"
    texts = client.list(path, {"fields[appStoreVersionLocalizations]": "locale"})
    locales = {resource.id: resource.text("locale") for resource in texts.data}
    for kind, identifier in dict.fromkeys(map(_kind_and_id, paths)):
        if kind == "appInfoLocalizations" and identifier:
            query = {"fields[appInfoLocalizations]": "locale"}
            locales[identifier] = client.get(f"/v1/{kind}/{identifier}", query).resource.text("locale")
    return locales


def _kind_and_id(path: str) -> tuple[str, str]:
    kind, _, identifier = path.strip("/").removeprefix("v1/").partition("/")
    return kind, identifier.strip("/")


def _place(path: str, locales: Mapping[str, str]) -> str:
    kind, identifier = _kind_and_id(path)
    return locales.get(identifier) or _PARTS.get(kind, kind) or "the version"


def _fix(path: str, reason: AppleError) -> str:
    text = f"{reason.code} {reason.source} {path}"
    return next((fix for part, fix in _FIXES.items() if part in text), "")
