"""Who certificates and profiles are made out to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Team:
    """A team, and the member of it in whose name a key of the API gets development certificates."""

    id: str = "A1B2C3D4E5"
    name: str = "Example Team"
    country: str = "US"
    member_id: str = "E5D4C3B2A1"
    member_name: str = "Created via API"


TEAM = Team()
