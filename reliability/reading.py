"""The scenarios of fetch-build-number and doctor, which only read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from asc.commands.doctor import PROBES
from asc_sandbox.server import Sandbox
from core.running import Done
from reliability.hurry import RETRY_FOR
from reliability.scenarios import Json, Scenario, without
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
    """fetch-build-number: the next build number of an app with builds and an upload."""

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """Return inputs that name the app by its bundle id."""
        return {"bundle-id": APP, "retry-for": RETRY_FOR}

    def facts(self, machine: Path, sandbox: Sandbox, done: Done) -> Json:
        """Return all outputs: none depends on the run."""
        return dict(done.outputs)


@dataclass(frozen=True)
class Doctor(Scenario):
    """doctor: a check of the key for several actions."""

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """Return inputs that check the key for all actions."""
        needs = ", ".join(PROBES)
        return {"needs": needs, "retry-for": RETRY_FOR}

    def facts(self, machine: Path, sandbox: Sandbox, done: Done) -> Json:
        """Return all outputs but `clock-skew`, which differs in each run."""
        return without(done.outputs, "clock-skew")


FETCH = Fetch("fetch-build-number", "fetch-build-number", WORLD)
DOCTOR = Doctor("doctor", "doctor", WORLD)
