"""Compare the entitlements that an app asks for with those inside its profiles.

An API key can enable App Groups, iCloud and Apple Pay for a bundle id, but only a person can say on the website which
group, container or merchant id belongs to it. A profile shows what was said, before a build on a Mac fails for it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from typing import Any

from asc.api.client import Client
from asc.formats.mobileprovision import Profile, ProfileError, read_profile
from asc.provisioning.capabilities import entitlements_of

BY_HAND = {
    "com.apple.security.application-groups": "app group",
    "com.apple.developer.icloud-container-identifiers": "iCloud container",
    "com.apple.developer.ubiquity-container-identifiers": "iCloud container",
    "com.apple.developer.in-app-payments": "merchant id",
}
"""Entitlements whose values only a person can associate, at developer.apple.com, Identifiers."""
_VARIABLE = re.compile(r"\$[({]")


def active_profiles(client: Client, bundle_id: str) -> list[Profile]:
    """Return the valid profiles of a bundle id, by Apple's id of it. One that cannot be read is passed over."""
    query: dict[str, str | int | None] = {"fields[profiles]": "profileState,profileContent"}
    found = []
    for resource in client.list(f"/v1/bundleIds/{bundle_id}/profiles", query).data:
        if resource.text("profileState") == "ACTIVE":
            try:
                found.append(read_profile(base64.b64decode(resource.text("profileContent"))))
            except (ProfileError, ValueError):
                continue
    return found


def missing_values(asked: Mapping[str, Any], profiles: Iterable[Profile]) -> dict[str, list[str]]:
    """Return the values that are asked for and that a profile lacks: "app group" → ["group.com.example.app"].

    Values with `$(…)` are left out, because only Xcode knows what they become.
    """
    lacking: dict[str, list[str]] = {}
    for key, noun in BY_HAND.items():
        values = [value for value in _texts(asked.get(key)) if not _VARIABLE.search(value)]
        for value in values:
            if any(not _allows(profile.entitlements.get(key), value) for profile in profiles):
                lacking.setdefault(noun, []).append(value)
    return lacking


def not_granted(capabilities: Iterable[str], profile: Profile) -> list[str]:
    """Return what a profile lacks of capabilities that its bundle id was given, in words that follow its name."""
    lacking = []
    for capability in capabilities:
        keys = entitlements_of(capability)
        by_hand = [key for key in keys if key in BY_HAND]
        if by_hand and not any(_texts(profile.entitlements.get(key)) for key in by_hand):
            # An API key can enable these capabilities, and nothing in the API says which group or container it is.
            lacking.append(
                f"names no {BY_HAND[by_hand[0]]}: a key enables {capability}, and only a person can associate one"
            )
        elif keys and not any(key in profile.entitlements for key in keys):
            lacking.append(f"has no entitlement of {capability}, which was asked for")
    return lacking


def missing_keys(asked: Mapping[str, Any], profiles: Iterable[Profile]) -> list[str]:
    """Return the keys of com.apple.developer and of push that are asked for and that a profile lacks."""
    names = [
        key for key in asked if key.startswith("com.apple.developer.") or key.endswith("aps-environment")
    ]
    return [key for key in names if any(key not in profile.entitlements for profile in profiles)]


def _allows(granted: object, value: str) -> bool:
    return any(
        text == value or (text.endswith("*") and value.startswith(text[:-1])) for text in _texts(granted)
    )


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
