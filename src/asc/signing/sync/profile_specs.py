"""Whether what is there will do: pure rules, each with its reason in words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from asc.identity.certificate import Certificate
from asc.provisioning.devices.model import Device, folded
from asc.provisioning.devices.registering import IfDisabled
from asc.provisioning.devices.requested import DeviceRequest
from asc.provisioning.kinds import (
    CertificateType,
    Platform,
    ProfileType,
    apple_certificate_types,
    apple_profile_type,
)
from asc.signing.vault.entries import StoredProfile
from asc.signing.vault.texts import profile_name


def ends(what: datetime, now: datetime, renew_before: timedelta) -> str:
    """Why an end is too soon; "" where it is not."""
    if what <= now:
        return f"expired on {what:%Y-%m-%d}"
    return f"expires on {what:%Y-%m-%d}" if what < now + renew_before else ""


def profile_defect(
    spec: ProfileSpec,
    stored: StoredProfile | None,
    certificates: Collection[Certificate],
    now: datetime,
    renew_before: timedelta,
) -> str:
    """Why a stored profile will not do, judged by what is inside it; "" where it will."""
    if stored is None:
        return "it is not stored"
    profile = stored.profile
    if profile.expires is None:
        return "it has no end"
    if too_soon := ends(profile.expires, now, renew_before):
        return f"it {too_soon}"
    if not _is_for(profile.application_identifier, spec.bundle_id):
        return f"it is for {profile.application_identifier or 'no app'}"
    if not {certificate.der for certificate in certificates} & set(profile.certificates):
        return "it was made with another certificate"
    return ""


def apple_defect(stored: StoredProfile, states: Mapping[str, bool]) -> str:
    """Why a profile will not do by what Apple says: `states` is UUID → whether it is active."""
    if stored.profile.uuid not in states:
        return "Apple has it no more"
    return "" if states[stored.profile.uuid] else "Apple calls it invalid"


def device_defect(spec: ProfileSpec, stored: StoredProfile, devices: Collection[Device]) -> str:
    """Return why the devices of a profile will not do; `devices` are all of the team's that belong into it."""
    if not spec.kind.has_devices:
        return ""
    have = {folded(udid) for udid in stored.profile.devices}
    should = {folded(device.udid) for device in devices}
    lacking, too_many = len(should - have), len(have - should)
    if lacking:
        return f"it lacks {lacking} of the team's devices"
    return f"it names {too_many} devices that do not belong into it, or are disabled" if too_many else ""


def _is_for(identifier: str, bundle_id: str) -> bool:
    """`identifier` has the team's prefix. A wildcard serves only where a wildcard is wanted."""
    return identifier.partition(".")[2] == bundle_id


@dataclass(frozen=True)
class ProfileSpec:
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
class SigningRequest:
    """Everything that is wanted of one run.

    `certificates` are those of the wanted profiles and further ones. `renew_before`: what ends sooner counts as
    expired. `devices` are registered where the team lacks them, and enabled as `if_disabled` says; with `include_macs`
    profiles of iOS name Macs with Apple silicon, too. `capabilities` go to bundle ids that are
    registered. `if_revoked` says what a stored certificate is that Apple does not list.
    """

    specs: tuple[ProfileSpec, ...]
    certificates: tuple[CertificateType, ...]
    platforms: tuple[Platform, ...] = (Platform.IOS,)
    renew_before: timedelta = timedelta(days=0)
    in_house: bool = False
    register_bundle_ids: bool = False
    capabilities: tuple[str, ...] = ()
    devices: tuple[DeviceRequest, ...] = ()
    if_disabled: IfDisabled = "enable"
    include_macs: bool = False
    if_revoked: Literal["fail", "replace"] = "fail"
    force: bool = False
    """Make all profiles anew."""

    @property
    def needs_devices(self) -> bool:
        """Whether the team's devices matter."""
        return bool(self.devices) or any(spec.kind.has_devices for spec in self.specs)

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
) -> tuple[ProfileSpec, ...]:
    """Every type for every bundle id on every platform, each profile once: visionOS has those of iOS.

    Raises InputError for a combination that Apple lacks.
    """
    bundle_ids, platforms = tuple(bundle_ids), tuple(platforms)
    specs = tuple(
        ProfileSpec(kind, each, platform) for kind in kinds for platform in platforms for each in bundle_ids
    )
    for spec in specs:
        _ = spec.apple_type, spec.name  # raise InputError here, before anything is asked
    found: dict[tuple[ProfileType, str, Platform], ProfileSpec] = {}
    for spec in specs:
        found.setdefault((spec.kind, spec.bundle_id, spec.platform.of_profile), spec)
    return tuple(found.values())
