"""The scenarios of manage-testers that change no group: export and invite. `team` has the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asc_sandbox.server import Sandbox
from core.running import Done
from reliability.hurry import RETRY_FOR
from reliability.scenarios import Json, Scenario, twice
from support.sandbox import app, build, seed

APP, APP_ID = "com.example.app", "1000000001"
BETA, FRIENDS = "Beta testers", "Friends"


def person(name: str, **attributes: Any) -> Json:
    """Return a tester of the app in a seed."""
    return {
        "id": f"TESTER-{name}",
        "firstName": name.title(),
        "lastName": "Example",
        "email": f"{name}@example.com",
        "apps": [APP_ID],
        **attributes,
    }


def world() -> Json:
    """Return a seed with three testers in a group, of whom one is active, and an empty group."""
    people = [
        person("ada", state="INSTALLED", lastSession="1 day ago", sessions=3),
        person("bob", state="INSTALLED", lastSession="200 days ago"),
        person("cy", state="INVITED"),
    ]
    groups = [
        {"id": "GROUP-BETA", "name": BETA, "betaTesters": [tester["id"] for tester in people]},
        {"id": "GROUP-FRIENDS", "name": FRIENDS},
    ]
    return seed(
        apps=[app(APP, id=APP_ID, betaGroups=groups, builds=[build("1.0", "7", id="BUILD-7")])],
        betaTesters=people,
    )


@dataclass(frozen=True)
class Manage(Scenario):
    """manage-testers in one mode, with the inputs in `given`."""

    mode: str = "add"
    given: tuple[tuple[str, str], ...] = ()

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """Return the inputs of the mode and those in `given`."""
        return {"bundle-id": APP, "mode": self.mode, "retry-for": RETRY_FOR, **dict(self.given)}

    def facts(self, machine: Path, sandbox: Sandbox, done: Done) -> Json:
        """Return the members of the groups, the testers of the app, and the exported file."""
        exported = machine / "workspace/testers.csv"
        return {
            "members": {group.attributes["name"]: _members(sandbox, group) for group in _groups(sandbox)},
            "testers": sorted(_addresses(sandbox, sandbox.world.all("betaTesters"))),
            "file": exported.read_text() if exported.exists() else None,
        }

    def wrongs(self, machine: Path, sandbox: Sandbox) -> Iterator[str]:
        """Yield each tester and group that exists twice, and an active tester who was removed."""
        yield from twice("the tester", _addresses(sandbox, sandbox.world.all("betaTesters")))
        yield from twice("the group", [group.attributes["name"] for group in _groups(sandbox)])
        for group in _groups(sandbox):
            name = group.attributes["name"]
            yield from twice(f"{name}, the member", _members(sandbox, group))
            if name == BETA and "ada@example.com" not in _members(sandbox, group):
                yield "a tester who should stay is gone"


def _groups(sandbox: Sandbox) -> list[Any]:
    return list(sandbox.world.all("betaGroups"))


def _members(sandbox: Sandbox, group: Any) -> list[str]:
    return sorted(_addresses(sandbox, sandbox.world.related(group, "betaTesters")))


def _addresses(sandbox: Sandbox, testers: Any) -> list[str]:
    return [str(tester.attributes["email"]) for tester in testers]


def _manage(mode: str, **given: str) -> Manage:
    values = tuple((name.replace("_", "-"), value) for name, value in given.items())
    return Manage(f"manage-testers, {mode}", "manage-testers", world(), mode=mode, given=values)


EXPORT = _manage("export")
INVITE = _manage("invite", testers="cy@example.com")
