"""Compare the entitlements that an app asks for with those inside its profiles, before a build on a Mac fails.

An API key can enable App Groups, iCloud and Apple Pay for a bundle id, but only a person can say on the website which
group, container or merchant id belongs to it. A profile shows the choice.
https://developer.apple.com/documentation/technotes/tn3125-inside-code-signing-provisioning-profiles
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from asc.api.client import Client
from asc.errors import Error
from asc.formats.mobileprovision import Profile, ProfileError, read_profile
from asc.provisioning.capabilities import capability_of, entitlements_of, needs_profile

BY_HAND = {
    "com.apple.security.application-groups": "app group",
    "com.apple.developer.icloud-container-identifiers": "iCloud container",
    "com.apple.developer.ubiquity-container-identifiers": "iCloud container",
    "com.apple.developer.in-app-payments": "merchant id",
}
"""Entitlements whose values only a person can associate, at developer.apple.com, Identifiers."""
_GROUPS = "com.apple.security.application-groups"
_VARIABLE = re.compile(r"\$[({]")


@dataclass(frozen=True)
class Lacking:
    """The entitlements that an app asks for and that a profile lacks.

    `keys` are missing as a whole. `values` maps the key to the values that only a person can associate.
    """

    keys: tuple[str, ...] = ()
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.keys or self.values)


def compare(requested: Mapping[str, Any], profile: Profile) -> Lacking:
    """Return what a profile lacks of the keys and values of an .entitlements file.

    Values with `$(…)` are not compared, because only Xcode knows what they become.
    """
    keys: list[str] = []
    values: dict[str, tuple[str, ...]] = {}
    for key, value in requested.items():
        # False claims nothing, and a Mac needs a profile only for groups in the style of iOS.
        if value is False or not needs_profile(key) or (key == _GROUPS and _is_free_on_mac(value, profile)):
            continue
        granted = profile.entitlements.get(key)
        missing = tuple(
            text for text in _texts(value) if not _VARIABLE.search(text) and not _allows(granted, text)
        )
        # A key can be there without its values: an API key enables the capability, and a person names the value.
        if key in BY_HAND and missing:
            values[key] = missing
        elif granted is None:
            keys.append(key)
    return Lacking(tuple(keys), values)


def errors_of(lacking: Lacking, identifier: str, profile: str) -> Iterator[tuple[str, Error]]:
    """Yield an error for each key that a profile (by its name) lacks, with the key."""
    again = "then create the profile again (sync-signing)."
    for key in lacking.keys:
        capability = capability_of(key)
        enable = (
            f"Enable {capability} for {identifier} (register-bundle-ids), {again}"
            if capability
            # Only some keys are known, and Apple grants others on request.
            else f"Look for it at developer.apple.com/account, Identifiers, {identifier}, {again}"
        )
        yield key, Error(f"The profile {profile} of {identifier} lacks the entitlement {key}.", enable)
    for key, values in lacking.values.items():
        yield (
            key,
            Error(
                f"The profile {profile} of {identifier} lacks the {BY_HAND[key]} {', '.join(values)}.",
                f"Associate it at developer.apple.com/account, Identifiers, {identifier}, which no API key can; "
                f"{again}",
            ),
        )


def by_hand(lackings: Iterable[Lacking]) -> dict[str, list[str]]:
    """Return the values that a person has to associate, by their noun: "app group" → ["group.com.example.app"]."""
    nouns: dict[str, dict[str, None]] = {}
    for lacking in lackings:
        for key, values in lacking.values.items():
            nouns.setdefault(BY_HAND[key], {}).update(dict.fromkeys(values))
    return {noun: list(values) for noun, values in nouns.items()}


def active_profiles(client: Client, bundle_id: str) -> list[Profile]:
    """Return the valid profiles of a bundle id, by Apple's id of it. One that cannot be read is passed over."""
    query: dict[str, str | int | None] = {"fields[profiles]": "profileState,profileContent"}
    profiles = []
    for resource in client.list(f"/v1/bundleIds/{bundle_id}/profiles", query).data:
        # Xcode signs with no other profile.
        if resource.text("profileState") == "ACTIVE":
            try:
                profiles.append(read_profile(base64.b64decode(resource.text("profileContent"))))
            # The step compares what it can read; a profile of an unknown form is no reason to fail.
            except (ProfileError, ValueError):
                continue
    return profiles


def not_granted(capabilities: Iterable[str], profile: Profile) -> list[str]:
    """Return what a profile lacks of capabilities that its bundle id was given, in words that follow its name."""
    lacking = []
    for capability in capabilities:
        keys = entitlements_of(capability)
        to_associate = [key for key in keys if key in BY_HAND]
        if to_associate and not any(_texts(profile.entitlements.get(key)) for key in to_associate):
            # An API key can enable these capabilities, and nothing in the API says which group or container it is.
            lacking.append(
                f"names no {BY_HAND[to_associate[0]]}: a key enables {capability}, and only a person can associate one"
            )
        # A capability can have several keys, such as iCloud, and a profile need not hold all of them.
        elif keys and not any(key in profile.entitlements for key in keys):
            lacking.append(f"has no entitlement of {capability}, which was asked for")
    return lacking


def covers(profile: Profile, identifier: str) -> bool:
    """Return True if a profile is for a bundle id: by the id itself, or by a wildcard."""
    _, _, pattern = profile.application_identifier.partition(".")
    return pattern == identifier or (pattern.endswith("*") and identifier.startswith(pattern[:-1]))


def is_wildcard(profile: Profile) -> bool:
    """Return True if the profile is for all bundle ids that begin alike."""
    return profile.application_identifier.endswith("*")


def _is_free_on_mac(groups: object, profile: Profile) -> bool:
    """Return True if the groups need no profile, as groups with the prefix of the team on macOS."""
    return "OSX" in profile.platforms and not any(text.startswith("group.") for text in _texts(groups))


def _allows(granted: object, value: str) -> bool:
    return any(
        text == value or (text.endswith("*") and value.startswith(text[:-1])) for text in _texts(granted)
    )


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
