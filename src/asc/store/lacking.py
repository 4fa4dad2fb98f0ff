"""Explain the reasons for which Apple does not take a version into review, each with its locale and a fix.

Apple looks when a version is added to a submission, and puts all reasons into `meta.associatedErrors`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from asc.api.client import Client
from asc.api.errors import ApiError, AppleError
from asc.errors import Error

_PRIVACY = (
    "App Store Connect, the app, App Privacy: answer the questions and publish the answers; no API can."
)
_FIXES = {  # by a part of Apple's code or of the path of the resource
    "APP_DATA_USAGES_REQUIRED": _PRIVACY,
    "SCREENSHOT_REQUIRED": "Upload the screenshots with update-app-store.",
    "appStoreVersionLocalizations": "Put the text into the metadata folder of this locale, then run update-app-store.",
    "appInfoLocalizations": "Put the text into the metadata folder of this locale, then run update-app-store.",
    "ageRatingDeclarations": "Answer it in age-rating of update-app-store.",
    "appStoreReviewDetails": "Give it in review-info of update-app-store.",
    "appInfos": "Give the category in categories of update-app-store.",
    "contentRightsDeclaration": "Set third-party-content of update-app-store.",
    "usesNonExemptEncryption": "Set uses-non-exempt-encryption.",
    "copyright": "Set copyright of update-app-store.",
    "PRICE": "App Store Connect, the app, Pricing and Availability: choose a price; a free app needs one, too.",
}


def explained(client: Client, version_id: str, error: ApiError) -> Error:
    """Return the refusal of a version with every reason on a line of its own, each with its locale."""
    reasons = list(_associated(error))
    if not reasons:
        remedy = f"If Apple names no reason, the app privacy answers may not be published: {_PRIVACY}"
        return Error(error.message, remedy if error.status == 409 else error.remedy)
    locales = _locales(client, version_id)
    lines = [f"{_place(path, locales)}{reason}" for path, reason in reasons]
    fixes = dict.fromkeys(fix for path, reason in reasons if (fix := _fix(path, reason)))
    return Error(
        "The version lacks what Apple needs for its review:\n" + "\n".join(dict.fromkeys(lines)),
        "\n".join(fixes) or "Add what Apple names, then run the step again.",
    )


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


def _locales(client: Client, version_id: str) -> dict[str, str]:
    path = f"/v1/appStoreVersions/{version_id}/appStoreVersionLocalizations"
    found = client.list(path, {"fields[appStoreVersionLocalizations]": "locale"})
    return {resource.id: resource.text("locale") for resource in found.data}


def _place(path: str, locales: Mapping[str, str]) -> str:
    kind, _, identifier = path.strip("/").removeprefix("v1/").partition("/")
    return f"{locales.get(identifier.strip('/')) or kind or 'version'}: "


def _fix(path: str, reason: AppleError) -> str:
    text = f"{reason.code} {reason.source} {path}"
    return next((fix for part, fix in _FIXES.items() if part in text), "")
