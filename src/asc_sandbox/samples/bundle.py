"""The files in an app's folder, as paths and bytes."""

from __future__ import annotations

import plistlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from asc_sandbox.samples.macho import make_executable

# By platform: the name in CFBundleSupportedPlatforms, the one in DTPlatformName, and the oldest system.
SDKS = {
    "IOS": ("iPhoneOS", "iphoneos", "16.0"),
    "TV_OS": ("AppleTVOS", "appletvos", "16.0"),
    "VISION_OS": ("XROS", "xros", "1.0"),
    "MAC_OS": ("MacOSX", "macosx", "13.0"),
}
_NAMESPACE = uuid.UUID("0d0b5a4e-4c1f-4f0c-8a6f-3c6f5b1e7d21")


@dataclass(frozen=True)
class App:
    """An app or extension to make. `info` is added to Info.plist; None removes a key.

    `platform` is a name of Apple's API, such as IOS. `encryption` is ITSAppUsesNonExemptEncryption, None leaves it
    out.
    """

    bundle_id: str
    version: str
    build_number: str
    platform: str = "IOS"
    name: str = "Example"
    encryption: bool | None = False
    binary_plist: bool = True
    info: Mapping[str, Any] | None = None

    @property
    def minimum_os(self) -> str:
        """Return the oldest version of the platform's system that the app runs on."""
        return SDKS[self.platform][2]

    def info_plist(self, package_type: str = "APPL") -> bytes:
        """Return the Info.plist as Xcode writes it: binary, or XML without `binary_plist`."""
        sdk, name, minimum = SDKS[self.platform]
        system = "LSMinimumSystemVersion" if self.platform == "MAC_OS" else "MinimumOSVersion"
        values: dict[str, Any] = {
            "BuildMachineOSBuild": "24A335",
            "CFBundleDevelopmentRegion": "en",
            "CFBundleExecutable": self.name,
            "CFBundleIdentifier": self.bundle_id,
            "CFBundleInfoDictionaryVersion": "6.0",
            "CFBundleName": self.name,
            "CFBundlePackageType": package_type,
            "CFBundleShortVersionString": self.version,
            "CFBundleSupportedPlatforms": [sdk],
            "CFBundleVersion": self.build_number,
            "DTPlatformName": name,
            "ITSAppUsesNonExemptEncryption": self.encryption,
            system: minimum,
            **(self.info or {}),
        }
        # None removes a key.
        present = {key: value for key, value in values.items() if value is not None}
        return plistlib.dumps(present, fmt=plistlib.FMT_BINARY if self.binary_plist else plistlib.FMT_XML)

    def executable(self) -> bytes:
        """Return the bytes of the program, a Mach-O executable."""
        # The same UUID for the same bundle id, version and build number: dSYMs are found by it.
        identity = uuid.uuid5(_NAMESPACE, f"{self.bundle_id} {self.version} {self.build_number}")
        return make_executable(identity, self.platform, self.minimum_os)

    def files(self, package_type: str = "APPL") -> dict[str, bytes]:
        """Return the files of the bundle by their paths in its folder; a Mac app has them in Contents."""
        mac = self.platform == "MAC_OS"
        contents, programs = ("Contents/", "Contents/MacOS/") if mac else ("", "")
        return {
            f"{contents}Info.plist": self.info_plist(package_type),
            f"{contents}PkgInfo": f"{package_type}????".encode(),
            f"{programs}{self.name}": self.executable(),
        }
