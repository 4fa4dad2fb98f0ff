"""Profiles at Apple: found by their names, made, deleted. Contents are asked for of new ones only.

https://developer.apple.com/documentation/appstoreconnectapi/profiles
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from asc.api.client import Client
from asc.api.document import Resource, reference, references, request_body
from asc.api.lists import list_by
from asc.errors import UnreachableError
from asc.provisioning.deleting import delete_surely

log = logging.getLogger(__name__)

MOST_INCLUDED = 50
"""Certificates of a profile that a list shows."""
_FIELDS = "name,uuid,profileType,profileState"
_WITH_CONTENT = f"{_FIELDS},profileContent"


@dataclass(frozen=True)
class AppleProfile:
    """A profile at Apple. `content` is b"", and `certificate_ids` are (), where they were not asked for."""

    id: str
    name: str
    uuid: str
    apple_type: str
    active: bool
    content: bytes = field(default=b"", repr=False)
    certificate_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recipe:
    """What a profile is made of: Apple's type, and Apple's ids of the rest."""

    name: str
    apple_type: str
    bundle_id: str
    certificates: tuple[str, ...]
    devices: tuple[str, ...] = ()


def find_profiles(client: Client, names: Collection[str]) -> list[AppleProfile]:
    """Return the profiles of these names, without their contents."""
    found = list_by(client, "/v1/profiles", "filter[name]", names, {"fields[profiles]": _FIELDS})
    return [_profile(each) for each in found.data if each.text("name") in names]


def profiles_of_types(client: Client, apple_types: Collection[str]) -> list[AppleProfile]:
    """All profiles of these types with the ids of their certificates, without their contents."""
    query: dict[str, str | int | None] = {
        "filter[profileType]": ",".join(apple_types),
        "include": "certificates",
        "fields[profiles]": f"{_FIELDS},certificates",
        "fields[certificates]": "serialNumber",
        "limit[certificates]": MOST_INCLUDED,
    }
    return [_with_all_certificates(client, each) for each in client.list("/v1/profiles", query).data]


def _with_all_certificates(client: Client, resource: Resource) -> AppleProfile:
    """Of a profile with more certificates than a list shows (a large team's for development) the rest is asked for."""
    profile = _profile(resource)
    if len(profile.certificate_ids) < MOST_INCLUDED:
        return profile
    query = {"fields[certificates]": "serialNumber"}
    all_of_them = client.list(f"/v1/profiles/{profile.id}/certificates", query).data
    return replace(profile, certificate_ids=tuple(each.id for each in all_of_them))


def fetch_profile(client: Client, profile_id: str) -> AppleProfile:
    """One profile with its content."""
    return _profile(client.get(f"/v1/profiles/{profile_id}", {"fields[profiles]": _WITH_CONTENT}).resource)


def create_profile(client: Client, recipe: Recipe) -> AppleProfile:
    """Makes a profile; never a second one where the answer to the first request was lost."""

    def find() -> AppleProfile | None:
        named = find_profiles(client, [recipe.name])
        return next((profile for profile in named if profile.apple_type == recipe.apple_type), None)

    creation = client.create_once(
        lambda: _profile(client.create("/v1/profiles", _body(recipe)).resource),
        find,
        # A profile that has the name already may have other certificates and devices: it is not the one wanted.
        may_exist=lambda error: False,
    )
    return _with_content(client, creation.value)


def delete_profiles(client: Client, profiles: Iterable[AppleProfile]) -> None:
    """Deletes profiles; one that is gone already is no error."""
    for profile in profiles:
        delete_surely(client, f"/v1/profiles/{profile.id}")


def free_name(name: str, taken: Collection[str]) -> str:
    """`name`, or `name 2`, `name 3`, … where others that are not ours have it."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} {number}"
    return free


def _with_content(client: Client, profile: AppleProfile) -> AppleProfile:
    """Return it with its content, which is asked for where it did not come along. Raises UnreachableError."""
    profile = profile if profile.content else fetch_profile(client, profile.id)
    if not profile.content:
        raise UnreachableError(
            f"App Store Connect made the profile {profile.name}, but gives no content of it.",
            "Run the step again: it is found by its name then.",
        )
    return profile


def _profile(resource: Resource) -> AppleProfile:
    try:
        content = base64.b64decode(resource.text("profileContent"), validate=True)
    except ValueError:  # not ASCII, not base64
        content = b""
    return AppleProfile(
        id=resource.id,
        name=resource.text("name"),
        uuid=resource.text("uuid"),
        apple_type=resource.text("profileType"),
        active=resource.text("profileState") != "INVALID",  # a state that nobody knows condemns nothing
        content=content,
        certificate_ids=tuple(identifier for _, identifier in resource.related("certificates")),
    )


def _body(recipe: Recipe) -> dict[str, object]:
    relationships: dict[str, object] = {
        "bundleId": reference("bundleIds", recipe.bundle_id),
        "certificates": references("certificates", recipe.certificates),
    }
    if recipe.devices:
        relationships["devices"] = references("devices", recipe.devices)
    attributes = {"name": recipe.name, "profileType": recipe.apple_type}
    return request_body("profiles", attributes, relationships=relationships)
