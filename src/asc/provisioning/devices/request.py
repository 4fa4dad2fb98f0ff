"""A device that the user asks for: its UDID in one of three forms, its name, and the platform if the user gave one."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from asc.provisioning.devices.device import comparable_udid, has_mac_udid
from asc.provisioning.kinds import Platform

ApplePlatform = Literal["IOS", "MAC_OS"]
MAC_PLATFORMS = {Platform.MACOS, Platform.CATALYST}
_HEX = re.compile(r"[0-9A-F]+")
_LENGTHS = {24, 32, 40}
"""Hex digits of UDIDs: devices since 2018 and Macs with Apple silicon, Intel Macs (a UUID), devices before 2018."""

LONGEST_NAME = 50
"""Characters of a device's name in the form of the developer website. Apple documents no limit of the API."""


@dataclass(frozen=True)
class DeviceRequest:
    """A device as the user gave it. `platform` is None if the user gave none."""

    udid: str
    name: str
    platform: ApplePlatform | None = None

    @property
    def hyphenated_udid(self) -> str:
        """Return the UDID with its hyphens, the only form that Apple accepts."""
        bare = self.udid.replace("-", "")
        if len(bare) == 24:
            return f"{bare[:8]}-{bare[8:]}"
        if len(bare) == 32:
            return "-".join((bare[:8], bare[8:12], bare[12:16], bare[16:20], bare[20:]))
        return bare

    def defect(self) -> str:
        """Return the reason why no device can have this UDID, name or platform; "" if one can."""
        text = comparable_udid(self.udid)
        if not (_HEX.fullmatch(text) and len(text) in _LENGTHS):
            return (
                "the UDID is not valid: it has 40 hex digits, 8 and 16 with a hyphen, or the form of a UUID"
            )
        if len(set(text)) == 1:
            return "the UDID is a placeholder"
        if len(self.name) > LONGEST_NAME:
            return f"the name has {len(self.name)} characters, and Apple allows {LONGEST_NAME}"
        if self.platform == "IOS" and has_mac_udid(text):
            return "the platform is ios, but the UDID is that of an Intel Mac or of a simulator"
        if self.platform == "MAC_OS" and len(text) == 40:
            return "the platform is mac, but no Mac has a UDID of 40 hex digits"
        return ""

    def apple_platform(self, platforms: Collection[Platform]) -> ApplePlatform | None:
        """Return the platform to register the device with; None if it is not known (docs/adr/0017).

        `platforms` are those that the step signs for.
        """
        if self.platform:
            return self.platform
        if len(comparable_udid(self.udid)) != 24:
            # Watches and TVs are registered as IOS as well: Apple knows the class from the UDID.
            return "MAC_OS" if has_mac_udid(self.udid) else "IOS"
        # Phones and Macs with Apple silicon share this form. A step that signs for both does not tell them apart.
        if not platforms or (MAC_PLATFORMS & set(platforms) and set(platforms) - MAC_PLATFORMS):
            return None
        return "MAC_OS" if set(platforms) <= MAC_PLATFORMS else "IOS"
