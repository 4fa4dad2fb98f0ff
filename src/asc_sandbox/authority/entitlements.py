"""The entitlements of a profile, from its kind and the capabilities of its bundle id.

https://developer.apple.com/documentation/bundleresources/entitlements
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_DEVELOPER = "com.apple.developer."
_TEAM = "{team}"

# A capability that is not listed adds no entitlement by itself.
_OF_CAPABILITY: dict[str, dict[str, Any]] = {
    "ACCESS_WIFI_INFORMATION": {f"{_DEVELOPER}networking.wifi-info": True},
    "APPLE_ID_AUTH": {f"{_DEVELOPER}applesignin": ["Default"]},
    "APPLE_PAY": {f"{_DEVELOPER}in-app-payments": []},
    "APP_GROUPS": {"com.apple.security.application-groups": []},
    "ASSOCIATED_DOMAINS": {f"{_DEVELOPER}associated-domains": "*"},
    "AUTOFILL_CREDENTIAL_PROVIDER": {
        f"{_DEVELOPER}authentication-services.autofill-credential-provider": True
    },
    "CLASSKIT": {f"{_DEVELOPER}ClassKit-environment": "production"},
    "COREMEDIA_HLS_LOW_LATENCY": {f"{_DEVELOPER}coremedia.hls.low-latency": True},
    "DATA_PROTECTION": {f"{_DEVELOPER}default-data-protection": "NSFileProtectionComplete"},
    "GAME_CENTER": {f"{_DEVELOPER}game-center": True},
    "HEALTHKIT": {f"{_DEVELOPER}healthkit": True, f"{_DEVELOPER}healthkit.access": []},
    "HOMEKIT": {f"{_DEVELOPER}homekit": True},
    "HOT_SPOT": {f"{_DEVELOPER}networking.HotspotConfiguration": True},
    "ICLOUD": {
        f"{_DEVELOPER}icloud-container-identifiers": [],
        f"{_DEVELOPER}icloud-services": "*",
        f"{_DEVELOPER}ubiquity-kvstore-identifier": f"{_TEAM}.*",
    },
    "INTER_APP_AUDIO": {"inter-app-audio": True},
    "MAPS": {f"{_DEVELOPER}maps": True},
    "MULTIPATH": {f"{_DEVELOPER}networking.multipath": True},
    "NETWORK_CUSTOM_PROTOCOL": {f"{_DEVELOPER}networking.custom-protocol": True},
    "NETWORK_EXTENSIONS": {
        f"{_DEVELOPER}networking.networkextension": [
            "app-proxy-provider",
            "content-filter-provider",
            "packet-tunnel-provider",
            "dns-proxy",
        ]
    },
    "NFC_TAG_READING": {f"{_DEVELOPER}nfc.readersession.formats": ["NDEF", "TAG"]},
    "PERSONAL_VPN": {f"{_DEVELOPER}networking.vpn.api": ["allow-vpn"]},
    "SIRIKIT": {f"{_DEVELOPER}siri": True},
    "SYSTEM_EXTENSION_INSTALL": {f"{_DEVELOPER}system-extension.install": True},
    "USER_MANAGEMENT": {f"{_DEVELOPER}user-management": ["get-current-user", "runs-as-current-user"]},
    "WALLET": {f"{_DEVELOPER}pass-type-identifiers": [f"{_TEAM}.*"]},
    "WIRELESS_ACCESSORY_CONFIGURATION": {"com.apple.external-accessory.wireless-configuration": True},
}


def entitlements(
    identifier: str,
    team: str,
    capabilities: Iterable[str],
    associations: Mapping[str, Any],
    *,
    development: bool,
    store: bool,
    mac: bool,
) -> dict[str, Any]:
    """Return the `Entitlements` of a profile for a bundle id; a `store` profile also serves TestFlight.

    `associations` are values of entitlements that a person chose on the website, like app groups. They take effect
    with their capability.
    """
    found: dict[str, Any] = {}
    for capability in sorted(capabilities):
        found.update(_of_team(_OF_CAPABILITY.get(capability, {}), team))
        if capability == "PUSH_NOTIFICATIONS":
            name = f"{_DEVELOPER}aps-environment" if mac else "aps-environment"
            found[name] = "development" if development else "production"
    # A choice has no effect unless its capability is enabled.
    found.update({name: value for name, value in associations.items() if name in found})
    return {
        **found,
        ("com.apple.application-identifier" if mac else "application-identifier"): f"{team}.{identifier}",
        ("com.apple.security.get-task-allow" if mac else "get-task-allow"): development,
        f"{_DEVELOPER}team-identifier": team,
        "keychain-access-groups": [f"{team}.*", *([] if mac else ["com.apple.token"])],
        **({"beta-reports-active": True} if store else {}),
    }


def _of_team(values: dict[str, Any], team: str) -> dict[str, Any]:
    return {name: _filled(value, team) for name, value in values.items()}


def _filled(value: Any, team: str) -> Any:
    if isinstance(value, list):
        return [_filled(item, team) for item in value]
    return value.replace(_TEAM, team) if isinstance(value, str) else value
