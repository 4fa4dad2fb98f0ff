"""Apps, with their groups, testers and versions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from asc_sandbox.endpoints import Call
from asc_sandbox.face import words
from asc_sandbox.face.seen.builds import Delivery, newest, numbers
from asc_sandbox.face.seen.texts import app_name, said
from asc_sandbox.world import Record, World


@dataclass(frozen=True)
class Tester:
    """Somebody who tests."""

    name: str
    email: str
    state: str
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """A group of an app; `builds` is None for one that has all of them."""

    name: str
    app_id: str
    app_name: str
    internal: bool
    builds: tuple[str, ...] | None
    testers: tuple[str, ...]


@dataclass(frozen=True)
class StoreVersion:
    """A version in the App Store."""

    id: str
    version: str
    platform: str
    state: str
    build: str


@dataclass(frozen=True)
class App:
    """An app, with its newest build and how many of its builds Apple works on."""

    id: str
    name: str
    bundle_id: str
    sku: str
    builds: int
    newest: Delivery | None
    groups: int


def apps(call: Call) -> tuple[App, ...]:
    """All apps, in the order they were made."""
    return tuple(app(call, record) for record in call.world.all("apps"))


def app(call: Call, record: Record) -> App:
    """One app."""
    found = newest(call, [record], 1)
    return App(
        record.id,
        app_name(record),
        said(record, "bundleId"),
        said(record, "sku"),
        len(call.world.related(record, "builds")),
        found[0] if found else None,
        len(call.world.related(record, "betaGroups")),
    )


def groups(call: Call, of_apps: Iterable[Record]) -> tuple[Group, ...]:
    """The groups of some apps."""
    return tuple(
        _group(call.world, app, each) for app in of_apps for each in call.world.related(app, "betaGroups")
    )


def testers(call: Call, app: Record) -> tuple[Tester, ...]:
    """The testers of an app: those that it has, and those of its groups."""
    world = call.world
    own_groups = world.related(app, "betaGroups")
    found = {each.id: each for each in world.related(app, "betaTesters")}
    found |= {each.id: each for group in own_groups for each in world.related(group, "betaTesters")}
    own = {group.id for group in own_groups}
    return tuple(
        Tester(
            _tester_name(each),
            said(each, "email"),
            said(each, "state"),
            tuple(said(group, "name") for group in world.related(each, "betaGroups") if group.id in own),
        )
        for each in found.values()
    )


def store_versions(call: Call, app: Record) -> tuple[StoreVersion, ...]:
    """The versions of an app in the App Store."""
    return tuple(
        StoreVersion(
            each.id,
            said(each, "versionString"),
            words.platform(each.attributes.get("platform")),
            said(each, "appVersionState"),
            ", ".join(numbers(call.world, build) for build in call.world.related(each, "build")),
        )
        for each in call.world.related(app, "appStoreVersions")
    )


def _group(world: World, app: Record, group: Record) -> Group:
    held = group.attributes
    builds = tuple(numbers(world, each) for each in world.related(group, "builds"))
    return Group(
        said(group, "name"),
        app.id,
        app_name(app),
        bool(held.get("isInternalGroup")),
        None if held.get("hasAccessToAllBuilds") else builds,
        tuple(_tester_name(each) for each in world.related(group, "betaTesters")),
    )


def _tester_name(tester: Record) -> str:
    name = f"{said(tester, 'firstName')} {said(tester, 'lastName')}".strip()
    return name or said(tester, "email") or tester.id
