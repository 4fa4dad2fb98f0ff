"""Builds and their trains (preReleaseVersions)."""

from __future__ import annotations

from asc_sandbox.kinds import date, flag, mapping, text, texts
from asc_sandbox.reading import Filter, instance, listing, related
from asc_sandbox.resources.apps import APPS
from asc_sandbox.resources.values import AUDIENCES, PLATFORMS, PROCESSING_STATES, REVIEW_STATES
from asc_sandbox.schema import Resource, link, many, one

BUILDS = Resource(
    "builds",
    area="builds",
    attributes={
        "version": text,
        "uploadedDate": date,
        "expirationDate": date,
        "expired": flag,
        "minOsVersion": text,
        "lsMinimumSystemVersion": text,
        "computedMinMacOsVersion": text,
        "computedMinVisionOsVersion": text,
        "iconAssetToken": mapping,
        "processingState": text,
        "buildAudienceType": text,
        "usesNonExemptEncryption": flag,
    },
    relationships=(
        one("preReleaseVersion", "preReleaseVersions"),
        many("individualTesters", "betaTesters"),
        many("betaGroups", "betaGroups", inverse="builds"),
        many("betaBuildLocalizations", "betaBuildLocalizations", inverse="build"),
        one("appEncryptionDeclaration", "appEncryptionDeclarations"),
        one("betaAppReviewSubmission", "betaAppReviewSubmissions", inverse="build"),
        one("app", "apps"),
        one("buildBetaDetail", "buildBetaDetails", inverse="build"),
        one("appStoreVersion", "appStoreVersions", inverse="build"),
        many("icons", "buildIcons"),
        many("buildBundles", "buildBundles", inverse="build", has_links=False),
        one("buildUpload", "buildUploads", inverse="build", has_links=False),
        link("perfPowerMetrics"),
        link("diagnosticSignatures"),
    ),
    defaults={
        "processingState": "VALID",
        "expired": False,
        "uploadedDate": "1 hour ago",
        "expirationDate": "in 90 days",
        "minOsVersion": "15.0",
        "buildAudienceType": "APP_STORE_ELIGIBLE",
    },
    # The devices that it runs on, for the screenshots that its review needs: IPHONE, IPAD, WATCH.
    private={"families": texts},
)

PRE_RELEASE_VERSIONS = Resource(
    "preReleaseVersions",
    area="builds",
    attributes={"version": text, "platform": text},
    relationships=(many("builds", "builds", inverse="preReleaseVersion"), one("app", "apps")),
    defaults={"platform": "IOS"},
)

RESOURCES = (BUILDS, PRE_RELEASE_VERSIONS)

ENDPOINTS = (
    listing(
        "/v1/builds",
        BUILDS,
        filters=(
            Filter("version"),
            Filter("expired"),
            Filter("processingState", values=PROCESSING_STATES),
            Filter("betaAppReviewSubmission.betaReviewState", values=REVIEW_STATES),
            Filter("usesNonExemptEncryption"),
            Filter("preReleaseVersion.version"),
            Filter("preReleaseVersion.platform", values=PLATFORMS),
            Filter("buildAudienceType", values=AUDIENCES),
            Filter("preReleaseVersion"),
            Filter("app"),
            Filter("betaGroups"),
            Filter("appStoreVersion"),
            Filter("id"),
        ),
        exists=("usesNonExemptEncryption",),
        sorts=("version", "uploadedDate", "preReleaseVersion"),
        # Sorting by a relationship means sorting by the version number in it.
        sort_paths={"preReleaseVersion": "preReleaseVersion.version"},
    ),
    instance("/v1/builds/{id}", BUILDS),
    related("/v1/builds/{id}/app", BUILDS, "app", APPS),
    related("/v1/apps/{id}/builds", APPS, "builds", BUILDS),
    related("/v1/builds/{id}/preReleaseVersion", BUILDS, "preReleaseVersion", PRE_RELEASE_VERSIONS),
    listing(
        "/v1/preReleaseVersions",
        PRE_RELEASE_VERSIONS,
        filters=(
            Filter("builds.buildAudienceType", values=AUDIENCES),
            Filter("builds.expired"),
            Filter("builds.processingState", values=PROCESSING_STATES),
            Filter("builds.version"),
            Filter("platform", values=PLATFORMS),
            Filter("version"),
            Filter("app"),
            Filter("builds"),
        ),
        sorts=("version",),
    ),
    instance("/v1/preReleaseVersions/{id}", PRE_RELEASE_VERSIONS),
    related("/v1/apps/{id}/preReleaseVersions", APPS, "preReleaseVersions", PRE_RELEASE_VERSIONS),
    related("/v1/preReleaseVersions/{id}/builds", PRE_RELEASE_VERSIONS, "builds", BUILDS),
)
