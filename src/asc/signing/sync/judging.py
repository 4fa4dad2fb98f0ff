"""Whether what is there will do: pure rules, each with its reason in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from asc.signing.devices.model import Device, folded
from asc.signing.identity.certificate import Certificate
from asc.signing.sync.wants import Want
from asc.signing.vault.entries import StoredProfile


def ends(what: datetime, now: datetime, renew_before: timedelta) -> str:
    """Why an end is too soon; "" where it is not."""
    if what <= now:
        return f"expired on {what:%Y-%m-%d}"
    return f"expires on {what:%Y-%m-%d}" if what < now + renew_before else ""


def profile_defect(
    want: Want,
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
    if not _is_for(profile.application_identifier, want.bundle_id):
        return f"it is for {profile.application_identifier or 'no app'}"
    if not {certificate.der for certificate in certificates} & set(profile.certificates):
        return "it was made with another certificate"
    return ""


def apple_defect(stored: StoredProfile, states: Mapping[str, bool]) -> str:
    """Why a profile will not do by what Apple says: `states` is UUID → whether it is active."""
    if stored.profile.uuid not in states:
        return "Apple has it no more"
    return "" if states[stored.profile.uuid] else "Apple calls it invalid"


def device_defect(want: Want, stored: StoredProfile, devices: Collection[Device]) -> str:
    """Return why the devices of a profile will not do; `devices` are all of the team's that belong into it."""
    if not want.kind.has_devices:
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
