"""What signs an app: bundle ids, certificates, devices and the profiles that tie them together."""

from __future__ import annotations

from asc_sandbox.kinds import flag, provisioning_date, text
from asc_sandbox.reading import Filter, contains_loosely, instance, listing
from asc_sandbox.resources.values import (
    BUNDLE_ID_PLATFORMS,
    CERTIFICATE_TYPES,
    DEVICE_STATUSES,
    PROFILE_STATES,
    PROFILE_TYPES,
)
from asc_sandbox.schema import Resource, many, one

BUNDLE_IDS = Resource(
    "bundleIds",
    area="provisioning",
    attributes={"name": text, "platform": text, "identifier": text, "seedId": text},
    relationships=(
        many("profiles", "profiles", inverse="bundleId"),
        many("bundleIdCapabilities", "bundleIdCapabilities"),
        one("app", "apps"),
    ),
    defaults={"platform": "UNIVERSAL", "seedId": "A1B2C3D4E5"},
)

CERTIFICATES = Resource(
    "certificates",
    area="provisioning",
    attributes={
        "name": text,
        "certificateType": text,
        "displayName": text,
        "serialNumber": text,
        "platform": text,
        "expirationDate": provisioning_date,
        "certificateContent": text,
        "activated": flag,
    },
    relationships=(one("passTypeId", "passTypeIds"),),
    defaults={"expirationDate": "in 365 days", "activated": True},
)

DEVICES = Resource(
    "devices",
    area="provisioning",
    attributes={
        "name": text,
        "platform": text,
        "udid": text,
        "deviceClass": text,
        "status": text,
        "model": text,
        "addedDate": provisioning_date,
    },
    defaults={"platform": "IOS", "deviceClass": "IPHONE", "status": "ENABLED", "addedDate": "30 days ago"},
)

PROFILES = Resource(
    "profiles",
    area="provisioning",
    attributes={
        "name": text,
        "platform": text,
        "profileType": text,
        "profileState": text,
        "profileContent": text,
        "uuid": text,
        "createdDate": provisioning_date,
        "expirationDate": provisioning_date,
    },
    relationships=(
        one("bundleId", "bundleIds"),
        many("devices", "devices"),
        many("certificates", "certificates"),
    ),
    defaults={
        "platform": "IOS",
        "profileState": "ACTIVE",
        "createdDate": "30 days ago",
        "expirationDate": "in 335 days",
    },
)

RESOURCES = (BUNDLE_IDS, CERTIFICATES, DEVICES, PROFILES)

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
    instance("/v1/bundleIds/{id}", BUNDLE_IDS),
    listing(
        "/v1/certificates",
        CERTIFICATES,
        filters=(
            Filter("displayName"),
            Filter("certificateType", values=CERTIFICATE_TYPES),
            Filter("serialNumber"),
            Filter("id"),
        ),
        sorts=("displayName", "certificateType", "serialNumber", "id"),
    ),
    instance("/v1/certificates/{id}", CERTIFICATES),
    listing(
        "/v1/devices",
        DEVICES,
        filters=(
            Filter("name"),
            Filter("platform", values=BUNDLE_ID_PLATFORMS),
            Filter("udid"),
            Filter("status", values=DEVICE_STATUSES),
            Filter("id"),
        ),
        sorts=("name", "platform", "udid", "status", "id"),
    ),
    instance("/v1/devices/{id}", DEVICES),
    listing(
        "/v1/profiles",
        PROFILES,
        filters=(
            Filter("name"),
            Filter("profileType", values=PROFILE_TYPES),
            Filter("profileState", values=PROFILE_STATES),
            Filter("id"),
        ),
        sorts=("name", "profileType", "profileState", "id"),
    ),
    instance("/v1/profiles/{id}", PROFILES),
)
