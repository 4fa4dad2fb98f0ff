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
_MAC = (Platform.MACOS, Platform.CATALYST)
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
    spec = tuple(platform for platform in platforms if platform in _MAC)
    places: dict[str, list[tuple[str, StoredProfile]]] = {}
    for name, content in files:
        stored = _stored(name, content, spec)
        places.setdefault(stored.path, []).append((name, stored))
    return [_newest(found, now) for found in places.values()]


def _stored(name: str, content: bytes, wanted: tuple[Platform, ...]) -> StoredProfile:
    try:
        profile = read_profile(content)
    except ProfileError as error:
        raise Error(
            f"profile-files: {name} is not a provisioning profile: {error}.", "Remove it from profile-files."
        ) from None
    bundle_id = profile.application_identifier.partition(".")[2]
    if not bundle_id:
        raise Error(f"profile-files: {name} is for no app.", "Remove it from profile-files.")
    return new_profile(_kind(profile), bundle_id, _platform(name, profile, wanted), content)


def _newest(found: list[tuple[str, StoredProfile]], now: datetime) -> StoredProfile:
    def rank(item: tuple[str, StoredProfile]) -> tuple[bool, datetime, datetime]:
        profile = item[1].profile
        expires = profile.expires or _NEVER
        return expires > now, profile.created or _NEVER, expires

    name, best = max(found, key=rank)
    for other, stored in found:
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


def _platform(name: str, profile: Profile, wanted: tuple[Platform, ...]) -> Platform:
    only = profile.platforms[0] if len(profile.platforms) == 1 else ""
    found = _PLATFORMS.get(only, Platform.IOS)
    if found is not Platform.MACOS:
        return found
    # match ends the names of its profiles with the platform. Nothing else in a profile tells the two apart.
    named = next((platform for platform in _MAC if profile.name.endswith(f" {platform}")), None)
    if named and wanted and named not in wanted:
        raise Error(
            f"profile-files: {name} is called “{profile.name}”, and platform says {', '.join(wanted)}.",
            f"Add {named} to platform, or remove the file from profile-files.",
        )
    if named:
        return named
    if len(wanted) > 1:
        raise Error(
            f"profile-files: {name} is for the Mac, either for macOS or for Catalyst; nothing in it tells.",
            "Import the profiles of each in a step of their own, with platform: macos or platform: catalyst.",
        )
    return wanted[0] if wanted else Platform.MACOS
