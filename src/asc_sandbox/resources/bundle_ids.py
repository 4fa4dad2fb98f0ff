"""The bundle ids of the team, and their capabilities."""

from __future__ import annotations

from asc_sandbox.kinds import mapping, mappings, text, texts
from asc_sandbox.linking import linkages
from asc_sandbox.reading import Filter, contains_loosely, instance, listing, related
from asc_sandbox.resources.apps import APPS
from asc_sandbox.resources.values import BUNDLE_ID_PLATFORMS, CAPABILITY_TYPES
from asc_sandbox.rules.bundle_ids import configure, delete, disable, enable, register, rename
from asc_sandbox.schema import Resource, hidden, many, one
from asc_sandbox.writing import changing, creating, deleting

BUNDLE_IDS = Resource(
    "bundleIds",
    area="identifiers",
    attributes={"name": text, "platform": text, "identifier": text, "seedId": text},
    relationships=(
        many("profiles", "profiles", inverse="bundleId"),
        many("bundleIdCapabilities", "bundleIdCapabilities", inverse="bundleId"),
        one("app", "apps"),
    ),
    defaults={"platform": "UNIVERSAL", "seedId": "A1B2C3D4E5"},
    # Values of entitlements that a person chose on the website (app groups, containers, merchant ids), and identifiers
    # that other teams have: Apple's API shows neither.
    private={"associations": mapping, "takenIdentifiers": texts},
    short_ids=True,
)

CAPABILITIES = Resource(
    "bundleIdCapabilities",
    area="identifiers",
    attributes={"capabilityType": text, "settings": mappings},
    relationships=(hidden("bundleId", "bundleIds"),),
    short_ids=True,
)

RESOURCES = (BUNDLE_IDS, CAPABILITIES)

ENDPOINTS = (
    listing(
        "/v1/bundleIds",
        BUNDLE_IDS,
        filters=(
            Filter("name"),
            Filter("platform", values=BUNDLE_ID_PLATFORMS),
            Filter("identifier", matches=contains_loosely),
            Filter("seedId"),
            Filter("id"),
        ),
        sorts=("name", "platform", "identifier", "seedId", "id"),
    ),
    creating(
        "/v1/bundleIds",
        BUNDLE_IDS,
        required=("name", "platform", "identifier"),
        optional=("seedId",),
        values={"platform": BUNDLE_ID_PLATFORMS},
        then=register,
    ),
    instance("/v1/bundleIds/{id}", BUNDLE_IDS),
    changing("/v1/bundleIds/{id}", BUNDLE_IDS, optional=("name",), then=rename),
    deleting("/v1/bundleIds/{id}", BUNDLE_IDS, then=delete),
    related("/v1/bundleIds/{id}/app", BUNDLE_IDS, "app", APPS),
    related("/v1/bundleIds/{id}/bundleIdCapabilities", BUNDLE_IDS, "bundleIdCapabilities", CAPABILITIES),
    *linkages(BUNDLE_IDS, "app", APPS, ("GET",)),
    *linkages(BUNDLE_IDS, "bundleIdCapabilities", CAPABILITIES, ("GET",)),
    creating(
        "/v1/bundleIdCapabilities",
        CAPABILITIES,
        required=("capabilityType",),
        optional=("settings",),
        owners=("bundleId",),
        values={"capabilityType": CAPABILITY_TYPES},
        then=enable,
    ),
    changing(
        "/v1/bundleIdCapabilities/{id}",
        CAPABILITIES,
        optional=("capabilityType", "settings"),
        values={"capabilityType": CAPABILITY_TYPES},
        then=configure,
    ),
    deleting("/v1/bundleIdCapabilities/{id}", CAPABILITIES, then=disable),
)
