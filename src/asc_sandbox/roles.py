"""The areas that the role of a key may read and write.

A simplification of https://developer.apple.com/support/roles: Apple distinguishes more areas, lets a team restrict
a key to some apps, and removes records that a role may not see from `included`. Here a role reads an area or not,
and writes in it or not.
"""

from __future__ import annotations

from asc_sandbox.errors import forbidden

_LEADING = {"ACCOUNT_HOLDER", "ADMIN"}
_BUILDING = _LEADING | {"APP_MANAGER", "DEVELOPER"}
_SELLING = _BUILDING | {"MARKETING"}
_ALL = _SELLING | {"ACCESS_TO_REPORTS", "CUSTOMER_SUPPORT", "FINANCE", "SALES"}

ROLES_OF_AREA = {
    "apps": _ALL,
    "appStore": _SELLING,
    "builds": _SELLING,
    "testflight": _SELLING,
    "provisioning": _BUILDING,
    "identifiers": _BUILDING,
    "users": _LEADING,
    # That webhooks are for administrators alone is what receivers of webhooks report.
    "webhooks": _LEADING,
}

WRITERS_OF_AREA = {
    "apps": _LEADING | {"APP_MANAGER"},
    "appStore": _LEADING | {"APP_MANAGER"},
    "builds": _BUILDING,
    "testflight": _BUILDING,
    # A key of the role Developer makes development certificates, and only reads bundle ids and devices.
    "provisioning": _BUILDING,
    "identifiers": _LEADING | {"APP_MANAGER"},
    "users": _LEADING,
    "webhooks": _LEADING,
}

ROLES = frozenset(_ALL)

# Apple documents that individual keys cannot use these; that the answer is a 403 is what people report.
# https://developer.apple.com/documentation/appstoreconnectapi/creating-api-keys-for-app-store-connect-api
CLOSED_TO_INDIVIDUAL_KEYS = {"provisioning", "identifiers"}


def require(role: str, area: str, *, writes: bool = False) -> None:
    """Raise Refusal 403 unless the role may read the area, or write in it if `writes`."""
    if role not in ROLES_OF_AREA[area]:
        raise forbidden(role, area)
    if writes and role not in WRITERS_OF_AREA[area]:
        raise forbidden(role, f"changes of {area}")
