"""The rules of build uploads: their numbers, their files, and the checks of a complete file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from asc_sandbox.endpoints import Call
from asc_sandbox.entity_errors import conflict, invalid_attribute
from asc_sandbox.rules.processing import Run, fail
from asc_sandbox.uploading.archive import ArchiveProblem, Contents, check_pkg, read_ipa
from asc_sandbox.uploading.depot import Delivery
from asc_sandbox.world import Record, World
from asc_sandbox.writing import Given, store

LARGEST_FILE = 4 * 1024**3
"""Bytes of an app: Apple's limit."""

_PLACES = {"ASSET": "assetFile", "ASSET_DESCRIPTION": "assetDescriptionFile", "ASSET_SPI": "assetSpiFile"}
_RELEASED = ("READY_FOR_DISTRIBUTION", "REPLACED_WITH_NEW_VERSION")
_ALGORITHMS = {"MD5": "md5", "SHA_256": "sha256"}


def start_upload(call: Call, given: Given) -> Record:
    """Create an upload. Refuse a build number that is not higher than every number used."""
    used = _used_numbers(call.world, given)
    build_number = given.attributes["cfBundleVersion"]
    last = max(used, key=_by_value, default=None)
    # Apple also answers DUPLICATE to numbers below the last one, as public reports show.
    if last is not None and any(_by_value(build_number) <= _by_value(number) for number in used):
        raise invalid_attribute(
            "cfBundleVersion",
            f"The bundle version must be higher than the previously uploaded version: '{last}'",
            kind="INVALID.DUPLICATE",
            meta={"previousBundleVersion": last},
        )
    now = call.context.now()
    return store(call, given, state="AWAITING_UPLOAD", createdDate=now, uploadedDate=None)


def withdraw(call: Call, upload: Record) -> None:
    """Delete an upload and its files. A build that it made stays."""
    for file in call.world.related(upload, "buildUploadFiles"):
        call.context.depot.forget(file.id)
        call.world.remove(file)
    call.world.remove(upload)


def reserve(call: Call, given: Given) -> Record:
    """Create the record of a file of an upload, and reserve space for its bytes."""
    upload, size = given.one("buildUpload"), given.attributes["fileSize"]
    # Public reports have this refusal (fastlane#19708).
    if not given.attributes["fileName"].isascii():
        raise invalid_attribute("fileName", "The file name has characters that are not allowed")
    place = _PLACES[given.attributes["assetType"]]
    if not 1 <= size <= LARGEST_FILE:
        raise invalid_attribute("fileSize", f"The size has to be from 1 to {LARGEST_FILE} bytes")
    state = upload.attributes["state"]["state"]
    if state != "AWAITING_UPLOAD":
        raise conflict("STATE_ERROR", f"The upload is in the state {state} and takes no files")
    if call.world.related(upload, place):
        raise conflict("STATE_ERROR.DUPLICATE", f"The upload has a file of the type already: {place}")
    file = store(call, given, assetDeliveryState="AWAITING_UPLOAD")
    delivery = call.context.depot.expect(file.id, size)
    call.world.relate(upload, place, file.id)
    return call.world.change(file, assetToken=delivery.token)


def operations(call: Call, file: Record) -> list[dict[str, Any]] | None:
    """Return the operations that send the parts of a file, None if it is complete."""
    delivery = call.context.depot.of_file(file.id)
    if delivery is None or delivery.committed:
        return None
    return call.context.depot.operations(delivery, call.base)


def receive(call: Call, file: Record, given: Given) -> Record:
    """Mark a file as complete if the client says so; a second time changes nothing."""
    delivery = call.context.depot.of_file(file.id)
    if not given.attributes.get("uploaded") or delivery is None or delivery.committed:
        return file
    if missing := delivery.missing():
        raise invalid_attribute("uploaded", f"Parts have not arrived: {', '.join(map(str, missing))}")
    checksums = given.attributes.get("sourceFileChecksums")
    problem = _checksum_problem(delivery, checksums or {})
    delivery.committed = True
    (upload,) = call.world.related(file, "buildUpload")
    if problem:
        fail(call.world, upload, [problem])
        state = {"state": "FAILED", "errors": [{"code": problem[0], "description": problem[1]}]}
        return call.world.change(file, sourceFileChecksums=checksums, assetDeliveryState=state)
    if file.attributes["assetType"] == "ASSET":
        _process(call, upload, file, delivery)
    return call.world.change(file, sourceFileChecksums=checksums, assetDeliveryState="COMPLETE")


def _process(call: Call, upload: Record, file: Record, delivery: Delivery) -> None:
    contents, problems = Contents(), []
    try:
        if file.attributes["uti"] == "com.apple.ipa":
            contents = read_ipa(delivery.path)
            problems = list(_mismatches(call.world, upload, contents))
        elif file.attributes["uti"] == "com.apple.pkg":
            check_pkg(delivery.path)
    except ArchiveProblem as problem:
        problems = [(problem.code, problem.description)]
    (app,) = call.world.related(upload, "app")
    plan = call.context.processing_of(app)
    Run(call.world, call.context, upload.id, contents, plan).begin(problems)


def _mismatches(world: World, upload: Record, contents: Contents) -> Iterator[tuple[str, str]]:
    """Yield the differences between the file and the upload as (code, description)."""
    # The codes are Apple's (ITMS-90054 and so on).
    (app,) = world.related(upload, "app")
    bundle_id = app.attributes.get("bundleId")
    if contents.bundle_id != bundle_id:
        yield "90054", f"CFBundleIdentifier is {contents.bundle_id}, the app has {bundle_id}."
    for code, name, found in (
        ("90062", "cfBundleShortVersionString", contents.version),
        ("90063", "cfBundleVersion", contents.build_number),
    ):
        if _by_value(found) != _by_value(upload.attributes[name]):
            yield code, f"{name[:1].upper()}{name[1:]} is {found}, the upload has {upload.attributes[name]}."
    for version in world.related(app, "appStoreVersions"):
        name = version.attributes["versionString"]
        if (
            version.attributes.get("appVersionState") in _RELEASED
            and version.attributes["platform"] == upload.attributes["platform"]
            and _by_value(name) == _by_value(upload.attributes["cfBundleShortVersionString"])
        ):
            yield (
                "90186",
                f"Invalid Pre-Release Train. The train version '{name}' is closed for new build submissions.",
            )


def _checksum_problem(delivery: Delivery, checksums: dict[str, Any]) -> tuple[str, str] | None:
    expected = checksums.get("file") or {}
    algorithm = _ALGORITHMS.get(str(expected.get("algorithm")))
    if algorithm is None:
        return None
    actual = delivery.digest(algorithm)
    if actual == str(expected.get("hash", "")).lower():
        return None
    return "CHECKSUM_MISMATCH", f"The {algorithm} of the file is {actual}, not {expected.get('hash')}."


def _used_numbers(world: World, given: Given) -> list[str]:
    """Return the numbers of all uploads and builds of the same app, platform and train."""
    app, platform = given.one("app"), given.attributes["platform"]
    version = _by_value(given.attributes["cfBundleShortVersionString"])
    uploads = [
        upload.attributes["cfBundleVersion"]
        for upload in world.related(app, "buildUploads")
        if _by_value(upload.attributes["cfBundleShortVersionString"]) == version
        and upload.attributes["platform"] == platform
    ]
    trains = [
        train
        for train in world.related(app, "preReleaseVersions")
        if (_by_value(train.attributes["version"]), train.attributes["platform"]) == (version, platform)
    ]
    builds = [build.attributes["version"] for train in trains for build in world.related(train, "builds")]
    return [number for number in (*uploads, *builds) if number is not None]


def _by_value(number: str | None) -> tuple[int, ...]:
    """Return a number in a form that can be compared."""
    parts = [int(part) if part.isdecimal() else 0 for part in (number or "").split(".")]
    # To Apple 1.5 and 1.5.0 are the same (fastlane#21789).
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)
