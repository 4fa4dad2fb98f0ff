"""An app with groups and testers, and the step manage-testers."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from asc_sandbox.server import Sandbox
from core.running import Done, in_job
from support import forked
from support.forked import ForkedStep
from support.sandbox import app, build, seed
from support.step_environment import step_environment

APP = "com.example.app"
GROUPS = [
    {"id": "GROUP-BETA", "name": "Beta testers"},
    {"id": "GROUP-TEAM", "name": "Team", "isInternalGroup": True},
]


def person(name: str, *groups: str, **attributes: Any) -> dict[str, Any]:
    return {
        "id": f"TESTER-{name}",
        "firstName": name.title(),
        "lastName": "Example",
        "email": f"{name}@example.com",
        "apps": ["1000000001"],
        "groups": groups,
        **attributes,
    }


def world(*people: dict[str, Any], **rest: Any) -> dict[str, Any]:
    groups = [
        {**group, "betaTesters": [one["id"] for one in people if group["id"] in one["groups"]]}
        for group in GROUPS
    ]
    return seed(
        apps=[app(APP, id="1000000001", betaGroups=groups, builds=[build("1.0", "7")])],
        betaTesters=[{name: value for name, value in one.items() if name != "groups"} for one in people],
        users=[{"username": "user@example.com", "firstName": "U", "lastName": "Ser", "roles": ["DEVELOPER"]}],
        **rest,
    )


def manage(folder: Path, sandbox: Sandbox, mode: str = "add", **inputs: object) -> Done:
    given = {name.replace("_", "-"): value for name, value in inputs.items()}
    return in_job(
        folder, {"bundle-id": APP, "mode": mode, **given}, sandbox=sandbox, command="manage-testers"
    )


def members(sandbox: Sandbox, group: str = "GROUP-BETA") -> set[str]:
    (record,) = [one for one in sandbox.world.all("betaGroups") if one.id == group]
    return {str(one.attributes["email"]) for one in sandbox.world.related(record, "betaTesters")}


def writes(sandbox: Sandbox) -> list[str]:
    return [f"{entry.method} {entry.path}" for entry in sandbox.requests if entry.method != "GET"]


def start(folder: Path, sandbox: Sandbox, inputs: dict[str, str]) -> ForkedStep:
    """Start the step in a process of its own."""
    own = Path(tempfile.mkdtemp(dir=folder))
    env = step_environment(own, "manage-testers", inputs, sandbox)
    return forked.start([], env)
