"""The submission of a version by the older API, and the card of its app clip."""

from __future__ import annotations

from asc_sandbox.kinds import text
from asc_sandbox.reading import related
from asc_sandbox.resources.store_versions import APP_STORE_VERSIONS
from asc_sandbox.rules.releases import withdraw_old_submission
from asc_sandbox.schema import Resource, many, one
from asc_sandbox.writing import deleting

# Clients ask for both beside a version, and most versions have neither.
APP_STORE_VERSION_SUBMISSIONS = Resource(
    "appStoreVersionSubmissions",
    area="appStore",
    attributes={},
    relationships=(one("appStoreVersion", "appStoreVersions", has_links=False),),
)

APP_CLIP_DEFAULT_EXPERIENCES = Resource(
    "appClipDefaultExperiences",
    area="appStore",
    attributes={"action": text},
    relationships=(
        one("appClip", "appClips", has_links=False),
        one("releaseWithAppStoreVersion", "appStoreVersions"),
        many("appClipDefaultExperienceLocalizations", "appClipDefaultExperienceLocalizations"),
        one("appClipAppStoreReviewDetail", "appClipAppStoreReviewDetails"),
    ),
    defaults={"action": "OPEN"},
)

RESOURCES = (APP_STORE_VERSION_SUBMISSIONS, APP_CLIP_DEFAULT_EXPERIENCES)

ENDPOINTS = (
    related(
        "/v1/appStoreVersions/{id}/appStoreVersionSubmission",
        APP_STORE_VERSIONS,
        "appStoreVersionSubmission",
        APP_STORE_VERSION_SUBMISSIONS,
        includes=True,
    ),
    deleting(
        "/v1/appStoreVersionSubmissions/{id}", APP_STORE_VERSION_SUBMISSIONS, then=withdraw_old_submission
    ),
    related(
        "/v1/appStoreVersions/{id}/appClipDefaultExperience",
        APP_STORE_VERSIONS,
        "appClipDefaultExperience",
        APP_CLIP_DEFAULT_EXPERIENCES,
        includes=True,
    ),
)
