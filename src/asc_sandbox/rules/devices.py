"""The rules of devices: the forms of their ids, and their largest number."""

from __future__ import annotations

import re

from asc_sandbox.endpoints import Call
from asc_sandbox.entity_errors import invalid_attribute, problem
from asc_sandbox.errors import Refusal
from asc_sandbox.world import Record
from asc_sandbox.writing import Given, store

# The form of UDIDs since 2018: the chip, and the number of the device.
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
_SHOWN = {
    "IPHONE": "iPhone",
    "IPAD": "iPad",
    "IPOD": "iPod",
    "APPLE_WATCH": "Apple Watch",
    "APPLE_TV": "Apple TV",
}


def register(call: Call, given: Given) -> Record:
    """Register a device. Raises Refusal as the live service did in the public reports named at each rule."""
    udid, platform = given.attributes["udid"], given.attributes["platform"]
    if platform not in _UDIDS:
        raise invalid_attribute("platform", f"'{platform}' is not a platform of devices")
    if not _UDIDS[platform].fullmatch(udid):
        # The text of the answer to a simulator's id: simulator-action 276.
        raise invalid_attribute("udid", f"An invalid value '{udid}' was provided for the parameter 'udid'.")
    devices = call.world.all("devices")
    # Apple recognizes a device in another spelling (fastlane 17433, 20551), and the error names no attribute.
    if any(_folded(str(device.attributes.get("udid"))) == _folded(udid) for device in devices):
        raise problem(f"A device with number '{udid}' already exists on this team.")
    device_class = _class(given.attributes["name"], platform, udid)
    limit = call.context.authority.limits.devices
    if limit is not None and limit <= sum(
        device.attributes.get("deviceClass") == device_class for device in devices
    ):
        raise _too_many(device_class)
    return store(call, given, deviceClass=device_class, addedDate=call.context.now())


def _folded(udid: str) -> str:
    return udid.replace("-", "").upper()


def _too_many(device_class: str) -> Refusal:
    """Return the refusal that a team with 100 devices of a class gets."""
    # Status and text were recorded in April 2026.
    name = _SHOWN.get(device_class, "Mac" if "MAC" in device_class else device_class)
    return Refusal(
        403,
        "FORBIDDEN_ERROR",
        "This request is forbidden for security reasons",
        f"Your development team has reached the maximum number of registered {name} devices.",
    )


def _class(name: str, platform: str, udid: str) -> str:
    """Return the class of a device."""
    # Apple knows the class from the UDID. The sandbox uses the name, and for Macs the form of the UDID. The two classes
    # of Macs are in no document, but in answers (fastlane 21915, codemagic-cli-tools PR 437).
    if platform == "MAC_OS":
        return "APPLE_SILICON_MAC" if re.fullmatch(_NEW, udid) else "INTEL_MAC"
    return next((found for word, found in _CLASSES if word in name.lower()), "IPHONE")
