"""The team that owns certificates and profiles."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Team:
    """A team, and the member that development certificates of an API key are made out to."""

    id: str = "A1B2C3D4E5"
    name: str = "Example Team"
    country: str = "US"
    member_id: str = "E5D4C3B2A1"
    member_name: str = "Created via API"


TEAM = Team()
