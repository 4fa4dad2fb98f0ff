"""Write ExportOptions.plist for `xcodebuild -exportArchive`, and the mapping of profiles for the user's own plist.

The keys are documented by `xcodebuild -help`. The names of methods are those of Xcode 15.3 and later.
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
"""Type of profile → the method of exporting with it."""


def profile_mapping(profiles: Iterable[WrittenProfile]) -> dict[str, str]:
    """Return bundle id → name of its profile. If a bundle id has several, the first counts."""
    # xcodebuild accepts one profile for a bundle id.
    mapping: dict[str, str] = {}
    for profile in profiles:
        mapping.setdefault(profile.stored.bundle_id, profile.stored.profile.name)
    return mapping


def groups(profiles: Sequence[WrittenProfile]) -> dict[tuple[ProfileType, Platform], list[WrittenProfile]]:
    """Group the profiles by type and platform, in the order of their first profile: one group for each plist."""
    found: dict[tuple[ProfileType, Platform], list[WrittenProfile]] = {}
    for profile in profiles:
        found.setdefault((profile.stored.profile_type, profile.stored.platform.of_profile), []).append(
            profile
        )
    return found


def export_options(
    kind: ProfileType,
    platform: Platform,
    profiles: Sequence[WrittenProfile],
    identities: Iterable[StoredIdentity] = (),
) -> bytes:
    """Return the property list as XML. All `profiles` have the type `kind` and this platform.

    Raises InstallError if a profile has characters that a property list cannot contain.
    """
    # Profiles go by UUID and certificates by SHA-1: their names are not unique on a machine that keeps older ones.
    values: dict[str, object] = {
        "method": METHODS[kind],
        "signingStyle": "manual",
        "provisioningProfiles": {
            profile.stored.bundle_id: profile.stored.profile.uuid for profile in profiles
        },
    }
    if team := team_of([profile.stored for profile in profiles]):
        values["teamID"] = team
    signer = next((profile.identity for profile in profiles if profile.identity), None)
    if signer:
        values["signingCertificate"] = signer.certificate.sha1
    # The App Store takes Mac apps in an installer package, which has a signature of its own.
    if kind is ProfileType.APP_STORE and platform.on_mac:
        for identity in identities:
            if identity.certificate_type is CertificateType.MAC_INSTALLER_DISTRIBUTION:
                values.setdefault("installerSigningCertificate", identity.certificate.sha1)
    try:
        return plistlib.dumps(values)
    except ValueError:
        # Control characters or half of a surrogate pair; Apple writes neither.
        raise InstallError(
            "A profile's bundle id, UUID or team has characters that a property list cannot contain.",
            "Create the profile again with mode: sync and force: true.",
        ) from None
