"""A device as Apple lists it, and the profiles that list it.

https://developer.apple.com/documentation/appstoreconnectapi/device/attributes
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from asc.provisioning.kinds import Platform

ENABLED, DISABLED = "ENABLED", "DISABLED"


class Family(StrEnum):
    """A family of devices. The profiles of a platform list the devices of one family."""

    MOBILE = "iOS"
    TV = "tvOS"
    MAC = "macOS"


_CLASSES = {
    **dict.fromkeys(("IPHONE", "IPAD", "IPOD", "APPLE_WATCH", "APPLE_VISION_PRO"), Family.MOBILE),
    "APPLE_TV": Family.TV,
    # Apple's document has MAC alone; the other two come in answers, now and then with the platform IOS.
    **dict.fromkeys(("MAC", "APPLE_SILICON_MAC", "INTEL_MAC"), Family.MAC),
}
_PLATFORMS = {"IOS": Family.MOBILE, "TV_OS": Family.TV, "MAC_OS": Family.MAC}
_FAMILIES = {
    Platform.IOS: Family.MOBILE,
    Platform.TVOS: Family.TV,
    Platform.MACOS: Family.MAC,
    Platform.CATALYST: Family.MAC,
}


@dataclass(frozen=True)
class Device:
    """A registered device. `device_class`, `platform` and `status` are Apple's words, "" if Apple leaves them out."""

    id: str
    udid: str
    name: str
    device_class: str
    platform: str
    status: str

    @property
    def enabled(self) -> bool:
        """Return True if a profile may list the device."""
        # Apple refuses a whole profile for one device in another state, like DISABLED or PROCESSING.
        return self.status in (ENABLED, "")

    @property
    def family(self) -> Family:
        """Return the family by the class; for an unknown class by the platform, or else by the form of the UDID."""
        fallback = Family.MAC if has_mac_udid(self.udid) else Family.MOBILE
        return _CLASSES.get(self.device_class) or _PLATFORMS.get(self.platform, fallback)

    @property
    def runs_ios_apps(self) -> bool:
        """Return True if it is a Mac with Apple silicon."""
        # Apple answers MAC for both kinds of Macs; only the UDIDs of Intel Macs are UUIDs.
        if self.family is not Family.MAC or self.device_class == "INTEL_MAC":
            return False
        return self.device_class == "APPLE_SILICON_MAC" or not has_mac_udid(self.udid)


def comparable_udid(udid: str) -> str:
    """Return a UDID in the form in which two are compared: Apple answers in another case or without hyphens."""
    return udid.replace("-", "").upper()


def has_mac_udid(udid: str) -> bool:
    """Return True if the UDID is a UUID (32 hex digits), as Intel Macs have it.

    UDIDs of Macs with Apple silicon have the form of those of phones.
    """
    return len(comparable_udid(udid)) == 32


def family_of(platform: Platform) -> Family:
    """Return the family of the devices that profiles for a platform list."""
    return _FAMILIES[platform.of_profile]


def fits_profile(device: Device, platform: Platform, *, include_macs: bool = False) -> bool:
    """Return True if profiles for a platform list the device once it is enabled.

    `include_macs`: profiles for iOS list Macs with Apple silicon as well.
    """
    family = family_of(platform)
    return device.family is family or (include_macs and family is Family.MOBILE and device.runs_ios_apps)


def profile_devices(
    devices: Iterable[Device], platform: Platform, *, include_macs: bool = False
) -> list[Device]:
    """Return the devices that a profile for a platform lists: the enabled ones of its family."""
    return [
        device
        for device in devices
        if device.enabled and fits_profile(device, platform, include_macs=include_macs)
    ]
