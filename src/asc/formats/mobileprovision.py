"""Provisioning profiles: a property list signed by Apple (CMS). The signature is not verified here.

https://developer.apple.com/documentation/technotes/tn3125-inside-code-signing-provisioning-profiles
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from asc.formats.cms import CmsError, signed_content
from asc.formats.plist import PlistError, read_plist

LIMIT = 2 << 20
"""Bytes of a profile. Real ones have some ten thousand, even with many devices and certificates."""


class ProfileError(ValueError):
    """The bytes are not a provisioning profile."""


@dataclass(frozen=True)
class Profile:
    """A provisioning profile.

    `application_identifier` is the entitlement, with the prefix of the team (`A1B2C3D4E5.com.example.app`,
    `A1B2C3D4E5.*`). Times are in UTC, None if missing. `devices` are UDIDs, `certificates` are DER, `platforms` are in
    Apple's spelling (`iOS`, `tvOS`, `xrOS`, `OSX`, …).
    """

    name: str
    uuid: str
    team_id: str
    team_name: str
    application_identifier: str
    created: datetime | None
    expires: datetime | None
    devices: tuple[str, ...]
    provisions_all_devices: bool
    get_task_allow: bool
    platforms: tuple[str, ...]
    certificates: tuple[bytes, ...]
    entitlements: Mapping[str, Any]


def read_profile(data: bytes) -> Profile:
    """Return the contents of a .mobileprovision or .provisionprofile. Raises ProfileError.

    Members that are missing or have an unexpected type count as empty. Callers check the members that they need.
    """
    if len(data) > LIMIT:
        raise ProfileError(f"it is {len(data):,} bytes long, far more than a profile has")
    try:
        values = read_plist(signed_content(data), LIMIT)
    except CmsError as error:
        raise ProfileError(str(error)) from None
    except PlistError as error:
        raise ProfileError(f"the signed contents are not a profile: {error}") from None
    return _profile(values)


def _profile(values: Mapping[str, Any]) -> Profile:
    entitlements = values.get("Entitlements")
    entitlements = entitlements if isinstance(entitlements, Mapping) else {}
    teams = _texts(values.get("TeamIdentifier"))
    # Profiles for macOS write the entitlement with the prefix com.apple.
    identifiers = (entitlements.get(prefix + "application-identifier") for prefix in ("", "com.apple."))
    return Profile(
        name=_text(values.get("Name")),
        uuid=_text(values.get("UUID")),
        team_id=teams[0] if teams else "",
        team_name=_text(values.get("TeamName")),
        application_identifier=next((text for text in identifiers if isinstance(text, str)), ""),
        created=_time(values.get("CreationDate")),
        expires=_time(values.get("ExpirationDate")),
        devices=_texts(values.get("ProvisionedDevices")),
        provisions_all_devices=values.get("ProvisionsAllDevices") is True,
        get_task_allow=any(
            entitlements.get(prefix + "get-task-allow") is True for prefix in ("", "com.apple.security.")
        ),
        platforms=_texts(values.get("Platform")),
        certificates=tuple(
            der for der in _list(values.get("DeveloperCertificates")) if isinstance(der, bytes)
        ),
        entitlements=entitlements,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _texts(value: object) -> tuple[str, ...]:
    return tuple(text for text in _list(value) if isinstance(text, str))


def _time(value: object) -> datetime | None:
    """Return a time of a property list in UTC, or None. plistlib omits the zone."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else None
