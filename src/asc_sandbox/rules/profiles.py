"""The rules of profiles: their contents, and their invalidation."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from asc_sandbox.authority.plans import ProfilePlan, signed
from asc_sandbox.authority.profile_kinds import PROFILE_KINDS, ProfileKind
from asc_sandbox.endpoints import Call
from asc_sandbox.entity_errors import invalid_relationship, problem
from asc_sandbox.kinds import NotThisKind, provisioning_date
from asc_sandbox.rules.issued import content as certificate_content
from asc_sandbox.rules.issued import expiry
from asc_sandbox.world import Record, World
from asc_sandbox.writing import Given, store

_YEAR = timedelta(days=365)
_NAMESPACE = uuid.UUID("3a1e9d4c-7e3f-4a55-9d0e-6b1f2c8a4d70")
_PLATFORM_NAMES = {"IOS": "ios", "TV_OS": "tvos", "MAC_OS": "mac"}


def complete(record_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return further attributes of a new record: UUID and platform, and the state INVALID if it has expired."""
    kind = PROFILE_KINDS.get(str(given.get("profileType")))
    return {
        "uuid": str(uuid.uuid5(_NAMESPACE, record_id)),
        **({"platform": kind.shown_platform} if kind else {}),
        **({"profileState": "INVALID"} if _is_past(given.get("expirationDate")) else {}),
    }


def _is_past(date: object) -> bool:
    try:
        return date is not None and _time(provisioning_date(date)) < datetime.now(UTC)
    except NotThisKind:
        # World.add refuses such a date with an error of its own.
        return False


def invalidate(world: World, profile: Record) -> None:
    """Set the state of a profile to INVALID."""
    world.change(profile, profileState="INVALID")


def content(call: Call, record: Record) -> str:
    """Return the profile of a record without one: made at the first request, and stored."""
    world, facts = call.world, record.attributes
    plan = _plan(
        call,
        PROFILE_KINDS.get(str(facts.get("profileType")), PROFILE_KINDS["IOS_APP_STORE"]),
        world.related(record, "bundleId"),
        world.related(record, "certificates"),
        world.related(record, "devices"),
    )
    # The facts of the seed win over the ones of a new profile.
    plan = replace(
        plan,
        name=facts.get("name") or "",
        uuid=facts["uuid"],
        created=_time(facts["createdDate"]) if facts.get("createdDate") else plan.created,
        expires=_time(facts["expirationDate"]) if facts.get("expirationDate") else plan.expires,
    )
    made = base64.b64encode(signed(plan)).decode()
    world.change(record, profileContent=made)
    return made


def make_profile(call: Call, given: Given) -> Record:
    """Create and sign a profile. Raises Refusal for contents that do not fit its type."""
    name, kind = given.attributes["name"], PROFILE_KINDS[given.attributes["profileType"]]
    bundle_id, certificates = given.one("bundleId"), given.related["certificates"]
    devices = given.related.get("devices", ())
    _require_program(call, kind)
    _require_platform(kind, bundle_id)
    _require_certificates(call, kind, certificates)
    _require_devices(kind, devices)
    if any(profile.attributes.get("name") == name for profile in call.world.all("profiles")):
        raise problem(
            f"Multiple profiles found with the name '{name}'.  "
            "Please remove the duplicate profiles and try again."
        )
    plan = replace(_plan(call, kind, [bundle_id], certificates, devices), name=name)
    return store(
        call,
        given,
        platform=kind.shown_platform,
        profileState="ACTIVE",
        profileContent=base64.b64encode(signed(plan)).decode(),
        uuid=plan.uuid,
        createdDate=plan.created,
        expirationDate=plan.expires,
    )


def _plan(
    call: Call,
    kind: ProfileKind,
    bundle_ids: Iterable[Record],
    certificates: Iterable[Record],
    devices: Iterable[Record],
) -> ProfilePlan:
    """Return a profile that begins now and lasts as long as its certificates, but at most a year."""
    world, now = call.world, call.context.now()
    signers, bundle_id = list(certificates), next(iter(bundle_ids), None)
    ends = [until for certificate in signers if (until := expiry(certificate))]
    contents = [
        certificate.attributes.get("certificateContent") or certificate_content(call, certificate)
        for certificate in signers
    ]
    return ProfilePlan(
        name="",
        uuid=str(uuid.uuid4()),
        purpose=kind.purpose,
        platform=kind.platform,
        identifier=str(bundle_id.attributes.get("identifier") or "*") if bundle_id else "*",
        app_id_name=str(bundle_id.attributes.get("name") or "") if bundle_id else "",
        certificates=tuple(base64.b64decode(encoded) for encoded in contents),
        created=now,
        # A Developer ID profile lasts as long as its certificate, for years.
        expires=min([*ends, now + _YEAR]) if kind.purpose != "direct" else min(ends, default=now + _YEAR),
        devices=tuple(str(device.attributes.get("udid")) for device in devices),
        capabilities=tuple(
            str(capability.attributes.get("capabilityType"))
            for capability in (world.related(bundle_id, "bundleIdCapabilities") if bundle_id else ())
        ),
        associations=(bundle_id.attributes.get("associations") or {}) if bundle_id else {},
        team=call.context.authority.team,
    )


def _require_program(call: Call, kind: ProfileKind) -> None:
    """Raise Refusal for a type that the team's membership does not have."""
    # Only teams of the Enterprise Program have in-house profiles, and they have no profiles for the store.
    in_house = call.key is not None and call.key.in_house
    if (kind.purpose == "in-house" and not in_house) or (kind.purpose == "app-store" and in_house):
        raise problem("This profile type is not available for your team's membership.")


def _require_platform(kind: ProfileKind, bundle_id: Record) -> None:
    if bundle_id.attributes.get("platform") not in kind.bundle_platforms:
        raise problem(
            f"The App ID '{bundle_id.attributes.get('identifier')}' is for another platform than the profile."
        )


def _require_certificates(call: Call, kind: ProfileKind, certificates: Iterable[Record]) -> None:
    now, given = call.context.now(), list(certificates)
    current = [
        certificate
        for certificate in given
        if certificate.attributes.get("certificateType") in kind.certificate_types
        and (expiry(certificate) or now + _YEAR) > now
    ]
    if not given:
        raise invalid_relationship("certificates", "You must provide at least one certificate")
    if current != given:
        raise problem("There are no current certificates on this team matching the provided certificate IDs.")


def _require_devices(kind: ProfileKind, devices: Iterable[Record]) -> None:
    given = list(devices)
    if not kind.has_devices and given:
        raise invalid_relationship("devices", "A profile of this type takes no devices")
    fitting = [
        device
        for device in given
        if device.attributes.get("status") == "ENABLED"
        and kind.takes(str(device.attributes.get("deviceClass")), str(device.attributes.get("platform")))
    ]
    if kind.has_devices and (not given or fitting != given):
        platform = _PLATFORM_NAMES[kind.platform]
        raise problem(
            f"There are no current {platform} devices on this team matching the provided device IDs."
        )


def _time(value: str) -> datetime:
    return datetime.fromisoformat(value)
