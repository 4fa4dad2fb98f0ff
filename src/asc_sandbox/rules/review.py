"""The rules of beta review: conditions of a submission, and its course."""

from __future__ import annotations

from functools import partial

from asc_sandbox.endpoints import Call
from asc_sandbox.entity_errors import unprocessable
from asc_sandbox.errors import Refusal
from asc_sandbox.rules.states import require_testable, review_state
from asc_sandbox.world import Record, World
from asc_sandbox.writing import Given, store

_CONTACT = ("contactFirstName", "contactLastName", "contactEmail", "contactPhone")
_VERDICTS = {"approved": "APPROVED", "rejected": "REJECTED"}


def submit(call: Call, given: Given) -> Record:
    """Submit a build to beta review. Raises Refusal if it cannot be reviewed."""
    build, world = given.one("build"), call.world
    require_testable(call.world, build)
    if build.attributes.get("buildAudienceType") == "INTERNAL_ONLY":
        raise unprocessable("INTERNAL_ONLY", "The build is for internal testing only.")
    if review_state(world, build):
        raise unprocessable("BUILD_ALREADY_SUBMITTED", "The build was submitted for review already.")
    _require_contact(world, build)
    _require_descriptions(world, build)
    # Apple reviews one build of a version at a time.
    for other in _others_of_train(world, build):
        if review_state(world, other) in ("WAITING_FOR_REVIEW", "IN_REVIEW"):
            raise unprocessable("ANOTHER_BUILD_IN_REVIEW", "Another build of this version is in review.")
    submission = store(call, given, betaReviewState="WAITING_FOR_REVIEW", submittedDate=call.context.now())
    review, agenda = call.context.review, call.context.agenda
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


def _require_descriptions(world: World, build: Record) -> None:
    """Raise Refusal unless the app is described to testers in its primary language and the languages of the notes."""
    for app in world.related(build, "app"):
        described = {
            description.attributes["locale"]: description.attributes
            for description in world.related(app, "betaAppLocalizations")
        }
        primary = described.get(app.attributes.get("primaryLocale"), {})
        # The code and the text for a gap are guesses. The text for a language below is from fastlane#20723, but its
        # code is a guess as well.
        missing = [name for name in ("description", "feedbackEmail") if not primary.get(name)]
        if missing:
            raise Refusal(
                422,
                "ENTITY_UNPROCESSABLE",
                "Beta App Description is missing",
                f"Missing: {', '.join(missing)}",
            )
        for notes in world.related(build, "betaBuildLocalizations"):
            if notes.attributes.get("whatsNew") and notes.attributes["locale"] not in described:
                raise Refusal(
                    422,
                    "ENTITY_UNPROCESSABLE",
                    "betaAppLocalizations not found for this app.",
                    "betaAppLocalization must exist for an app",
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
