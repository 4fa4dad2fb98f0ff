"""Bring bundle ids and their capabilities to what a list asks for: read, plan, write, read back.

Nothing is turned off unless it is named: App groups and containers that a person associated would be lost with it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from asc.api.client import REQUESTS_AT_ONCE, Client
from asc.api.document import Document, Resource, reference, request_body
from asc.api.errors import ApiError
from asc.api.lists import list_by
from asc.errors import Error, Findings, LostAnswerError
from asc.provisioning.capabilities import Capability, option_of

log = logging.getLogger(__name__)

LARGEST_INCLUDE = 50
"""Capabilities that come with a bundle id. One with more is asked for its own list."""
_CAPABILITY_FIELDS = {"fields[bundleIdCapabilities]": "capabilityType,settings"}
_QUERY: dict[str, str | int | None] = {
    "fields[bundleIds]": "identifier,name,platform,bundleIdCapabilities",
    "include": "bundleIdCapabilities",
    "limit[bundleIdCapabilities]": LARGEST_INCLUDE,
    **_CAPABILITY_FIELDS,
}


@dataclass(frozen=True)
class BundleIdRequest:
    """A bundle id that is to be there, with at least these capabilities. `platform` as Apple writes it."""

    identifier: str
    name: str
    platform: str
    capabilities: tuple[Capability, ...] = ()
    disable: tuple[str, ...] = ()

    @property
    def is_wildcard(self) -> bool:
        """Return True for `com.example.*` and `*`."""
        return self.identifier.endswith("*")


@dataclass(frozen=True)
class RegisteredBundleId:
    """A bundle id at Apple: `capabilities` maps the type to Apple's id of it and the option that is set."""

    id: str
    identifier: str
    capabilities: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class BundleIdChanges:
    """The writes for one bundle id. `registered` is None if it has to be made."""

    request: BundleIdRequest
    registered: RegisteredBundleId | None
    enable: tuple[Capability, ...] = ()
    configure: tuple[Capability, ...] = ()
    disable: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Return True if something has to be written."""
        return self.registered is None or bool(self.enable or self.configure or self.disable)

    def lines(self) -> Iterator[str]:
        """Yield the plan in words."""
        name = self.request.identifier
        if self.registered is None:
            yield f"register the bundle id {name} ({self.request.platform})"
        for capability in self.enable:
            yield f"enable {capability.type} for {name}" + (
                f" ({capability.option})" if capability.option else ""
            )
        for capability in self.configure:
            yield f"set {capability.type} of {name} to {capability.option}"
        for kind in self.disable:
            yield f"disable {kind} for {name}"


def read_bundle_ids(client: Client, identifiers: Sequence[str]) -> dict[str, RegisteredBundleId]:
    """Return those of the bundle ids that the team has, by identifier, with their capabilities."""
    listed = list_by(client, "/v1/bundleIds", "filter[identifier]", identifiers, _QUERY)
    wanted = set(identifiers)
    # The filter finds texts that contain the identifier, too.
    return {
        resource.text("identifier"): _registered(client, listed, resource)
        for resource in listed.data
        if resource.text("identifier") in wanted
    }


def plan_bundle_id(request: BundleIdRequest, registered: RegisteredBundleId | None) -> BundleIdChanges:
    """Return what has to be written so that the bundle id is as asked for."""
    there = registered.capabilities if registered else {}
    return BundleIdChanges(
        request,
        registered,
        enable=tuple(capability for capability in request.capabilities if capability.type not in there),
        configure=tuple(
            capability
            for capability in request.capabilities
            if capability.option
            and capability.type in there
            and there[capability.type][1] != capability.option
        ),
        disable=tuple(kind for kind in request.disable if kind in there),
    )


def apply_changes(
    client: Client, plan: Iterable[BundleIdChanges]
) -> tuple[dict[str, RegisteredBundleId], Findings]:
    """Write the changes, and return each bundle id as Apple has it afterwards, and what failed.

    A bundle id that fails does not stop the others.
    """
    findings = Findings()
    with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
        running = [pool.submit(_apply, client, changes) for changes in plan]
    none: RegisteredBundleId | None = None
    done = [findings.result_of(future.result, none) for future in running]
    return {bundle_id.identifier: bundle_id for bundle_id in done if bundle_id}, findings


def invalid_profiles(client: Client, bundle_id: str) -> list[str]:
    """Return the names of the profiles of a bundle id that are invalid, as they are once its capabilities change."""
    query: dict[str, str | int | None] = {"fields[profiles]": "name,profileState"}
    profiles = client.list(f"/v1/bundleIds/{bundle_id}/profiles", query).data
    return sorted(profile.text("name") for profile in profiles if profile.text("profileState") == "INVALID")


def _apply(client: Client, changes: BundleIdChanges) -> RegisteredBundleId:
    identifier = changes.request.identifier
    registered = changes.registered or _register(client, changes.request)
    # A new one has some capabilities from the start (in-app purchase), and one of another job may have more.
    left = plan_bundle_id(changes.request, registered)
    for capability in left.enable:
        _enable(client, registered.id, capability)
        log.info("Enabled %s for %s", capability.type, identifier)
    for capability in left.configure:
        _configure(client, capability, registered.capabilities[capability.type][0])
        log.info("Set %s of %s to %s", capability.type, identifier, capability.option)
    for kind in left.disable:
        _disable(client, registered.capabilities[kind][0])
        log.info("Disabled %s for %s", kind, identifier)
    return _read_back(client, changes.request, registered)


def _read_back(
    client: Client, request: BundleIdRequest, registered: RegisteredBundleId
) -> RegisteredBundleId:
    """Compare the wish with what came out: Apple was seen to answer 201 to PUSH_NOTIFICATIONS and change nothing."""
    now = RegisteredBundleId(registered.id, registered.identifier, _list_capabilities(client, registered.id))
    left = plan_bundle_id(request, now)
    if left.any:
        raise Error(
            f"Apple accepted the changes of {request.identifier}, but this is still to do: {'; '.join(left.lines())}.",
            "Run the step again; if it stays, change the capability at developer.apple.com, Identifiers.",
        )
    return now


def _register(client: Client, request: BundleIdRequest) -> RegisteredBundleId:
    attributes = {"identifier": request.identifier, "name": request.name, "platform": request.platform}

    def find() -> RegisteredBundleId | None:
        return read_bundle_ids(client, [request.identifier]).get(request.identifier)

    def create() -> RegisteredBundleId | None:
        client.create("/v1/bundleIds", request_body("bundleIds", attributes))
        log.info("Registered the bundle id %s", request.identifier)
        return find()  # a new bundle id has some capabilities from the start

    try:
        made = client.create_once(create, find).value
    except ApiError as error:
        if error.status == 409 and "not available" in error.message:
            raise Error(
                f"The bundle id {request.identifier} belongs to another team or account. {error.message}",
                "Take another identifier, or a key of the team that has this one.",
            ) from None
        raise
    if not made:
        raise Error(
            f"The bundle id {request.identifier} was registered, but Apple does not list it yet.",
            "Run the step again in a minute: it goes on with the capabilities.",
        )
    return made


def _enable(client: Client, bundle_id: str, capability: Capability) -> None:
    body = _capability_body(capability, bundle_id=bundle_id)

    def find() -> str | None:
        enabled = _list_capabilities(client, bundle_id).get(capability.type)
        return enabled[0] if enabled else None

    client.create_once(lambda: client.create("/v1/bundleIdCapabilities", body).resource.id, find)


def _configure(client: Client, capability: Capability, identifier: str) -> None:
    path, body = f"/v1/bundleIdCapabilities/{identifier}", _capability_body(capability, identifier)
    try:
        client.patch(path, body)
    except LostAnswerError:
        client.patch(path, body)  # the same settings twice change nothing


def _disable(client: Client, capability_id: str) -> None:
    path = f"/v1/bundleIdCapabilities/{capability_id}"
    try:
        client.delete(path)
    except LostAnswerError:
        try:
            client.delete(path)
        except ApiError as error:
            if error.status != 404:  # the first one worked
                raise


def _capability_body(
    capability: Capability, identifier: str | None = None, bundle_id: str = ""
) -> dict[str, Any]:
    attributes: dict[str, Any] = {"capabilityType": capability.type}
    if capability.settings:
        attributes["settings"] = capability.settings
    owner = {"bundleId": reference("bundleIds", bundle_id)} if bundle_id else {}
    return request_body("bundleIdCapabilities", attributes, identifier, owner)


def _registered(client: Client, listed: Document, resource: Resource) -> RegisteredBundleId:
    references = resource.related("bundleIdCapabilities")
    included = [listed.included[reference] for reference in references if reference in listed.included]
    if len(included) < min(len(references), LARGEST_INCLUDE) or len(references) >= LARGEST_INCLUDE:
        capabilities = _list_capabilities(client, resource.id)
    else:
        capabilities = _by_type(included)
    return RegisteredBundleId(resource.id, resource.text("identifier"), capabilities)


def _list_capabilities(client: Client, bundle_id: str) -> dict[str, tuple[str, str]]:
    query: dict[str, str | int | None] = dict(_CAPABILITY_FIELDS)
    return _by_type(client.list(f"/v1/bundleIds/{bundle_id}/bundleIdCapabilities", query).data)


def _by_type(resources: Iterable[Resource]) -> dict[str, tuple[str, str]]:
    return {
        resource.text("capabilityType"): (
            resource.id,
            option_of(resource.attributes.get("settings"), resource.text("capabilityType")),
        )
        for resource in resources
    }
