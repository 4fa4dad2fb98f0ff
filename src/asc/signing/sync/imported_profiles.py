"""Read profiles that are imported: find out their type and platform, and choose one of several for the same app."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime

from asc.errors import Error
from asc.formats.mobileprovision import Profile, ProfileError, read_profile
from asc.provisioning.kinds import Platform, ProfileType
from asc.signing.vault.entries import StoredProfile, new_profile

log = logging.getLogger(__name__)

_PLATFORMS = {"tvOS": Platform.TVOS, "OSX": Platform.MACOS, "xrOS": Platform.IOS, "visionOS": Platform.IOS}
_NEVER = datetime.min.replace(tzinfo=UTC)


def imported_profiles(
    files: Iterable[tuple[str, bytes]], platforms: Iterable[Platform], now: datetime
) -> list[StoredProfile]:
    """Return the profiles in `files` (name, content), one for each path in the storage.

    Of several for one path the newest valid one is returned, and the log names the others. `platforms` are those of the
    input `platform`; they tell Catalyst and macOS apart, because such profiles look the same inside. Raises Error for a
    file that is not a profile, for a Mac profile whose platform is unclear, and for one whose name contradicts
    `platforms`.
    """
    mac_platforms = tuple(platform for platform in platforms if platform.on_mac)
    by_path: dict[str, list[tuple[str, StoredProfile]]] = {}
    for name, content in files:
        stored = _stored(name, content, mac_platforms)
        by_path.setdefault(stored.path, []).append((name, stored))
    return [_newest(profiles, now) for profiles in by_path.values()]


def _stored(name: str, content: bytes, mac_platforms: tuple[Platform, ...]) -> StoredProfile:
    try:
        profile = read_profile(content)
    except ProfileError as error:
        raise Error(
            f"profile-files: {name} is not a provisioning profile: {error}.", "Remove it from profile-files."
        ) from None
    bundle_id = profile.application_identifier.partition(".")[2]
    if not bundle_id:
        raise Error(f"profile-files: {name} is for no app.", "Remove it from profile-files.")
    return new_profile(_kind(profile), bundle_id, _platform(name, profile, mac_platforms), content)


def _newest(profiles: list[tuple[str, StoredProfile]], now: datetime) -> StoredProfile:
    def rank(item: tuple[str, StoredProfile]) -> tuple[bool, datetime, datetime]:
        profile = item[1].profile
        expires = profile.expires or _NEVER
        return expires > now, profile.created or _NEVER, expires

    name, best = max(profiles, key=rank)
    for other, stored in profiles:
        if stored is not best and stored.profile.uuid != best.profile.uuid:
            log.warning(
                "Skipped %s: %s is the newest valid profile for the same place (%s)",
                other,
                name,
                best.path,
            )
    return best


def _kind(profile: Profile) -> ProfileType:
    if profile.provisions_all_devices:
        mac = "OSX" in profile.platforms
        return ProfileType.DEVELOPER_ID if mac else ProfileType.ENTERPRISE
    if profile.get_task_allow:
        return ProfileType.DEVELOPMENT
    return ProfileType.AD_HOC if profile.devices else ProfileType.APP_STORE


def _platform(name: str, profile: Profile, mac_platforms: tuple[Platform, ...]) -> Platform:
    only = profile.platforms[0] if len(profile.platforms) == 1 else ""
    inside = _PLATFORMS.get(only, Platform.IOS)
    if inside is not Platform.MACOS:
        return inside
    # match ends the names of its profiles with the platform. Nothing else in a profile tells the two apart.
    named = next((mac for mac in Platform if mac.on_mac and profile.name.endswith(f" {mac}")), None)
    if named and mac_platforms and named not in mac_platforms:
        raise Error(
            f"profile-files: {name} is called “{profile.name}”, and platform says {', '.join(mac_platforms)}.",
            f"Add {named} to platform, or remove the file from profile-files.",
        )
    if named:
        return named
    if len(mac_platforms) > 1:
        raise Error(
            f"profile-files: {name} is for the Mac, either for macOS or for Catalyst; nothing in it tells.",
            "Import the profiles of each in a step of their own, with platform: macos or platform: catalyst.",
        )
    return mac_platforms[0] if mac_platforms else Platform.MACOS
