"""The variables that lanes written for match read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from asc.signing.install.written import WrittenProfile
from asc.signing.vault.texts import fastlane_names


def fastlane_environment(
    profiles: Iterable[WrittenProfile], installed: Mapping[str, Path] | None = None
) -> dict[str, str]:
    """The `sigh_…` variables and their values. `installed`: UUID → the file where Xcode looks, if there is one."""
    values: dict[str, str] = {}
    for each in profiles:
        profile = each.stored.profile
        names = fastlane_names(each.stored.profile_type, each.stored.bundle_id, each.stored.platform)
        values[names.uuid] = profile.uuid
        values[names.team_id] = profile.team_id
        values[names.certificate_name] = each.identity.certificate.common_name if each.identity else ""
        values[names.profile_name] = profile.name
        values[names.profile_path] = str((installed or {}).get(profile.uuid, each.path))
    return values
