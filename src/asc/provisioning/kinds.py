"""Platforms and the types of profiles and certificates, with their names in our inputs, in match and at Apple.

The inputs have their own words. The values that match uses are its folders and file names. Apple's names are the
enumerations `profileType` and `certificateType` of the App Store Connect API 4.4.1.
"""

from __future__ import annotations

from enum import StrEnum

from asc.errors import InputError, Problem


class Platform(StrEnum):
    """A platform that apps run on. The values are the words of the input `platform`, which are those of match."""

    IOS = "ios"
    TVOS = "tvos"
    MACOS = "macos"
    CATALYST = "catalyst"
    VISIONOS = "visionos"

    @property
    def of_profile(self) -> Platform:
        """Return the platform of its profiles in the storage and at Apple."""
        # Apple has no profiles for visionOS; those for iOS are valid there.
        return Platform.IOS if self is Platform.VISIONOS else self

    @property
    def on_mac(self) -> bool:
        """Return True if its apps run on a Mac and are signed with Mac profiles."""
        return self in (Platform.MACOS, Platform.CATALYST)


class CertificateType(StrEnum):
    """A type of certificate that the storage keeps apart. The values are the names of match's folders."""

    DEVELOPMENT = "development"
    DISTRIBUTION = "distribution"
    ENTERPRISE = "enterprise"
    DEVELOPER_ID_APPLICATION = "developer_id_application"
    MAC_INSTALLER_DISTRIBUTION = "mac_installer_distribution"
    DEVELOPER_ID_INSTALLER = "developer_id_installer"

    @property
    def needs_account_holder(self) -> bool:
        """Return True if only the account holder can create it. An API key gets 403."""
        return self in (CertificateType.DEVELOPER_ID_APPLICATION, CertificateType.DEVELOPER_ID_INSTALLER)

    @property
    def with_article(self) -> str:
        """Return the type with its article, for a sentence: `a distribution`, `an enterprise`."""
        return f"{'an' if self is CertificateType.ENTERPRISE else 'a'} {self.value}"


class ProfileType(StrEnum):
    """A purpose of profiles. The values are the words of the input `type`."""

    DEVELOPMENT = "development"
    AD_HOC = "ad-hoc"
    APP_STORE = "app-store"
    ENTERPRISE = "enterprise"
    DEVELOPER_ID = "developer-id"

    @property
    def match_type(self) -> str:
        """Return match's name of the type: its folder, and part of the variables `sigh_…`."""
        return _MATCH[self][0]

    @property
    def prefix(self) -> str:
        """Return the beginning of match's names for the files and the profiles of the type."""
        return _MATCH[self][1]

    @property
    def certificate_type(self) -> CertificateType:
        """Return the type of the certificates that its profiles contain."""
        return _MATCH[self][2]

    @property
    def has_devices(self) -> bool:
        """Return True if its profiles list the devices that they are valid on."""
        return self in (ProfileType.DEVELOPMENT, ProfileType.AD_HOC)


EXTRA_CERTIFICATE_TYPES = {
    "mac-installer-distribution": CertificateType.MAC_INSTALLER_DISTRIBUTION,
    "developer-id-installer": CertificateType.DEVELOPER_ID_INSTALLER,
}
"""Types of certificates that no profile contains, by the words of the input `additional-certificates`."""

_MATCH = {
    ProfileType.DEVELOPMENT: ("development", "Development", CertificateType.DEVELOPMENT),
    ProfileType.AD_HOC: ("adhoc", "AdHoc", CertificateType.DISTRIBUTION),
    ProfileType.APP_STORE: ("appstore", "AppStore", CertificateType.DISTRIBUTION),
    ProfileType.ENTERPRISE: ("enterprise", "InHouse", CertificateType.ENTERPRISE),
    ProfileType.DEVELOPER_ID: ("developer_id", "Direct", CertificateType.DEVELOPER_ID_APPLICATION),
}

_APPLE_PLATFORMS = {
    Platform.IOS: "IOS_APP",
    Platform.TVOS: "TVOS_APP",
    Platform.MACOS: "MAC_APP",
    Platform.CATALYST: "MAC_CATALYST_APP",
}
_APPLE_TYPES = {
    ProfileType.DEVELOPMENT: ("DEVELOPMENT", tuple(_APPLE_PLATFORMS)),
    ProfileType.AD_HOC: ("ADHOC", (Platform.IOS, Platform.TVOS)),
    ProfileType.APP_STORE: ("STORE", tuple(_APPLE_PLATFORMS)),
    ProfileType.ENTERPRISE: ("INHOUSE", (Platform.IOS, Platform.TVOS)),
    ProfileType.DEVELOPER_ID: ("DIRECT", (Platform.MACOS, Platform.CATALYST)),
}
_PROFILE_TYPES = {
    (kind, platform): f"{_APPLE_PLATFORMS[platform]}_{word}"
    for kind, (word, platforms) in _APPLE_TYPES.items()
    for platform in platforms
}

_MOBILE = (Platform.IOS, Platform.TVOS)


def apple_profile_type(kind: ProfileType, platform: Platform) -> str:
    """Return Apple's `profileType`. Raises InputError if Apple has none for the platform."""
    found = _PROFILE_TYPES.get((kind, platform.of_profile))
    if found:
        return found
    others = ", ".join(supported.value for supported in _APPLE_TYPES[kind][1])
    raise InputError(
        [Problem("type", f"there is no {kind} profile for {platform}", f"Use {kind} with one of: {others}.")]
    )


def apple_profile_types() -> dict[str, ProfileType]:
    """Return each `profileType` of Apple with the type that it belongs to."""
    return {apple: kind for (kind, _), apple in _PROFILE_TYPES.items()}


def apple_certificate_types(
    kind: CertificateType, platform: Platform = Platform.IOS, *, in_house: bool = False
) -> tuple[str, ...]:
    """Return the `certificateType`s that serve as `kind`: create the first, look for all.

    `in_house`: the team is in the Enterprise Program, and has no Apple Distribution certificates. Returns () for the
    installer certificate of Developer ID: the API neither lists nor creates it, so that it can only be imported.
    """
    mobile = platform.of_profile in _MOBILE
    if kind is CertificateType.DEVELOPMENT:
        # Apple Development and Apple Distribution serve all platforms. The older types of one platform are still valid.
        return ("DEVELOPMENT", "IOS_DEVELOPMENT" if mobile else "MAC_APP_DEVELOPMENT")
    own = "IOS_DISTRIBUTION" if mobile else "MAC_APP_DISTRIBUTION"
    if kind is CertificateType.DISTRIBUTION:
        return (own,) if in_house else ("DISTRIBUTION", own)
    return {
        CertificateType.ENTERPRISE: (own,),
        CertificateType.DEVELOPER_ID_APPLICATION: (
            "DEVELOPER_ID_APPLICATION",  # Apple lists the other one as well, but refuses to create it by its name
            "DEVELOPER_ID_APPLICATION_G2",
        ),
        CertificateType.MAC_INSTALLER_DISTRIBUTION: ("MAC_INSTALLER_DISTRIBUTION",),
    }.get(kind, ())


def from_apple_certificate_type(apple: str, *, in_house: bool = False) -> CertificateType | None:
    """Return the type of a certificate by Apple's `certificateType`; None if the storage does not keep that type.

    `in_house`: the team is in the Enterprise Program. Apple names its distribution certificates like all others.
    """
    if apple in ("DISTRIBUTION", "IOS_DISTRIBUTION", "MAC_APP_DISTRIBUTION"):
        return CertificateType.ENTERPRISE if in_house else CertificateType.DISTRIBUTION
    return {
        "DEVELOPMENT": CertificateType.DEVELOPMENT,
        "IOS_DEVELOPMENT": CertificateType.DEVELOPMENT,
        "MAC_APP_DEVELOPMENT": CertificateType.DEVELOPMENT,
        "DEVELOPER_ID_APPLICATION": CertificateType.DEVELOPER_ID_APPLICATION,
        "DEVELOPER_ID_APPLICATION_G2": CertificateType.DEVELOPER_ID_APPLICATION,
        "MAC_INSTALLER_DISTRIBUTION": CertificateType.MAC_INSTALLER_DISTRIBUTION,
    }.get(apple)
