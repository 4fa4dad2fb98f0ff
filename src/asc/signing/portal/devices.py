"""The team's devices, and which of them belong into a profile.

https://developer.apple.com/documentation/appstoreconnectapi/devices
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from asc.api.client import Client
from asc.api.document import Resource
from asc.api.errors import ApiError
from asc.errors import LostAnswerError
from asc.signing.vault.kinds import Platform

log = logging.getLogger(__name__)

CLASSES = {
    Platform.IOS: ("IPHONE", "IPAD", "IPOD", "APPLE_WATCH", "APPLE_VISION_PRO"),
    Platform.TVOS: ("APPLE_TV",),
    Platform.MACOS: ("MAC",),
    Platform.CATALYST: ("MAC",),
}


@dataclass(frozen=True)
class Device:
    """A device; `device_class` as Apple writes it, "" where Apple does not say."""

    id: str
    udid: str
    name: str
    device_class: str
    platform: str
    enabled: bool


def list_devices(client: Client) -> list[Device]:
    """All devices of the team, over all pages."""
    fields = "name,udid,deviceClass,platform,status"
    return [_device(each) for each in client.list("/v1/devices", {"fields[devices]": fields}).data]


def fitting(devices: Iterable[Device], platform: Platform) -> list[Device]:
    """The enabled devices that a profile of a platform names."""
    classes = CLASSES[platform.of_profile]
    mac = platform.of_profile in (Platform.MACOS, Platform.CATALYST)
    return [
        device
        for device in devices
        if device.enabled
        and (
            device.device_class in classes
            or (not device.device_class and mac == (device.platform == "MAC_OS"))
        )
    ]


def register_devices(client: Client, wanted: Mapping[str, str], have: Iterable[Device]) -> list[Device]:
    """Registers the devices (UDID → name) that the team does not have; returns the new ones."""
    known = {device.udid.upper() for device in have}
    made: list[Device] = []
    for udid, name in wanted.items():
        if udid.upper() not in known:
            made.append(_register(client, udid, name))
            log.info("Registered the device %s", name)
    return made


def _register(client: Client, udid: str, name: str) -> Device:
    # A Mac's UDID is a UUID; those of all others are 40 hex digits, or 8 and 16 with a hyphen between.
    platform = "MAC_OS" if udid.count("-") == 4 else "IOS"
    attributes = {"name": name, "udid": udid, "platform": platform}
    body = {"data": {"type": "devices", "attributes": attributes}}
    try:
        return _device(client.create("/v1/devices", body).resource)
    except (LostAnswerError, ApiError) as error:
        if isinstance(error, ApiError) and error.status != 409:
            raise
        found = [each for each in list_devices(client) if each.udid.upper() == udid.upper()]
        if not found:
            raise
        return found[0]


def _device(resource: Resource) -> Device:
    return Device(
        id=resource.id,
        udid=resource.text("udid"),
        name=resource.text("name"),
        device_class=resource.text("deviceClass"),
        platform=resource.text("platform"),
        enabled=resource.text("status") in ("ENABLED", ""),
    )
