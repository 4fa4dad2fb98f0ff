"""Builds that make way: earlier ones that expire, and those in the queue of beta review that are withdrawn.

https://developer.apple.com/documentation/appstoreconnectapi/patch-v1-builds-_id_
A build leaves the queue by expiring; there is no other way, and no way back.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from asc.api.client import Client, Query
from asc.api.document import Document
from asc.builds.build import BuildState
from asc.builds.number import same_value, spellings
from asc.testflight.request import DistributionRequest
from asc.testflight.state import AppState, goes_outside
from asc.words import printable_name

IN_QUEUE = ("WAITING_FOR_REVIEW", "IN_REVIEW")
SETTLED, DECIDED = ("VALID", "FAILED", "INVALID", ""), ("APPROVED", "REJECTED", "")
"""Where a build stands in beta review as long as that is not over."""


@dataclass(frozen=True)
class EarlierBuild:
    """Another build of the app."""

    id: str
    version: str
    build_number: str
    platform: str
    uploaded_at: datetime | None
    processing_state: str = ""
    review_state: str = ""

    @property
    def is_busy(self) -> bool:
        """Whether Apple is at work on it, so that somebody waits for it."""
        # Expiring cannot be undone: a state that is not known counts as work.
        return self.processing_state not in SETTLED or self.review_state not in DECIDED

    def __str__(self) -> str:
        return f"{printable_name(self.version)} ({printable_name(self.build_number)})"


@dataclass(frozen=True)
class EarlierBuilds:
    """The builds that are to make way."""

    previous: tuple[EarlierBuild, ...] = ()
    waiting: tuple[EarlierBuild, ...] = ()


NO_OTHERS = EarlierBuilds()


def others(
    client: Client, request: DistributionRequest, app_state: AppState, state: BuildState | None
) -> EarlierBuilds:
    """The builds that are to make way: at most one listing for each of the two reasons, side by side.

    Of the same platform; earlier ones that are not expired, in the same train unless the platform is wished; and
    those of the train in the queue of beta review, where this build is to be reviewed. Only builds of one train keep
    each other out of it.
    """
    destination = app_state.destination
    platform = state.platform if state and state.platform else destination.platform
    version = (state.version if state else "") or destination.version
    train = version if request.expire_previous == "train" else None
    with ThreadPoolExecutor(1) as pool:
        withdrawn = (
            version and request.reject_waiting and request.submit_review and goes_outside(request, app_state)
        )
        in_queue = {
            "filter[preReleaseVersion.version]": spellings(version),
            "filter[betaAppReviewSubmission.betaReviewState]": ",".join(IN_QUEUE),
        }
        asked = pool.submit(_list, client, destination.app.id, platform, in_queue) if withdrawn else None
        found: tuple[EarlierBuild, ...] = ()
        if request.expire_previous and (train or request.expire_previous == "platform"):
            in_train = {"filter[preReleaseVersion.version]": spellings(train) if train else None}
            found = _list(client, destination.app.id, platform, in_train)
        waiting = asked.result() if asked else ()
    return EarlierBuilds(
        previous=tuple(
            other
            for other in found
            if (not train or same_value(other.version, train))
            and not other.is_busy
            and _is_before(other, state)
        ),
        waiting=tuple(other for other in waiting if _is_in_the_way(other, version, state)),
    )


def _list(client: Client, app_id: str, platform: str, query: Query) -> tuple[EarlierBuild, ...]:
    found = client.list(
        "/v1/builds",
        {
            "filter[app]": app_id,
            "filter[expired]": "false",
            "filter[preReleaseVersion.platform]": platform,
            "include": "preReleaseVersion,betaAppReviewSubmission",
            "fields[builds]": "version,uploadedDate,expired,processingState,preReleaseVersion,betaAppReviewSubmission",
            "fields[preReleaseVersions]": "version,platform",
            "fields[betaAppReviewSubmissions]": "betaReviewState",
            **query,
        },
    )
    return tuple(other for other in _read(found) if other.platform == platform)


def _read(found: Document) -> Iterator[EarlierBuild]:
    for build in found.data:
        train = found.one(build, "preReleaseVersion")
        submission = found.one(build, "betaAppReviewSubmission")
        if train and build.attributes.get("expired") is not True:
            yield EarlierBuild(
                build.id,
                train.text("version"),
                build.text("version"),
                train.text("platform"),
                build.time("uploadedDate"),
                build.text("processingState"),
                submission.text("betaReviewState") if submission else "",
            )


def _is_in_the_way(other: EarlierBuild, version: str, state: BuildState | None) -> bool:
    """Whether the queue of the train has it, as far as can be seen: filters alone are not trusted with this."""
    here = same_value(other.version, version) and other.review_state in ("", *IN_QUEUE)
    return here and (state is None or other.id != state.id)


def _is_before(other: EarlierBuild, state: BuildState | None) -> bool:
    """Whether it was uploaded before the build; where a date is missing, nobody can say, and it stays."""
    if state is None:
        return True
    if other.id == state.id or not other.uploaded_at or not state.uploaded_at:
        return False
    return other.uploaded_at < state.uploaded_at
