"""The screenshots and previews of a version, in each language, in sets by the type of display."""

from __future__ import annotations

from asc_sandbox.kinds import file_state, flag, mapping, mappings, number, text
from asc_sandbox.linking import linkages
from asc_sandbox.reading import Filter, instance, related
from asc_sandbox.resources.store_texts import APP_STORE_VERSION_LOCALIZATIONS
from asc_sandbox.resources.values import DISPLAY_TYPES, PREVIEW_TYPES
from asc_sandbox.rules import media
from asc_sandbox.rules.assets import operations
from asc_sandbox.schema import Relationship, Resource, many, one
from asc_sandbox.writing import changing, creating, deleting

_OWNERS = (
    "appStoreVersionLocalization",
    "appCustomProductPageLocalization",
    "appStoreVersionExperimentTreatmentLocalization",
)


def _owners() -> tuple[Relationship, ...]:
    return tuple(one(name, f"{name}s", has_links=False) for name in _OWNERS)


APP_SCREENSHOT_SETS = Resource(
    "appScreenshotSets",
    area="appStore",
    attributes={"screenshotDisplayType": text},
    relationships=(*_owners(), many("appScreenshots", "appScreenshots")),
    defaults={"screenshotDisplayType": "APP_IPHONE_67"},
)

APP_SCREENSHOTS = Resource(
    "appScreenshots",
    area="appStore",
    attributes={
        "fileSize": number,
        "fileName": text,
        "sourceFileChecksum": text,
        "imageAsset": mapping,
        "assetToken": text,
        "assetType": text,
        "uploadOperations": mappings,
        "assetDeliveryState": file_state,
    },
    relationships=(one("appScreenshotSet", "appScreenshotSets", inverse="appScreenshots", has_links=False),),
    defaults={"assetDeliveryState": "COMPLETE", "fileName": "screenshot.png", "fileSize": 1},
    derived={"uploadOperations": operations, "imageAsset": media.image_of},
    # The size in pixels of the processed picture.
    private={"width": number, "height": number},
)

APP_PREVIEW_SETS = Resource(
    "appPreviewSets",
    area="appStore",
    attributes={"previewType": text},
    relationships=(*_owners(), many("appPreviews", "appPreviews")),
    defaults={"previewType": "IPHONE_67"},
)

APP_PREVIEWS = Resource(
    "appPreviews",
    area="appStore",
    attributes={
        "fileSize": number,
        "fileName": text,
        "sourceFileChecksum": text,
        "previewFrameTimeCode": text,
        "mimeType": text,
        "videoUrl": text,
        "previewFrameImage": mapping,
        "previewImage": mapping,
        "uploadOperations": mappings,
        "assetDeliveryState": file_state,
        "videoDeliveryState": file_state,
    },
    relationships=(one("appPreviewSet", "appPreviewSets", inverse="appPreviews", has_links=False),),
    defaults={
        "assetDeliveryState": "COMPLETE",
        "videoDeliveryState": "COMPLETE",
        "fileName": "preview.mp4",
        "fileSize": 1,
        "mimeType": "video/mp4",
    },
    derived={"uploadOperations": operations, "videoUrl": media.video_of, "previewImage": media.poster_of},
    # The token under which the gallery keeps the processed video.
    private={"token": text},
)

RESOURCES = (APP_SCREENSHOT_SETS, APP_SCREENSHOTS, APP_PREVIEW_SETS, APP_PREVIEWS)


def _any(_held: str, _asked: str) -> bool:
    """Match everything: Apple takes these filters and ignores them (recorded for screenshots)."""
    return True


ENDPOINTS = (
    related(
        "/v1/appStoreVersionLocalizations/{id}/appScreenshotSets",
        APP_STORE_VERSION_LOCALIZATIONS,
        "appScreenshotSets",
        APP_SCREENSHOT_SETS,
        filters=(Filter("screenshotDisplayType", values=DISPLAY_TYPES, matches=_any),),
        includes=True,
    ),
    creating(
        "/v1/appScreenshotSets",
        APP_SCREENSHOT_SETS,
        required=("screenshotDisplayType",),
        related=_OWNERS,
        values={"screenshotDisplayType": DISPLAY_TYPES},
        then=media.make_set,
    ),
    instance("/v1/appScreenshotSets/{id}", APP_SCREENSHOT_SETS),
    deleting("/v1/appScreenshotSets/{id}", APP_SCREENSHOT_SETS, then=media.delete_set),
    related(
        "/v1/appScreenshotSets/{id}/appScreenshots",
        APP_SCREENSHOT_SETS,
        "appScreenshots",
        APP_SCREENSHOTS,
        includes=True,
    ),
    *linkages(
        APP_SCREENSHOT_SETS, "appScreenshots", APP_SCREENSHOTS, ("GET", "PATCH"), admit=media.admit_order
    ),
    creating(
        "/v1/appScreenshots",
        APP_SCREENSHOTS,
        required=("fileName", "fileSize"),
        owners=("appScreenshotSet",),
        then=media.reserve_screenshot,
    ),
    instance("/v1/appScreenshots/{id}", APP_SCREENSHOTS),
    changing(
        "/v1/appScreenshots/{id}",
        APP_SCREENSHOTS,
        optional=("sourceFileChecksum", "uploaded"),
        written={"uploaded": flag},
        then=media.receive_screenshot,
    ),
    deleting("/v1/appScreenshots/{id}", APP_SCREENSHOTS, then=media.delete_media),
    related(
        "/v1/appStoreVersionLocalizations/{id}/appPreviewSets",
        APP_STORE_VERSION_LOCALIZATIONS,
        "appPreviewSets",
        APP_PREVIEW_SETS,
        filters=(Filter("previewType", values=PREVIEW_TYPES, matches=_any),),
        includes=True,
    ),
    creating(
        "/v1/appPreviewSets",
        APP_PREVIEW_SETS,
        required=("previewType",),
        related=_OWNERS,
        values={"previewType": PREVIEW_TYPES},
        then=media.make_set,
    ),
    instance("/v1/appPreviewSets/{id}", APP_PREVIEW_SETS),
    deleting("/v1/appPreviewSets/{id}", APP_PREVIEW_SETS, then=media.delete_set),
    related(
        "/v1/appPreviewSets/{id}/appPreviews", APP_PREVIEW_SETS, "appPreviews", APP_PREVIEWS, includes=True
    ),
    *linkages(APP_PREVIEW_SETS, "appPreviews", APP_PREVIEWS, ("GET", "PATCH"), admit=media.admit_order),
    creating(
        "/v1/appPreviews",
        APP_PREVIEWS,
        required=("fileName", "fileSize"),
        optional=("previewFrameTimeCode", "mimeType"),
        owners=("appPreviewSet",),
        then=media.reserve_preview,
    ),
    instance("/v1/appPreviews/{id}", APP_PREVIEWS),
    changing(
        "/v1/appPreviews/{id}",
        APP_PREVIEWS,
        optional=("sourceFileChecksum", "previewFrameTimeCode", "uploaded"),
        written={"uploaded": flag},
        then=media.receive_preview,
    ),
    deleting("/v1/appPreviews/{id}", APP_PREVIEWS, then=media.delete_media),
)
