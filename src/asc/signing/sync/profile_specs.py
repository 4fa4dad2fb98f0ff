"""The profiles and certificates that a run asks for, and the rules that stored ones must satisfy."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from asc.identity.certificate import Certificate
from asc.provisioning.bundle_id_plan import BundleIdRequest
from asc.provisioning.capabilities import Capability
from asc.provisioning.devices.device import Device, comparable_udid
from asc.provisioning.devices.plan import DeviceRules, IfDisabled
from asc.provisioning.devices.request import DeviceRequest
from asc.provisioning.kinds import (
    CertificateType,
    Platform,
    ProfileType,
    apple_certificate_types,
    apple_profile_type,
)
from asc.signing.vault.entries import StoredProfile
from asc.signing.vault.texts import profile_name


def expiry_defect(end: datetime, now: datetime, renew_before: timedelta) -> str:
    """Return `expired on …` or `expires on …` if the end is before `now + renew_before`; "" otherwise."""
    if end <= now:
        return f"expired on {end:%Y-%m-%d}"
    return f"expires on {end:%Y-%m-%d}" if end < now + renew_before else ""


def profile_defect(
    spec: ProfileSpec,
    stored: StoredProfile | None,
    certificates: Collection[Certificate],
    now: datetime,
    renew_before: timedelta,
) -> str:
    """Return the reason why the content of a stored profile cannot serve; "" if it can."""
    if stored is None:
        return "it is not stored"
    profile = stored.profile
    if profile.expires is None:
        return "it has no end"
    if too_soon := expiry_defect(profile.expires, now, renew_before):
        return f"it {too_soon}"
    if not _is_for(profile.application_identifier, spec.bundle_id):
        return f"it is for {profile.application_identifier or 'no app'}"
    if not {certificate.der for certificate in certificates} & set(profile.certificates):
        return "it was made with another certificate"
    return ""


def apple_defect(stored: StoredProfile, active: Mapping[str, bool]) -> str:
    """Return the reason why Apple does not accept a profile, "" if it does. `active`: UUID → True if it is active."""
    if stored.profile.uuid not in active:
        return "Apple does not list it"
    return "" if active[stored.profile.uuid] else "Apple calls it invalid"


def device_defect(spec: ProfileSpec, stored: StoredProfile, devices: Collection[Device]) -> str:
    """Return the reason why a profile does not list exactly `devices`, "" if it does."""
    if not spec.kind.has_devices:
        return ""
    listed = {comparable_udid(udid) for udid in stored.profile.devices}
    expected = {comparable_udid(device.udid) for device in devices}
    lacking, too_many = len(expected - listed), len(listed - expected)
    if lacking:
        return f"it lacks {lacking} of the team's devices"
    return f"it lists {too_many} devices that are disabled or of another platform" if too_many else ""


def _is_for(identifier: str, bundle_id: str) -> bool:
    """Return True if an application identifier, with the team's prefix, is that of the bundle id."""
    # A wildcard profile would sign the app as well, but without its capabilities. So it serves only a wildcard.
    return identifier.partition(".")[2] == bundle_id


@dataclass(frozen=True)
class ProfileSpec:
    """A profile that is asked for, by its type, bundle id and platform."""

    kind: ProfileType
    bundle_id: str
    platform: Platform

    @property
    def name(self) -> str:
        """Return the name that match gives the profile at Apple."""
        return profile_name(self.kind, self.bundle_id, self.platform)

    @property
    def apple_type(self) -> str:
        """Return Apple's `profileType`. Raises InputError if there is none for the platform."""
        return apple_profile_type(self.kind, self.platform)

    def __str__(self) -> str:
        text = f"the {self.kind} profile for {self.bundle_id}"
        return text if self.platform is Platform.IOS else f"{text} ({self.platform})"


@dataclass(frozen=True)
class SigningRequest:
    """The request of one run: profiles, certificates, and the rules for creating them.

    `certificates` are those of the profiles and additional ones. A certificate or profile that expires within
    `renew_before` counts as expired. `in_house`: the team is in the Enterprise Program. `capabilities` are enabled for
    bundle ids that the run registers or that lack them. `devices` are registered if the team lacks them; `if_disabled`
    says what happens to disabled ones. `include_macs`: profiles for iOS list Macs with Apple silicon as well.
    `if_revoked`: fail or create a new certificate if Apple does not list a stored one. `force`: replace all profiles.
    """

    specs: tuple[ProfileSpec, ...]
    certificates: tuple[CertificateType, ...]
    platforms: tuple[Platform, ...] = (Platform.IOS,)
    renew_before: timedelta = timedelta(days=0)
    in_house: bool = False
    register_bundle_ids: bool = False
    capabilities: tuple[Capability, ...] = ()
    devices: tuple[DeviceRequest, ...] = ()
    if_disabled: IfDisabled = "enable"
    include_macs: bool = False
    if_revoked: Literal["fail", "replace"] = "fail"
    force: bool = False

    @property
    def device_rules(self) -> DeviceRules:
        """Return the rules for devices of the team that are there already."""
        return DeviceRules(self.platforms, self.if_disabled)

    @property
    def bundle_id_requests(self) -> list[BundleIdRequest]:
        """Return a request for each bundle id of the profiles, with the capabilities."""
        identifiers = dict.fromkeys(spec.bundle_id for spec in self.specs)
        # A universal bundle id serves the profiles of all platforms.
        return [BundleIdRequest(identifier, "UNIVERSAL", self.capabilities) for identifier in identifiers]

    @property
    def needs_devices(self) -> bool:
        """Return True if the run has to read the team's devices."""
        return bool(self.devices) or any(spec.kind.has_devices for spec in self.specs)

    def apple_types(self, kind: CertificateType) -> tuple[str, ...]:
        """Return the `certificateType`s that serve as `kind` on any platform of the request; create the first."""
        types = (
            apple_type
            for platform in self.platforms
            for apple_type in apple_certificate_types(kind, platform, in_house=self.in_house)
        )
        return tuple(dict.fromkeys(types))


def profile_specs(
    kinds: Iterable[ProfileType], bundle_ids: Iterable[str], platforms: Iterable[Platform]
) -> tuple[ProfileSpec, ...]:
    """Return a spec for each type, bundle id and platform. Platforms that share a profile (visionOS, iOS) give one.

    Raises InputError for a combination that Apple does not have.
    """
    bundle_ids, platforms = tuple(bundle_ids), tuple(platforms)
    specs = tuple(
        ProfileSpec(kind, bundle_id, platform)
        for kind in kinds
        for platform in platforms
        for bundle_id in bundle_ids
    )
    for spec in specs:
        # Both are computed here because they raise InputError, which has to come before the first request.
        _ = spec.apple_type, spec.name
    different: dict[tuple[ProfileType, str, Platform], ProfileSpec] = {}
    for spec in specs:
        different.setdefault((spec.kind, spec.bundle_id, spec.platform.of_profile), spec)
    return tuple(different.values())
