"""The profiles of the team, which connect bundle ids, certificates and devices."""

from __future__ import annotations

from asc_sandbox.kinds import provisioning_date, text
from asc_sandbox.linking import linkages
from asc_sandbox.reading import Filter, instance, listing, related
from asc_sandbox.resources.bundle_ids import BUNDLE_IDS
from asc_sandbox.resources.certificates import CERTIFICATES
from asc_sandbox.resources.devices import DEVICES
from asc_sandbox.resources.values import PROFILE_STATES, PROFILE_TYPES
from asc_sandbox.rules.profiles import complete, content, make_profile
from asc_sandbox.schema import Resource, many, one
from asc_sandbox.writing import creating, deleting

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
    # Signed at the first request: signing every profile of a seed would slow down the start.
    derived={"profileContent": content},
    completed=complete,
    short_ids=True,
)

RESOURCES = (PROFILES,)

ENDPOINTS = (
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
    creating(
        "/v1/profiles",
        PROFILES,
        required=("name", "profileType"),
        owners=("bundleId", "certificates"),
        related=("devices",),
        values={"profileType": PROFILE_TYPES},
        then=make_profile,
    ),
    instance("/v1/profiles/{id}", PROFILES),
    deleting("/v1/profiles/{id}", PROFILES),
    related("/v1/profiles/{id}/bundleId", PROFILES, "bundleId", BUNDLE_IDS),
    related("/v1/profiles/{id}/certificates", PROFILES, "certificates", CERTIFICATES),
    related("/v1/profiles/{id}/devices", PROFILES, "devices", DEVICES),
    *linkages(PROFILES, "bundleId", BUNDLE_IDS, ("GET",)),
    *linkages(PROFILES, "certificates", CERTIFICATES, ("GET",)),
    *linkages(PROFILES, "devices", DEVICES, ("GET",)),
    *linkages(BUNDLE_IDS, "profiles", PROFILES, ("GET",)),
    related("/v1/bundleIds/{id}/profiles", BUNDLE_IDS, "profiles", PROFILES),
)
