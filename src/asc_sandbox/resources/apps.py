"""Apps."""

from __future__ import annotations

from asc_sandbox.kinds import flag, text, texts
from asc_sandbox.reading import Filter, contains_loosely, instance, listing
from asc_sandbox.resources.values import APP_STORE_STATES, APP_VERSION_STATES, CONTENT_RIGHTS, PLATFORMS
from asc_sandbox.rules.apps import change_app
from asc_sandbox.schema import Relationship, Resource, link, many, one
from asc_sandbox.writing import changing

APPS = Resource(
    "apps",
    area="apps",
    attributes={
        "accessibilityUrl": text,
        "name": text,
        "bundleId": text,
        "sku": text,
        "primaryLocale": text,
        "isOrEverWasMadeForKids": flag,
        "subscriptionStatusUrl": text,
        "subscriptionStatusUrlVersion": text,
        "subscriptionStatusUrlForSandbox": text,
        "subscriptionStatusUrlVersionForSandbox": text,
        "contentRightsDeclaration": text,
        "streamlinedPurchasingEnabled": flag,
    },
    relationships=(
        link("accessibilityDeclarations"),
        many("appEncryptionDeclarations", "appEncryptionDeclarations", inverse="app"),
        one("appStoreIcon", "buildIcons", has_links=False),
        one("ciProduct", "ciProducts"),
        link("betaTesters", "betaTesters", inverse="apps"),
        many("betaGroups", "betaGroups", inverse="app"),
        many("appStoreVersions", "appStoreVersions", inverse="app"),
        link("appTags"),
        many("preReleaseVersions", "preReleaseVersions", inverse="app"),
        many("betaAppLocalizations", "betaAppLocalizations", inverse="app"),
        many("builds", "builds", inverse="app"),
        one("betaLicenseAgreement", "betaLicenseAgreements", inverse="app"),
        one("betaAppReviewDetail", "betaAppReviewDetails", inverse="app"),
        many("appInfos", "appInfos", inverse="app"),
        many("appClips", "appClips"),
        link("appPricePoints"),
        one("endUserLicenseAgreement", "endUserLicenseAgreements"),
        Relationship("appPriceSchedule", "appPriceSchedules", inverse="app", has_data=False),
        Relationship("appAvailabilityV2", "appAvailabilities", inverse="app", has_data=False),
        many("inAppPurchases", "inAppPurchases", inverse="app"),
        many("subscriptionGroups", "subscriptionGroups", inverse="app"),
        many("gameCenterEnabledVersions", "gameCenterEnabledVersions"),
        link("perfPowerMetrics"),
        many("appCustomProductPages", "appCustomProductPages"),
        many("inAppPurchasesV2", "inAppPurchases", inverse="app"),
        many("promotedPurchases", "promotedPurchases"),
        many("appEvents", "appEvents", inverse="app"),
        many("reviewSubmissions", "reviewSubmissions", inverse="app"),
        one("subscriptionGracePeriod", "subscriptionGracePeriods"),
        link("customerReviews"),
        link("customerReviewSummarizations"),
        one("gameCenterDetail", "gameCenterDetails"),
        many("appStoreVersionExperimentsV2", "appStoreVersionExperiments"),
        link("alternativeDistributionKey"),
        link("analyticsReportRequests"),
        link("marketplaceSearchDetail"),
        link("buildUploads", "buildUploads", inverse="app"),
        link("backgroundAssets"),
        link("betaFeedbackScreenshotSubmissions", "betaFeedbackScreenshotSubmissions", inverse="app"),
        link("betaFeedbackCrashSubmissions", "betaFeedbackCrashSubmissions", inverse="app"),
        link("searchKeywords"),
        link("webhooks", "webhooks", inverse="app"),
        many("androidToIosAppMappingDetails", "androidToIosAppMappingDetails"),
    ),
    defaults={
        "primaryLocale": "en-US",
        "isOrEverWasMadeForKids": False,
        "contentRightsDeclaration": "DOES_NOT_USE_THIRD_PARTY_CONTENT",
        "privacyPublished": True,
        "priced": True,
        "available": True,
    },
    # Whether its privacy answers are published, whether it has a price and is sold anywhere, and the names that apps
    # of other developers have: Apple's API shows the first nowhere, and the rest elsewhere.
    private={"privacyPublished": flag, "priced": flag, "available": flag, "takenNames": texts},
)

RESOURCES = (APPS,)

ENDPOINTS = (
    listing(
        "/v1/apps",
        APPS,
        filters=(
            Filter("name"),
            Filter("bundleId", matches=contains_loosely),
            Filter("sku"),
            Filter("appStoreVersions.appStoreState", values=APP_STORE_STATES),
            Filter("appStoreVersions.platform", values=PLATFORMS),
            Filter("appStoreVersions.appVersionState", values=APP_VERSION_STATES),
            Filter("appStoreVersions"),
            Filter("id"),
        ),
        sorts=("name", "bundleId", "sku"),
    ),
    instance("/v1/apps/{id}", APPS),
    changing(
        "/v1/apps/{id}",
        APPS,
        optional=(
            "accessibilityUrl",
            "bundleId",
            "primaryLocale",
            "subscriptionStatusUrl",
            "subscriptionStatusUrlVersion",
            "subscriptionStatusUrlForSandbox",
            "subscriptionStatusUrlVersionForSandbox",
            "contentRightsDeclaration",
            "streamlinedPurchasingEnabled",
        ),
        values={
            "contentRightsDeclaration": CONTENT_RIGHTS,
            "subscriptionStatusUrlVersion": ("V1", "V2"),
            "subscriptionStatusUrlVersionForSandbox": ("V1", "V2"),
        },
        then=change_app,
    ),
)
