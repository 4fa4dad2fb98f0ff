"""The users of the team."""

from __future__ import annotations

from asc_sandbox.kinds import flag, text, texts
from asc_sandbox.reading import Filter, instance, listing
from asc_sandbox.resources.values import USER_ROLES
from asc_sandbox.schema import Resource, many

USERS = Resource(
    "users",
    area="users",
    attributes={
        "username": text,
        "firstName": text,
        "lastName": text,
        "roles": texts,
        "allAppsVisible": flag,
        "provisioningAllowed": flag,
    },
    relationships=(many("visibleApps", "apps"),),
    defaults={"allAppsVisible": True, "provisioningAllowed": False},
)

RESOURCES = (USERS,)

ENDPOINTS = (
    listing(
        "/v1/users",
        USERS,
        filters=(Filter("username"), Filter("roles", values=USER_ROLES), Filter("visibleApps")),
        sorts=("username", "lastName"),
    ),
    instance("/v1/users/{id}", USERS),
)
