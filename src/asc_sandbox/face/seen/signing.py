"""Signing: certificates, profiles, bundle ids and devices. The newest come first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from asc_sandbox.face import words
from asc_sandbox.face.seen.texts import said
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
    name, kind, serial = (said(record, each) for each in ("name", "certificateType", "serialNumber"))
    return Certificate(record.id, name, kind, serial, _end(record))


def _profile(world: World, record: Record) -> Profile:
    return Profile(
        said(record, "name"),
        said(record, "profileType"),
        said(record, "profileState"),
        ", ".join(said(each, "identifier") for each in world.related(record, "bundleId")),
        tuple(each.id for each in world.related(record, "certificates")),
        len(world.related(record, "devices")),
        _end(record),
    )


def _bundle_id(world: World, record: Record) -> BundleId:
    capabilities = world.related(record, "bundleIdCapabilities")
    return BundleId(
        said(record, "identifier"),
        said(record, "name"),
        words.platform(said(record, "platform")),
        tuple(said(each, "capabilityType") for each in capabilities),
    )


def _device(record: Record) -> Device:
    model = said(record, "model") or said(record, "deviceClass")
    return Device(said(record, "name"), model, said(record, "udid"), said(record, "status"))


def _end(record: Record) -> datetime | None:
    return words.moment(record.attributes.get("expirationDate"))
