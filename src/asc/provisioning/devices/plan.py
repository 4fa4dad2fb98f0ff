"""Bring the team's devices to a request: register new ones, and enable, rename or disable those that are there."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from asc import words
from asc.api.client import Client
from asc.api.polling import look_until
from asc.errors import Error, Findings, InputError, Problem
from asc.provisioning.devices.apple import change_device, list_devices, register_device
from asc.provisioning.devices.device import DISABLED, ENABLED, Device, Family, comparable_udid
from asc.provisioning.devices.request import ApplePlatform, DeviceRequest
from asc.provisioning.kinds import Platform

log = logging.getLogger(__name__)

IfDisabled = Literal["enable", "fail", "leave"]
Action = Literal["register", "enable", "rename", "disable"]


@dataclass(frozen=True)
class DeviceChange:
    """One write: the action, the device, and the request. `send` returns the device afterwards."""

    action: Action
    name: str
    udid: str = field(repr=False)
    summary: str
    send: Callable[[Client], Device]


@dataclass(frozen=True)
class DeviceRules:
    """The treatment of devices that the team has already, and of UDIDs that fit phones and Macs.

    `platforms` are the platforms that the step is for. `disable` holds UDIDs or names.
    """

    platforms: Collection[Platform] = ()
    if_disabled: IfDisabled = "enable"
    rename: bool = False
    disable: Sequence[str] = ()


def plan_devices(
    requests: Sequence[DeviceRequest], registered: Sequence[Device], rules: DeviceRules
) -> list[DeviceChange]:
    """Return the writes after which the team has the devices, in their order; [] if nothing is to be done.

    Raises InputError if a device to disable is unknown or requested at the same time, or if the platform of a new
    device is not known; Error for a disabled device if `if_disabled` is "fail". Logs a warning if Apple has a device
    under another platform than the user.
    """
    known = {comparable_udid(device.udid): device for device in registered}
    pairs = [(request, known.get(comparable_udid(request.udid))) for request in requests]
    for request, device in pairs:
        if device:
            _warn_of_other_platform(request, device)
    findings = Findings()
    none: list[DeviceChange] = []
    disable = findings.result_of(lambda: _disablings(requests, registered, rules.disable), none)
    enable = findings.result_of(
        lambda: _enablings([device for _, device in pairs if device], rules.if_disabled), none
    )
    new = [request for request, device in pairs if device is None]
    register = findings.result_of(lambda: _registrations(new, rules.platforms), none)
    findings.raise_all()
    rename = [
        _rename(device, request.name)
        for request, device in pairs
        # The name at Apple may be the team's own, so that a list changes it only on request.
        if rules.rename and device and device.name != request.name
    ]
    return [*enable, *rename, *register, *disable]


def apply_devices(client: Client, changes: Iterable[DeviceChange]) -> Iterator[tuple[DeviceChange, Device]]:
    """Send the changes one by one, and yield each that was made, with the device as Apple has it then.

    One that fails does not stop the others. Raises Error at the end with all that failed, UnreachableError at once.
    """
    findings = Findings()
    none: Device | None = None
    for change in changes:
        if device := findings.result_of(lambda change=change: change.send(client), none):  # type: ignore[misc]
            log.info("Done: %s", change.summary)
            yield change, device
    findings.raise_all()


def confirm_devices(
    client: Client, made: Sequence[DeviceChange]
) -> tuple[tuple[Device, ...], list[DeviceChange]]:
    """Return the team's devices after changes that Apple accepted, and those of the changes that its list lacks."""

    def missing(devices: Iterable[Device]) -> list[DeviceChange]:
        listed = {comparable_udid(device.udid): device for device in devices}
        return [change for change in made if not _is_shown(change, listed.get(comparable_udid(change.udid)))]

    devices = look_until(client, lambda: tuple(list_devices(client)), lambda devices: not missing(devices))
    return devices, missing(devices)


def not_shown(changes: Iterable[DeviceChange]) -> Error:
    """Return the error for changes that Apple accepted and that its list does not show."""
    return Error(
        "Apple accepted these changes, but its list does not show them: "
        f"{'; '.join(change.summary for change in changes)}.",
        "Run the step again. If the error stays, make the change at developer.apple.com/account, Devices.",
    )


def _is_shown(change: DeviceChange, device: Device | None) -> bool:
    if device is None:
        return False
    if change.action == "rename":
        return device.name == change.name
    # A device that was enabled may be processed for days: it is no longer disabled, and not enabled yet.
    return change.action == "register" or (device.status == DISABLED) == (change.action == "disable")


def with_changes(registered: Iterable[Device], changed: Iterable[Device]) -> tuple[Device, ...]:
    """Return the devices of the team after some were changed or registered."""
    devices: Mapping[str, Device] = {
        comparable_udid(device.udid): device for listed in (registered, changed) for device in listed
    }
    return tuple(devices.values())


def _warn_of_other_platform(request: DeviceRequest, device: Device) -> None:
    # Only Macs are told apart: watches, TVs and headsets are registered as IOS, too.
    if request.platform and (request.platform == "MAC_OS") != (device.family is Family.MAC):
        log.warning(
            "devices gives %s the platform %s, but Apple has it among the devices for %s; nobody can change that.",
            request.name,
            "macOS" if request.platform == "MAC_OS" else "iOS",
            device.family,
        )


def _registrations(requests: Iterable[DeviceRequest], platforms: Collection[Platform]) -> list[DeviceChange]:
    """Return the registrations of new devices. Raises InputError that names those without a platform."""
    registrations: list[DeviceChange] = []
    unclear: list[str] = []
    for request in requests:
        if platform := request.apple_platform(platforms):
            registrations.append(_registration(request, platform))
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
    return registrations


def _registration(request: DeviceRequest, platform: ApplePlatform) -> DeviceChange:
    return DeviceChange(
        "register",
        request.name,
        request.udid,
        f"register the device {words.printable_name(request.name)} ({platform})",
        lambda client: register_device(client, request, platform),
    )


def _enablings(devices: Iterable[Device], if_disabled: IfDisabled) -> list[DeviceChange]:
    """Return the changes for requested devices that are disabled. Raises Error if they are to fail the step."""
    disabled = [device for device in devices if device.status == DISABLED]
    if disabled and if_disabled == "fail":
        names = ", ".join(words.printable_name(device.name) for device in disabled)
        raise Error(
            f"Requested devices are disabled: {names}.",
            "Enable them with if-disabled: enable, or remove them from devices.",
        )
    return [_status_change("enable", device, ENABLED) for device in disabled if if_disabled == "enable"]


def _disablings(
    requests: Iterable[DeviceRequest], registered: Sequence[Device], named: Iterable[str]
) -> list[DeviceChange]:
    """Return the changes for devices to disable, by UDID or name. Raises InputError with all that is wrong."""
    requested = {comparable_udid(request.udid) for request in requests}
    chosen: dict[str, Device] = {}
    problems = []
    for text in named:
        shown = words.printable_name(words.without_udids(text))
        matching = [
            device
            for device in registered
            if text == device.name or comparable_udid(text) == comparable_udid(device.udid)
        ]
        # Two devices may share a name, and disabling the wrong one costs people their builds.
        if len(matching) != 1:
            reason = (
                "is not a device of the team" if not matching else f"is the name of {len(matching)} devices"
            )
            problems.append(Problem("disable", f"{shown} {reason}", "Give the UDID of one device."))
        elif comparable_udid(matching[0].udid) in requested:
            problems.append(
                Problem("disable", f"{shown} is in devices, too", "Name each device in one of the two.")
            )
        else:
            chosen[matching[0].id] = matching[0]
    if problems:
        raise InputError(problems)
    return [
        _status_change("disable", device, DISABLED) for device in chosen.values() if device.status != DISABLED
    ]


def _status_change(action: Literal["enable", "disable"], device: Device, status: str) -> DeviceChange:
    return DeviceChange(
        action,
        device.name,
        device.udid,
        f"{action} the device {words.printable_name(device.name)}",
        lambda client: change_device(client, device, {"status": status}),
    )


def _rename(device: Device, name: str) -> DeviceChange:
    return DeviceChange(
        "rename",
        name,
        device.udid,
        f"rename the device {words.printable_name(device.name)} to {words.printable_name(name)}",
        lambda client: change_device(client, device, {"name": name}),
    )
