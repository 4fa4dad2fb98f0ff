"""The team's bundle ids at Apple, as signing needs them: find by identifier, register, enable capabilities.

https://developer.apple.com/documentation/appstoreconnectapi/bundle-ids
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from asc.api.client import Client
from asc.api.document import Document, Resource, reference, request_body
from asc.api.errors import ApiError
from asc.api.lists import list_by
from asc.errors import Error

log = logging.getLogger(__name__)

_BARE: dict[str, str | int | None] = {"fields[bundleIds]": "identifier"}
_WITH_CAPABILITIES: dict[str, str | int | None] = {
    "fields[bundleIds]": "identifier,bundleIdCapabilities",
    "include": "bundleIdCapabilities",
    "fields[bundleIdCapabilities]": "capabilityType",
    "limit[bundleIdCapabilities]": 50,
}


@dataclass(frozen=True)
class BundleId:
    """A registered bundle id: Apple's id and the types of its capabilities, () if they were not asked for."""

    id: str
    capabilities: tuple[str, ...] = ()


def find_bundle_ids(
    client: Client, identifiers: Collection[str], *, capabilities: bool = False
) -> dict[str, BundleId]:
    """Return the registered ones of `identifiers`, by identifier. `capabilities`: with the types of theirs."""
    query = _WITH_CAPABILITIES if capabilities else _BARE
    listed = list_by(client, "/v1/bundleIds", "filter[identifier]", identifiers, query)
    found: dict[str, BundleId] = {}
    for resource in listed.data:
        found.setdefault(resource.text("identifier"), BundleId(resource.id, _capabilities(listed, resource)))
    # Apple's filter also finds identifiers that only contain the text, so they are compared here.
    return {identifier: found[identifier] for identifier in identifiers if identifier in found}


def _capabilities(listed: Document, bundle_id: Resource) -> tuple[str, ...]:
    included = listed.many(bundle_id, "bundleIdCapabilities")
    return tuple(capability.text("capabilityType") for capability in included)


def register_bundle_id(client: Client, identifier: str, capabilities: Iterable[str]) -> BundleId:
    """Register a bundle id for all platforms, enable its capabilities (Apple's types), and return it.

    Raises ApiError or another Error if Apple refuses one of the two; then no new bundle id is left.
    """
    name = identifier.replace(".", " ").replace("*", "wildcard").replace("-", " ")
    attributes = {"identifier": identifier, "name": name, "platform": "UNIVERSAL"}
    body = request_body("bundleIds", attributes)
    creation = client.create_once(
        lambda: BundleId(client.create("/v1/bundleIds", body).resource.id),
        lambda: find_bundle_ids(client, [identifier]).get(identifier),
    )
    made = creation.value.id
    capabilities = tuple(capabilities)
    try:
        enable_capabilities(client, made, capabilities)
    except Error:
        # A bundle id without its capabilities would look complete to the next run. After a conflict it belongs to
        # another job, and stays.
        if not isinstance(creation.doubt, ApiError):
            with contextlib.suppress(Error):
                client.delete(f"/v1/bundleIds/{made}")
        raise
    log.info("Registered the bundle id %s", identifier)
    return BundleId(made, capabilities)


def enable_capabilities(client: Client, bundle_id: str, capabilities: Iterable[str]) -> None:
    """Enable capabilities (Apple's types) for a bundle id, by Apple's id. Apple invalidates its profiles for it."""
    for capability in capabilities:
        _enable(client, bundle_id, capability)


def _enable(client: Client, bundle_id: str, capability: str) -> None:
    attributes = {"capabilityType": capability}
    owner = {"bundleId": reference("bundleIds", bundle_id)}
    body = request_body("bundleIdCapabilities", attributes, relationships=owner)
    client.create_once(
        lambda: client.create("/v1/bundleIdCapabilities", body).resource,
        lambda: _find_capability(client, bundle_id, capability),
    )


def _find_capability(client: Client, bundle_id: str, capability: str) -> Resource | None:
    """Return the enabled capability, or None. Apple enables some for every new bundle id."""
    query = {"fields[bundleIdCapabilities]": "capabilityType"}
    enabled = client.list(f"/v1/bundleIds/{bundle_id}/bundleIdCapabilities", query).data
    return next((resource for resource in enabled if resource.text("capabilityType") == capability), None)
