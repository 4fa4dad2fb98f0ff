"""What the reviewers of a version are told."""

from __future__ import annotations

from asc_sandbox.kinds import flag, text
from asc_sandbox.reading import instance, related
from asc_sandbox.resources.store_versions import APP_STORE_VERSIONS
from asc_sandbox.rules.store_review import CONTACT, change_detail, make_detail
from asc_sandbox.schema import Resource, many, one
from asc_sandbox.writing import changing, creating

_DETAILS = (*CONTACT, "demoAccountName", "demoAccountPassword", "demoAccountRequired", "notes")

APP_STORE_REVIEW_DETAILS = Resource(
    "appStoreReviewDetails",
    area="appStore",
    attributes={**dict.fromkeys(_DETAILS, text), "demoAccountRequired": flag},
    relationships=(
        one("appStoreVersion", "appStoreVersions", has_links=False),
        many("appStoreReviewAttachments", "appStoreReviewAttachments", inverse="appStoreReviewDetail"),
    ),
)

RESOURCES = (APP_STORE_REVIEW_DETAILS,)

ENDPOINTS = (
    related(
        "/v1/appStoreVersions/{id}/appStoreReviewDetail",
        APP_STORE_VERSIONS,
        "appStoreReviewDetail",
        APP_STORE_REVIEW_DETAILS,
        includes=True,
    ),
    instance("/v1/appStoreReviewDetails/{id}", APP_STORE_REVIEW_DETAILS),
    creating(
        "/v1/appStoreReviewDetails",
        APP_STORE_REVIEW_DETAILS,
        optional=_DETAILS,
        owners=("appStoreVersion",),
        then=make_detail,
    ),
    changing(
        "/v1/appStoreReviewDetails/{id}", APP_STORE_REVIEW_DETAILS, optional=_DETAILS, then=change_detail
    ),
)
