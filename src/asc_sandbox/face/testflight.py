"""What is shown of apps, of builds on their way to testers, and of groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from asc_sandbox.document import value_of
from asc_sandbox.endpoints import Call
from asc_sandbox.face import words
from asc_sandbox.face.words import Tone
from asc_sandbox.rules.states import review_state
from asc_sandbox.world import Record, World

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Step:
    """One station of a build: Apple's state there, or words where there is none."""

    name: str
    state: str | None
    tone: Tone
    remark: str = ""


@dataclass(frozen=True)
class Delivery:
    """A build on its way from a client to testers: an upload, a build, or both."""

    app_id: str
    app_name: str
    version: str
    number: str
    platform: str
    when: datetime | None
    expires: datetime | None
    steps: tuple[Step, ...]
    reasons: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    testers: int = 0
    notes: tuple[tuple[str, str], ...] = ()
    """What to test, by locale."""


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
    held, found = record.attributes, newest(call, [record], 1)
    return App(
        record.id,
        _name(record),
        str(held.get("bundleId") or ""),
        str(held.get("sku") or ""),
        len(call.world.related(record, "builds")),
        found[0] if found else None,
        len(call.world.related(record, "betaGroups")),
    )


def newest(call: Call, of_apps: Iterable[Record], limit: int) -> tuple[Delivery, ...]:
    """The newest deliveries of some apps, newest first."""
    everything = [pair for each in of_apps for pair in _pairs(call.world, each)]
    order = sorted(enumerate(everything), key=lambda entry: (_when(*entry[1][1:]), entry[0]), reverse=True)
    return tuple(_delivery(call, *pair) for _, pair in order[:limit])


def count(world: World, of_apps: Iterable[Record]) -> int:
    """How many deliveries these apps have."""
    return sum(1 for each in of_apps for _ in _pairs(world, each))


def groups(call: Call, of_apps: Iterable[Record]) -> tuple[Group, ...]:
    """The groups of some apps."""
    world = call.world
    return tuple(
        Group(
            str(each.attributes.get("name") or ""),
            app.id,
            _name(app),
            bool(each.attributes.get("isInternalGroup")),
            None
            if each.attributes.get("hasAccessToAllBuilds")
            else tuple(_numbers(world, build) for build in world.related(each, "builds")),
            tuple(_tester_name(tester) for tester in world.related(each, "betaTesters")),
        )
        for app in of_apps
        for each in world.related(app, "betaGroups")
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
            str(each.attributes.get("email") or ""),
            str(each.attributes.get("state") or ""),
            tuple(_group_names(group for group in world.related(each, "betaGroups") if group.id in own)),
        )
        for each in found.values()
    )


def store_versions(call: Call, app: Record) -> tuple[StoreVersion, ...]:
    """The versions of an app in the App Store."""
    return tuple(
        StoreVersion(
            str(each.attributes.get("versionString") or ""),
            words.platform(each.attributes.get("platform")),
            str(each.attributes.get("appVersionState") or ""),
            ", ".join(_numbers(call.world, build) for build in call.world.related(each, "build")),
        )
        for each in call.world.related(app, "appStoreVersions")
    )


def _pairs(world: World, app: Record) -> Iterator[tuple[Record, Record | None, Record | None]]:
    """The app with each upload and its build, then with the builds that came without an upload."""
    taken = set()
    for upload in world.related(app, "buildUploads"):
        build = next(iter(world.related(upload, "build")), None)
        taken.add(build and build.id)
        yield app, upload, build
    for build in world.related(app, "builds"):
        if build.id not in taken:
            yield app, None, build


def _when(upload: Record | None, build: Record | None) -> datetime:
    dates = [record.attributes.get("uploadedDate") for record in (build, upload) if record]
    if upload:
        dates.append(upload.attributes.get("createdDate"))
    return next((found for date in dates if (found := words.moment(date))), _LONG_AGO)


def _delivery(call: Call, app: Record, upload: Record | None, build: Record | None) -> Delivery:
    world, when = call.world, _when(upload, build)
    version, number, platform = _identity(world, upload, build)
    held = build.attributes if build else {}
    return Delivery(
        app.id,
        _name(app),
        version,
        number,
        words.platform(platform),
        None if when is _LONG_AGO else when,
        words.moment(held.get("expirationDate")),
        (_upload_step(call, upload), *_build_steps(call, build)),
        _reasons(upload),
        tuple(_group_names(world.related(build, "betaGroups"))) if build else (),
        len(world.related(build, "individualTesters")) if build else 0,
        tuple(_notes(world, build)) if build else (),
    )


def _identity(world: World, upload: Record | None, build: Record | None) -> tuple[str, str, object]:
    """Version, build number and platform."""
    if upload:
        said = upload.attributes
        return str(said["cfBundleShortVersionString"]), str(said["cfBundleVersion"]), said.get("platform")
    assert build
    for train in world.related(build, "preReleaseVersion"):
        held = train.attributes
        return str(held.get("version")), str(build.attributes.get("version")), held.get("platform")
    return "?", str(build.attributes.get("version")), None


def _upload_step(call: Call, upload: Record | None) -> Step:
    if upload is None:
        return Step("Upload", None, "idle", "not recorded")
    state = str((upload.attributes.get("state") or {}).get("state"))
    return Step(
        "Upload", state, words.tone(state), _parts(call, upload) if state == "AWAITING_UPLOAD" else ""
    )


def _parts(call: Call, upload: Record) -> str:
    for file in call.world.related(upload, "buildUploadFiles"):
        if delivery := call.stage.depot.of_file(file.id):
            return f"{len(delivery.tags)} of {words.counted(len(delivery.parts), 'part')}"
    return "no file yet"


def _build_steps(call: Call, build: Record | None) -> Iterator[Step]:
    if build is None:
        yield from (Step(name, None, "idle") for name in ("Processing", "Internal testing", "Beta review"))
        yield Step("External testing", None, "idle")
        return
    detail = next(iter(call.world.related(build, "buildBetaDetail")), None)
    internal, external = (
        str(value_of(call, detail, name)) if detail else None
        for name in ("internalBuildState", "externalBuildState")
    )
    yield _step("Processing", str(build.attributes.get("processingState")))
    yield _step("Internal testing", internal)
    yield _step("Beta review", review_state(call.world, build), "not submitted")
    yield _step("External testing", external)


def _step(name: str, state: str | None, otherwise: str = "") -> Step:
    return Step(name, state, words.tone(state), "" if state else otherwise)


def _reasons(upload: Record | None) -> tuple[str, ...]:
    state = (upload.attributes.get("state") if upload else None) or {}
    found = [*(state.get("errors") or ()), *(state.get("warnings") or ())]
    return tuple(" ".join(str(each.get(name) or "") for name in ("code", "description")) for each in found)


def _notes(world: World, build: Record) -> Iterator[tuple[str, str]]:
    for each in world.related(build, "betaBuildLocalizations"):
        if text := each.attributes.get("whatsNew"):
            yield str(each.attributes.get("locale")), str(text)


def _numbers(world: World, build: Record) -> str:
    version, number, _ = _identity(world, None, build)
    return f"{version} ({number})"


def _name(app: Record) -> str:
    return str(app.attributes.get("name") or app.attributes.get("bundleId") or app.id)


def _group_names(records: Iterable[Record]) -> Iterator[str]:
    return (str(each.attributes.get("name") or "") for each in records)


def _tester_name(tester: Record) -> str:
    held = tester.attributes
    name = " ".join(str(held[part]) for part in ("firstName", "lastName") if held.get(part))
    return name or str(held.get("email") or tester.id)
