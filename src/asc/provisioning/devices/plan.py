"""Make the team have the devices that are asked for: plan it, then register new ones and enable disabled ones."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from asc.api.client import Client
from asc.errors import Error, InputError, Problem
from asc.provisioning.devices.apple import change_device, register_device
from asc.provisioning.devices.device import DISABLED, ENABLED, Device, Family, comparable_udid
from asc.provisioning.devices.request import ApplePlatform, DeviceRequest
from asc.provisioning.kinds import Platform

log = logging.getLogger(__name__)

IfDisabled = Literal["enable", "fail", "leave"]


@dataclass(frozen=True)
class DevicePlan:
    """Devices to register, each with its platform in Apple's words, and devices of the team to enable."""

    new: tuple[tuple[DeviceRequest, ApplePlatform], ...] = ()
    disabled: tuple[Device, ...] = ()

    def lines(self) -> list[str]:
        """Return the plan as lines for the log, in the order of the writes."""
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
    """Return the writes after which the team has the devices. `platforms` are those that the step signs for.

    Raises InputError if the platform of a new device is not known, Error for a disabled device if `if_disabled` is
    "fail". Logs a warning if Apple has a device under another platform than the user.
    """
    known = {comparable_udid(device.udid): device for device in have}
    new: list[DeviceRequest] = []
    disabled: list[Device] = []
    for request in requests:
        device = known.get(comparable_udid(request.udid))
        if device is None:
            new.append(request)
            continue
        _warn_of_other_platform(request, device)
        if device.status == DISABLED:
            disabled.append(device)
    if disabled and if_disabled == "fail":
        raise Error(
            f"Devices that are asked for are disabled: {', '.join(device.name for device in disabled)}.",
            "Enable them with if-disabled: enable, or remove them from devices.",
        )
    return DevicePlan(_with_platforms(new, platforms), tuple(disabled) if if_disabled == "enable" else ())


def _warn_of_other_platform(request: DeviceRequest, device: Device) -> None:
    if request.platform and (request.platform == "MAC_OS") != (device.family is Family.MAC):
        log.warning(
            "devices gives %s the platform %s, but Apple has it among the devices for %s; nobody can change that.",
            request.name,
            "macOS" if request.platform == "MAC_OS" else "iOS",
            device.family,
        )


def _with_platforms(
    requests: Iterable[DeviceRequest], platforms: Collection[Platform]
) -> tuple[tuple[DeviceRequest, ApplePlatform], ...]:
    """Return new devices with the platform to register them with. Raises InputError that names those without one."""
    with_platform: list[tuple[DeviceRequest, ApplePlatform]] = []
    unclear: list[str] = []
    for request in requests:
        if platform := request.apple_platform(platforms):
            with_platform.append((request, platform))
        else:
            unclear.append(request.name)
    if unclear:
        # No guess here: a device with the wrong platform uses up one of the team's registrations for a year.
        raise InputError(
            [
                Problem(
                    "devices",
                    f"the UDID of {', '.join(unclear)} can be that of a phone or of a Mac",
                    "Add the platform: name: {udid: …, platform: ios} or mac, or in the third column of the file.",
                )
            ]
        )
    return tuple(with_platform)


def apply_device_plan(client: Client, plan: DevicePlan, have: Iterable[Device]) -> tuple[Device, ...]:
    """Enable and register the devices of the plan, and return all devices of the team as they are afterwards."""
    devices = {comparable_udid(device.udid): device for device in have}
    for device in plan.disabled:
        devices[comparable_udid(device.udid)] = change_device(client, device, {"status": ENABLED})
        log.info("Enabled the device %s, which was disabled", device.name)
    for request, platform in plan.new:
        devices[comparable_udid(request.udid)] = register_device(client, request, platform)
        log.info("Registered the device %s (%s)", request.name, platform)
    return tuple(devices.values())


def not_enabled(requests: Iterable[DeviceRequest], have: Iterable[Device]) -> list[str]:
    """Return the name and Apple's status of each device that is asked for, but not enabled: no profile may list it."""
    wanted = {comparable_udid(request.udid) for request in requests}
    return [
        f"{device.name} ({device.status})"
        for device in have
        if comparable_udid(device.udid) in wanted and not device.enabled
    ]


def missing_from_profile(
    requests: Sequence[DeviceRequest], have: Iterable[Device], named: Iterable[str]
) -> list[str]:
    """Return the name, and Apple's status if known, of each requested device that is not in `named` (UDIDs)."""
    known = {comparable_udid(device.udid): device for device in have}
    inside = {comparable_udid(udid) for udid in named}
    found = []
    for request in requests:
        udid = comparable_udid(request.udid)
        if udid not in inside:
            state = known[udid].status if udid in known else ""
            found.append(f"{request.name} ({state})" if state else request.name)
    return found
