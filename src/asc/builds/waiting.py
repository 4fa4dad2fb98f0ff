"""Wait for Apple to process an upload. The record of the upload and the build are watched together.

Each alone can mislead: a record may stay AWAITING_UPLOAD although its build is VALID, and reads of records answer 404
at random. FAILED and INVALID end the wait at once, with Apple's reasons.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta

from asc import words
from asc.api.client import Client
from asc.api.errors import ApiError
from asc.api.polling import Polling, look_until
from asc.assets.model import Reason
from asc.assets.upload import reasons_text
from asc.builds.build import DEAD_ENDS, Build, fetch_build
from asc.builds.finding import find_build
from asc.builds.number import Number
from asc.builds.upload import record
from asc.builds.upload.model import COMPLETE, FAILED, Upload
from asc.errors import Error, UnreachableError

log = logging.getLogger(__name__)

CLOCKS_DIFFER = timedelta(minutes=1)
"""The most that the dates of an upload and of its build may differ, because two services at Apple write them."""
BLANKS_SURVIVED = 5
"""Looks in a row that may be answered “not found”."""
INSTALLABLE_INTERNALLY = {"READY_FOR_BETA_TESTING", "IN_BETA_TESTING"}
INSTALLABLE_EXTERNALLY = {"READY_FOR_BETA_TESTING", "IN_BETA_TESTING", "BETA_APPROVED"}


@dataclass(frozen=True)
class WatchedBuild:
    """The build to wait for: its number, and the ids that are known ("" if not)."""

    number: Number
    upload_id: str = ""
    build_id: str = ""


@dataclass(frozen=True)
class BuildSnapshot:
    """The upload and the build as of one poll; None if not listed yet."""

    upload: Upload | None = None
    build: Build | None = None

    def __str__(self) -> str:
        if self.build and self.build.processing_state != "VALID":
            return f"the build is {self.build.processing_state}"
        if self.build:
            states = {
                "internal testing": self.build.internal_state,
                "external testing": self.build.external_state,
            }
            return (
                ", ".join(f"{name}: {state}" for name, state in states.items() if state)
                or "the build is VALID"
            )
        return (
            f"the upload is {self.upload.state}" if self.upload else "App Store Connect does not list it yet"
        )


def is_taken(seen: BuildSnapshot) -> bool:
    """Return True if Apple has accepted the upload: it is checked, or it has a build."""
    return seen.build is not None or (seen.upload is not None and seen.upload.state == COMPLETE)


def has_build(seen: BuildSnapshot) -> bool:
    """Return True if Apple has made a build, processed or not."""
    return seen.build is not None


def is_processed(seen: BuildSnapshot) -> bool:
    """Return True if the build can be given to testers.

    A VALID build is not processed while its beta detail says PROCESSING, mostly for minutes and on the Mac: until then
    Apple answers groups and submissions with 422. A build without a detail counts as processed.
    """
    build = seen.build
    return (
        is_valid(seen)
        and build is not None
        and "PROCESSING" not in (build.internal_state, build.external_state)
    )


def is_valid(seen: BuildSnapshot) -> bool:
    """Return True if Apple has accepted the build."""
    return seen.build is not None and seen.build.processing_state == "VALID"


def is_installable(seen: BuildSnapshot, external: bool) -> bool:
    """Return True if testers can install the build: external ones if `external`, else the team.

    Raises Error for a state that waiting does not change.
    """
    if not is_processed(seen) or seen.build is None:
        return False
    state_there = seen.build.external_state if external else seen.build.internal_state
    if state_there in DEAD_ENDS:
        raise Error(f"Testers will not get the build: it is {state_there}.", DEAD_ENDS[state_there])
    if external:
        return seen.build.external_state in INSTALLABLE_EXTERNALLY
    return seen.build.internal_state in INSTALLABLE_INTERNALLY


class Watch:
    """Polls a build until a condition is met or the deadline has passed. `timeout` is in seconds from now."""

    def __init__(self, client: Client, target: WatchedBuild, timeout: float) -> None:
        self.target = target
        self._client = client
        self._clock = client.clock
        self._timeout = timeout
        self._began = self._clock.monotonic()
        self._blanks = 0
        self.seen = BuildSnapshot()
        """The newest snapshot that was not empty."""

    @property
    def deadline(self) -> float:
        """Return the end of the wait, in seconds of the monotonic clock."""
        return self._began + self._timeout

    def look(self) -> BuildSnapshot:
        """Poll once and return the snapshot; the last one if App Store Connect could not be reached."""
        return self._look() or self.seen

    def until(self, reached: Callable[[BuildSnapshot], bool]) -> BuildSnapshot:
        """Poll until `reached` returns True. Raises Error if Apple refuses the build or the time is over."""
        polling = Polling(self._client, self.deadline)
        while True:
            look = self._look()
            if look:
                # First, because a condition such as `has_build` also holds for a build that Apple refused.
                self._check(look)
                # Before the time is checked: a build that became ready in the last pause is in time.
                if reached(look):
                    log.info("%s: %s (after %s)", self.target.number, look, self._waited())
                    return look
            seen = look or self.seen
            if polling.is_news(str(seen)):
                log.info("%s: %s (%s so far)", self.target.number, seen, self._waited())
            if polling.left <= 0:
                raise self._too_late(seen)
            polling.pause()

    def _look(self) -> BuildSnapshot | None:
        # None if App Store Connect was not reached: an earlier snapshot may not be true any more.
        try:
            with self._client.until(self.deadline):
                seen = self._look_once()
        except ApiError as error:
            self._blanks += 1
            # App Store Connect answers 404 at random for builds and uploads that exist.
            if error.status != 404 or self._blanks > BLANKS_SURVIVED:
                raise
            return BuildSnapshot()
        except UnreachableError as error:
            # The wait goes on until its own deadline.
            log.info("%s", error.message)
            return None
        self._blanks = 0
        if seen.build:
            self.target = replace(self.target, build_id=seen.build.id)
        self.seen = seen
        return seen

    def _look_once(self) -> BuildSnapshot:
        target, client = self.target, self._client
        # The build is all that is needed: the record of the upload says nothing more about it.
        if target.build_id:
            return BuildSnapshot(build=fetch_build(client, target.build_id))
        if not target.upload_id:
            return BuildSnapshot(build=find_build(client, target.number))
        # Without the app, only the record of the upload leads to the build.
        if not target.number.app_id:
            upload = record.read(client, target.upload_id)
            return BuildSnapshot(upload, fetch_build(client, upload.build_id) if upload.build_id else None)
        # Read both at the same time: each can show progress that the other hides.
        with ThreadPoolExecutor(1) as pool:
            reading = pool.submit(record.read, client, target.upload_id, target.number.app_id)
            build = find_build(client, target.number)
            upload = reading.result()
        if upload.build_id and (build is None or build.id != upload.build_id):
            build = fetch_build(client, upload.build_id)
        return BuildSnapshot(upload, build if build and _is_of(build, upload) else None)

    def _check(self, seen: BuildSnapshot) -> None:
        """Raise Error for a state that waiting does not change."""
        if seen.build and seen.build.processing_state in ("FAILED", "INVALID"):
            raise refusal(self.target.number, seen.build.processing_state, self._why(seen))
        # A record may say FAILED for an earlier attempt although a later one made a valid build.
        if seen.upload and seen.upload.state == FAILED and not is_valid(seen):
            raise refusal(self.target.number, FAILED, seen.upload.errors)

    def _why(self, seen: BuildSnapshot) -> tuple[Reason, ...]:
        # Apple's reasons are in the record of the upload, also if the build was refused.
        if seen.upload and seen.upload.errors:
            return seen.upload.errors
        try:
            if self.target.upload_id:
                return record.read(self._client, self.target.upload_id).errors
            uploads = record.find(self._client, self.target.number) if self.target.number.app_id else []
            return uploads[0].errors if uploads else ()
        except Error:
            # The refusal is the news, not that its reasons cannot be had.
            return ()

    def _waited(self) -> str:
        return words.duration(self._clock.monotonic() - self._began)

    def _too_late(self, seen: BuildSnapshot) -> Error:
        message = (
            f"{self.target.number} was not ready after {words.duration(self._timeout)} (timeout): {seen}."
        )
        # With the id the next run needs neither the file nor a second upload.
        known = self.target.upload_id and f"build-upload-id: {self.target.upload_id}"
        known = known or (self.target.build_id and f"build-id: {self.target.build_id}")
        # Nothing was ever listed for a number alone, so that the number itself may be mistyped.
        if not known and seen == BuildSnapshot():
            return Error(
                message,
                "Check version, build-number and platform, and that the build was uploaded; or give a longer timeout.",
            )
        instead = f", or with {known} instead of file" if known else ""
        return Error(
            message,
            f"Nothing is lost. Run the step again with a longer timeout{instead}.",
        )


def check_received(client: Client, number: Number, upload_id: str) -> None:
    """Raise Error if App Store Connect accepted the end of an upload and lacks the file, or refuses it already."""
    upload = look_until(client, lambda: record.read(client, upload_id), record.is_received)
    if upload.state == FAILED:
        raise refusal(number, FAILED, upload.errors)
    if not record.is_received(upload):
        raise Error(
            f"App Store Connect accepted the end of the upload of {number}, but still waits for its file.",
            "Run the step again: it continues where it stopped, and sends no part twice.",
        )


def _is_of(build: Build, upload: Upload) -> bool:
    """Return True if the build came from the upload: the record says so, or it has its number and is not older.

    A number can have an older build that failed, and the record may never name its build.
    """
    if upload.build_id:
        return build.id == upload.build_id
    # Without a date the number decides: a wait for ever would be worse.
    return not (build.uploaded_at and upload.created) or build.uploaded_at >= upload.created - CLOCKS_DIFFER


def refusal(number: Number, state: str, why: tuple[Reason, ...]) -> Error:
    """Return the error for a build that Apple refused."""
    if not why:
        return Error(
            f"Apple could not process build {number} and gave no reason (state {state}).",
            "Read Apple's email or the TestFlight page, then upload a new build with a new build number.",
        )
    return Error(
        f"Apple refused build {number} ({state}): {reasons_text(why)}.",
        f"{record.hint(why)} Upload a new build with a new build number.".strip(),
    )
