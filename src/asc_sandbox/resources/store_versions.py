"""The versions of an app in the App Store."""

from __future__ import annotations

from asc_sandbox.kinds import date, flag, text
from asc_sandbox.linking import linkages
from asc_sandbox.reading import Filter, instance, related
from asc_sandbox.resources.apps import APPS
from asc_sandbox.resources.builds import BUILDS
from asc_sandbox.resources.values import (
    APP_STORE_STATES,
    APP_VERSION_STATES,
    PLATFORMS,
    RELEASE_TYPES,
    REVIEW_TYPES,
)
from asc_sandbox.rules.store_states import both_names
from asc_sandbox.rules.store_versions import change_version, check_build, delete_version, make_version
from asc_sandbox.schema import Resource, link, many, one
from asc_sandbox.writing import changing, creating, deleting

APP_STORE_VERSIONS = Resource(
    "appStoreVersions",
    area="appStore",
    attributes={
        "platform": text,
        "versionString": text,
        "appStoreState": text,
        "appVersionState": text,
        "copyright": text,
        "reviewType": text,
        "releaseType": text,
        "earliestReleaseDate": date,
        "usesIdfa": flag,
        "downloadable": flag,
        "createdDate": date,
    },
    relationships=(
        one("app", "apps", has_links=False),
        many("appStoreVersionLocalizations", "appStoreVersionLocalizations", inverse="appStoreVersion"),
        one("build", "builds"),
        one("appStoreVersionPhasedRelease", "appStoreVersionPhasedReleases", inverse="appStoreVersion"),
        one("gameCenterAppVersion", "gameCenterAppVersions"),
        one("routingAppCoverage", "routingAppCoverages"),
        one("appStoreReviewDetail", "appStoreReviewDetails", inverse="appStoreVersion"),
        one("appStoreVersionSubmission", "appStoreVersionSubmissions", inverse="appStoreVersion"),
        one(
            "appClipDefaultExperience",
            "appClipDefaultExperiences",
            inverse="releaseWithAppStoreVersion",
        ),
        many("appStoreVersionExperiments", "appStoreVersionExperiments"),
        many("appStoreVersionExperimentsV2", "appStoreVersionExperiments"),
        link("customerReviews"),
        one("alternativeDistributionPackage", "alternativeDistributionPackages"),
    ),
    defaults={
        "platform": "IOS",
        "appStoreState": "READY_FOR_SALE",
        "appVersionState": "READY_FOR_DISTRIBUTION",
        "reviewType": "APP_STORE",
        "releaseType": "AFTER_APPROVAL",
        "downloadable": True,
        "createdDate": "30 days ago",
    },
    completed=both_names,
    # The id of the version whose texts Apple is still to copy.
    private={"copiesFrom": text},
)

RESOURCES = (APP_STORE_VERSIONS,)

_OPTIONAL = ("copyright", "reviewType", "releaseType", "earliestReleaseDate", "usesIdfa")
_VALUES = {"platform": PLATFORMS, "releaseType": RELEASE_TYPES, "reviewType": REVIEW_TYPES}

ENDPOINTS = (
    related(
        "/v1/apps/{id}/appStoreVersions",
        APPS,
        "appStoreVersions",
        APP_STORE_VERSIONS,
        filters=(
            Filter("platform", values=PLATFORMS),
            Filter("versionString"),
            Filter("appStoreState", values=APP_STORE_STATES),
            Filter("appVersionState", values=APP_VERSION_STATES),
            Filter("id"),
        ),
        includes=True,
    ),
    related("/v1/builds/{id}/appStoreVersion", BUILDS, "appStoreVersion", APP_STORE_VERSIONS, includes=True),
    instance("/v1/appStoreVersions/{id}", APP_STORE_VERSIONS),
    creating(
        "/v1/appStoreVersions",
        APP_STORE_VERSIONS,
        required=("platform", "versionString"),
        optional=_OPTIONAL,
        owners=("app",),
        related=("appStoreVersionLocalizations", "build"),
        values=_VALUES,
        then=make_version,
    ),
    changing(
        "/v1/appStoreVersions/{id}",
        APP_STORE_VERSIONS,
        optional=("versionString", "downloadable", *_OPTIONAL),
        related=("build", "appClipDefaultExperience"),
        values={name: _VALUES[name] for name in ("releaseType", "reviewType")},
        then=change_version,
    ),
    deleting("/v1/appStoreVersions/{id}", APP_STORE_VERSIONS, then=delete_version),
    related("/v1/appStoreVersions/{id}/build", APP_STORE_VERSIONS, "build", BUILDS),
    *linkages(APP_STORE_VERSIONS, "build", BUILDS, ("GET", "PATCH"), admit=check_build),
)
