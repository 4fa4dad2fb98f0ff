"""A version in the App Store that lacks nothing for its review, as a seed."""

from __future__ import annotations

from typing import Any

from support.sandbox import store_version

CONTACT = {
    "contactFirstName": "Ada",
    "contactLastName": "Example",
    "contactPhone": "+15555550100",
    "contactEmail": "ada@example.com",
}


def texts(locale: str = "en-US", **attributes: Any) -> dict[str, Any]:
    """The texts of a version in a language, with a screenshot for an iPhone."""
    return {
        "locale": locale,
        "description": "An example.",
        "keywords": "example",
        "supportUrl": "https://example.com/support",
        "whatsNew": "Something new.",
        "appScreenshotSets": [
            {"screenshotDisplayType": "APP_IPHONE_67", "appScreenshots": [{"fileName": "1.png"}]}
        ],
        **attributes,
    }


def ready_version(number: str = "2.0", build: str | None = None, **attributes: Any) -> dict[str, Any]:
    """A version that can be submitted; without a build one is still to be attached."""
    usual = {
        "appVersionState": "PREPARE_FOR_SUBMISSION",
        "createdDate": "1 day ago",
        "copyright": "2026 Example",
        "appStoreVersionLocalizations": [texts()],
        "appStoreReviewDetail": dict(CONTACT),
    }
    return store_version(number, build=build, **{**usual, **attributes})
