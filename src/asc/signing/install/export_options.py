"""ExportOptions.plist for `xcodebuild -exportArchive`, and the mapping of profiles for a plist of the user's own.

The keys are those that `xcodebuild -help` documents. Method names are those of Xcode 15.3 and later.
"""

from __future__ import annotations

import plistlib
from collections.abc import Iterable, Sequence

from asc.provisioning.kinds import CertificateType, Platform, ProfileType
from asc.signing.install.security import InstallError
from asc.signing.install.written import WrittenProfile, team_of
from asc.signing.vault.entries import StoredIdentity

METHODS = {
    ProfileType.APP_STORE: "app-store-connect",
    ProfileType.AD_HOC: "release-testing",
    ProfileType.DEVELOPMENT: "debugging",
    ProfileType.ENTERPRISE: "enterprise",
    ProfileType.DEVELOPER_ID: "developer-id",
}
_MAC = (Platform.MACOS, Platform.CATALYST)


def profile_mapping(profiles: Iterable[WrittenProfile]) -> dict[str, str]:
    """Bundle id → name of its profile. Of several for one bundle id the first counts."""
    mapping: dict[str, str] = {}
    for each in profiles:
        mapping.setdefault(each.stored.bundle_id, each.stored.profile.name)
    return mapping


def groups(profiles: Sequence[WrittenProfile]) -> dict[tuple[ProfileType, Platform], list[WrittenProfile]]:
    """The profiles that belong into one file, in the order in which their types and platforms first appear."""
    found: dict[tuple[ProfileType, Platform], list[WrittenProfile]] = {}
    for each in profiles:
        found.setdefault((each.stored.profile_type, each.stored.platform.of_profile), []).append(each)
    return found


def export_options(
    kind: ProfileType,
    platform: Platform,
    profiles: Sequence[WrittenProfile],
    identities: Iterable[StoredIdentity] = (),
) -> bytes:
    """The property list, XML. `profiles` are of this type and platform.

    Profiles go by UUID and certificates by SHA-1: names are not unique on a machine that keeps older ones.
    Raises InstallError where a profile holds what cannot be written.
    """
    values: dict[str, object] = {
        "method": METHODS[kind],
        "signingStyle": "manual",
        "provisioningProfiles": {each.stored.bundle_id: each.stored.profile.uuid for each in profiles},
    }
    if team := team_of([each.stored for each in profiles]):
        values["teamID"] = team
    signer = next((each.identity for each in profiles if each.identity), None)
    if signer:
        values["signingCertificate"] = signer.certificate.sha1
    if kind is ProfileType.APP_STORE and platform in _MAC:
        for each in identities:
            if each.certificate_type is CertificateType.MAC_INSTALLER_DISTRIBUTION:
                values.setdefault("installerSigningCertificate", each.certificate.sha1)
    try:
        return plistlib.dumps(values)
    except ValueError:  # control characters, half characters: nothing that Apple writes
        raise InstallError(
            "A profile's bundle id, UUID or team has characters that no property list can hold.",
            "Have the profile made anew with mode: sync and force: true.",
        ) from None
