"""The scenarios that change bundle ids and devices that exist. `team` has those that register new ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from asc_sandbox.server import Sandbox
from core.running import Done
from core.signing import APP, PAD, PHONE, WIDGET, device, team
from reliability.hurry import RETRY_FOR
from reliability.scenarios import Json, Scenario, twice

OLD = "a1" * 20


@dataclass(frozen=True)
class BundleIds(Scenario):
    """register-bundle-ids: it registers a bundle id, enables two capabilities of each, and disables one."""

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """Return inputs for a bundle id that exists and one that is new."""
        return {
            "bundle-ids": f"{APP}\n{WIDGET}: A widget",
            "capabilities": "PUSH_NOTIFICATIONS, SIRIKIT",
            "disable": "IN_APP_PURCHASE",
            "retry-for": RETRY_FOR,
        }

    def facts(self, machine: Path, sandbox: Sandbox, done: Done) -> Json:
        """Return the capabilities of the bundle ids, by identifier."""
        return {
            bundle_id.attributes["identifier"]: sorted(
                capability.attributes["capabilityType"]
                for capability in sandbox.world.related(bundle_id, "bundleIdCapabilities")
            )
            for bundle_id in sandbox.world.all("bundleIds")
        }

    def wrongs(self, machine: Path, sandbox: Sandbox) -> Iterator[str]:
        """Yield each bundle id and each capability that exists twice."""
        found = sandbox.world.all("bundleIds")
        yield from twice("the bundle id", [bundle_id.attributes["identifier"] for bundle_id in found])
        for bundle_id in found:
            related = sandbox.world.related(bundle_id, "bundleIdCapabilities")
            yield from twice(
                "the capability", [capability.attributes["capabilityType"] for capability in related]
            )


@dataclass(frozen=True)
class Devices(Scenario):
    """register-devices: it registers a device, renames and enables another, and disables a third."""

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """Return inputs that use every kind of change."""
        return {
            "devices": f"New phone: {PHONE}\nAn iPad: {PAD}",
            "platform": "ios",
            "rename": "true",
            "if-disabled": "enable",
            "disable": "Old phone",
            "retry-for": RETRY_FOR,
        }

    def facts(self, machine: Path, sandbox: Sandbox, done: Done) -> Json:
        """Return name, platform and status of the devices, by UDID."""
        return {
            record.attributes["udid"]: [record.attributes[name] for name in ("name", "platform", "status")]
            for record in sandbox.world.all("devices")
        }

    def wrongs(self, machine: Path, sandbox: Sandbox) -> Iterator[str]:
        """Yield each UDID that two devices of the team have."""
        yield from twice("the device", [record.attributes["udid"] for record in sandbox.world.all("devices")])


CHANGED_BUNDLE_IDS = BundleIds("register-bundle-ids, change", "register-bundle-ids", team(bundle_ids=[APP]))
CHANGED_DEVICES = Devices(
    "register-devices, change",
    "register-devices",
    team(devices=[device(PAD, "Pad", status="DISABLED"), device(OLD, "Old phone")]),
)
