"""The state of the requested devices at Apple and in profiles, and the places that the team has left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from asc.provisioning.devices.device import Device, comparable_udid
from asc.provisioning.devices.request import DeviceRequest

PLACES = 100
"""Devices of one class that a team may register in a membership year; a disabled one keeps its place.

https://developer.apple.com/help/account/register-devices/devices-overview
"""


def places_left(devices: Iterable[Device]) -> dict[str, int]:
    """Return how many devices of each class that the team has can still be registered this membership year."""
    taken = Counter(device.device_class or "unknown" for device in devices)
    return {name: max(0, PLACES - count) for name, count in sorted(taken.items())}


def not_enabled(requests: Iterable[DeviceRequest], registered: Iterable[Device]) -> list[str]:
    """Return the name and Apple's status of each requested device that is not enabled: no profile may list it."""
    wanted = {comparable_udid(request.udid) for request in requests}
    return [
        f"{device.name} ({device.status})"
        for device in registered
        if comparable_udid(device.udid) in wanted and not device.enabled
    ]


def missing_from_profile(
    requests: Sequence[DeviceRequest], registered: Iterable[Device], named: Iterable[str]
) -> list[str]:
    """Return the name, and Apple's status if known, of each requested device that is not in `named` (UDIDs)."""
    known = {comparable_udid(device.udid): device for device in registered}
    inside = {comparable_udid(udid) for udid in named}
    missing = []
    for request in requests:
        udid = comparable_udid(request.udid)
        # A device that Apple still processes is registered and in no profile: its status tells the user why.
        if udid not in inside:
            state = known[udid].status if udid in known else ""
            missing.append(f"{request.name} ({state})" if state else request.name)
    return missing
