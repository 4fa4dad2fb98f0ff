"""Prepare a version for its review: the build, export compliance, the way of its release, all planned first."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from asc.api.client import Client
from asc.api.document import reference, request_body
from asc.api.errors import ApiError
from asc.builds.build import Build
from asc.builds.number import same_value
from asc.errors import Error
from asc.store.release import make_phased, remove_phased
from asc.store.version import StoreVersion, confirm
from asc.store.wanted import APPLE, Finding

log = logging.getLogger(__name__)

SETTLING = (2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds between attempts at a PATCH that Apple refuses right after it made a version (fastlane 16911)."""


@dataclass(frozen=True)
class Preparation:
    """The wanted state of a version. `build` is None to keep the one that is attached, `phased` to leave it."""

    build: Build | None = None
    encryption: bool | None = None
    release_type: str = ""
    release_date: datetime | None = None
    phased: bool | None = None


@dataclass(frozen=True)
class Step:
    """One write and its line in the plan."""

    summary: str
    send: Callable[[Client], object]


def plan_preparation(version: StoreVersion, preparation: Preparation) -> tuple[Step, ...]:
    """Return the writes that are left, for a preparation without `problems`."""
    return (
        *_build_steps(version, preparation),
        *_release_steps(version, preparation),
        *_phased_steps(version, preparation),
    )


def check_prepared(client: Client, version_id: str, preparation: Preparation) -> None:
    """Raise Error if the version is not prepared although Apple accepted each write. Call it before the submission."""
    # A version with another way of release would go to users on its own after its approval.
    confirm(
        client,
        version_id,
        lambda version: not any(_lacking(version, preparation)),
        lambda version: Error(
            f"Apple accepted the changes, but version {version.version} does not have "
            f"{' and '.join(_lacking(version, preparation))}. It was not submitted.",
            "Run the step again; if it stays, make the change in App Store Connect, on the page of the version.",
        ),
    )


def _lacking(version: StoreVersion, preparation: Preparation) -> Iterator[str]:
    if preparation.build and preparation.build.id != version.build_id:
        yield f"build {preparation.build.build_number}"
    # Only now is the answer that of the wanted build: it is read with the attached one.
    elif preparation.build and preparation.encryption not in (None, version.encryption):
        yield "the answer to export compliance"
    if preparation.release_type and preparation.release_type != version.release_type:
        yield f"the release type {preparation.release_type}"
    if preparation.release_date and not _same_hour(preparation.release_date, version.earliest_release):
        yield f"the date of release {preparation.release_date:%Y-%m-%d %H:%M} UTC"
    if preparation.phased is not None and preparation.phased != (version.phased is not None):
        yield "a phased release" if preparation.phased else "a release to everybody at once"


def _same_hour(requested: datetime, current: datetime | None) -> bool:
    # The input takes whole hours alone, so that a smaller difference is Apple's rounding: a guess, because fastlane's
    # deliver rounds a date before it sends one.
    return current is not None and abs(requested - current) < timedelta(hours=1)


def problems(
    version: StoreVersion, preparation: Preparation, *, is_first: bool, now: datetime
) -> Iterator[Finding]:
    """Yield everything in the preparation that Apple would refuse."""
    if preparation.build:
        yield from _problems_of_build(version, preparation.build, preparation.encryption)
    elif not version.build_id:
        remedy = "Give submit-app-store build-id or build-number of a processed build."
        yield Finding("build", f"version {version.version} has no build", APPLE, remedy)
    if preparation.release_date and preparation.release_date <= now:
        date = f"{preparation.release_date:%Y-%m-%d %H:%M} UTC"
        message = f"the date of the release, {date}, is in the past, so Apple would release at once"
        yield Finding("release", message, APPLE, "Give release a date to come, or after-approval.")
    if preparation.phased and is_first:
        yield Finding("phased", "the first version of an app cannot be phased", APPLE, "Set phased: false.")


def _problems_of_build(version: StoreVersion, build: Build, encryption: bool | None) -> Iterator[Finding]:
    name = f"build {build}"
    if not same_value(build.version, version.version):
        message = f"{name} is of another version than {version.version}"
        yield Finding("build", message, APPLE, "Give a build of this version (train).")
    if build.processing_state != "VALID":
        remedy = (
            "Wait until it is processed (upload-testflight with wait: processing), or upload another build."
        )
        yield Finding(
            "build", f"{name} cannot be attached: Apple says {build.processing_state}", APPLE, remedy
        )
    if build.expired:
        yield Finding("build", f"{name} has expired", APPLE, "Upload a new build.")
    # A declaration that Apple has approved answers as well.
    is_answered = build.uses_non_exempt_encryption is not None or bool(build.declaration_id)
    if encryption is None and not is_answered:
        remedy = "Set uses-non-exempt-encryption, or put ITSAppUsesNonExemptEncryption into the Info.plist."
        yield Finding("encryption", f"{name} has no answer to export compliance", APPLE, remedy)
    # Apple does not let an answer change.
    existing = build.uses_non_exempt_encryption
    if None not in (existing, encryption) and existing != encryption:
        message = f"uses-non-exempt-encryption is {_word(encryption)}, but {name} says {_word(existing)}"
        remedy = "Leave uses-non-exempt-encryption out, or build again with another answer in the Info.plist."
        yield Finding("encryption", message, APPLE, remedy)


def _word(answer: bool | None) -> str:
    return str(answer).lower()


def _build_steps(version: StoreVersion, preparation: Preparation) -> list[Step]:
    build = preparation.build
    if build is None:
        return []
    steps = []
    # A build that has an answer keeps it, and an approved declaration is one.
    if build.uses_non_exempt_encryption is None and preparation.encryption is not None:
        answer = request_body("builds", {"usesNonExemptEncryption": preparation.encryption}, build.id)
        steps.append(
            Step(
                f"answer export compliance: {'not exempt' if preparation.encryption else 'exempt'}",
                lambda client: _patch(client, f"/v1/builds/{build.id}", answer),
            )
        )
    if build.id != version.build_id:
        path = f"/v1/appStoreVersions/{version.id}/relationships/build"
        steps.append(
            Step(
                f"attach build {build.build_number} to version {version.version}",
                lambda client: _patch(client, path, reference("builds", build.id)),
            )
        )
    return steps


def _release_steps(version: StoreVersion, preparation: Preparation) -> list[Step]:
    requested = preparation.release_date
    is_same_date = requested is None or _same_hour(requested, version.earliest_release)
    if not preparation.release_type or (version.release_type == preparation.release_type and is_same_date):
        return []
    date = f"{preparation.release_date:%Y-%m-%dT%H:%M:%SZ}" if preparation.release_date else None
    # A null clears the date of an earlier wish.
    attributes = {"releaseType": preparation.release_type, "earliestReleaseDate": date}
    body = request_body("appStoreVersions", attributes, version.id)
    ways = {"MANUAL": "by release-app-store", "AFTER_APPROVAL": "once it is approved"}
    return [
        Step(
            f"release the version {ways.get(preparation.release_type) or f'on {date}'}",
            lambda client: _patch(client, f"/v1/appStoreVersions/{version.id}", body),
        )
    ]


def _phased_steps(version: StoreVersion, preparation: Preparation) -> list[Step]:
    phased = version.phased
    if preparation.phased and phased is None:
        return [Step("give it to users over seven days", lambda client: make_phased(client, version))]
    if preparation.phased is False and phased is not None:
        return [Step("give it to everybody at once", lambda client: remove_phased(client, version, phased))]
    return []


def _patch(client: Client, path: str, body: dict[str, Any]) -> None:
    """Send a PATCH. Repeat it after a lost answer, and while Apple settles after it made the version."""
    for pause in (*SETTLING, None):
        try:
            client.patch_repeatable(path, body)
            return
        except ApiError as error:
            if pause is None or error.status != 409 or "cannot be edited at this time" not in error.message:
                raise
            log.info("Apple does not take the change yet; trying again in %.0f s", pause)
        client.pause(pause)
