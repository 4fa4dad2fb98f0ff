"""Beta review and the notice to testers."""

from __future__ import annotations

from typing import Any

import pytest

from asc_sandbox.plans import Review
from sandbox.client import Client, Response
from sandbox.testflight import add_to_groups, code, states
from support.sandbox import app, build, seed, start_sandbox

READY = {"usesNonExemptEncryption": False}
CONTACT = {
    "contactFirstName": "Ada",
    "contactLastName": "Example",
    "contactEmail": "ada@example.com",
    "contactPhone": "+15555550100",
}


DESCRIBED = {"locale": "en-US", "description": "An example.", "feedbackEmail": "beta@example.com"}


def world(contact: dict[str, str | None] | None = None, *, described: bool = True) -> dict[str, Any]:
    return seed(
        apps=[
            app(
                "com.example.app",
                id="1",
                builds=[
                    build("1.0", "1", id="one", **READY),
                    build("1.0", "2", id="two", **READY),
                    build("1.1", "3", id="three", **READY),
                    build("1.1", "4", id="unanswered"),
                    build("1.1", "5", "PROCESSING", id="processing"),
                    build("1.1", "6", id="inside", buildAudienceType="INTERNAL_ONLY", **READY),
                ],
                betaGroups=[{"id": "friends", "name": "Friends"}],
                betaAppReviewDetail={**CONTACT, **(contact or {})},
                betaAppLocalizations=[DESCRIBED] if described else [],
            )
        ]
    )


def running(**options: Any) -> Any:
    return start_sandbox(world(), **{"review": Review(0), **options})


def submit(client: Client, build_id: str) -> Response:
    return client.post("betaAppReviewSubmissions", build=("builds", build_id))


def review_of(client: Client, build_id: str) -> list[str]:
    return client.get("/v1/betaAppReviewSubmissions", filter__build=build_id).attribute("betaReviewState")


def test_a_build_waits_is_reviewed_and_is_approved() -> None:
    with running(review=Review(60)) as sandbox:
        client = Client(sandbox)
        answer = submit(client, "one")
        assert answer.status == 201
        assert answer.document["data"]["attributes"]["betaReviewState"] == "WAITING_FOR_REVIEW"
        seen = [states(client, "one")[1]]
        for _ in range(2):
            sandbox.skip(30)
            seen.append(states(client, "one")[1])
        assert seen == ["WAITING_FOR_BETA_REVIEW", "IN_BETA_REVIEW", "BETA_APPROVED"]
        add_to_groups(client, "one", "friends")
        assert states(client, "one")[1] == "IN_BETA_TESTING"


def test_rejected() -> None:
    with running(review=Review(0, "rejected")) as sandbox:
        client = Client(sandbox)
        submit(client, "one")
        assert (review_of(client, "one"), states(client, "one")[1]) == (["REJECTED"], "BETA_REJECTED")
        filtered = client.get("/v1/builds", filter__betaAppReviewSubmission__betaReviewState="REJECTED")
        assert filtered.ids() == ["one"]


def test_builds_of_a_version_wait_for_each_other() -> None:
    with running(review=Review(0, "never")) as sandbox:
        client = Client(sandbox)
        assert submit(client, "one").status == 201
        assert code(submit(client, "two")) == (422, "ENTITY_UNPROCESSABLE.ANOTHER_BUILD_IN_REVIEW")
        assert submit(client, "three").status == 201
        assert client.patch("builds", "one", expired=True).status == 200
        assert review_of(client, "one") == []
        assert submit(client, "two").status == 201


def test_an_app_without_a_beta_description_is_refused_with_a_plain_code() -> None:
    with start_sandbox(world(described=False)) as sandbox:
        assert code(submit(Client(sandbox), "one")) == (422, "ENTITY_UNPROCESSABLE")


def test_notes_in_a_language_in_which_the_app_is_not_described_are_refused_at_the_submission() -> None:
    with start_sandbox(world()) as sandbox:
        client = Client(sandbox)
        notes = {"locale": "de-DE", "whatsNew": "Neu"}
        assert client.post("betaBuildLocalizations", notes, build=("builds", "one")).status == 201
        refused = submit(client, "one")
        assert (code(refused), refused.error["detail"]) == (
            (422, "ENTITY_UNPROCESSABLE"),
            "betaAppLocalization must exist for an app",
        )


@pytest.mark.parametrize(
    ("build_id", "reason"),
    [
        ("unanswered", "MISSING_EXPORT_COMPLIANCE"),
        ("processing", "BUILD_NOT_PROCESSED"),
        ("inside", "INTERNAL_ONLY"),
    ],
)
def test_builds_that_cannot_be_submitted(build_id: str, reason: str) -> None:
    with running() as sandbox:
        assert code(submit(Client(sandbox), build_id)) == (422, f"ENTITY_UNPROCESSABLE.{reason}")


def test_a_build_is_submitted_once() -> None:
    with running() as sandbox:
        client = Client(sandbox)
        submit(client, "one")
        assert code(submit(client, "one")) == (422, "ENTITY_UNPROCESSABLE.BUILD_ALREADY_SUBMITTED")


@pytest.mark.parametrize("missing", CONTACT)
def test_reviewers_need_somebody_to_call(missing: str) -> None:
    with start_sandbox(world({missing: None})) as sandbox:
        answer = submit(Client(sandbox), "one")
        assert code(answer) == (422, "ENTITY_UNPROCESSABLE.MISSING_BETA_APP_REVIEW_DETAIL")
        assert missing in answer.error["detail"]


def test_testers_are_told_when_there_are_any_and_they_are_not_told_anyhow() -> None:
    with running() as sandbox:
        client = Client(sandbox)

        def notify() -> Response:
            return client.post("buildBetaNotifications", build=("builds", "one"))

        add_to_groups(client, "one", "friends")
        assert code(notify()) == (422, "ENTITY_UNPROCESSABLE.NOBODY_TO_NOTIFY")
        submit(client, "one")
        assert notify().status == 201
        (detail,) = client.get("/v1/buildBetaDetails", filter__build="one").ids()
        client.patch("buildBetaDetails", detail, autoNotifyEnabled=True)
        assert code(notify()) == (422, "ENTITY_UNPROCESSABLE.AUTO_NOTIFY_ENABLED")
