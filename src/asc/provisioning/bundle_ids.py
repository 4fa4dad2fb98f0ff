"""The team's bundle ids and their capabilities at Apple: read, register, enable, set and disable.

https://developer.apple.com/documentation/appstoreconnectapi/bundle-ids
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from asc.api.client import REQUESTS_AT_ONCE, Client
from asc.api.document import LARGEST_INCLUDE, Document, Resource, is_cut, reference, request_body
from asc.api.errors import ApiError
from asc.api.lists import list_by
from asc.api.polling import look_until
from asc.errors import Error
from asc.provisioning.capabilities import Capability, option_of

_CAPABILITY_FIELDS: dict[str, str | int | None] = {"fields[bundleIdCapabilities]": "capabilityType,settings"}
_QUERY: dict[str, str | int | None] = {
    # Without the relationship among the fields, Apple includes no capabilities.
    "fields[bundleIds]": "identifier,name,platform,bundleIdCapabilities",
    "include": "bundleIdCapabilities",
    "limit[bundleIdCapabilities]": LARGEST_INCLUDE,
    **_CAPABILITY_FIELDS,
}


@dataclass(frozen=True)
class EnabledCapability:
    """A capability at Apple: its id, and the option that is set; "" if Apple lists none."""

    id: str
    option: str = ""


@dataclass(frozen=True)
class RegisteredBundleId:
    """A bundle id at Apple, with its capabilities by Apple's type. `platform` as Apple writes it."""

    id: str
    identifier: str
    name: str
    platform: str
    capabilities: Mapping[str, EnabledCapability] = field(default_factory=dict)


def read_bundle_ids(
    client: Client, identifiers: Iterable[str], *, capabilities: bool = True
) -> dict[str, RegisteredBundleId]:
    """Return the bundle ids that the team has among `identifiers`, by identifier.

    Their capabilities cost a request for each bundle id; `capabilities=False` leaves them out.
    """
    requested = set(identifiers)
    listed = list_by(client, "/v1/bundleIds", "filter[identifier]", sorted(requested), _QUERY)
    # Apple's filter also finds identifiers that only contain the text, so they are compared here.
    matching = [resource for resource in listed.data if resource.text("identifier") in requested]
    if capabilities:
        with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
            read = list(pool.map(lambda resource: _read(client, listed, resource), matching))
    else:
        read = [_without_capabilities(resource) for resource in matching]
    # An old team may have one identifier twice, for iOS and for macOS: the first one counts.
    return {bundle_id.identifier: bundle_id for bundle_id in reversed(read)}


def register_bundle_id(client: Client, identifier: str, name: str, platform: str) -> RegisteredBundleId:
    """Register a bundle id, and return it with the capabilities that Apple gives it from the start.

    A bundle id that another job registered meanwhile is no error. Raises Error if another team has it.
    """
    attributes = {"identifier": identifier, "name": name, "platform": platform}
    body = request_body("bundleIds", attributes)

    def find() -> str | None:
        registered = read_bundle_ids(client, [identifier], capabilities=False).get(identifier)
        return registered.id if registered else None

    try:
        created_id = client.create_once(lambda: client.create("/v1/bundleIds", body).resource.id, find).value
    except ApiError as error:
        # Apple's words for an identifier that is registered, by this team or by another one.
        if error.status == 409 and "not available" in error.message:
            raise _taken(client, identifier, error) from None
        raise

    def look() -> RegisteredBundleId | None:
        try:
            # Apple may not find a bundle id that it registered a moment ago.
            return fetch_bundle_id(client, created_id)
        except ApiError as error:
            if error.status != 404:
                raise
            return None

    if registered := look_until(client, look, lambda found: found is not None):
        return registered
    raise Error(
        f"Apple answered that it registered the bundle id {identifier}, but does not have it.",
        "Run the step again in a minute. If the error stays, register it at developer.apple.com/account, Identifiers.",
    )


def fetch_bundle_id(client: Client, bundle_id: str) -> RegisteredBundleId:
    """Return a bundle id by Apple's id of it, with its capabilities. Raises ApiError if there is none."""
    document = client.get(f"/v1/bundleIds/{bundle_id}", _QUERY)
    return _read(client, document, document.resource)


def rename_bundle_id(client: Client, bundle_id: str, name: str) -> None:
    """Give a bundle id (by Apple's id of it) another name."""
    body = request_body("bundleIds", {"name": name}, bundle_id)
    client.patch_repeatable(f"/v1/bundleIds/{bundle_id}", body)


def list_capabilities(client: Client, bundle_id: str) -> dict[str, EnabledCapability]:
    """Return the capabilities of a bundle id (by Apple's id of it) by their types."""
    return _by_type(client.list(f"/v1/bundleIds/{bundle_id}/bundleIdCapabilities", _CAPABILITY_FIELDS).data)


def enable_capability(client: Client, bundle_id: str, capability: Capability) -> None:
    """Enable a capability for a bundle id (by Apple's id of it). Apple invalidates its profiles for it."""
    body = _capability_body(capability, bundle_id=bundle_id)
    client.create_once(
        lambda: client.create("/v1/bundleIdCapabilities", body).resource.id,
        lambda: getattr(list_capabilities(client, bundle_id).get(capability.type), "id", None),
    )


def configure_capability(client: Client, capability: Capability, capability_id: str) -> None:
    """Set the option of a capability that is enabled."""
    body = _capability_body(capability, capability_id)
    client.patch_repeatable(f"/v1/bundleIdCapabilities/{capability_id}", body)


def disable_capability(client: Client, capability_id: str) -> None:
    """Disable a capability, which another job may have disabled already. Apple invalidates its bundle id's profiles."""
    # Apple's API has no GET for one capability. The caller reads the bundle id again after all changes.
    client.remove(f"/v1/bundleIdCapabilities/{capability_id}")


def invalid_profiles(client: Client, bundle_ids: Sequence[str]) -> list[str]:
    """Return the names of the invalid profiles of bundle ids (by Apple's ids), as they are after capabilities change.

    Sends a request for each bundle id, side by side.
    """
    query: dict[str, str | int | None] = {"fields[profiles]": "name,profileState"}

    def names_of(bundle_id: str) -> list[str]:
        profiles = client.list(f"/v1/bundleIds/{bundle_id}/profiles", query).data
        return [profile.text("name") for profile in profiles if profile.text("profileState") == "INVALID"]

    with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
        return sorted(name for names in pool.map(names_of, bundle_ids) for name in names)


def _taken(client: Client, identifier: str, error: ApiError) -> Error:
    """Return the error for an identifier that is taken: by this team in other capitals, or by another team."""
    query: dict[str, str | int | None] = {"fields[bundleIds]": "identifier"}
    listed = list_by(client, "/v1/bundleIds", "filter[identifier]", [identifier], query).data
    for resource in listed:
        # Apple ignores case when it registers a bundle id, and Xcode does not when it signs.
        if resource.text("identifier").lower() == identifier.lower():
            spelling = resource.text("identifier")
            return Error(
                f"The team has the bundle id {identifier} as {spelling}.", f"Write it as {spelling}."
            )
    return Error(
        f"The bundle id {identifier} belongs to another team or account. {error.message}",
        "Take another identifier, or a key of the team that has this one.",
    )


def _capability_body(
    capability: Capability, identifier: str | None = None, bundle_id: str = ""
) -> dict[str, Any]:
    attributes: dict[str, Any] = {"capabilityType": capability.type}
    if capability.settings:
        attributes["settings"] = capability.settings
    # Apple refuses any other relationship: since May 2025 `capability`, which other tools sent (fastlane PR 29596).
    owner = {"bundleId": reference("bundleIds", bundle_id)} if bundle_id else {}
    return request_body("bundleIdCapabilities", attributes, identifier, owner)


def _read(client: Client, listed: Document, resource: Resource) -> RegisteredBundleId:
    included = listed.many(resource, "bundleIdCapabilities")
    # Apple includes no more than LARGEST_INCLUDE, and now and then a relationship without its resources.
    is_whole = included and len(included) == len(resource.related("bundleIdCapabilities"))
    if not is_whole or is_cut(resource, "bundleIdCapabilities"):
        capabilities = list_capabilities(client, resource.id)
    else:
        capabilities = _by_type(included)
    return replace(_without_capabilities(resource), capabilities=capabilities)


def _without_capabilities(resource: Resource) -> RegisteredBundleId:
    identifier, name, platform = (resource.text(key) for key in ("identifier", "name", "platform"))
    return RegisteredBundleId(resource.id, identifier, name, platform)


def _by_type(resources: Iterable[Resource]) -> dict[str, EnabledCapability]:
    return {
        kind: EnabledCapability(resource.id, option_of(resource.attributes.get("settings"), kind))
        for resource in resources
        if (kind := resource.text("capabilityType"))
    }
