"""The groups of testers of an app: listing them, and creating one.

https://developer.apple.com/documentation/appstoreconnectapi/betagroup
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from asc.api.client import Client, Query
from asc.api.document import Resource, reference, references, request_body
from asc.testflight.state import Group

log = logging.getLogger(__name__)

GROUP_FIELDS = "name,isInternalGroup,hasAccessToAllBuilds"


def group_of(resource: Resource) -> Group:
    """Return the group that a resource describes."""
    return Group(
        id=resource.id,
        name=resource.text("name"),
        internal=resource.attributes.get("isInternalGroup") is True,
        all_builds=resource.attributes.get("hasAccessToAllBuilds") is True,
    )


def read_groups(client: Client, app_id: str) -> list[Group]:
    """Return all groups of an app, over all pages."""
    query: Query = {"filter[app]": app_id, "fields[betaGroups]": GROUP_FIELDS}
    return [group_of(resource) for resource in client.list("/v1/betaGroups", query).data]


def group_body(
    app_id: str, name: str, attributes: Mapping[str, Any], builds: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the body of the request that creates a group; `builds` are ids of builds that it gets at once."""
    relationships = {"app": reference("apps", app_id)}
    if builds:
        relationships["builds"] = references("builds", builds)
    return request_body("betaGroups", {"name": name, **attributes}, relationships=relationships)


def create_external(client: Client, app_id: str, name: str) -> Group:
    """Create an external group, or return the one that another job created meanwhile."""

    def create() -> Group:
        body = group_body(app_id, name, {"isInternalGroup": False})
        return group_of(client.create("/v1/betaGroups", body).resource)

    # By its exact name: Apple has groups whose names differ in case alone.
    def find() -> Group | None:
        return next((group for group in read_groups(client, app_id) if group.name == name), None)

    group = client.create_once(create, find).value
    log.info("Done: create %s", group)
    return group
