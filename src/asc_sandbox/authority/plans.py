"""The contents of a provisioning profile, and its signature."""

from __future__ import annotations

import plistlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from asc_sandbox.authority.entitlements import entitlements
from asc_sandbox.authority.team import TEAM, Team

Purpose = Literal["development", "ad-hoc", "app-store", "in-house", "direct"]
PLATFORMS = {"IOS": ["iOS", "xrOS", "visionOS"], "TV_OS": ["tvOS"], "VISION_OS": ["xrOS"], "MAC_OS": ["OSX"]}


@dataclass(frozen=True)
class ProfilePlan:
    """A profile that is about to be signed. `certificates` are DER, `devices` UDIDs; times have a zone."""

    name: str
    uuid: str
    purpose: Purpose
    platform: str
    identifier: str
    app_id_name: str
    certificates: tuple[bytes, ...]
    created: datetime
    expires: datetime
    devices: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    associations: Mapping[str, Any] = field(default_factory=dict)
    team: Team = TEAM

    def members(self) -> dict[str, Any]:
        """Return the property list of the profile, in Apple's order."""
        return {
            "AppIDName": self.app_id_name,
            "ApplicationIdentifierPrefix": [self.team.id],
            "CreationDate": _without_zone(self.created),
            "Platform": PLATFORMS[self.platform],
            "IsXcodeManaged": False,
            "DeveloperCertificates": list(self.certificates),
            "Entitlements": entitlements(
                self.identifier,
                self.team.id,
                self.capabilities,
                self.associations,
                development=self.purpose == "development",
                store=self.purpose == "app-store",
                mac=self.platform == "MAC_OS",
            ),
            "ExpirationDate": _without_zone(self.expires),
            "Name": self.name,
            **({"ProvisionedDevices": list(self.devices)} if self.devices else {}),
            **({"ProvisionsAllDevices": True} if self.purpose in ("in-house", "direct") else {}),
            "TeamIdentifier": [self.team.id],
            "TeamName": self.team.name,
            "TimeToLive": (self.expires - self.created).days,
            "UUID": self.uuid,
            "Version": 1,
        }


def signed(plan: ProfilePlan, changes: Mapping[str, Any] | None = None) -> bytes:
    """Return the profile: DER of a CMS SignedData over an XML property list. `changes` replace some members."""
    from asc_sandbox.authority import ca

    # In Apple's order, not in that of the alphabet.
    return ca.sign(plistlib.dumps({**plan.members(), **(changes or {})}, sort_keys=False))


def _without_zone(moment: datetime) -> datetime:
    """Return a time as property lists have it: UTC, without zone, in whole seconds."""
    return moment.astimezone(UTC).replace(tzinfo=None, microsecond=0)
