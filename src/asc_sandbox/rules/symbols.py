"""The rules of symbols: the builds that have some, and their contents."""

from __future__ import annotations

from asc_sandbox.context import Context
from asc_sandbox.endpoints import Call
from asc_sandbox.samples.bundle import App
from asc_sandbox.symbols.library import ArchiveContents
from asc_sandbox.symbols.programs import Program, identity_of
from asc_sandbox.uploading.archive import Contents
from asc_sandbox.world import Record, World

_OTHERS = ("APP_CLIP", "WATCH_APP")


def add_bundles(world: World, context: Context, build: Record, contents: Contents) -> None:
    """Create the bundles of an uploaded build: one for the app and its extensions, one per clip and watch app."""
    own = [program for program in contents.programs if program.kind not in _OTHERS]
    _add_bundle(world, context, build, own)
    for program in contents.programs:
        if program.kind in _OTHERS:
            _add_bundle(world, context, build, [program])


def _add_bundle(world: World, context: Context, build: Record, programs: list[Program]) -> None:
    attributes = {"bundleId": programs[0].bundle_id, "bundleType": programs[0].kind} if programs else {}
    bundle = world.add("buildBundles", attributes, {"build": build.id})
    if programs:
        context.symbols.put(bundle.id, _contents(world, build, programs))


def symbols_link(call: Call, bundle: Record) -> str | None:
    """Return the link to the symbols of a bundle; None if it has none, or while its build is processed."""
    builds = call.world.related(bundle, "build")
    if not builds or not bundle.attributes.get("includesSymbols"):
        return None
    if builds[0].attributes["processingState"] != "VALID":
        return None
    if not call.context.symbols.has(bundle.id):
        call.context.symbols.put(
            bundle.id, _contents(call.world, builds[0], [_program(call, bundle, builds[0])])
        )
    return call.context.symbols.link(call.base, bundle.id, "dSYMs.zip")


def default_bundle_id(call: Call, bundle: Record) -> str | None:
    """Return the bundle id of the app that the bundle belongs to."""
    builds = call.world.related(bundle, "build")
    apps = call.world.related(builds[0], "app") if builds else []
    return apps[0].attributes.get("bundleId") if apps else None


def _program(call: Call, bundle: Record, build: Record) -> Program:
    """Return the program of a bundle from a seed."""
    bundle_id = bundle.attributes.get("bundleId") or default_bundle_id(call, bundle) or "com.example.app"
    apps = call.world.related(build, "app")
    name = apps[0].attributes.get("name") if apps else None
    if not name or bundle.attributes.get("bundleType") in _OTHERS:
        name = bundle_id.rpartition(".")[2]
    version = _version(call.world, build)
    identities = {}
    for architecture in bundle.attributes.get("supportedArchitectures") or ["arm64"]:
        suffix = "" if architecture == "arm64" else f" {architecture}"
        # The same UUID as in a sample .ipa with the same ids and numbers, so that the two can be matched.
        sample = App(bundle_id + suffix, version, str(build.attributes["version"]))
        identity = identity_of(sample.executable())
        assert identity
        identities[architecture] = identity
    return Program(
        # The name becomes a folder in the archive.
        f"{name.replace('/', '_')}.app",
        bundle_id,
        str(bundle.attributes.get("bundleType")),
        identities,
    )


def _contents(world: World, build: Record, programs: list[Program]) -> ArchiveContents:
    return ArchiveContents(programs, _version(world, build), str(build.attributes["version"]))


def _version(world: World, build: Record) -> str:
    trains = world.related(build, "preReleaseVersion")
    return str(trains[0].attributes["version"]) if trains else "1.0"
