"""What is shown of signing: certificates, profiles, bundle ids and devices. The newest come first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from asc_sandbox.face import words
from asc_sandbox.world import Record, World


@dataclass(frozen=True)
class Certificate:
    """A certificate, without its content."""

    id: str
    name: str
    type: str
    serial: str
    expires: datetime | None


@dataclass(frozen=True)
class Profile:
    """A profile, without its content."""

    name: str
    type: str
    state: str
    bundle_id: str
    certificates: tuple[str, ...]
    devices: int
    expires: datetime | None


@dataclass(frozen=True)
class BundleId:
    """A bundle id with what it is allowed to do."""

    identifier: str
    name: str
    platform: str
    capabilities: tuple[str, ...]


@dataclass(frozen=True)
class Device:
    """A device that development and ad hoc profiles may name."""

    name: str
    model: str
    udid: str
    status: str


@dataclass(frozen=True)
class Signing:
    """All that is for signing."""

    certificates: tuple[Certificate, ...]
    profiles: tuple[Profile, ...]
    bundle_ids: tuple[BundleId, ...]
    devices: tuple[Device, ...]


def signing(world: World) -> Signing:
    """What the team has by now."""
    return Signing(
        tuple(_certificate(each) for each in reversed(world.all("certificates"))),
        tuple(_profile(world, each) for each in reversed(world.all("profiles"))),
        tuple(_bundle_id(world, each) for each in reversed(world.all("bundleIds"))),
        tuple(_device(each) for each in reversed(world.all("devices"))),
    )


def _certificate(record: Record) -> Certificate:
    say = _sayer(record)
    return Certificate(record.id, say("name"), say("certificateType"), say("serialNumber"), _end(record))


def _profile(world: World, record: Record) -> Profile:
    say = _sayer(record)
    bundle_ids = (_sayer(each)("identifier") for each in world.related(record, "bundleId"))
    certificates = tuple(each.id for each in world.related(record, "certificates"))
    devices = len(world.related(record, "devices"))
    return Profile(
        say("name"),
        say("profileType"),
        say("profileState"),
        next(bundle_ids, ""),
        certificates,
        devices,
        _end(record),
    )


def _bundle_id(world: World, record: Record) -> BundleId:
    say = _sayer(record)
    capabilities = (_sayer(each)("capabilityType") for each in world.related(record, "bundleIdCapabilities"))
    return BundleId(say("identifier"), say("name"), words.platform(say("platform")), tuple(capabilities))


def _device(record: Record) -> Device:
    say = _sayer(record)
    return Device(say("name"), say("model") or say("deviceClass"), say("udid"), say("status"))


def _sayer(record: Record) -> Callable[[str], str]:
    return lambda name: str(record.attributes.get(name) or "")


def _end(record: Record) -> datetime | None:
    return words.moment(record.attributes.get("expirationDate"))
