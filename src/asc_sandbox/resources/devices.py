"""The devices of the team."""

from __future__ import annotations

from asc_sandbox.kinds import provisioning_date, text
from asc_sandbox.reading import Filter, instance, listing
from asc_sandbox.resources.values import BUNDLE_ID_PLATFORMS, DEVICE_STATUSES
from asc_sandbox.rules.devices import register
from asc_sandbox.schema import Resource
from asc_sandbox.writing import changing, creating

DEVICES = Resource(
    "devices",
    area="identifiers",
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
    short_ids=True,
)

RESOURCES = (DEVICES,)

ENDPOINTS = (
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
    creating(
        "/v1/devices",
        DEVICES,
        required=("name", "platform", "udid"),
        values={"platform": BUNDLE_ID_PLATFORMS},
        then=register,
    ),
    instance("/v1/devices/{id}", DEVICES),
    changing("/v1/devices/{id}", DEVICES, optional=("name", "status"), values={"status": DEVICE_STATUSES}),
)
