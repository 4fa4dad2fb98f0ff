"""The input `devices`: a mapping of names to UDIDs, or a file with a mapping or with the table of Apple and fastlane.

Device ID	Device Name	Device Platform
00008110-000A1B2C3D4E001E	A phone	ios

A mapping gives the platform beside the UDID: `A Mac: {udid: 00008112-…, platform: mac}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from asc.commands import kinds
from asc.errors import Problem
from asc.limited_files import read_limited
from asc.provisioning.devices.device import comparable_udid
from asc.provisioning.devices.request import ApplePlatform, DeviceRequest
from asc.words import decoded, without_udids

_PLATFORMS: dict[str, ApplePlatform] = {"ios": "IOS", "mac": "MAC_OS", "macos": "MAC_OS", "mac_os": "MAC_OS"}
_BLANKS = re.compile(r"(device id|[0-9a-f]{8}-?[0-9a-f-]{16,27}|[0-9a-f]{40})\s+[^\s:]", re.IGNORECASE)
"""The beginning of a line of the table with blanks in place of tabs."""


def read(text: str) -> tuple[DeviceRequest, ...]:
    """Return the devices of a mapping, or of the file with this path. Raises ValueError that names the line."""
    # A mapping or a table has at least one of these, and the path of a file has none.
    if "\n" in text or "\t" in text or text.startswith("{") or ": " in text:
        return _once(_read(text))
    try:
        return _once(_read(decoded(read_limited(Path(text).expanduser()))))
    except OSError as error:
        raise ValueError(
            f"{_quoted(text)} is neither name: UDID nor a file that can be read ({error.strerror})"
        ) from None
    except UnicodeDecodeError:
        raise ValueError(f"{_quoted(text)} is not a text file") from None


def problems(requests: Iterable[DeviceRequest], platform: ApplePlatform | None = None) -> Iterator[Problem]:
    """Yield a problem for each missing name, each invalid UDID, and each UDID with two names or platforms.

    `platform` is that of the step, which a UDID must not contradict.
    """
    first: dict[str, DeviceRequest] = {}
    for request in requests:
        name = _quoted(request.name)
        if not request.name:
            yield Problem("devices", "a device has no name", "Give each device a name.")
        elif defect := request.defect():
            yield Problem("devices", f"{name}: {defect}", "Copy the UDID from Xcode or Finder.")
        elif platform and not request.platform and (defect := replace(request, platform=platform).defect()):
            # A simulator's id would become a Mac, and keep a place of the team for a year.
            remedy = "If the device is of the other platform, write name: {udid: …, platform: …}."
            yield Problem("devices", f"{name}: {defect}", remedy)
        before = first.setdefault(comparable_udid(request.udid), request)
        if (before.name, before.platform) != (request.name, request.platform):
            yield Problem(
                "devices", f"{name} and {_quoted(before.name)} have one UDID", "Name each device once."
            )


def _read(text: str) -> tuple[DeviceRequest, ...]:
    lines = [
        (number, line)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    # Apple's form has tabs. Editors replace them by blanks, and such a line would pass as a mapping.
    tabs = any("\t" in line for _, line in lines)
    for number, line in lines:
        if "\t" not in line and (tabs or _BLANKS.match(line.strip())):
            raise ValueError(f"line {number} has no tab: separate UDID, name and platform by tabs")
    if not tabs:
        return tuple(_of_mapping(name, value) for name, value in kinds.MAPPING.parse(text).items())
    rows = [(number, [cell.strip() for cell in line.split("\t")]) for number, line in lines]
    # The header line of the form that Apple offers for download.
    if rows[0][1][0].lower() == "device id":
        rows = rows[1:]
    return tuple(
        DeviceRequest(udid, name, _platform(rest[0] if rest else "", f"line {number}"))
        for number, (udid, name, *rest) in rows
    )


def _once(requests: Iterable[DeviceRequest]) -> tuple[DeviceRequest, ...]:
    """Return the devices without repetitions. One UDID with two names stays twice, for `problems` to tell."""
    first: dict[tuple[str, str, ApplePlatform | None], DeviceRequest] = {}
    for request in requests:
        first.setdefault((comparable_udid(request.udid), request.name, request.platform), request)
    return tuple(first.values())


def _of_mapping(name: str, value: Any) -> DeviceRequest:
    members = value if isinstance(value, Mapping) else {"udid": value}
    if unknown := members.keys() - {"udid", "platform"}:
        raise ValueError(
            f"{_quoted(name)} has {', '.join(sorted(unknown))}: only udid and platform are known"
        )
    platform = _platform(str(members.get("platform") or ""), _quoted(name))
    return DeviceRequest(str(members.get("udid") or "").strip(), name.strip(), platform)


def _quoted(text: str) -> str:
    # The UDID may stand where a name belongs, or in a text that is no mapping.
    return kinds.quoted(without_udids(text))


def _platform(word: str, place: str) -> ApplePlatform | None:
    if word and word.lower() not in _PLATFORMS:
        raise ValueError(f"the platform of {place} is {_quoted(word)}, which is neither ios nor mac")
    return _PLATFORMS.get(word.lower())


KIND = kinds.Kind("mapping", "name: UDID in YAML or JSON, or the path of a file", read)
