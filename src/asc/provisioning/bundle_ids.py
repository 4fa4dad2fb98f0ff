"""Bundle ids at Apple: found by their identifiers, registered with their capabilities.

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
    """A bundle id at Apple. `capabilities` are () where they were not asked for."""

    id: str
    capabilities: tuple[str, ...] = ()


def find_bundle_ids(
    client: Client, identifiers: Collection[str], *, capabilities: bool = False
) -> dict[str, BundleId]:
    """Those that there are, by identifier. The filter finds more than the exact text: compared again."""
    query = _WITH_CAPABILITIES if capabilities else _BARE
    listed = list_by(client, "/v1/bundleIds", "filter[identifier]", identifiers, query)
    found: dict[str, BundleId] = {}
    for each in listed.data:
        found.setdefault(each.text("identifier"), BundleId(each.id, _capabilities(listed, each)))
    return {identifier: found[identifier] for identifier in identifiers if identifier in found}


def _capabilities(listed: Document, bundle_id: Resource) -> tuple[str, ...]:
    references = bundle_id.related("bundleIdCapabilities")
    return tuple(
        listed.included[each].text("capabilityType") for each in references if each in listed.included
    )


def register_bundle_id(client: Client, identifier: str, capabilities: Iterable[str]) -> BundleId:
    """Registers a bundle id for all platforms, with capabilities as the API names them.

    Where a capability cannot be enabled none is left registered: the next run would take it for whole.
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
        enable(client, made, capabilities)
    except Error:
        # After a conflict the bundle id belongs to another job.
        if not isinstance(creation.doubt, ApiError):
            with contextlib.suppress(Error):
                client.delete(f"/v1/bundleIds/{made}")
        raise
    log.info("Registered the bundle id %s", identifier)
    return BundleId(made, capabilities)


def enable(client: Client, bundle_id: str, capabilities: Iterable[str]) -> None:
    """Enables capabilities, by Apple's id. The profiles that there are of the bundle id are invalid then."""
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
