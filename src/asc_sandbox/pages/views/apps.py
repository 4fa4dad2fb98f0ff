"""Views of apps, with their groups, testers and versions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from asc_sandbox.endpoints import Call
from asc_sandbox.pages import words
from asc_sandbox.pages.views.builds import BuildProgress, newest, numbers
from asc_sandbox.pages.words import app_name, text_of
from asc_sandbox.world import Record, World


@dataclass(frozen=True)
class Tester:
    """A tester of an app, with the names of its groups."""

    name: str
    email: str
    state: str
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """A group of an app; `builds` is None for a group that has all of them."""

    name: str
    app_id: str
    app_name: str
    internal: bool
    builds: tuple[str, ...] | None
    testers: tuple[str, ...]


@dataclass(frozen=True)
class StoreVersion:
    """A version of an app in the App Store, with its build."""

    id: str
    version: str
    platform: str
    state: str
    build: str


@dataclass(frozen=True)
class AppSummary:
    """An app, with its newest build and the numbers of its builds and groups."""

    id: str
    name: str
    bundle_id: str
    sku: str
    builds: int
    newest: BuildProgress | None
    groups: int


def apps(call: Call) -> tuple[AppSummary, ...]:
    """Return all apps in the order in which they were created."""
    return tuple(app(call, record) for record in call.world.all("apps"))


def app(call: Call, record: Record) -> AppSummary:
    """Return the summary of an app with its newest build."""
    builds = newest(call, [record], 1)
    return AppSummary(
        record.id,
        app_name(record),
        text_of(record, "bundleId"),
        text_of(record, "sku"),
        len(call.world.related(record, "builds")),
        builds[0] if builds else None,
        len(call.world.related(record, "betaGroups")),
    )


def groups(call: Call, of_apps: Iterable[Record]) -> tuple[Group, ...]:
    """Return the groups of these apps, with their builds and testers."""
    return tuple(
        _group(call.world, app, group) for app in of_apps for group in call.world.related(app, "betaGroups")
    )


def testers(call: Call, app: Record) -> tuple[Tester, ...]:
    """Return the testers of an app: its own, and the ones of its groups."""
    world = call.world
    own_groups = world.related(app, "betaGroups")
    # By id, because a tester may be in several groups.
    by_id = {tester.id: tester for tester in world.related(app, "betaTesters")}
    by_id |= {tester.id: tester for group in own_groups for tester in world.related(group, "betaTesters")}
    own = {group.id for group in own_groups}
    return tuple(
        Tester(
            _tester_name(tester),
            text_of(tester, "email"),
            text_of(tester, "state"),
            tuple(text_of(group, "name") for group in world.related(tester, "betaGroups") if group.id in own),
        )
        for tester in by_id.values()
    )


def store_versions(call: Call, app: Record) -> tuple[StoreVersion, ...]:
    """Return the versions of an app in the App Store."""
    return tuple(
        StoreVersion(
            version.id,
            text_of(version, "versionString"),
            words.platform(version.attributes.get("platform")),
            text_of(version, "appVersionState"),
            ", ".join(numbers(call.world, build) for build in call.world.related(version, "build")),
        )
        for version in call.world.related(app, "appStoreVersions")
    )


def _group(world: World, app: Record, group: Record) -> Group:
    facts = group.attributes
    builds = tuple(numbers(world, build) for build in world.related(group, "builds"))
    return Group(
        text_of(group, "name"),
        app.id,
        app_name(app),
        bool(facts.get("isInternalGroup")),
        None if facts.get("hasAccessToAllBuilds") else builds,
        tuple(_tester_name(tester) for tester in world.related(group, "betaTesters")),
    )


def _tester_name(tester: Record) -> str:
    name = f"{text_of(tester, 'firstName')} {text_of(tester, 'lastName')}".strip()
    return name or text_of(tester, "email") or tester.id
