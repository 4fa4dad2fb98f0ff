"""The types of profiles, by `profileType`, and the certificates and devices that each may contain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from asc_sandbox.authority.plans import Purpose

_MOBILE = ("IPHONE", "IPAD", "IPOD", "APPLE_WATCH", "APPLE_VISION_PRO")
_MACS = ("MAC", "APPLE_SILICON_MAC", "INTEL_MAC")
# Macs with Apple silicon run iOS apps: fastlane adds them to these profiles with include_mac_in_profiles.
_RUN_IOS_APPS = (*_MOBILE, "MAC", "APPLE_SILICON_MAC")
_DEVELOPMENT = ("DEVELOPMENT",)
_DISTRIBUTION = ("DISTRIBUTION",)
_DEVELOPER_ID = ("DEVELOPER_ID_APPLICATION", "DEVELOPER_ID_APPLICATION_G2")


@dataclass(frozen=True)
class ProfileKind:
    """A type of profiles.

    `platform` is the platform inside the profile, `shown_platform` the one that the API shows. `device_classes` are
    the classes of devices that it takes.
    """

    purpose: Purpose
    platform: str
    shown_platform: str
    certificate_types: tuple[str, ...]
    device_classes: tuple[str, ...]

    @property
    def has_devices(self) -> bool:
        """Return True if the profile names the devices that it is valid on."""
        return self.purpose in ("development", "ad-hoc")

    def takes(self, device_class: str, platform: str) -> bool:
        """Return True if the profile may contain a device of this class and platform."""
        known = device_class in (*_MOBILE, *_MACS, "APPLE_TV")
        # A class that is newer than this list goes by its platform.
        return device_class in self.device_classes if known else platform == self.platform

    @property
    def bundle_platforms(self) -> tuple[str, str]:
        """Return the platforms of bundle ids that the profile is for."""
        return self.shown_platform, "UNIVERSAL"


def _ios(purpose: Purpose) -> ProfileKind:
    types = _DEVELOPMENT if purpose == "development" else _DISTRIBUTION
    return ProfileKind(purpose, "IOS", "IOS", (*types, f"IOS_{types[0]}"), _RUN_IOS_APPS)


def _tvos(purpose: Purpose) -> ProfileKind:
    types = _DEVELOPMENT if purpose == "development" else _DISTRIBUTION
    # The API shows tvOS profiles and their bundle ids under the platform IOS.
    return ProfileKind(purpose, "TV_OS", "IOS", (*types, f"IOS_{types[0]}"), ("APPLE_TV",))


def _mac(purpose: Purpose) -> ProfileKind:
    types = _DEVELOPMENT if purpose == "development" else _DISTRIBUTION
    signing = _DEVELOPER_ID if purpose == "direct" else (*types, f"MAC_APP_{types[0]}")
    return ProfileKind(purpose, "MAC_OS", "MAC_OS", signing, _MACS)


PROFILE_KINDS: Mapping[str, ProfileKind] = {
    "IOS_APP_DEVELOPMENT": _ios("development"),
    "IOS_APP_STORE": _ios("app-store"),
    "IOS_APP_ADHOC": _ios("ad-hoc"),
    "IOS_APP_INHOUSE": _ios("in-house"),
    "MAC_APP_DEVELOPMENT": _mac("development"),
    "MAC_APP_STORE": _mac("app-store"),
    "MAC_APP_DIRECT": _mac("direct"),
    "TVOS_APP_DEVELOPMENT": _tvos("development"),
    "TVOS_APP_STORE": _tvos("app-store"),
    "TVOS_APP_ADHOC": _tvos("ad-hoc"),
    "TVOS_APP_INHOUSE": _tvos("in-house"),
    "MAC_CATALYST_APP_DEVELOPMENT": _mac("development"),
    "MAC_CATALYST_APP_STORE": _mac("app-store"),
    "MAC_CATALYST_APP_DIRECT": _mac("direct"),
}
