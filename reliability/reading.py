"""The scenarios that only read: fetch-build-number and doctor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from asc.commands.doctor import PROBES
from asc_sandbox.server import Sandbox
from core.running import Done
from reliability.hurry import RETRY_FOR
from reliability.scenarios import Json, Scenario, only
from support.sandbox import app, build, seed, upload

APP = "com.example.app"
WHEN = {"uploadedDate": "2026-01-31T10:00:00Z"}
WORLD = seed(
    apps=[
        app(
            APP,
            id="1000000001",
            builds=[build("1.0", "7", **WHEN), build("1.0", "8", **WHEN)],
            uploads=[upload("1.0", "9", **WHEN)],
        )
    ]
)


@dataclass(frozen=True)
class Fetch(Scenario):
    """The next build number."""

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """Of one app."""
        return {"bundle-id": APP, "retry-for": RETRY_FOR}

    def facts(self, machine: Path, sandbox: Sandbox, done: Done) -> Json:
        """All outputs."""
        return dict(done.outputs)


@dataclass(frozen=True)
class Doctor(Scenario):
    """A look at the key."""

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """Good for everything."""
        needs = ", ".join(PROBES)
        return {"needs": needs, "retry-for": RETRY_FOR}

    def facts(self, machine: Path, sandbox: Sandbox, done: Done) -> Json:
        """All outputs but the clock's."""
        return only(done.outputs, "clock-skew")


FETCH = Fetch("fetch-build-number", "fetch-build-number", WORLD)
DOCTOR = Doctor("doctor", "doctor", WORLD)
