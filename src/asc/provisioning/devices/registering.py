"""Bringing the wanted devices to Apple: new ones are registered, disabled ones are enabled; all is planned first."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from asc.api.client import Client
from asc.errors import Error, InputError, Problem
from asc.provisioning.devices.apple import change_device, register_device
from asc.provisioning.devices.model import DISABLED, ENABLED, Device, Family, folded
from asc.provisioning.devices.requested import ApplePlatform, DeviceRequest
from asc.provisioning.kinds import Platform

log = logging.getLogger(__name__)

IfDisabled = Literal["enable", "fail", "leave"]


@dataclass(frozen=True)
class DevicePlan:
    """Devices to register, each with Apple's platform, and devices of the team to enable."""

    new: tuple[tuple[DeviceRequest, ApplePlatform], ...] = ()
    disabled: tuple[Device, ...] = ()

    def lines(self) -> list[str]:
        """Return the plan in words."""
        return [
            *(f"register the device {request.name} ({platform})" for request, platform in self.new),
            *(f"enable the device {device.name}, which is disabled" for device in self.disabled),
        ]


def plan_devices(
    requests: Sequence[DeviceRequest],
    have: Iterable[Device],
    platforms: Collection[Platform],
    if_disabled: IfDisabled,
) -> DevicePlan:
    """Return what is to be done so that the team has the devices. `platforms` are those that the step signs for.

    Raises InputError where the platform of a new device is not known, Error for a disabled one with "fail".
    """
    known = {folded(device.udid): device for device in have}
    lacking = [request for request in requests if folded(request.udid) not in known]
    there = [known[folded(request.udid)] for request in requests if folded(request.udid) in known]
    for request in requests:
        device = known.get(folded(request.udid))
        if device and request.platform and (request.platform == "MAC_OS") != (device.family is Family.MAC):
            log.warning(
                "The device %s is given for %s, but Apple has it among the devices of %s, and nobody can change that.",
                request.name,
                "macOS" if request.platform == "MAC_OS" else "iOS",
                device.family,
            )
    disabled = [device for device in there if device.status == DISABLED]
    if disabled and if_disabled == "fail":
        raise Error(
            f"Devices that are asked for are disabled: {', '.join(device.name for device in disabled)}.",
            "Enable them with if-disabled: enable, or take them out of devices.",
        )
    new, unclear = [], []
    for request in lacking:
        platform = request.apple_platform(platforms)
        if platform:
            new.append((request, platform))
        else:
            unclear.append(request.name)
    if unclear:
        # A device that was registered with the wrong platform keeps its place for a year.
        raise InputError(
            [
                Problem(
                    "devices",
                    f"the UDID of {', '.join(unclear)} can be that of a phone or of a Mac",
                    "Say it: name: {udid: …, platform: ios} or mac, or in the third column of the file.",
                )
            ]
        )
    return DevicePlan(tuple(new), tuple(disabled) if if_disabled == "enable" else ())


def bring(client: Client, plan: DevicePlan, have: Iterable[Device]) -> tuple[Device, ...]:
    """Register and enable what the plan says. Return all devices of the team as they are then."""
    devices = {folded(device.udid): device for device in have}
    for device in plan.disabled:
        devices[folded(device.udid)] = change_device(client, device, {"status": ENABLED})
        log.info("Enabled the device %s, which was disabled", device.name)
    for request, platform in plan.new:
        devices[folded(request.udid)] = register_device(client, request, platform)
        log.info("Registered the device %s (%s)", request.name, platform)
    return tuple(devices.values())


def not_enabled(requests: Iterable[DeviceRequest], have: Iterable[Device]) -> list[str]:
    """Return the names, with Apple's state, of wanted devices that no profile may name."""
    wanted = {folded(request.udid) for request in requests}
    return [
        f"{each.name} ({each.status})" for each in have if folded(each.udid) in wanted and not each.enabled
    ]


def left_out(requests: Sequence[DeviceRequest], have: Iterable[Device], named: Iterable[str]) -> list[str]:
    """Return the names of wanted devices that are not among the UDIDs `named`, with their state where it is known."""
    known = {folded(device.udid): device for device in have}
    inside = {folded(udid) for udid in named}
    found = []
    for request in requests:
        udid = folded(request.udid)
        if udid not in inside:
            state = known[udid].status if udid in known else ""
            found.append(f"{request.name} ({state})" if state else request.name)
    return found
