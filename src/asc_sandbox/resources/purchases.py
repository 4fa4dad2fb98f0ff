"""In-app purchases, subscriptions and events, as far as checks and submissions read them."""

from __future__ import annotations

from asc_sandbox.kinds import flag, mappings, number, text
from asc_sandbox.reading import Filter, instance, related
from asc_sandbox.resources.apps import APPS
from asc_sandbox.resources.values import (
    EVENT_STATES,
    PURCHASE_STATES,
    PURCHASE_TYPES,
    PURCHASE_VERSION_STATES,
    SUBSCRIPTION_STATES,
)
from asc_sandbox.schema import Resource, hidden, link, many, one

IN_APP_PURCHASES = Resource(
    "inAppPurchases",
    area="appStore",
    attributes={
        "name": text,
        "productId": text,
        "inAppPurchaseType": text,
        "state": text,
        "reviewNote": text,
        "familySharable": flag,
        "contentHosting": flag,
    },
    relationships=(
        hidden("app", "apps"),
        many("inAppPurchaseLocalizations", "inAppPurchaseLocalizations", inverse="inAppPurchaseV2"),
        many("pricePoints", "inAppPurchasePricePoints"),
        one("content", "inAppPurchaseContents"),
        one("appStoreReviewScreenshot", "inAppPurchaseAppStoreReviewScreenshots"),
        one("promotedPurchase", "promotedPurchases"),
        one("iapPriceSchedule", "inAppPurchasePriceSchedules"),
        one("inAppPurchaseAvailability", "inAppPurchaseAvailabilities"),
        many("images", "inAppPurchaseImages"),
        many("offerCodes", "inAppPurchaseOfferCodes"),
        many("versions", "inAppPurchaseVersions", inverse="inAppPurchase"),
    ),
    defaults={"inAppPurchaseType": "NON_CONSUMABLE", "state": "READY_TO_SUBMIT"},
)

IN_APP_PURCHASE_LOCALIZATIONS = Resource(
    "inAppPurchaseLocalizations",
    area="appStore",
    attributes=dict.fromkeys(("name", "locale", "description", "state"), text),
    relationships=(one("inAppPurchaseV2", "inAppPurchases", has_links=False),),
    defaults={"locale": "en-US", "state": "PREPARE_FOR_SUBMISSION"},
)

IN_APP_PURCHASE_VERSIONS = Resource(
    "inAppPurchaseVersions",
    area="appStore",
    attributes={"version": number, "state": text},
    relationships=(
        one("inAppPurchase", "inAppPurchases", has_links=False),
        one("image", "inAppPurchaseImages"),
        many("images", "inAppPurchaseImages"),
        many("localizations", "inAppPurchaseLocalizations"),
    ),
    defaults={"version": 1, "state": "PREPARE_FOR_SUBMISSION"},
)

SUBSCRIPTION_GROUPS = Resource(
    "subscriptionGroups",
    area="appStore",
    attributes={"referenceName": text},
    relationships=(
        hidden("app", "apps"),
        many("subscriptions", "subscriptions", inverse="group"),
        many("subscriptionGroupLocalizations", "subscriptionGroupLocalizations"),
        many("versions", "subscriptionGroupVersions", inverse="subscriptionGroup"),
    ),
)

SUBSCRIPTIONS = Resource(
    "subscriptions",
    area="appStore",
    attributes={
        "name": text,
        "productId": text,
        "familySharable": flag,
        "state": text,
        "subscriptionPeriod": text,
        "reviewNote": text,
        "groupLevel": number,
    },
    relationships=(
        many("subscriptionLocalizations", "subscriptionLocalizations", inverse="subscription"),
        one("appStoreReviewScreenshot", "subscriptionAppStoreReviewScreenshots"),
        one("group", "subscriptionGroups", has_links=False),
        many("introductoryOffers", "subscriptionIntroductoryOffers"),
        many("promotionalOffers", "subscriptionPromotionalOffers"),
        many("offerCodes", "subscriptionOfferCodes"),
        many("prices", "subscriptionPrices"),
        link("pricePoints"),
        one("promotedPurchase", "promotedPurchases"),
        one("subscriptionAvailability", "subscriptionAvailabilities"),
        many("winBackOffers", "winBackOffers"),
        many("images", "subscriptionImages"),
        many("planAvailabilities", "subscriptionPlanAvailabilities"),
        many("versions", "subscriptionVersions", inverse="subscription"),
    ),
    defaults={"state": "READY_TO_SUBMIT", "subscriptionPeriod": "ONE_MONTH"},
)

SUBSCRIPTION_LOCALIZATIONS = Resource(
    "subscriptionLocalizations",
    area="appStore",
    attributes=dict.fromkeys(("name", "locale", "description", "state"), text),
    relationships=(one("subscription", "subscriptions", has_links=False),),
    defaults={"locale": "en-US", "state": "PREPARE_FOR_SUBMISSION"},
)

SUBSCRIPTION_VERSIONS = Resource(
    "subscriptionVersions",
    area="appStore",
    attributes={"version": number, "state": text},
    relationships=(
        one("subscription", "subscriptions", has_links=False),
        one("image", "subscriptionImages"),
        many("images", "subscriptionImages"),
        many("localizations", "subscriptionLocalizations"),
    ),
    defaults={"version": 1, "state": "PREPARE_FOR_SUBMISSION"},
)

SUBSCRIPTION_GROUP_VERSIONS = Resource(
    "subscriptionGroupVersions",
    area="appStore",
    attributes={"version": number, "state": text},
    relationships=(
        one("subscriptionGroup", "subscriptionGroups", has_links=False),
        many("localizations", "subscriptionGroupLocalizations"),
    ),
    defaults={"version": 1, "state": "PREPARE_FOR_SUBMISSION"},
)

APP_EVENTS = Resource(
    "appEvents",
    area="appStore",
    attributes={
        "referenceName": text,
        "badge": text,
        "eventState": text,
        "deepLink": text,
        "purchaseRequirement": text,
        "primaryLocale": text,
        "priority": text,
        "purpose": text,
        "territorySchedules": mappings,
        "archivedTerritorySchedules": mappings,
    },
    relationships=(hidden("app", "apps"), many("localizations", "appEventLocalizations")),
    defaults={"eventState": "DRAFT"},
)

RESOURCES = (
    IN_APP_PURCHASES,
    IN_APP_PURCHASE_LOCALIZATIONS,
    IN_APP_PURCHASE_VERSIONS,
    SUBSCRIPTION_GROUPS,
    SUBSCRIPTIONS,
    SUBSCRIPTION_LOCALIZATIONS,
    SUBSCRIPTION_VERSIONS,
    SUBSCRIPTION_GROUP_VERSIONS,
    APP_EVENTS,
)

_VERSION_STATES = (Filter("state", values=PURCHASE_VERSION_STATES),)

ENDPOINTS = (
    related(
        "/v1/apps/{id}/inAppPurchasesV2",
        APPS,
        "inAppPurchasesV2",
        IN_APP_PURCHASES,
        filters=(
            Filter("productId"),
            Filter("name"),
            Filter("state", values=PURCHASE_STATES),
            Filter("inAppPurchaseType", values=PURCHASE_TYPES),
        ),
        sorts=("name", "inAppPurchaseType"),
        includes=True,
        # Apple's document does not let this list include them.
        without=("pricePoints",),
    ),
    instance("/v2/inAppPurchases/{id}", IN_APP_PURCHASES, limit_maxima={"pricePoints": 8000}),
    related(
        "/v2/inAppPurchases/{id}/inAppPurchaseLocalizations",
        IN_APP_PURCHASES,
        "inAppPurchaseLocalizations",
        IN_APP_PURCHASE_LOCALIZATIONS,
        includes=True,
    ),
    related(
        "/v2/inAppPurchases/{id}/versions",
        IN_APP_PURCHASES,
        "versions",
        IN_APP_PURCHASE_VERSIONS,
        filters=_VERSION_STATES,
        includes=True,
    ),
    instance("/v1/inAppPurchaseVersions/{id}", IN_APP_PURCHASE_VERSIONS),
    related(
        "/v1/apps/{id}/subscriptionGroups",
        APPS,
        "subscriptionGroups",
        SUBSCRIPTION_GROUPS,
        filters=(Filter("referenceName"), Filter("subscriptions.state", values=SUBSCRIPTION_STATES)),
        sorts=("referenceName",),
        includes=True,
    ),
    related(
        "/v1/subscriptionGroups/{id}/subscriptions",
        SUBSCRIPTION_GROUPS,
        "subscriptions",
        SUBSCRIPTIONS,
        filters=(Filter("productId"), Filter("name"), Filter("state", values=SUBSCRIPTION_STATES)),
        sorts=("name",),
        includes=True,
    ),
    related(
        "/v1/subscriptionGroups/{id}/versions",
        SUBSCRIPTION_GROUPS,
        "versions",
        SUBSCRIPTION_GROUP_VERSIONS,
        filters=_VERSION_STATES,
        includes=True,
    ),
    instance("/v1/subscriptions/{id}", SUBSCRIPTIONS),
    related(
        "/v1/subscriptions/{id}/subscriptionLocalizations",
        SUBSCRIPTIONS,
        "subscriptionLocalizations",
        SUBSCRIPTION_LOCALIZATIONS,
        includes=True,
    ),
    related(
        "/v1/subscriptions/{id}/versions",
        SUBSCRIPTIONS,
        "versions",
        SUBSCRIPTION_VERSIONS,
        filters=_VERSION_STATES,
        includes=True,
    ),
    instance("/v1/subscriptionVersions/{id}", SUBSCRIPTION_VERSIONS),
    instance("/v1/subscriptionGroupVersions/{id}", SUBSCRIPTION_GROUP_VERSIONS),
    related(
        "/v1/apps/{id}/appEvents",
        APPS,
        "appEvents",
        APP_EVENTS,
        filters=(Filter("eventState", values=EVENT_STATES), Filter("id")),
        includes=True,
    ),
    instance("/v1/appEvents/{id}", APP_EVENTS),
)
