"""The texts on the store page of a version, in each language."""

from __future__ import annotations

from asc_sandbox.kinds import text
from asc_sandbox.reading import Filter, instance, related
from asc_sandbox.resources.store_versions import APP_STORE_VERSIONS
from asc_sandbox.rules.store_texts import change_text, delete_text, make_text
from asc_sandbox.schema import Resource, many, one
from asc_sandbox.writing import changing, creating, deleting

_TEXTS = ("description", "keywords", "marketingUrl", "promotionalText", "supportUrl", "whatsNew")

APP_STORE_VERSION_LOCALIZATIONS = Resource(
    "appStoreVersionLocalizations",
    area="appStore",
    attributes=dict.fromkeys(("description", "locale", *_TEXTS[1:]), text),
    relationships=(
        one("appStoreVersion", "appStoreVersions", has_links=False),
        many("appScreenshotSets", "appScreenshotSets", inverse="appStoreVersionLocalization"),
        many("appPreviewSets", "appPreviewSets", inverse="appStoreVersionLocalization"),
        many("searchKeywords", "appKeywords"),
    ),
    defaults={"locale": "en-US"},
)

RESOURCES = (APP_STORE_VERSION_LOCALIZATIONS,)

ENDPOINTS = (
    instance("/v1/appStoreVersionLocalizations/{id}", APP_STORE_VERSION_LOCALIZATIONS),
    creating(
        "/v1/appStoreVersionLocalizations",
        APP_STORE_VERSION_LOCALIZATIONS,
        required=("locale",),
        optional=_TEXTS,
        owners=("appStoreVersion",),
        then=make_text,
    ),
    changing(
        "/v1/appStoreVersionLocalizations/{id}",
        APP_STORE_VERSION_LOCALIZATIONS,
        optional=_TEXTS,
        then=change_text,
    ),
    deleting("/v1/appStoreVersionLocalizations/{id}", APP_STORE_VERSION_LOCALIZATIONS, then=delete_text),
    related(
        "/v1/appStoreVersions/{id}/appStoreVersionLocalizations",
        APP_STORE_VERSIONS,
        "appStoreVersionLocalizations",
        APP_STORE_VERSION_LOCALIZATIONS,
        filters=(Filter("locale"),),
        includes=True,
    ),
)
