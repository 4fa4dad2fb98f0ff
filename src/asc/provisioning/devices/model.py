"""A device as Apple lists it, and into which profiles it belongs.

https://developer.apple.com/documentation/appstoreconnectapi/device/attributes
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from asc.provisioning.kinds import Platform

ENABLED, DISABLED = "ENABLED", "DISABLED"


class Family(StrEnum):
    """The devices that share profiles."""

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
    """A device; `device_class`, `platform` and `status` as Apple writes them, "" where Apple does not say."""

    id: str
    udid: str
    name: str
    device_class: str
    platform: str
    status: str

    @property
    def enabled(self) -> bool:
        """Whether a profile may name it: Apple refuses a whole profile for one device in any other state."""
        return self.status in (ENABLED, "")

    @property
    def family(self) -> Family:
        """The devices that it shares profiles with. A class that is not known falls back on the platform."""
        fallback = Family.MAC if has_mac_udid(self.udid) else Family.MOBILE
        return _CLASSES.get(self.device_class) or _PLATFORMS.get(self.platform, fallback)

    @property
    def runs_ios_apps(self) -> bool:
        """Whether it is a Mac with Apple silicon. Apple calls it MAC, too; the UDIDs of Intel Macs are UUIDs."""
        if self.family is not Family.MAC or self.device_class == "INTEL_MAC":
            return False
        return self.device_class == "APPLE_SILICON_MAC" or not has_mac_udid(self.udid)


def folded(udid: str) -> str:
    """Return a UDID as it compares: Apple answers it in another case, or without hyphens."""
    return udid.replace("-", "").upper()


def has_mac_udid(udid: str) -> bool:
    """Return whether the form says Mac: a UUID, 32 hex digits. Macs with Apple silicon have the form of phones."""
    return len(folded(udid)) == 32


def belongs(device: Device, platform: Platform, *, include_macs: bool = False) -> bool:
    """Return whether a profile of a platform is to name a device, whatever its state.

    `include_macs`: Macs with Apple silicon belong into the profiles of iOS, too.
    """
    family = _FAMILIES[platform.of_profile]
    return device.family is family or (include_macs and family is Family.MOBILE and device.runs_ios_apps)


def fitting(devices: Iterable[Device], platform: Platform, *, include_macs: bool = False) -> list[Device]:
    """Return the enabled devices that a profile of a platform names."""
    return [each for each in devices if each.enabled and belongs(each, platform, include_macs=include_macs)]
