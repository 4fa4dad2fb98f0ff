"""The rules of beta review: what may be submitted, and what becomes of it."""

from __future__ import annotations

from functools import partial

from asc_sandbox.endpoints import Call
from asc_sandbox.entity_errors import unprocessable
from asc_sandbox.rules.states import require_testable, review_state
from asc_sandbox.world import Record, World
from asc_sandbox.writing import Given, store

_CONTACT = ("contactFirstName", "contactLastName", "contactEmail", "contactPhone")
_VERDICTS = {"approved": "APPROVED", "rejected": "REJECTED"}


def submit(call: Call, given: Given) -> Record:
    """Submit a build to beta review."""
    build, world = given.one("build"), call.world
    require_testable(call.world, build)
    if build.attributes.get("buildAudienceType") == "INTERNAL_ONLY":
        raise unprocessable("INTERNAL_ONLY", "The build is for internal testing only.")
    if review_state(world, build):
        raise unprocessable("BUILD_ALREADY_SUBMITTED", "The build was submitted for review already.")
    _require_contact(world, build)
    for other in _others_of_train(world, build):
        if review_state(world, other) in ("WAITING_FOR_REVIEW", "IN_REVIEW"):
            raise unprocessable("ANOTHER_BUILD_IN_REVIEW", "Another build of this version is in review.")
    submission = store(call, given, betaReviewState="WAITING_FOR_REVIEW", submittedDate=call.stage.now())
    review, agenda = call.stage.review, call.stage.agenda
    if review.outcome != "never":
        agenda.after(review.seconds / 2, partial(_set_state, world, submission.id, "IN_REVIEW"))
        verdict = _VERDICTS[review.outcome]
        agenda.after(review.seconds, partial(_set_state, world, submission.id, verdict))
    return submission


def _require_contact(world: World, build: Record) -> None:
    for app in world.related(build, "app"):
        details = world.related(app, "betaAppReviewDetail")
        missing = [name for name in _CONTACT if not (details and details[0].attributes.get(name))]
        if missing:
            raise unprocessable(
                "MISSING_BETA_APP_REVIEW_DETAIL", f"The review details of the app lack {', '.join(missing)}."
            )


def _others_of_train(world: World, build: Record) -> list[Record]:
    return [
        other
        for train in world.related(build, "preReleaseVersion")
        for other in world.related(train, "builds")
        if other.id != build.id
    ]


def _set_state(world: World, submission_id: str, state: str) -> None:
    if submission := world.find("betaAppReviewSubmissions", submission_id):
        world.change(submission, betaReviewState=state)
