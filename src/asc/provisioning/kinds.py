"""The types of profiles and certificates, in the three languages that there are for them.

Ours are the words of the inputs, match's are its folders and file names, Apple's are the enumerations `profileType`
and `certificateType` of the App Store Connect API 4.4.1.
"""

from __future__ import annotations

from enum import StrEnum

from asc.errors import InputError, Problem


class Platform(StrEnum):
    """What an app runs on, in the words of the inputs, which are match's."""

    IOS = "ios"
    TVOS = "tvos"
    MACOS = "macos"
    CATALYST = "catalyst"
    VISIONOS = "visionos"

    @property
    def of_profile(self) -> Platform:
        """The platform that profiles are kept under: Apple has none of their own for visionOS, iOS' serve it."""
        return Platform.IOS if self is Platform.VISIONOS else self


class CertificateType(StrEnum):
    """The kinds of certificates that the store keeps apart; the values are match's folders."""

    DEVELOPMENT = "development"
    DISTRIBUTION = "distribution"
    ENTERPRISE = "enterprise"
    DEVELOPER_ID_APPLICATION = "developer_id_application"
    MAC_INSTALLER_DISTRIBUTION = "mac_installer_distribution"
    DEVELOPER_ID_INSTALLER = "developer_id_installer"

    @property
    def needs_account_holder(self) -> bool:
        """Return whether Apple lets the account holder alone make it: an API key gets 403."""
        return self in (CertificateType.DEVELOPER_ID_APPLICATION, CertificateType.DEVELOPER_ID_INSTALLER)

    @property
    def with_article(self) -> str:
        """For sentences."""
        return f"{'an' if self is CertificateType.ENTERPRISE else 'a'} {self.value}"


class ProfileType(StrEnum):
    """What a profile is for; the values are the words of the input `type`."""

    DEVELOPMENT = "development"
    AD_HOC = "ad-hoc"
    APP_STORE = "app-store"
    ENTERPRISE = "enterprise"
    DEVELOPER_ID = "developer-id"

    @property
    def match_type(self) -> str:
        """What match calls it: its folder, and a part of the `sigh_…` names."""
        return _MATCH[self][0]

    @property
    def prefix(self) -> str:
        """How the names of its files and of its profiles begin."""
        return _MATCH[self][1]

    @property
    def certificate_type(self) -> CertificateType:
        """The certificates that its profiles are made with."""
        return _MATCH[self][2]

    @property
    def has_devices(self) -> bool:
        """Whether its profiles name the devices that they are valid on."""
        return self in (ProfileType.DEVELOPMENT, ProfileType.AD_HOC)


EXTRA_CERTIFICATE_TYPES = {
    "mac-installer-distribution": CertificateType.MAC_INSTALLER_DISTRIBUTION,
    "developer-id-installer": CertificateType.DEVELOPER_ID_INSTALLER,
}
"""Certificates that no profile asks for, by the words of the inputs."""

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
    """Apple's `profileType`. Raises InputError where Apple's API has none for the platform."""
    found = _PROFILE_TYPES.get((kind, platform.of_profile))
    if found:
        return found
    others = ", ".join(each.value for each in _APPLE_TYPES[kind][1])
    raise InputError(
        [Problem("type", f"there is no {kind} profile for {platform}", f"Use {kind} with one of: {others}.")]
    )


def apple_profile_types() -> dict[str, ProfileType]:
    """All of Apple's `profileType`s with ours."""
    return {apple: kind for (kind, _), apple in _PROFILE_TYPES.items()}


def apple_certificate_types(
    kind: CertificateType, platform: Platform = Platform.IOS, *, in_house: bool = False
) -> tuple[str, ...]:
    """Apple's `certificateType`s that serve: the first is what to create, all are what to look for.

    Teams of the Enterprise Program (`in_house`) have no Apple Distribution certificates. Empty for the installer
    certificate of Developer ID, which the API neither lists nor creates: it can only be imported.
    """
    mobile = platform.of_profile in _MOBILE
    if kind is CertificateType.DEVELOPMENT:
        return ("DEVELOPMENT", "IOS_DEVELOPMENT" if mobile else "MAC_APP_DEVELOPMENT")
    own = "IOS_DISTRIBUTION" if mobile else "MAC_APP_DISTRIBUTION"
    if kind is CertificateType.DISTRIBUTION:
        return (own,) if in_house else ("DISTRIBUTION", own)
    return {
        CertificateType.ENTERPRISE: (own,),
        CertificateType.DEVELOPER_ID_APPLICATION: (
            "DEVELOPER_ID_APPLICATION",  # Apple refuses to make the other by its name, but lists it
            "DEVELOPER_ID_APPLICATION_G2",
        ),
        CertificateType.MAC_INSTALLER_DISTRIBUTION: ("MAC_INSTALLER_DISTRIBUTION",),
    }.get(kind, ())


def from_apple_certificate_type(apple: str, *, in_house: bool = False) -> CertificateType | None:
    """The folder that a certificate of Apple's `certificateType` belongs into; None for what the store does not keep.

    `in_house` tells the distribution certificates of the Enterprise Program, which Apple names like the others.
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
