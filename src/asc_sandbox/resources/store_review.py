"""The information for reviewers of a version, with attachments."""

from __future__ import annotations

from asc_sandbox.kinds import file_state, flag, mappings, number, text
from asc_sandbox.reading import instance, related
from asc_sandbox.resources.store_versions import APP_STORE_VERSIONS
from asc_sandbox.rules.assets import operations
from asc_sandbox.rules.store_review import (
    CONTACT,
    change_detail,
    delete_attachment,
    make_detail,
    receive_attachment,
    reserve_attachment,
)
from asc_sandbox.schema import Resource, many, one
from asc_sandbox.writing import changing, creating, deleting

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

APP_STORE_REVIEW_ATTACHMENTS = Resource(
    "appStoreReviewAttachments",
    area="appStore",
    attributes={
        "fileSize": number,
        "fileName": text,
        "sourceFileChecksum": text,
        "uploadOperations": mappings,
        "assetDeliveryState": file_state,
    },
    relationships=(one("appStoreReviewDetail", "appStoreReviewDetails", has_links=False),),
    defaults={"assetDeliveryState": "COMPLETE", "fileName": "notes.pdf", "fileSize": 1},
    derived={"uploadOperations": operations},
)

RESOURCES = (APP_STORE_REVIEW_DETAILS, APP_STORE_REVIEW_ATTACHMENTS)

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
    related(
        "/v1/appStoreReviewDetails/{id}/appStoreReviewAttachments",
        APP_STORE_REVIEW_DETAILS,
        "appStoreReviewAttachments",
        APP_STORE_REVIEW_ATTACHMENTS,
        includes=True,
    ),
    creating(
        "/v1/appStoreReviewAttachments",
        APP_STORE_REVIEW_ATTACHMENTS,
        required=("fileSize", "fileName"),
        owners=("appStoreReviewDetail",),
        then=reserve_attachment,
    ),
    instance("/v1/appStoreReviewAttachments/{id}", APP_STORE_REVIEW_ATTACHMENTS),
    changing(
        "/v1/appStoreReviewAttachments/{id}",
        APP_STORE_REVIEW_ATTACHMENTS,
        optional=("sourceFileChecksum", "uploaded"),
        written={"uploaded": flag},
        then=receive_attachment,
    ),
    deleting("/v1/appStoreReviewAttachments/{id}", APP_STORE_REVIEW_ATTACHMENTS, then=delete_attachment),
)
