"""The rules of devices: how their ids look, and how many there may be."""

from __future__ import annotations

import re

from asc_sandbox.endpoints import Call
from asc_sandbox.entity_errors import invalid_attribute, problem
from asc_sandbox.world import Record
from asc_sandbox.writing import Given, store

_NEW = r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{16}"
_UDIDS = {
    "IOS": re.compile(rf"[0-9A-Fa-f]{{40}}|{_NEW}"),
    "MAC_OS": re.compile(rf"[0-9A-Fa-f]{{8}}(-[0-9A-Fa-f]{{4}}){{3}}-[0-9A-Fa-f]{{12}}|{_NEW}"),
}
_CLASSES = (
    ("apple tv", "APPLE_TV"),
    ("ipad", "IPAD"),
    ("ipod", "IPOD"),
    ("watch", "APPLE_WATCH"),
    ("vision", "APPLE_VISION_PRO"),
)


def register(call: Call, given: Given) -> Record:
    """Register a device."""
    udid, platform = given.attributes["udid"], given.attributes["platform"]
    if platform not in _UDIDS:
        raise invalid_attribute("platform", f"'{platform}' is not a platform of devices")
    if not _UDIDS[platform].fullmatch(udid):
        raise invalid_attribute("udid", f"An invalid value '{udid}' was provided for the parameter 'udid'.")
    devices = call.world.all("devices")
    if any(str(each.attributes.get("udid")).upper() == udid.upper() for each in devices):
        raise invalid_attribute("udid", f"A device with number '{udid}' already exists on this team.")
    device_class = _class(given.attributes["name"], platform)
    limit = call.stage.authority.limits.devices
    if limit is not None and limit <= sum(
        each.attributes.get("deviceClass") == device_class for each in devices
    ):
        raise problem(f"The maximum number of {device_class} devices has been reached.")
    return store(call, given, deviceClass=device_class, addedDate=call.stage.now())


def _class(name: str, platform: str) -> str:
    """Apple knows it from the UDID, the sandbox goes by the name."""
    if platform == "MAC_OS":
        return "MAC"
    return next((found for word, found in _CLASSES if word in name.lower()), "IPHONE")
