"""Keep the team's devices as a list says: register, enable, rename and disable them.

https://developer.apple.com/documentation/appstoreconnectapi/devices
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from asc import words
from asc.api.client import Client
from asc.errors import Findings, InputError, Problem
from asc.provisioning.devices.apple import change_device, register_device
from asc.provisioning.devices.device import DISABLED, ENABLED, Device, comparable_udid
from asc.provisioning.devices.plan import DevicePlan, IfDisabled, plan_devices
from asc.provisioning.devices.request import DeviceRequest
from asc.provisioning.kinds import Platform

log = logging.getLogger(__name__)

PLACES = 100
"""Devices of one class that a team may register in a membership year; a disabled one keeps its place.

https://developer.apple.com/help/account/register-devices/devices-overview
"""

Action = Literal["register", "enable", "rename", "disable"]


@dataclass(frozen=True)
class DeviceChange:
    """One write: what happens to the device of that name, and how it is sent. `send` returns the device afterwards."""

    action: Action
    name: str
    summary: str
    send: Callable[[Client], Device]


@dataclass(frozen=True)
class DeviceRules:
    """How devices that are there already are treated.

    `platforms` decide where a UDID fits phones and Macs; `disable` holds UDIDs or names.
    """

    platforms: Collection[Platform] = ()
    if_disabled: IfDisabled = "enable"
    rename: bool = False
    disable: Sequence[str] = ()


def plan_upkeep(
    requests: Sequence[DeviceRequest], have: Sequence[Device], rules: DeviceRules
) -> list[DeviceChange]:
    """Return the writes after which the team has the devices, in their order; [] if nothing is to be done.

    Raises InputError if a device to disable is unknown or asked for at the same time, or if the platform of a new
    device is not known; Error for a disabled device if `if_disabled` is "fail".
    """
    findings = Findings()
    none: list[Device] = []
    unwanted = findings.result_of(lambda: _unwanted(requests, have, rules.disable), none)
    plan = findings.result_of(
        lambda: plan_devices(requests, have, rules.platforms, rules.if_disabled), DevicePlan()
    )
    findings.raise_all()
    return [
        *(_status_change("enable", device, ENABLED) for device in plan.disabled),
        *(_rename(device, name) for device, name in (_other_names(requests, have) if rules.rename else ())),
        *(_registration(request, platform) for request, platform in plan.new),
        *(_status_change("disable", device, DISABLED) for device in unwanted if device.status != DISABLED),
    ]


def apply_upkeep(client: Client, changes: Iterable[DeviceChange]) -> Iterator[DeviceChange]:
    """Send the changes one by one, and yield each that was made. One that fails does not stop the others.

    Raises Error at the end with all that failed.
    """
    findings = Findings()
    for change in changes:
        if findings.result_of(lambda change=change: change.send(client), None):  # type: ignore[misc]
            log.info("Done: %s", change.summary)
            yield change
    findings.raise_all()


def places_left(devices: Iterable[Device]) -> dict[str, int]:
    """Return how many devices of each class that the team has can still be registered this membership year."""
    taken = Counter(device.device_class or "unknown" for device in devices)
    return {name: max(0, PLACES - count) for name, count in sorted(taken.items())}


def _registration(request: DeviceRequest, platform: Literal["IOS", "MAC_OS"]) -> DeviceChange:
    return DeviceChange(
        "register",
        request.name,
        f"register the device {words.printable_name(request.name)} ({platform})",
        lambda client: register_device(client, request, platform),
    )


def _status_change(action: Literal["enable", "disable"], device: Device, status: str) -> DeviceChange:
    return DeviceChange(
        action,
        device.name,
        f"{action} the device {words.printable_name(device.name)}",
        lambda client: change_device(client, device, {"status": status}),
    )


def _rename(device: Device, name: str) -> DeviceChange:
    return DeviceChange(
        "rename",
        name,
        f"rename the device {words.printable_name(device.name)} to {words.printable_name(name)}",
        lambda client: change_device(client, device, {"name": name}),
    )


def _other_names(requests: Iterable[DeviceRequest], have: Iterable[Device]) -> Iterator[tuple[Device, str]]:
    known = {comparable_udid(device.udid): device for device in have}
    for request in requests:
        device = known.get(comparable_udid(request.udid))
        if device and device.name != request.name:
            yield device, request.name


def _unwanted(
    requests: Iterable[DeviceRequest], have: Sequence[Device], named: Iterable[str]
) -> list[Device]:
    """Return the devices to disable. Two devices may share a name, so a name means all of them only if it is one."""
    wanted = {comparable_udid(request.udid) for request in requests}
    found, problems = [], []
    for text in named:
        matching = [
            device
            for device in have
            if text == device.name or comparable_udid(text) == comparable_udid(device.udid)
        ]
        if len(matching) != 1:
            reason = (
                "is not a device of the team" if not matching else f"is the name of {len(matching)} devices"
            )
            problems.append(
                Problem("disable", f"{words.printable_name(text)} {reason}", "Give the UDID of one device.")
            )
        elif comparable_udid(matching[0].udid) in wanted:
            problems.append(
                Problem(
                    "disable",
                    f"{words.printable_name(text)} is in devices, too",
                    "Name each device in one of the two.",
                )
            )
        else:
            found += matching
    if problems:
        raise InputError(problems)
    return found
