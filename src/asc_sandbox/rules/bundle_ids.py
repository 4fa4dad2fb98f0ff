"""The rules of bundle ids and their capabilities."""

from __future__ import annotations

import re
from typing import Any

from asc_sandbox.endpoints import Call
from asc_sandbox.entity_errors import invalid_attribute, problem
from asc_sandbox.errors import Refusal
from asc_sandbox.rules.profiles import invalidate
from asc_sandbox.world import Record
from asc_sandbox.writing import Given, store, update

_IDENTIFIER = re.compile(r"\*|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(\.\*)?")
_FORBIDDEN_IN_NAME = re.compile(r"""[@&*'"]""")
# Capabilities that Apple does not offer for wildcards.
_EXPLICIT_ONLY = {
    "APPLE_ID_AUTH",
    "APPLE_PAY",
    "ASSOCIATED_DOMAINS",
    "GAME_CENTER",
    "HEALTHKIT",
    "HOMEKIT",
    "IN_APP_PURCHASE",
    "PUSH_NOTIFICATIONS",
    "SIRIKIT",
}

_OPTIONS = {
    ("ICLOUD", "ICLOUD_VERSION"): ("XCODE_5", "XCODE_6"),
    ("DATA_PROTECTION", "DATA_PROTECTION_PERMISSION_LEVEL"): (
        "COMPLETE_PROTECTION",
        "PROTECTED_UNLESS_OPEN",
        "PROTECTED_UNTIL_FIRST_USER_AUTH",
    ),
    ("APPLE_ID_AUTH", "APPLE_ID_AUTH_APP_CONSENT"): ("PRIMARY_APP_CONSENT",),
}
"""The options of each capability and key of a setting, from Apple's document of the API."""

_READ_ONLY = {"name", "enabledByDefault", "visible", "allowedInstances", "minInstances"}
"""Fields of settings that Apple's document has and that a request may not send."""


def register(call: Call, given: Given) -> Record:
    """Register a bundle id. One without a wildcard has in-app purchases from the start."""
    identifier, platform = given.attributes["identifier"], given.attributes["platform"]
    if not _IDENTIFIER.fullmatch(identifier):
        raise invalid_attribute("identifier", f"'{identifier}' is not a valid identifier")
    _require_name(given)
    if any(_clash(other, identifier, platform) for other in call.world.all("bundleIds")):
        raise invalid_attribute(
            "identifier",
            f"An App ID with Identifier '{identifier}' is not available. Please enter a different string.",
        )
    record = store(call, given)
    if "*" not in identifier:
        _add(call, record, "IN_APP_PURCHASE")
    return record


def rename(call: Call, record: Record, given: Given) -> Record:
    """Change the name of a bundle id."""
    _require_name(given)
    return update(call, record, given)


def delete(call: Call, record: Record) -> None:
    """Delete a bundle id and invalidate its profiles. Refuse it if an app has the bundle id."""
    if call.world.related(record, "app"):
        raise Refusal(
            403,
            "FORBIDDEN_ERROR.IN_USE",
            "This request is forbidden for security reasons",
            f"The App ID '{record.attributes.get('identifier')}' appears to be in use by the App Store, "
            "so it cannot be removed at this time.",
        )
    _invalidate_profiles(call, record)
    for capability in call.world.related(record, "bundleIdCapabilities"):
        call.world.remove(capability)
    call.world.remove(record)


def enable(call: Call, given: Given) -> Record:
    """Enable a capability of a bundle id, and invalidate its profiles."""
    bundle_id, capability = given.one("bundleId"), given.attributes["capabilityType"]
    for enabled in call.world.related(bundle_id, "bundleIdCapabilities"):
        if enabled.attributes.get("capabilityType") == capability:
            raise invalid_attribute("capabilityType", f"The capability '{capability}' is enabled already")
    if "*" in str(bundle_id.attributes.get("identifier")) and capability in _EXPLICIT_ONLY:
        raise problem(f"The capability '{capability}' is not available for wildcard App IDs.")
    _require_settings(capability, given)
    _invalidate_profiles(call, bundle_id)
    return _add(call, bundle_id, capability, settings=given.attributes.get("settings"))


def configure(call: Call, record: Record, given: Given) -> Record:
    """Change the settings of a capability, and invalidate the profiles of its bundle id."""
    _require_settings(str(record.attributes["capabilityType"]), given)
    _invalidate_profiles_of_owner(call, record)
    return update(call, record, given)


def disable(call: Call, record: Record) -> None:
    """Disable a capability, and invalidate the profiles of its bundle id."""
    _invalidate_profiles_of_owner(call, record)
    call.world.remove(record)


def _require_settings(capability: str, given: Given) -> None:
    """Raise Refusal for settings with read-only fields, or with keys that the capability does not have."""
    for setting in given.attributes.get("settings") or ():
        options: list[dict[str, Any]] = [
            option for option in setting.get("options") or () if isinstance(option, dict)
        ]
        unknown = _READ_ONLY & {name for member in (setting, *options) for name in member}
        if unknown:
            # The words were recorded in ittybitty/appstoreconnect-cli 95; the status is a guess.
            raise problem(f'Unrecognized field "{min(unknown)}"')
        allowed = _OPTIONS.get((capability, str(setting.get("key"))), ())
        if not all(option.get("key") in allowed for option in options) or not allowed:
            # A guess: nobody has reported the answer to an unknown option.
            raise invalid_attribute("settings", f"The settings are not available for '{capability}'")


def _require_name(given: Given) -> None:
    name = given.attributes.get("name")
    if name is not None and (not name or _FORBIDDEN_IN_NAME.search(name)):
        raise invalid_attribute(
            "name", f"'{name}' is not a valid name: it has special characters, or none at all"
        )


def _clash(other: Record, identifier: str, platform: str) -> bool:
    """Return True if a bundle id has this identifier on this platform. A wildcard is compared like any other text."""
    # Apple ignores case here.
    same = str(other.attributes.get("identifier")).lower() == identifier.lower()
    platforms = {other.attributes.get("platform"), platform}
    of_other_team = identifier in (other.attributes.get("takenIdentifiers") or ())
    return of_other_team or (same and (len(platforms) == 1 or "UNIVERSAL" in platforms))


def _add(call: Call, bundle_id: Record, capability: str, **attributes: object) -> Record:
    return call.world.add(
        "bundleIdCapabilities",
        {"capabilityType": capability, **attributes},
        {"bundleId": bundle_id.id},
        # Apple's ids of capabilities have this form.
        record_id=f"{bundle_id.id}_{capability}",
    )


def _invalidate_profiles_of_owner(call: Call, capability: Record) -> None:
    for bundle_id in call.world.related(capability, "bundleId"):
        _invalidate_profiles(call, bundle_id)


def _invalidate_profiles(call: Call, bundle_id: Record) -> None:
    for profile in call.world.related(bundle_id, "profiles"):
        invalidate(call.world, profile)
