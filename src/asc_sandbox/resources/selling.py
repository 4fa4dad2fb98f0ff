"""The price and the territories of an app, as far as checks before the review read them."""

from __future__ import annotations

from asc_sandbox.kinds import flag, text, texts
from asc_sandbox.reading import instance, listing, related
from asc_sandbox.resources.apps import APPS
from asc_sandbox.schema import Resource, hidden, many, one

# A few of Apple's 175 territories are enough for a check.
_CURRENCIES = {
    "USA": "USD",
    "GBR": "GBP",
    "DEU": "EUR",
    "FRA": "EUR",
    "JPN": "JPY",
    "CAN": "CAD",
    "BRA": "BRL",
}

TERRITORIES = Resource(
    "territories",
    area="apps",
    attributes={"currency": text},
    built_in=tuple((name, {"currency": currency}, {}) for name, currency in _CURRENCIES.items()),
)

APP_PRICE_SCHEDULES = Resource(
    "appPriceSchedules",
    area="appStore",
    attributes={},
    relationships=(
        one("app", "apps", has_links=False),
        one("baseTerritory", "territories"),
        many("manualPrices", "appPrices"),
        many("automaticPrices", "appPrices"),
    ),
    id_of="app",
)

APP_AVAILABILITIES = Resource(
    "appAvailabilities",
    area="appStore",
    attributes={"availableInNewTerritories": flag},
    relationships=(
        hidden("app", "apps"),
        many("territoryAvailabilities", "territoryAvailabilities", inverse="appAvailability"),
    ),
    defaults={"availableInNewTerritories": True},
    id_of="app",
)

TERRITORY_AVAILABILITIES = Resource(
    "territoryAvailabilities",
    area="appStore",
    attributes={
        "available": flag,
        "releaseDate": text,
        "preOrderEnabled": flag,
        "preOrderPublishDate": text,
        "contentStatuses": texts,
    },
    relationships=(
        one("territory", "territories", has_links=False),
        hidden("appAvailability", "appAvailabilities"),
    ),
    defaults={"available": True, "preOrderEnabled": False, "contentStatuses": ["AVAILABLE"]},
)

RESOURCES = (TERRITORIES, APP_PRICE_SCHEDULES, APP_AVAILABILITIES, TERRITORY_AVAILABILITIES)

ENDPOINTS = (
    listing("/v1/territories", TERRITORIES),
    related("/v1/apps/{id}/appPriceSchedule", APPS, "appPriceSchedule", APP_PRICE_SCHEDULES, includes=True),
    instance("/v1/appPriceSchedules/{id}", APP_PRICE_SCHEDULES),
    related("/v1/appPriceSchedules/{id}/baseTerritory", APP_PRICE_SCHEDULES, "baseTerritory", TERRITORIES),
    related("/v1/apps/{id}/appAvailabilityV2", APPS, "appAvailabilityV2", APP_AVAILABILITIES, includes=True),
    instance("/v2/appAvailabilities/{id}", APP_AVAILABILITIES),
    related(
        "/v2/appAvailabilities/{id}/territoryAvailabilities",
        APP_AVAILABILITIES,
        "territoryAvailabilities",
        TERRITORY_AVAILABILITIES,
        includes=True,
    ),
)
