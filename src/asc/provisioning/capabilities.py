"""Capabilities of bundle ids: Apple's types and settings, fastlane's names for them, and their entitlements.

https://developer.apple.com/documentation/appstoreconnectapi/capabilitytype
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from asc import words

TYPES = frozenset(
    {
        "ACCESS_WIFI_INFORMATION",
        "APPLE_ID_AUTH",
        "APPLE_PAY",
        "APP_GROUPS",
        "ASSOCIATED_DOMAINS",
        "AUTOFILL_CREDENTIAL_PROVIDER",
        "CLASSKIT",
        "COREMEDIA_HLS_LOW_LATENCY",
        "DATA_PROTECTION",
        "GAME_CENTER",
        "HEALTHKIT",
        "HOMEKIT",
        "HOT_SPOT",
        "ICLOUD",
        "INTER_APP_AUDIO",
        "IN_APP_PURCHASE",
        "MAPS",
        "MULTIPATH",
        "NETWORK_CUSTOM_PROTOCOL",
        "NETWORK_EXTENSIONS",
        "NFC_TAG_READING",
        "PERSONAL_VPN",
        "PUSH_NOTIFICATIONS",
        "SIRIKIT",
        "SYSTEM_EXTENSION_INSTALL",
        "USER_MANAGEMENT",
        "WALLET",
        "WIRELESS_ACCESSORY_CONFIGURATION",
    }
)
"""The 28 types of the API 4.4.1. Apple adds some now and then, so that an unknown one is tried, with a warning."""

EXPLICIT_ONLY = frozenset(
    {
        "APPLE_ID_AUTH",
        "APPLE_PAY",
        "APP_GROUPS",
        "ASSOCIATED_DOMAINS",
        "GAME_CENTER",
        "HEALTHKIT",
        "HOMEKIT",
        "ICLOUD",
        "IN_APP_PURCHASE",
        "PUSH_NOTIFICATIONS",
        "SIRIKIT",
        "WALLET",
    }
)
"""Types that a wildcard bundle id cannot have."""

_FASTLANE = {
    "ACCESS_WIFI": "ACCESS_WIFI_INFORMATION",
    "APP_GROUP": "APP_GROUPS",
    "AUTO_FILL_CREDENTIAL": "AUTOFILL_CREDENTIAL_PROVIDER",
    "CLASS_KIT": "CLASSKIT",
    "CUSTOM_NETWORK_PROTOCOL": "NETWORK_CUSTOM_PROTOCOL",
    "HEALTH_KIT": "HEALTHKIT",
    "HOME_KIT": "HOMEKIT",
    "HOTSPOT": "HOT_SPOT",
    "LOW_LATENCY_HLS": "COREMEDIA_HLS_LOW_LATENCY",
    "NETWORK_EXTENSION": "NETWORK_EXTENSIONS",
    "PASSBOOK": "WALLET",
    "PUSH_NOTIFICATION": "PUSH_NOTIFICATIONS",
    "SIGN_IN_WITH_APPLE": "APPLE_ID_AUTH",
    "SIRI_KIT": "SIRIKIT",
    "SYSTEM_EXTENSION": "SYSTEM_EXTENSION_INSTALL",
    "VPN_CONFIGURATION": "PERSONAL_VPN",
    "WIRELESS_ACCESSORY": "WIRELESS_ACCESSORY_CONFIGURATION",
    # Apple's document of the API lacks these types. Whether a key may enable them is Apple's decision.
    "APP_ATTEST": "APP_ATTEST",
    "CAR_PLAY_AUDIO_APP": "CARPLAY_PLAYABLE_CONTENT",
    "CAR_PLAY_MESSAGING_APP": "CARPLAY_MESSAGING",
    "CAR_PLAY_NAVIGATION_APP": "CARPLAY_NAVIGATION",
    "CAR_PLAY_VOIP_CALLING_APP": "CARPLAY_VOIP",
    "COMMUNICATION_NOTIFICATIONS": "USERNOTIFICATIONS_COMMUNICATION",
    "CRITICAL_ALERTS": "CRITICAL_ALERTS",
    "DECLARED_AGE_RANGE": "DECLARED_AGE_RANGE",
    "DRIVER_KIT": "DRIVERKIT",
    "DRIVER_KIT_ENDPOINT_SECURITY": "DRIVERKIT_ENDPOINT_SECURITY",
    "DRIVER_KIT_FAMILY_HID_DEVICE": "DRIVERKIT_HID_DEVICE",
    "DRIVER_KIT_FAMILY_NETWORKING": "DRIVERKIT_NETWORKING",
    "DRIVER_KIT_FAMILY_SERIAL": "DRIVERKIT_SERIAL",
    "DRIVER_KIT_HID_EVENT_SERVICE": "DRIVERKIT_HID_EVENT_SERVICE",
    "DRIVER_KIT_TRANSPORT_HID": "DRIVERKIT_HID",
    "EXTENDED_VIRTUAL_ADDRESS_SPACE": "EXTENDED_VIRTUAL_ADDRESSING",
    "FAMILY_CONTROLS": "FAMILY_CONTROLS",
    "FILE_PROVIDER_TESTING_MODE": "FILEPROVIDER_TESTINGMODE",
    "FONTS": "FONT_INSTALLATION",
    "GROUP_ACTIVITIES": "GROUP_ACTIVITIES",
    "HEALTH_KIT_ESTIMATE_RECALIBRATION": "HEALTHKIT_RECALIBRATE_ESTIMATES",
    "HLS_INTERSTITIAL_PREVIEW": "HLS_INTERSTITIAL_PREVIEW",
    "HOTSPOT_HELPER": "HOTSPOT_HELPER_MANAGED",
    "MANAGED_ASSOCIATED_DOMAINS": "MDM_MANAGED_ASSOCIATED_DOMAINS",
    "MULTITASKING_CAMERA_ACCESS": "IPAD_CAMERA_MULTITASKING",
    "MUSIC_KIT": "MUSIC_KIT",
    "SF_UNIVERSAL_LINK_API": "SFUNIVERSALLINK_API",
    "SHAZAM_KIT": "SHAZAM_KIT",
    "TIME_SENSITIVE_NOTIFICATIONS": "USERNOTIFICATIONS_TIMESENSITIVE",
    "VP9_DECODER": "VP9_DECODER",
}
"""Services of fastlane's `produce enable_services` whose names are not Apple's types."""

_SETTINGS = {
    "ICLOUD": (
        "ICLOUD_VERSION",
        {
            "legacy": "XCODE_5",
            "xcode5_compatible": "XCODE_5",
            "cloudkit": "XCODE_6",
            "xcode6_compatible": "XCODE_6",
        },
    ),
    "DATA_PROTECTION": (
        "DATA_PROTECTION_PERMISSION_LEVEL",
        {
            "complete": "COMPLETE_PROTECTION",
            "unlessopen": "PROTECTED_UNLESS_OPEN",
            "untilfirstauth": "PROTECTED_UNTIL_FIRST_USER_AUTH",
        },
    ),
    "APPLE_ID_AUTH": ("APPLE_ID_AUTH_APP_CONSENT", {"on": "PRIMARY_APP_CONSENT"}),
}
"""The three types that have settings: Apple's key, and fastlane's words for its options."""

_DEVELOPER = "com.apple.developer."
_ENTITLEMENTS = {
    "aps-environment": "PUSH_NOTIFICATIONS",
    f"{_DEVELOPER}aps-environment": "PUSH_NOTIFICATIONS",
    "com.apple.security.application-groups": "APP_GROUPS",
    f"{_DEVELOPER}associated-domains": "ASSOCIATED_DOMAINS",
    f"{_DEVELOPER}healthkit": "HEALTHKIT",
    f"{_DEVELOPER}healthkit.access": "HEALTHKIT",
    f"{_DEVELOPER}homekit": "HOMEKIT",
    f"{_DEVELOPER}siri": "SIRIKIT",
    f"{_DEVELOPER}in-app-payments": "APPLE_PAY",
    f"{_DEVELOPER}pass-type-identifiers": "WALLET",
    f"{_DEVELOPER}networking.vpn.api": "PERSONAL_VPN",
    f"{_DEVELOPER}networking.networkextension": "NETWORK_EXTENSIONS",
    f"{_DEVELOPER}networking.multipath": "MULTIPATH",
    f"{_DEVELOPER}networking.HotspotConfiguration": "HOT_SPOT",
    f"{_DEVELOPER}networking.wifi-info": "ACCESS_WIFI_INFORMATION",
    f"{_DEVELOPER}networking.custom-protocol": "NETWORK_CUSTOM_PROTOCOL",
    f"{_DEVELOPER}nfc.readersession.formats": "NFC_TAG_READING",
    f"{_DEVELOPER}icloud-container-identifiers": "ICLOUD",
    f"{_DEVELOPER}icloud-services": "ICLOUD",
    f"{_DEVELOPER}ubiquity-kvstore-identifier": "ICLOUD",
    f"{_DEVELOPER}ubiquity-container-identifiers": "ICLOUD",
    f"{_DEVELOPER}ClassKit-environment": "CLASSKIT",
    f"{_DEVELOPER}authentication-services.autofill-credential-provider": "AUTOFILL_CREDENTIAL_PROVIDER",
    f"{_DEVELOPER}default-data-protection": "DATA_PROTECTION",
    f"{_DEVELOPER}applesignin": "APPLE_ID_AUTH",
    f"{_DEVELOPER}game-center": "GAME_CENTER",
    f"{_DEVELOPER}maps": "MAPS",
    f"{_DEVELOPER}user-management": "USER_MANAGEMENT",
    f"{_DEVELOPER}system-extension.install": "SYSTEM_EXTENSION_INSTALL",
    "com.apple.external-accessory.wireless-configuration": "WIRELESS_ACCESSORY_CONFIGURATION",
    f"{_DEVELOPER}coremedia.hls.low-latency": "COREMEDIA_HLS_LOW_LATENCY",
    "inter-app-audio": "INTER_APP_AUDIO",
}
"""Keys of .entitlements files and the capability that lets a profile hold them.

https://developer.apple.com/documentation/bundleresources/entitlements
"""
# Every profile grants the first ones by itself, and a Mac lets any app claim those of the sandbox (TN3125).
_NEED_NO_CAPABILITY = re.compile(
    r"(com\.apple\.)?application-identifier|(com\.apple\.security\.)?get-task-allow|keychain-access-groups"
    r"|beta-reports-active|com\.apple\.developer\.(team-identifier|icloud-container-environment)"
    r"|com\.apple\.security\.(app-sandbox|network\..*|files\..*|device\..*|cs\..*|personal-information\..*|"
    r"print|inherit|temporary-exception\..*|automation\..*)"
)
_DATA_PROTECTION_LEVELS = {
    "NSFileProtectionComplete": "COMPLETE_PROTECTION",
    "NSFileProtectionCompleteUnlessOpen": "PROTECTED_UNLESS_OPEN",
    "NSFileProtectionCompleteUntilFirstUserAuthentication": "PROTECTED_UNTIL_FIRST_USER_AUTH",
}


@dataclass(frozen=True)
class Capability:
    """A capability by Apple's type. `option` is the key of its one setting, "" for Apple's default."""

    type: str
    option: str = ""

    @property
    def settings(self) -> list[dict[str, Any]]:
        """Return the settings as the API takes them; [] if there are none. Other fields than `key` are refused."""
        if not self.option:
            return []
        return [{"key": _SETTINGS[self.type][0], "options": [{"key": self.option}]}]


def read_capability(name: str, setting: str = "") -> Capability:
    """Return the capability of Apple's type or of fastlane's service name, with a setting in either's words.

    An unknown name in capitals passes, because Apple adds types. Raises ValueError with the reason for others.
    """
    plain = name.strip().replace("-", "_").upper()
    kind = plain if plain in TYPES else _FASTLANE.get(plain, plain)
    # A name in Apple's own form may be a type that this list lacks. Any other form is a misspelling of a known one.
    if kind not in TYPES and kind not in _FASTLANE.values() and name.strip() != plain:
        hint = words.did_you_mean(plain, [*TYPES, *_FASTLANE])
        raise ValueError(f"“{words.printable_name(name)}” is not a capability.{hint}")
    return Capability(kind, _option(kind, setting.strip()))


def capabilities_of(entitlements: Mapping[str, Any]) -> tuple[tuple[Capability, ...], tuple[str, ...]]:
    """Return the capabilities that the keys of an .entitlements file need, and the keys that are not known."""
    found: dict[str, Capability] = {}
    unknown = []
    for key, value in entitlements.items():
        kind = _ENTITLEMENTS.get(key)
        if kind == "DATA_PROTECTION":
            # The level is the value of the entitlement. An unknown one leaves the level to Apple's default.
            found[kind] = Capability(kind, _DATA_PROTECTION_LEVELS.get(str(value), ""))
        elif kind:
            found[kind] = Capability(kind)
        elif not _NEED_NO_CAPABILITY.fullmatch(key):
            unknown.append(key)
    return tuple(found.values()), tuple(unknown)


def entitlements_of(kind: str) -> tuple[str, ...]:
    """Return the keys that a profile may hold because of a capability; () for one that is not known to give any."""
    return tuple(key for key, capability in _ENTITLEMENTS.items() if capability == kind)


def capability_of(key: str) -> str:
    """Return the capability that lets a profile hold a key of an .entitlements file; "" if none is known."""
    return _ENTITLEMENTS.get(key, "")


def needs_profile(key: str) -> bool:
    """Return True if an app may claim the entitlement only if its profile holds it."""
    if _NEED_NO_CAPABILITY.fullmatch(key):
        return False
    # Also for keys that are not known here: Apple adds some each year.
    return key in _ENTITLEMENTS or key.startswith(_DEVELOPER)


def option_of(settings: object, kind: str) -> str:
    """Return the option that Apple lists as chosen in the settings of a capability; "" if it lists none."""
    key = _SETTINGS.get(kind, ("", {}))[0]
    for setting in settings if isinstance(settings, list) else ():
        if isinstance(setting, Mapping) and setting.get("key") == key:
            options = [option for option in setting.get("options") or () if isinstance(option, Mapping)]
            # Apple lists all options with `enabled`, or only the chosen one.
            chosen = [option for option in options if option.get("enabled", len(options) == 1)]
            return str(chosen[0].get("key") or "") if chosen else ""
    return ""


def merged(capabilities: Iterable[Capability]) -> tuple[Capability, ...]:
    """Return each type once; the first with a setting wins. Raises ValueError if two settings contradict."""
    found: dict[str, Capability] = {}
    for capability in capabilities:
        before = found.setdefault(capability.type, capability)
        if before.option and capability.option and before.option != capability.option:
            raise ValueError(f"{capability.type} is asked for as {before.option} and as {capability.option}")
        if not before.option:
            found[capability.type] = capability
    return tuple(found.values())


def _option(kind: str, setting: str) -> str:
    if not setting:
        return ""
    if kind not in _SETTINGS:
        raise ValueError(f"{kind} has no settings")
    known = _SETTINGS[kind][1]
    if setting.upper() in known.values():
        return setting.upper()
    if setting.lower() not in known:
        raise ValueError(f"{kind} has no setting “{words.printable_name(setting)}”: write {', '.join(known)}")
    return known[setting.lower()]
