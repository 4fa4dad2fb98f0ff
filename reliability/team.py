"""The team and its testers: every action that changes records, and download-feedback."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from asc_sandbox.server import Sandbox
from asc_sandbox.world import Record
from core.running import Done
from core.signing import team
from core.test_download_feedback import BOTH
from core.testers import person
from core.testers import world as testers_world
from reliability.faults import Kind
from reliability.hurry import RETRY_FOR
from reliability.scenarios import Json, Scenario, sizes, twice

APP = {"bundle-id": "com.example.app"}


@dataclass(frozen=True)
class Records(Scenario):
    """A step whose result is the set of records of some types, each told apart by one attribute.

    `kinds` maps a type to the attribute that must not exist twice.
    """

    given: Mapping[str, object] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """Return the inputs that the scenario was made with."""
        return {"retry-for": RETRY_FOR, **self.given}

    def facts(self, machine: Path, sandbox: Sandbox, done: Done) -> Json:
        """Return the attributes of all records, and their ties to groups and bundle ids."""
        return {
            kind: sorted(str(_facts(sandbox, record)) for record in sandbox.world.all(kind))
            for kind in self.kinds
        }

    def wrongs(self, machine: Path, sandbox: Sandbox) -> Iterator[str]:
        """Yield each record that exists twice, told apart by its attribute."""
        for kind, attribute in self.kinds.items():
            found = [
                (str(record.attributes[attribute]), _owner(record)) for record in sandbox.world.all(kind)
            ]
            yield from twice(kind, found)


def _owner(record: Record) -> object:
    # Two bundle ids may have the same capability: it exists twice only if one bundle id has it twice.
    return record.references.get("bundleId", ())


def _facts(sandbox: Sandbox, record: Record) -> list[object]:
    # Times differ from run to run, and the address of a public link comes of the id of its group.
    names = {
        name
        for name in record.attributes
        if not name.endswith("Date") and name not in ("lastSession", "publicLink", "publicLinkId")
    }
    groups = sandbox.world.related(record, "betaGroups") if record.type == "betaTesters" else ()
    return [
        {name: record.attributes[name] for name in sorted(names)},
        sorted(group.attributes["name"] for group in groups),
    ]


@dataclass(frozen=True)
class Feedback(Scenario):
    """download-feedback: crash logs and screenshots of testers, with an index."""

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """Return the inputs of a download into the workspace."""
        return {**APP, "retry-for": RETRY_FOR, "directory": "feedback"}

    def facts(self, machine: Path, sandbox: Sandbox, done: Done) -> Json:
        """Return the names and sizes of all files."""
        return {"files": sizes(machine / "workspace" / "feedback")}

    def is_right(self, kind: Kind, facts: Json, expected: Json) -> bool:
        """Return True also if a crash lost its log: a 404 that stays says that it has none."""
        return facts == expected or "status=404" in kind.words


TESTERS = {**APP, "testers": "ada@example.com\nnew@example.com", "groups": "Beta testers"}
PEOPLE = testers_world(person("ada"), person("grace", "GROUP-BETA"))
ADD = Records("manage-testers, add", "manage-testers", PEOPLE, given=TESTERS, kinds={"betaTesters": "email"})
REMOVE = Records(
    "manage-testers, remove",
    "manage-testers",
    PEOPLE,
    given={**APP, "mode": "remove", "testers": "grace@example.com", "groups": "Beta testers"},
    kinds={"betaTesters": "email"},
)
PRUNE = Records(
    "manage-testers, prune",
    "manage-testers",
    testers_world(
        person("grace", "GROUP-BETA", state="INSTALLED"),
        person("ada", "GROUP-BETA", state="INSTALLED", lastSession="1 day ago"),
    ),
    given={**APP, "mode": "prune", "dry-run": "false"},
    kinds={"betaTesters": "email"},
)
GROUP = Records(
    "manage-group",
    "manage-group",
    PEOPLE,
    given={
        **APP,
        "group": "Public beta",
        "kind": "external",
        "public-link": "true",
        "public-link-limit": "500",
        "criteria": "{iphone: 18.0+}",
    },
    kinds={"betaGroups": "name", "betaRecruitmentCriteria": "deviceFamilyOsVersionFilters"},
)
FEEDBACK = Feedback("download-feedback", "download-feedback", BOTH)
BUNDLE_IDS = Records(
    "register-bundle-ids",
    "register-bundle-ids",
    team(bundle_ids=[]),
    given={
        "bundle-ids": "com.example.app\ncom.example.app.widget",
        "capabilities": "PUSH_NOTIFICATIONS",
    },
    kinds={"bundleIds": "identifier", "bundleIdCapabilities": "capabilityType"},
)
DEVICES = Records(
    "register-devices",
    "register-devices",
    team(devices=[]),
    given={
        "devices": "{A phone: 00008110-000A1B2C3D4E001E, A pad: 00008103-000A1B2C3D4E001F}",
        "platform": "ios",
    },
    kinds={"devices": "udid"},
)
