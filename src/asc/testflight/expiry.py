"""Earlier builds to expire, and builds to take out of the queue of beta review.

https://developer.apple.com/documentation/appstoreconnectapi/patch-v1-builds-_id_
A build leaves the queue only by expiring, and that cannot be undone.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from asc.api.client import Client, Query
from asc.api.lists import chunks
from asc.builds.build import Build
from asc.builds.number import same_value, spellings
from asc.testflight.request import DistributionRequest
from asc.testflight.state import AppState, goes_outside

IN_QUEUE = ("WAITING_FOR_REVIEW", "IN_REVIEW")
SETTLED, DECIDED = ("VALID", "FAILED", "INVALID", ""), ("APPROVED", "REJECTED", "")
"""The states of processing and of the review in which nothing happens to a build any more."""


@dataclass(frozen=True)
class EarlierBuilds:
    """Builds that make way: `previous` ones expire, `waiting` ones leave the queue of beta review."""

    previous: tuple[Build, ...] = ()
    waiting: tuple[Build, ...] = ()


NO_OTHERS = EarlierBuilds()


def others(
    client: Client, request: DistributionRequest, app_state: AppState, state: Build | None
) -> EarlierBuilds:
    """Return the builds that make way. Makes at most one listing for each of the two reasons, side by side.

    They are of the same platform. `previous` ones were uploaded before, in the same train unless the whole platform is
    requested; `waiting` ones are in the queue of the train, the only one that blocks this build.
    """
    destination = app_state.destination
    platform = state.platform if state and state.platform else destination.platform
    version = (state.version if state else "") or destination.version
    train = version if request.expire_previous == "train" else None
    # The two listings do not depend on each other.
    with ThreadPoolExecutor(1) as pool:
        withdrawn = (
            # Without a version this would empty the queue of the whole platform, and only its train blocks the build.
            version and request.reject_waiting and request.submit_review and goes_outside(request, app_state)
        )
        in_queue = {
            "filter[preReleaseVersion.version]": spellings(version),
            "filter[betaAppReviewSubmission.betaReviewState]": ",".join(IN_QUEUE),
        }
        listing = pool.submit(_list, client, destination.app.id, platform, in_queue) if withdrawn else None
        listed: tuple[Build, ...] = ()
        if request.expire_previous and (train or request.expire_previous == "platform"):
            in_train = {"filter[preReleaseVersion.version]": spellings(train) if train else None}
            listed = _list(client, destination.app.id, platform, in_train)
        waiting = listing.result() if listing else ()
    return EarlierBuilds(
        previous=tuple(
            other
            for other in listed
            if (not train or same_value(other.version, train))
            and not _is_busy(other)
            and _is_before(other, state)
        ),
        waiting=tuple(other for other in waiting if _is_in_the_way(other, version, state)),
    )


def expired_among(client: Client, build_ids: Sequence[str]) -> frozenset[str]:
    """Return those of the builds (ids) that have expired. Makes no request for none."""
    found = (
        build
        for ids in chunks(build_ids)
        for build in client.list(
            "/v1/builds", {"filter[id]": ",".join(ids), "fields[builds]": "expired"}, retry_404=True
        ).data
    )
    return frozenset(build.id for build in found if build.attributes.get("expired") is True)


def _list(client: Client, app_id: str, platform: str, query: Query) -> tuple[Build, ...]:
    document = client.list(
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
        retry_404=True,
    )
    builds = (Build.read(document, resource) for resource in document.data)
    # Compared again: Apple's filters can match more. A build without a platform has no train, and stays.
    return tuple(build for build in builds if build.platform == platform and not build.expired)


def _is_busy(build: Build) -> bool:
    """Return True if Apple is at work on the build, so that somebody waits for it."""
    # Expiring cannot be undone: an unknown state counts as work.
    return build.processing_state not in SETTLED or build.review_state not in DECIDED


def _is_in_the_way(other: Build, version: str, state: Build | None) -> bool:
    """Return True if the other build is in the queue of the train. Filters alone are not trusted with this."""
    is_queued = same_value(other.version, version) and other.review_state in ("", *IN_QUEUE)
    return is_queued and (state is None or other.id != state.id)


def _is_before(other: Build, state: Build | None) -> bool:
    """Return True if the other build was uploaded before. Without a date that is unknown, and the build stays."""
    # A build that does not exist yet is newer than all others.
    if state is None:
        return True
    # Expiring cannot be undone, so that a build of unknown age stays.
    if other.id == state.id or not other.uploaded_at or not state.uploaded_at:
        return False
    return other.uploaded_at < state.uploaded_at
