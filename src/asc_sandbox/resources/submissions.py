"""The submission of a version to review, its release, and its phased release."""

from __future__ import annotations

from asc_sandbox.kinds import date, flag, number, text
from asc_sandbox.linking import linkages
from asc_sandbox.reading import Filter, instance, listing, related
from asc_sandbox.resources.apps import APPS
from asc_sandbox.resources.store_versions import APP_STORE_VERSIONS
from asc_sandbox.resources.values import PHASED_STATES, PLATFORMS, SUBMISSION_STATES
from asc_sandbox.rules.releases import change_phased, delete_phased, make_phased, request_release
from asc_sandbox.rules.submissions import (
    add_item,
    change_item,
    change_submission,
    delete_item,
    make_submission,
)
from asc_sandbox.schema import Resource, hidden, many, one
from asc_sandbox.writing import changing, creating, deleting

# Apple's document lists all of these. The sandbox implements five of the types, and answers 501 for the others.
_TARGETS = {
    "appStoreVersion": "appStoreVersions",
    "appCustomProductPageVersion": "appCustomProductPageVersions",
    "appStoreVersionExperiment": "appStoreVersionExperiments",
    "appStoreVersionExperimentV2": "appStoreVersionExperiments",
    "appEvent": "appEvents",
    "backgroundAssetVersion": "backgroundAssetVersions",
    "gameCenterAchievementVersion": "gameCenterAchievementVersions",
    "gameCenterActivityVersion": "gameCenterActivityVersions",
    "gameCenterChallengeVersion": "gameCenterChallengeVersions",
    "gameCenterLeaderboardSetVersion": "gameCenterLeaderboardSetVersions",
    "gameCenterLeaderboardVersion": "gameCenterLeaderboardVersions",
    "inAppPurchaseVersion": "inAppPurchaseVersions",
    "subscriptionVersion": "subscriptionVersions",
    "subscriptionGroupVersion": "subscriptionGroupVersions",
}

_IMPLEMENTED = (
    *("appStoreVersions", "appEvents", "inAppPurchaseVersions"),
    *("subscriptionVersions", "subscriptionGroupVersions"),
)

REVIEW_SUBMISSIONS = Resource(
    "reviewSubmissions",
    area="appStore",
    attributes={"platform": text, "submittedDate": date, "state": text},
    relationships=(
        one("app", "apps", has_links=False),
        many("items", "reviewSubmissionItems", inverse="reviewSubmission"),
        one("appStoreVersionForReview", "appStoreVersions", has_links=False),
        one("submittedByActor", "actors", has_links=False),
        one("lastUpdatedByActor", "actors", has_links=False),
    ),
    defaults={"platform": "IOS", "state": "READY_FOR_REVIEW"},
)

REVIEW_SUBMISSION_ITEMS = Resource(
    "reviewSubmissionItems",
    area="appStore",
    attributes={"state": text},
    relationships=(
        hidden("reviewSubmission", "reviewSubmissions"),
        *(
            one(name, target, has_links=False, is_never_set=target not in _IMPLEMENTED)
            for name, target in _TARGETS.items()
        ),
    ),
    defaults={"state": "READY_FOR_REVIEW"},
)

APP_STORE_VERSION_RELEASE_REQUESTS = Resource(
    "appStoreVersionReleaseRequests",
    area="appStore",
    attributes={},
    relationships=(hidden("appStoreVersion", "appStoreVersions"),),
)

APP_STORE_VERSION_PHASED_RELEASES = Resource(
    "appStoreVersionPhasedReleases",
    area="appStore",
    attributes={
        "phasedReleaseState": text,
        "startDate": date,
        "totalPauseDuration": number,
        "currentDayNumber": number,
    },
    relationships=(hidden("appStoreVersion", "appStoreVersions"),),
    defaults={"phasedReleaseState": "INACTIVE"},
)

RESOURCES = (
    REVIEW_SUBMISSIONS,
    REVIEW_SUBMISSION_ITEMS,
    APP_STORE_VERSION_RELEASE_REQUESTS,
    APP_STORE_VERSION_PHASED_RELEASES,
)

_FILTERS = (Filter("platform", values=PLATFORMS), Filter("state", values=SUBMISSION_STATES))

ENDPOINTS = (
    listing("/v1/reviewSubmissions", REVIEW_SUBMISSIONS, filters=(*_FILTERS, Filter("app", required=True))),
    related(
        "/v1/apps/{id}/reviewSubmissions",
        APPS,
        "reviewSubmissions",
        REVIEW_SUBMISSIONS,
        filters=_FILTERS,
        includes=True,
    ),
    creating(
        "/v1/reviewSubmissions",
        REVIEW_SUBMISSIONS,
        optional=("platform",),
        owners=("app",),
        values={"platform": PLATFORMS},
        then=make_submission,
    ),
    instance("/v1/reviewSubmissions/{id}", REVIEW_SUBMISSIONS),
    changing(
        "/v1/reviewSubmissions/{id}",
        REVIEW_SUBMISSIONS,
        optional=("platform", "submitted", "canceled"),
        values={"platform": PLATFORMS},
        # Apple's document has these in requests only: no record shows them.
        written={"submitted": flag, "canceled": flag},
        then=change_submission,
    ),
    related(
        "/v1/reviewSubmissions/{id}/items",
        REVIEW_SUBMISSIONS,
        "items",
        REVIEW_SUBMISSION_ITEMS,
        includes=True,
    ),
    *linkages(REVIEW_SUBMISSIONS, "items", REVIEW_SUBMISSION_ITEMS, ("GET",)),
    creating(
        "/v1/reviewSubmissionItems",
        REVIEW_SUBMISSION_ITEMS,
        owners=("reviewSubmission",),
        related=tuple(_TARGETS),
        then=add_item,
    ),
    changing(
        "/v1/reviewSubmissionItems/{id}",
        REVIEW_SUBMISSION_ITEMS,
        optional=("resolved", "removed"),
        written={"resolved": flag, "removed": flag},
        then=change_item,
    ),
    deleting("/v1/reviewSubmissionItems/{id}", REVIEW_SUBMISSION_ITEMS, then=delete_item),
    creating(
        "/v1/appStoreVersionReleaseRequests",
        APP_STORE_VERSION_RELEASE_REQUESTS,
        owners=("appStoreVersion",),
        then=request_release,
    ),
    related(
        "/v1/appStoreVersions/{id}/appStoreVersionPhasedRelease",
        APP_STORE_VERSIONS,
        "appStoreVersionPhasedRelease",
        APP_STORE_VERSION_PHASED_RELEASES,
    ),
    creating(
        "/v1/appStoreVersionPhasedReleases",
        APP_STORE_VERSION_PHASED_RELEASES,
        optional=("phasedReleaseState",),
        owners=("appStoreVersion",),
        values={"phasedReleaseState": PHASED_STATES},
        then=make_phased,
    ),
    changing(
        "/v1/appStoreVersionPhasedReleases/{id}",
        APP_STORE_VERSION_PHASED_RELEASES,
        optional=("phasedReleaseState",),
        values={"phasedReleaseState": PHASED_STATES},
        then=change_phased,
    ),
    deleting("/v1/appStoreVersionPhasedReleases/{id}", APP_STORE_VERSION_PHASED_RELEASES, then=delete_phased),
)
