"""The team's profiles at Apple: find them by name or type, create and delete them.

https://developer.apple.com/documentation/appstoreconnectapi/profiles
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from asc.api.client import Client
from asc.api.document import LARGEST_INCLUDE, Resource, is_cut, reference, references, request_body
from asc.api.lists import list_by
from asc.api.polling import look_until
from asc.errors import UnreachableError
from asc.provisioning.deleting import delete_if_there

log = logging.getLogger(__name__)

_FIELDS = "name,uuid,profileType,profileState"
_WITH_CONTENT = f"{_FIELDS},profileContent"


@dataclass(frozen=True)
class AppleProfile:
    """A profile as Apple lists it.

    `apple_type` is Apple's `profileType`, `content` the .mobileprovision. `content` is b"" and `certificate_ids` is ()
    if the request did not ask for them.
    """

    id: str
    name: str
    uuid: str
    apple_type: str
    active: bool
    content: bytes = field(default=b"", repr=False)
    certificate_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProfileDraft:
    """A profile to create: its name, Apple's `profileType`, and Apple's ids of bundle id, certificates and devices."""

    name: str
    apple_type: str
    bundle_id: str
    certificates: tuple[str, ...]
    devices: tuple[str, ...] = ()


def find_profiles(client: Client, names: Collection[str]) -> list[AppleProfile]:
    """Return the profiles with one of these names, without their contents."""
    profiles = list_by(client, "/v1/profiles", "filter[name]", names, {"fields[profiles]": _FIELDS})
    return [_read_profile(resource) for resource in profiles.data if resource.text("name") in names]


def profiles_of_types(client: Client, apple_types: Collection[str]) -> list[AppleProfile]:
    """Return all profiles of these `profileType`s with the ids of their certificates, without their contents."""
    query: dict[str, str | int | None] = {
        "filter[profileType]": ",".join(apple_types),
        "include": "certificates",
        "fields[profiles]": f"{_FIELDS},certificates",
        "fields[certificates]": "serialNumber",
        "limit[certificates]": LARGEST_INCLUDE,
    }
    return [_with_all_certificates(client, resource) for resource in client.list("/v1/profiles", query).data]


def _with_all_certificates(client: Client, resource: Resource) -> AppleProfile:
    """Return a profile with the ids of all its certificates."""
    profile = _read_profile(resource)
    # A development profile of a large team can have more certificates than a listing includes.
    if not is_cut(resource, "certificates"):
        return profile
    query = {"fields[certificates]": "serialNumber"}
    certificates = client.list(f"/v1/profiles/{profile.id}/certificates", query).data
    return replace(profile, certificate_ids=tuple(certificate.id for certificate in certificates))


def fetch_profile(client: Client, profile_id: str) -> AppleProfile:
    """Return one profile, by Apple's id, with its content. Raises ApiError if Apple refuses."""
    query = {"fields[profiles]": _WITH_CONTENT}
    return _read_profile(client.get(f"/v1/profiles/{profile_id}", query).resource)


def create_profile(client: Client, draft: ProfileDraft) -> AppleProfile:
    """Create a profile and return it with its content. A lost answer never leads to a second profile.

    Raises ApiError if Apple refuses, also if a profile of the team has the name (409).
    """

    def find() -> AppleProfile | None:
        named = find_profiles(client, [draft.name])
        return next((profile for profile in named if profile.apple_type == draft.apple_type), None)

    creation = client.create_once(
        lambda: _read_profile(client.create("/v1/profiles", _body(draft)).resource),
        find,
        # A profile that has the name already may have other certificates and devices: it is not the requested one.
        may_exist=lambda error: False,
    )
    return _with_content(client, creation.value)


def delete_profiles(client: Client, profiles: Iterable[AppleProfile]) -> None:
    """Delete profiles by Apple's id. A profile that does not exist is no error."""
    for profile in profiles:
        delete_if_there(client, f"/v1/profiles/{profile.id}")


def not_deleted(client: Client, deleted: Collection[AppleProfile]) -> list[AppleProfile]:
    """Return those of the deleted profiles that Apple lists all the same. Makes one request for some 150 profiles."""
    ids, names = {profile.id for profile in deleted}, {profile.name for profile in deleted}

    def look() -> list[AppleProfile]:
        return [profile for profile in find_profiles(client, names) if profile.id in ids]

    return look_until(client, look, lambda left: not left) if deleted else []


def free_name(name: str, taken: Collection[str]) -> str:
    """Return `name`, or the first of `name 2`, `name 3`, … that is not in `taken`."""
    number, free = 1, name
    # Apple refuses a name that another profile of the team has.
    while free in taken:
        number += 1
        free = f"{name} {number}"
    return free


def _with_content(client: Client, profile: AppleProfile) -> AppleProfile:
    """Return a profile with its content, fetched if the answer lacked it. Raises UnreachableError if Apple has none."""
    profile = profile if profile.content else fetch_profile(client, profile.id)
    if not profile.content:
        raise UnreachableError(
            f"App Store Connect created the profile {profile.name}, but does not return its content.",
            "Run the step again. It finds the profile by its name.",
        )
    return profile


def _read_profile(resource: Resource) -> AppleProfile:
    try:
        content = base64.b64decode(resource.text("profileContent"), validate=True)
    except ValueError:  # neither ASCII nor base64
        content = b""
    return AppleProfile(
        id=resource.id,
        name=resource.text("name"),
        uuid=resource.text("uuid"),
        apple_type=resource.text("profileType"),
        active=resource.text("profileState") != "INVALID",  # an unknown state does not make it invalid
        content=content,
        certificate_ids=tuple(identifier for _, identifier in resource.related("certificates")),
    )


def _body(draft: ProfileDraft) -> dict[str, object]:
    relationships: dict[str, object] = {
        "bundleId": reference("bundleIds", draft.bundle_id),
        "certificates": references("certificates", draft.certificates),
    }
    if draft.devices:
        relationships["devices"] = references("devices", draft.devices)
    attributes = {"name": draft.name, "profileType": draft.apple_type}
    return request_body("profiles", attributes, relationships=relationships)
