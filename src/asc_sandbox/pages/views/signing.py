"""Views of certificates, profiles, bundle ids and devices, the newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from asc_sandbox.pages import words
from asc_sandbox.pages.words import text_of
from asc_sandbox.world import Record, World


@dataclass(frozen=True)
class Certificate:
    """A certificate of the team, without its content."""

    id: str
    name: str
    type: str
    serial: str
    expires: datetime | None


@dataclass(frozen=True)
class Profile:
    """A provisioning profile of the team, without its content."""

    name: str
    type: str
    state: str
    bundle_id: str
    certificates: tuple[str, ...]
    devices: int
    expires: datetime | None


@dataclass(frozen=True)
class BundleId:
    """A bundle id of the team, with its capabilities."""

    identifier: str
    name: str
    platform: str
    capabilities: tuple[str, ...]


@dataclass(frozen=True)
class Device:
    """A device that development and ad hoc profiles may contain."""

    name: str
    model: str
    udid: str
    status: str


@dataclass(frozen=True)
class Signing:
    """The certificates, profiles, bundle ids and devices of the team."""

    certificates: tuple[Certificate, ...]
    profiles: tuple[Profile, ...]
    bundle_ids: tuple[BundleId, ...]
    devices: tuple[Device, ...]


def signing(world: World) -> Signing:
    """Return everything that the team has for signing at the moment."""
    return Signing(
        tuple(_certificate(record) for record in reversed(world.all("certificates"))),
        tuple(_profile(world, record) for record in reversed(world.all("profiles"))),
        tuple(_bundle_id(world, record) for record in reversed(world.all("bundleIds"))),
        tuple(_device(record) for record in reversed(world.all("devices"))),
    )


def _certificate(record: Record) -> Certificate:
    name, kind, serial = (
        text_of(record, attribute) for attribute in ("name", "certificateType", "serialNumber")
    )
    return Certificate(record.id, name, kind, serial, _end(record))


def _profile(world: World, record: Record) -> Profile:
    return Profile(
        text_of(record, "name"),
        text_of(record, "profileType"),
        text_of(record, "profileState"),
        ", ".join(text_of(bundle_id, "identifier") for bundle_id in world.related(record, "bundleId")),
        tuple(certificate.id for certificate in world.related(record, "certificates")),
        len(world.related(record, "devices")),
        _end(record),
    )


def _bundle_id(world: World, record: Record) -> BundleId:
    capabilities = world.related(record, "bundleIdCapabilities")
    return BundleId(
        text_of(record, "identifier"),
        text_of(record, "name"),
        words.platform(text_of(record, "platform")),
        tuple(text_of(capability, "capabilityType") for capability in capabilities),
    )


def _device(record: Record) -> Device:
    model = text_of(record, "model") or text_of(record, "deviceClass")
    return Device(text_of(record, "name"), model, text_of(record, "udid"), text_of(record, "status"))


def _end(record: Record) -> datetime | None:
    return words.moment(record.attributes.get("expirationDate"))
