"""Find the build that a step is about: a file, or a build of an earlier job."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from asc import words
from asc.api.client import Client
from asc.api.errors import ApiError
from asc.api.platforms import PLATFORM_NAMES, PLATFORMS
from asc.apps.app import App, find_app, find_app_by_id
from asc.builds.binary import Binary, defects, read_binary
from asc.builds.build import fetch_build
from asc.builds.finding import find_build, find_latest
from asc.builds.number import Number, same_value
from asc.builds.upload import record
from asc.builds.waiting import BuildSnapshot, WatchedBuild
from asc.commands.patterns import is_there, matching
from asc.commands.upload_testflight.inputs import LATEST, Inputs
from asc.errors import Error, InputError, Problem
from asc.testflight.state import Destination

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True)
class BuildReference:
    """The build of a step: its app (id "" while unknown), its number, its known ids, and its file."""

    app: App
    target: WatchedBuild
    binary: Binary | None = None

    @property
    def number(self) -> Number:
        """Return the version, build number and platform that identify the build within its app."""
        return self.target.number


def read_file(inputs: Inputs, now: datetime) -> Binary:
    """Return the binary that `file` names.

    Raises InputError for all defects at the time `now` that Apple would refuse later.
    """
    binary = read_binary(the_file(inputs.file or ""))
    problems = list(_contradictions(inputs, binary))
    all_defects = defects(binary, now)
    for defect in all_defects:
        if not defect.fatal:
            log.warning("%s: %s %s", binary.path.name, defect.text, defect.remedy)
    problems += [
        Problem("file", f"{binary.path.name}: {defect.text}", defect.remedy)
        for defect in all_defects
        if defect.fatal
    ]
    if problems:
        raise InputError(problems)
    log.info(
        "%s: %s %s (%s) for %s, %s",
        binary.path.name,
        binary.bundle_id,
        binary.version,
        binary.build_number,
        PLATFORM_NAMES[binary.platform],
        words.size(binary.size),
    )
    return binary


def _contradictions(inputs: Inputs, binary: Binary) -> Iterator[Problem]:
    """Yield a problem for each input that contradicts the file. Another spelling of a number is no contradiction."""
    # Apple checks the file against the upload minutes later, and the build number is used up by then.
    platform = PLATFORMS[inputs.platform] if inputs.platform else binary.platform
    for name, stated, in_file in (
        ("bundle-id", inputs.bundle_id, binary.bundle_id),
        ("version", inputs.version, binary.version),
        ("build-number", inputs.build_number, binary.build_number),
        ("platform", PLATFORM_NAMES[platform], PLATFORM_NAMES[binary.platform]),
    ):
        if stated and not same_value(stated, in_file):
            reason = f"is {stated}, but {binary.path.name} says {in_file}"
            yield Problem(name, reason, f"Leave out {name}, or build the file with {stated}.")


def the_file(pattern: str) -> Path:
    """Return the one file of a pattern. An existing path is used as it is, whatever characters it has."""
    # Apps are called `My App [Beta].ipa`, which as a pattern matches no such file.
    if is_there(pattern):
        return Path(pattern)
    paths = matching(pattern)
    if len(paths) == 1:
        return paths[0]
    if not paths:
        raise InputError(
            [Problem("file", f"{pattern} matches no file", f"Check the path; the step runs in {Path.cwd()}.")]
        )
    names = words.some([str(path) for path in paths])
    raise InputError([Problem("file", f"{pattern} matches {len(paths)} files: {names}", "Name one of them.")])


def reference_of_file(client: Client, inputs: Inputs, binary: Binary) -> BuildReference:
    """Return the app and the number of a file."""
    app = find_app_by_id(client, inputs.app_id) if inputs.app_id else find_app(client, binary.bundle_id)
    if inputs.app_id and app.bundle_id != binary.bundle_id:
        raise InputError(
            [
                Problem(
                    "app-id",
                    f"{inputs.app_id} is {app.bundle_id}, but {binary.path.name} is {binary.bundle_id}",
                    "Give the id of the app in the file, or omit app-id.",
                )
            ]
        )
    number = Number(app.id, binary.version, binary.build_number, binary.platform)
    return BuildReference(app, WatchedBuild(number), binary)


def reference_of_ids(client: Client, inputs: Inputs) -> BuildReference:
    """Return the build of an earlier job: by the id of the build or upload, or by app, version and number."""
    app = App("")
    if inputs.bundle_id or inputs.app_id:
        app = (
            find_app_by_id(client, inputs.app_id)
            if inputs.app_id
            else find_app(client, inputs.bundle_id or "")
        )
    if inputs.build_id:
        build = _named("build-id", inputs.build_id, lambda: fetch_build(client, inputs.build_id or ""))
        number = Number(build.app_id, build.version, build.build_number, build.platform)
        _check_same("build-id", inputs, number, app)
        return BuildReference(app if app.id else App(build.app_id), WatchedBuild(number, build_id=build.id))
    if inputs.build_upload_id:
        name = inputs.build_upload_id
        upload = _named("build-upload-id", name, lambda: record.read(client, name, app.id))
        assert upload.number
        # The record of an upload does not name its app, but the listing of an app has its uploads.
        if app.id and upload.id not in {known.id for known in record.find(client, upload.number)}:
            raise _another_app("build-upload-id", app)
        _check_same("build-upload-id", inputs, upload.number, app)
        return BuildReference(app, WatchedBuild(upload.number, upload.id, upload.build_id))
    platform = PLATFORMS[inputs.platform] if inputs.platform else ""
    if inputs.build_number == LATEST:
        return _by_number(client, app, _latest(client, app, platform, inputs.version or ""))
    number = Number(app.id, inputs.version or "", inputs.build_number or "", platform)
    return _by_number(client, app, number)


def _latest(client: Client, app: App, platform: str, version: str) -> Number:
    number = find_latest(client, app, platform, version)
    if not number:
        where = f" of {version}" if version else ""
        raise Error(
            f"{app.bundle_id or app.id} has no build{where} that could be the latest.",
            "Check version and platform, or upload one first.",
        )
    log.info("The latest build is %s for %s", number, PLATFORM_NAMES.get(number.platform, number.platform))
    return number


def _by_number(client: Client, app: App, number: Number) -> BuildReference:
    """Return the newest upload of the number, or its build if that was uploaded by other means."""
    uploads = record.find(client, number)
    platforms = {upload.number.platform for upload in uploads if upload.number}
    # A number can be used once on each platform of an app, and the inputs do not say which one is meant.
    if len(platforms) > 1:
        raise InputError(
            [
                Problem(
                    "platform",
                    f"is required: {number} was uploaded for {' and '.join(sorted(platforms))}",
                    f"Give one of {', '.join(PLATFORMS)}.",
                )
            ]
        )
    if uploads and uploads[0].number:
        return BuildReference(app, WatchedBuild(uploads[0].number, uploads[0].id, uploads[0].build_id))
    build = find_build(client, number)
    if build:
        # The inputs may leave out the platform, and the build has it.
        return BuildReference(app, WatchedBuild(replace(number, platform=build.platform), build_id=build.id))
    # Not an error yet: App Store Connect may list the upload of an earlier job late, and the wait looks again.
    return BuildReference(app, WatchedBuild(number))


def _check_same(name: str, inputs: Inputs, number: Number, app: App) -> None:
    """Raise InputError if an input contradicts the build that an id names."""
    if app.id and number.app_id != app.id:
        raise _another_app(name, app)
    platform = PLATFORMS[inputs.platform] if inputs.platform else number.platform
    version, build_number = inputs.version or number.version, inputs.build_number or number.build_number
    if not replace(number, platform=platform).is_one_with(version, build_number, number.platform):
        reason = f"is of {number} for {PLATFORM_NAMES.get(number.platform, number.platform)}"
        remedy = "Leave out version, build-number and platform, or give those of this build."
        raise InputError([Problem(name, reason, remedy)])


def _another_app(name: str, app: App) -> InputError:
    remedy = "Give the app that the build is of, or leave it out."
    return InputError([Problem(name, f"is not of the app {app.bundle_id or app.id}", remedy)])


def _named(name: str, value: str, ask: Callable[[], T]) -> T:
    """Return the resource of an id. Raises Error that names the input if there is none."""
    try:
        return ask()
    except ApiError as error:
        if error.status != 404:
            raise
        raise Error(
            f"{name}: the key sees nothing with the id {value}.",
            f"Pass the output {name} of the job that uploaded, and use a key of the same team.",
        ) from None


def destination(reference: BuildReference, seen: BuildSnapshot | None = None) -> Destination:
    """Return the build for which groups, texts and review are read."""
    build = seen.build if seen else None
    answered = reference.binary.uses_non_exempt_encryption if reference.binary else None
    return Destination(
        app=reference.app if reference.app.id or not build else App(build.app_id),
        platform=reference.number.platform,
        version=reference.number.version,
        build_number=reference.number.build_number,
        uses_non_exempt_encryption=build.uses_non_exempt_encryption if build else answered,
        compliance_code=reference.binary.compliance_code if reference.binary else "",
        exists=not reference.binary,
    )
