"""Make provisioning profiles like Apple's, signed by the sandbox's throw-away authority."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Literal

from asc_sandbox.authority.issuing import Authority
from asc_sandbox.authority.plans import PLATFORMS, ProfilePlan, Purpose, signed
from asc_sandbox.authority.team import TEAM, Team

ProfileKind = Literal["app-store", "development", "ad-hoc", "enterprise", "expired"]
KINDS: tuple[ProfileKind, ...] = ("app-store", "development", "ad-hoc", "enterprise", "expired")
TEAM_ID, TEAM_NAME = TEAM.id, TEAM.name
# Invented UDIDs in the form of an iPhone's.
DEVICES = ["00008030-000A11112222802E", "00008110-001B33334444801E"]
_PURPOSES: dict[ProfileKind, Purpose] = {
    "app-store": "app-store",
    "development": "development",
    "ad-hoc": "ad-hoc",
    "enterprise": "in-house",
    "expired": "app-store",
}
_NAMESPACE = uuid.UUID("6f0c8b7e-6a0b-4d0e-9d7e-2f6a3f1c9b55")

__all__ = ["DEVICES", "KINDS", "PLATFORMS", "TEAM_ID", "TEAM_NAME", "ProfileKind", "make_profile", "sign"]


def make_profile(
    bundle_id: str,
    kind: ProfileKind = "app-store",
    *,
    platform: str = "IOS",
    team_id: str = TEAM_ID,
    now: datetime | None = None,
    values: Mapping[str, Any] | None = None,
) -> bytes:
    """Return a .mobileprovision for a bundle id (`*` for a wildcard): DER of a CMS SignedData over a property list.

    `values` replaces members of the property list.
    """
    created = (now or datetime.now(UTC)) - timedelta(days=400 if kind == "expired" else 10)
    plan = ProfilePlan(
        name=f"Example {kind} {bundle_id}",
        uuid=str(uuid.uuid5(_NAMESPACE, f"{team_id} {bundle_id} {kind} {platform}")),
        purpose=_PURPOSES[kind],
        platform=platform,
        identifier=bundle_id,
        app_id_name="Example",
        certificates=(_certificate("DEVELOPMENT" if kind == "development" else "DISTRIBUTION", team_id),),
        created=created,
        expires=created + timedelta(days=365),
        devices=tuple(DEVICES) if kind in ("development", "ad-hoc") else (),
        team=Team(team_id, TEAM_NAME),
    )
    return signed(plan, values)


def sign(content: bytes) -> bytes:
    """Return a CMS SignedData (DER) with `content` inside."""
    # Imported here and below: ca needs cryptography's x509, which costs a tenth of a second.
    from asc_sandbox.authority import ca

    return ca.sign(content)


@cache
def _certificate(certificate_type: str, team_id: str) -> bytes:
    from asc_sandbox.authority import ca

    return Authority(Team(team_id, TEAM_NAME)).issue(ca.unowned_small_key(), certificate_type).der
