"""What is wanted: profiles for bundle ids, certificates, and how far to go for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from asc.signing.devices.registering import IfDisabled
from asc.signing.devices.wishes import DeviceWish
from asc.signing.vault.kinds import (
    CertificateType,
    Platform,
    ProfileType,
    apple_certificate_types,
    apple_profile_type,
)
from asc.signing.vault.texts import profile_name


@dataclass(frozen=True)
class Want:
    """A profile that is wanted."""

    kind: ProfileType
    bundle_id: str
    platform: Platform

    @property
    def name(self) -> str:
        """Its name at Apple, as match writes it."""
        return profile_name(self.kind, self.bundle_id, self.platform)

    @property
    def apple_type(self) -> str:
        """Apple's `profileType`. Raises InputError where there is none for the platform."""
        return apple_profile_type(self.kind, self.platform)

    def __str__(self) -> str:
        text = f"the {self.kind} profile for {self.bundle_id}"
        return text if self.platform is Platform.IOS else f"{text} ({self.platform})"


@dataclass(frozen=True)
class Wishes:
    """Everything that is wanted of one run.

    `certificates` are those of the wanted profiles and further ones. `renew_before`: what ends sooner counts as
    expired. `devices` are registered where the team lacks them, and enabled as `if_disabled` says; with `include_macs`
    profiles of iOS name Macs with Apple silicon, too. `capabilities` go to bundle ids that are
    registered. `if_revoked` says what a stored certificate is that Apple does not list.
    """

    wants: tuple[Want, ...]
    certificates: tuple[CertificateType, ...]
    platforms: tuple[Platform, ...] = (Platform.IOS,)
    renew_before: timedelta = timedelta(days=0)
    in_house: bool = False
    register_bundle_ids: bool = False
    capabilities: tuple[str, ...] = ()
    devices: tuple[DeviceWish, ...] = ()
    if_disabled: IfDisabled = "enable"
    include_macs: bool = False
    if_revoked: Literal["fail", "replace"] = "fail"
    force: bool = False
    """Make all profiles anew."""

    @property
    def needs_devices(self) -> bool:
        """Whether the team's devices matter."""
        return bool(self.devices) or any(want.kind.has_devices for want in self.wants)

    def apple_types(self, kind: CertificateType) -> tuple[str, ...]:
        """Apple's certificate types that serve for `kind`: the first is what to make."""
        found = (
            each
            for platform in self.platforms
            for each in apple_certificate_types(kind, platform, in_house=self.in_house)
        )
        return tuple(dict.fromkeys(found))


def wanted(
    kinds: Iterable[ProfileType], bundle_ids: Iterable[str], platforms: Iterable[Platform]
) -> tuple[Want, ...]:
    """Every type for every bundle id on every platform, each profile once: visionOS has those of iOS.

    Raises InputError for a combination that Apple lacks.
    """
    bundle_ids, platforms = tuple(bundle_ids), tuple(platforms)
    wants = tuple(
        Want(kind, each, platform) for kind in kinds for platform in platforms for each in bundle_ids
    )
    for want in wants:
        _ = want.apple_type, want.name  # raise InputError here, before anything is asked
    found: dict[tuple[ProfileType, str, Platform], Want] = {}
    for want in wants:
        found.setdefault((want.kind, want.bundle_id, want.platform.of_profile), want)
    return tuple(found.values())
