"""Bundle ids at Apple: found by their identifiers, registered with their capabilities.

https://developer.apple.com/documentation/appstoreconnectapi/bundle-ids
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Collection, Iterable

from asc.api.client import Client
from asc.api.errors import ApiError
from asc.errors import Error, LostAnswerError
from asc.signing.portal.lists import list_by

log = logging.getLogger(__name__)


def find_bundle_ids(client: Client, identifiers: Collection[str]) -> dict[str, str]:
    """Identifier → Apple's id, of those that there are. The filter finds more than the exact text: compared again."""
    query = {"fields[bundleIds]": "identifier,platform"}
    found: dict[str, str] = {}
    for each in list_by(client, "/v1/bundleIds", "filter[identifier]", identifiers, query):
        found.setdefault(each.text("identifier"), each.id)
    return {identifier: found[identifier] for identifier in identifiers if identifier in found}


def register_bundle_id(client: Client, identifier: str, capabilities: Iterable[str]) -> str:
    """Registers a bundle id for all platforms, with capabilities as the API names them. Returns Apple's id.

    Where a capability cannot be enabled none is left registered: the next run would take it for whole.
    """
    name = identifier.replace(".", " ").replace("*", "wildcard").replace("-", " ")
    attributes = {"identifier": identifier, "name": name, "platform": "UNIVERSAL"}
    body = {"data": {"type": "bundleIds", "attributes": attributes}}
    ours = True
    try:
        made = client.post("/v1/bundleIds", body).data[0].id
    except (LostAnswerError, ApiError) as error:
        if isinstance(error, ApiError) and error.status != 409:
            raise
        there = find_bundle_ids(client, [identifier])  # another job was quicker, or the answer was lost
        if identifier not in there:
            raise
        made, ours = there[identifier], isinstance(error, LostAnswerError)
    try:
        for capability in capabilities:
            _enable(client, made, capability)
    except Error:
        if ours:
            with contextlib.suppress(Error):
                client.delete(f"/v1/bundleIds/{made}")
        raise
    log.info("Registered the bundle id %s", identifier)
    return made


def _enable(client: Client, bundle_id: str, capability: str) -> None:
    reference = {"data": {"type": "bundleIds", "id": bundle_id}}
    data = {
        "type": "bundleIdCapabilities",
        "attributes": {"capabilityType": capability},
        "relationships": {"bundleId": reference},
    }
    try:
        client.post("/v1/bundleIdCapabilities", {"data": data})
    except LostAnswerError:
        log.info("Whether the capability %s was enabled is not known; looking.", capability)
        if not _is_enabled(client, bundle_id, capability):
            client.post("/v1/bundleIdCapabilities", {"data": data})
    except ApiError as error:
        if error.status != 409 or not _is_enabled(client, bundle_id, capability):
            raise


def _is_enabled(client: Client, bundle_id: str, capability: str) -> bool:
    """Every bundle id has some from the start, and another job may have been quicker."""
    query = {"fields[bundleIdCapabilities]": "capabilityType"}
    found = client.list(f"/v1/bundleIds/{bundle_id}/bundleIdCapabilities", query).data
    return capability in [each.text("capabilityType") for each in found]
