"""The description of a binary, as read from the file before it is uploaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from asc.formats.mobileprovision import Profile

Kind = Literal["ipa", "pkg"]


@dataclass(frozen=True)
class Nested:
    """A bundle inside the app. `path` starts at the app's folder (`PlugIns/Share.appex`). Missing texts are ""."""

    path: str
    bundle_id: str
    version: str
    build_number: str

    @property
    def is_framework(self) -> bool:
        """Return True for a framework. Frameworks have versions of their own."""
        return self.path.endswith(".framework")

    @property
    def is_watch_app(self) -> bool:
        """Return True for a watch app. Its rules are stricter than those of extensions."""
        return self.path.startswith("Watch/") and self.path.endswith(".app")


@dataclass(frozen=True)
class Binary:
    """An .ipa or .pkg. `size` in bytes; `platform` IOS, TV_OS, VISION_OS or MAC_OS; `name` as users see the app.

    `version` is CFBundleShortVersionString, `build_number` CFBundleVersion. `app_path` is the app's place in the
    archive (`Payload/Example.app`) or the place that a .pkg installs it to. `families` are the devices that the app
    runs on: IPHONE, IPAD, WATCH; () for other platforms than iOS. `uses_non_exempt_encryption` is
    ITSAppUsesNonExemptEncryption, None if it is not set; `compliance_code` is ITSEncryptionExportComplianceCode, the
    code of a declaration. A .pkg has no `profile` and no nested frameworks here, because only the app's Info.plist is
    read from its payload.
    """

    path: Path
    size: int
    kind: Kind
    bundle_id: str
    version: str
    build_number: str
    platform: str
    name: str
    app_path: str
    uses_non_exempt_encryption: bool | None = None
    compliance_code: str = ""
    profile: Profile | None = None
    nested: tuple[Nested, ...] = ()
    families: tuple[str, ...] = ()
    remarks: tuple[Defect, ...] = ()
    """Defects that only the reader of the file sees, because the values here do not show them."""

    @property
    def uti(self) -> str:
        """Return the type by the name of Apple's API: `com.apple.ipa` or `com.apple.pkg`."""
        return f"com.apple.{self.kind}"


@dataclass(frozen=True)
class Defect:
    """A defect of a binary. Apple refuses the binary if it is `fatal`, otherwise Apple only warns."""

    text: str
    remedy: str
    fatal: bool = True

    def __str__(self) -> str:
        return self.text
