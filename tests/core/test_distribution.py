"""Distribution of a build over HTTP: the requests of a request, each made once, also if answers are lost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from asc.api.document import Document
from asc.apps import texts
from asc.builds.build import QUERY, Build
from asc.changes.sending import SETTLING
from asc.errors import Error, LostAnswerError, UnreachableError
from asc.testflight import mappings
from asc.testflight.distribution import distribute
from asc.testflight.request import AppInfo, DistributionRequest, ReviewInfo
from asc.testflight.testers.tester import Tester as Person  # pytest takes names with Test for its own
from core.testflight import (
    CONTACT,
    FULL,
    REVIEW,
    TO_GROUPS,
    Older,
    app_state,
    open_testflight,
    refused,
)

JANE, MAX = "jane@example.com", "max@example.com"
EVERYTHING = replace(
    FULL,
    groups=("Friends", "QA", "Family"),
    create_groups="external",
    testers=(Person(JANE), Person(MAX)),
    review_info=ReviewInfo(notes="Log in"),
    app_info={"de-DE": AppInfo(description="Beispiel")},
    notify=True,
    expire_previous="train",
    reject_waiting=True,
)
WRITES = (
    "PATCH /v1/builds/b-42",
    "POST /v1/betaBuildLocalizations",
    "PATCH /v1/betaBuildLocalizations/*",
    "POST /v1/betaAppLocalizations",
    "PATCH /v1/betaAppReviewDetails/app",
    "PATCH /v1/buildBetaDetails/b-42",
    TO_GROUPS,
    "POST /v1/betaGroups",
    "POST /v1/builds/b-42/relationships/individualTesters",
    "POST /v1/betaTesters",
    "PATCH /v1/builds/b-39",
    "PATCH /v1/builds/b-40",
    REVIEW,
)


def test_a_full_distribution_takes_six_requests_beside_the_read_of_the_build() -> None:
    with open_testflight() as apple:
        assert apple.run(FULL) == ["compliance", "whats-new", "whats-new", "group", "review"]
        reads = apple.requests.count("GET /v1/builds/b-42")
        assert (len(apple.requests) - reads, reads) == (6, 1)
        assert apple.texts == {"en-US": "Faster.", "de-DE": "Schneller."}
        assert apple.groups == ["Friends", "QA"]
        assert apple.build.external_state == "WAITING_FOR_BETA_REVIEW"


def test_a_second_run_writes_nothing() -> None:
    request = replace(
        FULL,
        groups=("Friends", "QA", "Family"),
        create_groups="external",
        testers=(Person(JANE), Person("Max@Example.com")),
        review_info=mappings.review_info({**CONTACT, "notes": "Log in", "demo_account_required": "false"}),
        app_info={"default": AppInfo(description="Example")},
        notify=True,
    )
    with open_testflight(testers=[JANE], contact={}) as apple:
        assert len(apple.run(request)) == 13
        writes = apple.writes
        assert apple.run(request) == []
        assert apple.writes == writes


@pytest.mark.parametrize(
    "lost", [*([request] for request in WRITES), list(WRITES[3:8]), [*WRITES[1:3], WRITES[-1]]]
)
def test_lost_answers_leave_exactly_one_of_everything(lost: list[str]) -> None:
    older = [Older("b-39", 9, review="WAITING_FOR_REVIEW"), Older("b-40", 10)]
    faults = [f"{request} lost" for request in lost]
    with open_testflight(older=older, testers=[JANE], described=["en-US"], faults=faults) as apple:
        apple.run(EVERYTHING)
        assert apple.expired == ["b-39"]
        apple.approve()
        apple.run(EVERYTHING)
        assert apple.sandbox.faults_hit == len(lost)
        names = [group.attributes["name"] for group in apple.records("betaGroups")]
        assert sorted(names) == ["Family", "Friends", "QA", "Staff"]
        assert (apple.groups, apple.testers) == (["Family", "Friends", "QA"], [JANE, MAX])
        assert apple.expired == ["b-39", "b-40"]
        assert sorted(apple.writes) == sorted(set(apple.writes))
        assert apple.run(EVERYTHING) == []


@pytest.mark.parametrize(
    ("lost", "done"),
    [
        ("PATCH /v1/buildBetaDetails/b-42", ["notification"]),
        ("POST /v1/buildBetaNotifications", ["notification", "auto-notify"]),
    ],
)
def test_testers_are_notified_once_although_an_answer_is_lost(lost: str, done: list[str]) -> None:
    with open_testflight(
        answered=True, given=["g-friends"], review="APPROVED", faults=[f"{lost} lost"]
    ) as apple:
        assert apple.run(DistributionRequest(notify=True)) == done
        assert apple.writes == ["POST /v1/buildBetaNotifications", "PATCH /v1/buildBetaDetails/b-42"]
        assert apple.build.auto_notify


def test_an_answer_that_is_lost_every_time_ends_as_a_lost_answer() -> None:
    with (
        open_testflight(faults=["POST /v1/betaBuildLocalizations reset times=always"]) as apple,
        pytest.raises(LostAnswerError, match="de-DE"),
    ):
        apple.run(FULL)


def test_a_text_that_app_store_connect_created_meanwhile_is_changed() -> None:
    with open_testflight(answered=True) as apple:
        state = apple.build
        # App Store Connect makes them while it processes.
        apple.sandbox.world.add("betaBuildLocalizations", {"locale": "de-DE"}, {"build": "b-42"})
        request = DistributionRequest(whats_new={"de-DE": "Neu"})
        done = distribute(apple.client, request, app_state(), state).done
        assert [change.method for change in done] == ["PATCH"]
        assert apple.texts["de-DE"] == "Neu"


@pytest.mark.parametrize(
    ("status", "code", "detail"),
    [
        (404, "NOT_FOUND", "There is no resource of type 'builds' with id 'b-42'"),
        (409, "ENTITY_ERROR.RELATIONSHIP.INVALID", "There is no resource of type 'builds' with id 'b-42'"),
        (409, "STATE_ERROR.BUILD", "Not now"),
        (409, "ENTITY_ERROR", "The build lacks its export compliance answer"),
        (422, "ENTITY_UNPROCESSABLE", "Build is not in an externally assignable state"),
        (422, "ENTITY_UNPROCESSABLE.MISSING_EXPORT_COMPLIANCE", "The build lacks its answer"),
    ],
)
def test_groups_are_tried_again_while_the_build_settles(status: int, code: str, detail: str) -> None:
    with open_testflight(faults=[refused(TO_GROUPS, status, code, detail, times=2)]) as apple:
        assert "group" in apple.run(FULL)
        assert apple.slept == list(SETTLING[:2])
        assert apple.writes.count(TO_GROUPS) == 3


def test_a_build_that_never_settles_ends_in_apples_reason() -> None:
    fault = refused(TO_GROUPS, 422, "ENTITY_UNPROCESSABLE", "Not ready", times=9)
    with open_testflight(faults=[fault]) as apple:
        with pytest.raises(Error, match="Not ready"):
            apple.run(FULL)
        assert apple.slept == list(SETTLING)


def test_refused_texts_are_told_together_and_keep_nobody_from_the_build() -> None:
    faults = [
        refused("PATCH /v1/betaBuildLocalizations/l-en-US", 409, "ENTITY_ERROR.ATTRIBUTE.INVALID", "Emoji"),
        refused("PATCH /v1/betaAppReviewDetails/app", 409, "ENTITY_ERROR.ATTRIBUTE.INVALID", "Phone"),
    ]
    with open_testflight(faults=faults) as apple:
        with pytest.raises(Error, match=r"en-US: .*Emoji.*Phone") as raised:
            apple.run(replace(FULL, review_info=ReviewInfo(notes="Log in")))
        assert "whats-new" in raised.value.remedy
        assert raised.value.exit_code == 1
        assert apple.texts["de-DE"] == "Schneller."
        assert apple.groups == ["Friends", "QA"]


def test_changes_are_reported_also_if_a_later_one_fails() -> None:
    told: list[str] = []
    with open_testflight(older=[Older("b-41", 30, review="IN_REVIEW")]) as apple:
        with pytest.raises(Error, match="ANOTHER_BUILD_IN_REVIEW") as raised:
            apple.distribute(FULL, tell=lambda change: told.append(change.kind))
        assert told == ["compliance", "whats-new", "whats-new", "group"]
        assert "reject-waiting-review" in raised.value.remedy
        assert apple.slept == []


def test_a_server_that_cannot_be_reached_is_exit_code_3() -> None:
    with open_testflight() as apple:
        on, state = apple.preflight(FULL), apple.build
        apple.sandbox.stop()
        with pytest.raises(UnreachableError) as raised:
            distribute(apple.client, FULL, on, state)
        assert raised.value.exit_code == 3


@pytest.mark.parametrize("text", ["Fast ✨ ★ < ─ ▒ 🇩🇪 👨‍👩‍👧 1️⃣ ❤", "日本語 हिन्दी العربية", "x" * 9000])
def test_a_cleaned_text_is_accepted(text: str) -> None:
    cleaned, _ = texts.clean(text)
    with open_testflight() as apple:
        assert apple.run(DistributionRequest(whats_new={"default": cleaned})) == ["whats-new"]


# The build as it is read


def test_a_build_of_which_little_is_known_is_read() -> None:
    document = Document.read({"data": {"type": "builds", "id": "b", "attributes": {"expired": None}}})
    assert Build.read(document, document.resource) == Build("b", detail_id="b")


def test_all_texts_of_a_build_are_read_although_an_answer_includes_50() -> None:
    with open_testflight(texts={f"x{number}": "" for number in range(60)}) as apple:
        assert len(apple.build.localizations) == 60


def test_the_query_names_each_relationship_that_it_reads() -> None:
    for name in str(QUERY["include"]).split(","):
        assert name in str(QUERY["fields[builds]"]).split(",")
