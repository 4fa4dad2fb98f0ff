"""Views of builds on their way to testers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from asc_sandbox.document import value_of
from asc_sandbox.endpoints import Call
from asc_sandbox.pages import words
from asc_sandbox.pages.words import Tone, app_name, text_of
from asc_sandbox.rules.states import review_state
from asc_sandbox.world import Record, World

# Builds without a date come last.
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Step:
    """One station of a build: Apple's state there, or a remark if there is no state."""

    name: str
    state: str | None
    tone: Tone
    remark: str = ""


@dataclass(frozen=True)
class BuildProgress:
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
    """The notes for testers as (locale, text)."""


def newest(call: Call, of_apps: Iterable[Record], limit: int) -> tuple[BuildProgress, ...]:
    """Return the newest builds and uploads of these apps, newest first."""
    everything = [pair for app in of_apps for pair in _pairs(call.world, app)]
    # The position decides between equal dates, so that the order stays the same from one look to the next.
    order = sorted(enumerate(everything), key=lambda entry: (_when(*entry[1][1:]), entry[0]), reverse=True)
    return tuple(_delivery(call, *pair) for _, pair in order[:limit])


def count(world: World, of_apps: Iterable[Record]) -> int:
    """Return how many builds and uploads these apps have."""
    return sum(1 for app in of_apps for _ in _pairs(world, app))


def numbers(world: World, build: Record) -> str:
    """Return version and build number as TestFlight shows them."""
    version, number, _ = _identity(world, None, build)
    return f"{version} ({number})"


def _pairs(world: World, app: Record) -> Iterator[tuple[Record, Record | None, Record | None]]:
    """Yield the app with each upload and its build, then with the builds that no upload made."""
    with_upload = set()
    for upload in world.related(app, "buildUploads"):
        build = next(iter(world.related(upload, "build")), None)
        with_upload.add(build and build.id)
        yield app, upload, build
    for build in world.related(app, "builds"):
        if build.id not in with_upload:
            yield app, None, build


def _when(upload: Record | None, build: Record | None) -> datetime:
    dates = [record.attributes.get("uploadedDate") for record in (build, upload) if record]
    if upload:
        dates.append(upload.attributes.get("createdDate"))
    return next((found for date in dates if (found := words.moment(date))), _LONG_AGO)


def _delivery(call: Call, app: Record, upload: Record | None, build: Record | None) -> BuildProgress:
    world, when = call.world, _when(upload, build)
    version, number, platform = _identity(world, upload, build)
    facts = build.attributes if build else {}
    return BuildProgress(
        app.id,
        app_name(app),
        version,
        number,
        words.platform(platform),
        None if when is _LONG_AGO else when,
        words.moment(facts.get("expirationDate")),
        (_upload_step(call, upload), *_build_steps(call, build)),
        _reasons(upload),
        tuple(text_of(group, "name") for group in world.related(build, "betaGroups")) if build else (),
        len(world.related(build, "individualTesters")) if build else 0,
        tuple(_notes(world, build)) if build else (),
    )


def _identity(world: World, upload: Record | None, build: Record | None) -> tuple[str, str, object]:
    """Return version, build number and platform."""
    if upload:
        given = upload.attributes
        return str(given["cfBundleShortVersionString"]), str(given["cfBundleVersion"]), given.get("platform")
    assert build
    for train in world.related(build, "preReleaseVersion"):
        facts = train.attributes
        return str(facts.get("version")), str(build.attributes.get("version")), facts.get("platform")
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
        if delivery := call.context.depot.of_file(file.id):
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
    problems = [*(state.get("errors") or ()), *(state.get("warnings") or ())]
    return tuple(
        " ".join(str(reason.get(name) or "") for name in ("code", "description")) for reason in problems
    )


def _notes(world: World, build: Record) -> Iterator[tuple[str, str]]:
    for notes in world.related(build, "betaBuildLocalizations"):
        if text := notes.attributes.get("whatsNew"):
            yield str(notes.attributes.get("locale")), str(text)
