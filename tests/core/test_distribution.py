"""Distribution: given this App Store Connect, with these wishes, then this plan and these requests."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest

from asc.api.client import Client
from asc.api.clock import Clock
from asc.api.document import Document
from asc.api.key.model import ApiKey
from asc.api.session import Settings
from asc.apps import texts
from asc.builds.build import QUERY, Build, Localization, fetch_build
from asc.changes.sending import SETTLING
from asc.errors import Error, LostAnswerError, UnreachableError
from asc.testflight import mappings
from asc.testflight.distribution import distribute, planned
from asc.testflight.expiry import NO_OTHERS, EarlierBuilds, others
from asc.testflight.plan import plan
from asc.testflight.preflight import preflight
from asc.testflight.request import AppInfo, DistributionRequest, ReviewInfo
from asc.testflight.request import Tester as Person  # pytest takes names with Test for its own
from asc.testflight.state import TO_COME, AppState, Declaration, Destination, Known
from asc_sandbox.server import Sandbox
from core.distributing import (
    CONTACT,
    DESCRIBED,
    DESTINATION,
    FRIENDS,
    FULL,
    GROUPS,
    QA,
    READY,
    STAFF,
    TO_FRIENDS,
    UNANSWERED,
    Apple,
    Json,
    app_state,
    group,
    older,
    refusal,
    run,
    thing,
)
from support.sandbox import app, build, seed, start_sandbox


def summaries(
    wishes: DistributionRequest,
    of: AppState,
    state: Build | None = READY,
    besides: EarlierBuilds = NO_OTHERS,
) -> list[list[str]]:
    return [[change.summary for change in phase] for phase in plan(wishes, of, state, besides).phases]


# What is planned


def test_a_full_distribution_in_its_order() -> None:
    wishes = DistributionRequest(
        whats_new={"en-US": "Faster.", "de-DE": "Schneller."},
        groups=("Friends", "QA"),
        testers=(Person("jane@example.com"), Person("new@example.com", "New", "One")),
        review_info=ReviewInfo(notes="Log in first"),
        app_info={"en-US": AppInfo(description="An example")},
        uses_non_exempt_encryption=False,
        notify=False,
        expire_previous="train",
        reject_waiting=True,
    )
    state = replace(READY, uses_non_exempt_encryption=None, external_state="MISSING_EXPORT_COMPLIANCE")
    of = app_state(
        FRIENDS,
        QA,
        tester_ids={"jane@example.com": "t-jane"},
        destination=replace(DESTINATION, uses_non_exempt_encryption=None),
    )
    waiting = Build("b-40", "40", "1.5", "IOS")
    earlier = Build("b-41", "41", "1.5", "IOS")
    found = plan(wishes, of, state, EarlierBuilds((waiting, earlier), (waiting,)), expire_later=True)
    assert [[change.summary for change in phase] for phase in found.phases] == [
        ["answer export compliance: uses no non-exempt encryption"],
        [
            "set what's new in en-US",
            "set what's new in de-DE",
            "set the test information in en-US: description",
            "set the information for beta review: notes",
            "do not notify testers when the build is available",
        ],
        [
            "add to the external group Friends and the internal group QA",
            "add j…@example.com",
            "invite n…@example.com",
            "expire build 1.5 (40) to take it out of beta review",
        ],
        ["submit to beta review"],
        ["expire build 1.5 (41)"],
    ]


def test_nothing_wished_is_nothing_done() -> None:
    assert plan(DistributionRequest(), app_state(), READY).phases == ()
    assert plan(DistributionRequest(), app_state(), None).phases == ()


def test_a_build_that_does_not_exist_yet_needs_everything() -> None:
    wishes = replace(TO_FRIENDS, whats_new={"default": "Faster."}, notify=True, create_groups="external")
    of = app_state(FRIENDS, new_groups=("Family",))
    found = plan(wishes, of, None)
    assert [change.summary for change in found.changes] == [
        "set what's new in en-US",
        "notify testers when the build is available",
        "add to the external group Friends",
        "create the external group Family with the build in it",
        "submit to beta review",
    ]
    assert all(TO_COME in change.path + json.dumps(change.body) for change in found.changes)


def test_groups_of_one_build_go_in_one_request() -> None:
    (phase, _) = plan(DistributionRequest(groups=("Friends", "QA")), app_state(FRIENDS, QA), READY).phases
    assert (phase[0].method, phase[0].path) == ("POST", "/v1/builds/b-42/relationships/betaGroups")
    assert phase[0].body == {
        "data": [{"type": "betaGroups", "id": "g-friends"}, {"type": "betaGroups", "id": "g-qa"}]
    }


def test_only_the_groups_that_do_not_have_the_build_get_it() -> None:
    state = replace(READY, group_ids=frozenset({"g-friends"}), external_state="IN_BETA_TESTING")
    assert summaries(DistributionRequest(groups=("Friends", "QA")), app_state(FRIENDS, QA), state) == [
        ["add to the internal group QA"]
    ]


def test_internal_groups_with_all_builds_get_nothing_added_and_that_is_said() -> None:
    found = plan(DistributionRequest(groups=("Staff",)), app_state(STAFF), READY)
    assert found.phases == ()
    assert found.notes == ("Nothing is added to the internal group Staff, which gets every build by itself",)


def test_internal_groups_need_no_review() -> None:
    assert summaries(DistributionRequest(groups=("QA",)), app_state(QA)) == [["add to the internal group QA"]]


@pytest.mark.parametrize(
    "state",
    [
        "WAITING_FOR_BETA_REVIEW",
        "IN_BETA_REVIEW",
        "BETA_APPROVED",
        "READY_FOR_BETA_TESTING",
        "IN_BETA_TESTING",
    ],
)
def test_what_is_submitted_is_not_submitted_again(state: str) -> None:
    there = replace(READY, external_state=state, group_ids=frozenset({"g-friends"}))
    assert summaries(TO_FRIENDS, app_state(FRIENDS), there) == []


def test_a_submission_counts_also_while_the_state_lags_behind() -> None:
    there = replace(READY, review_state="WAITING_FOR_REVIEW", group_ids=frozenset({"g-friends"}))
    assert summaries(TO_FRIENDS, app_state(FRIENDS), there) == []


def test_no_review_where_it_is_not_wished_is_said() -> None:
    found = plan(replace(TO_FRIENDS, submit_review=False), app_state(FRIENDS), READY)
    assert [change.kind for change in found.changes] == ["group"]
    assert "submit-beta-review is false" in found.notes[0]


def test_review_comes_after_apples_review_of_the_encryption() -> None:
    found = plan(TO_FRIENDS, app_state(FRIENDS), replace(READY, external_state="IN_EXPORT_COMPLIANCE_REVIEW"))
    assert [change.kind for change in found.changes] == ["group"]
    assert "run the step again afterwards" in found.notes[0]


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (replace(READY, external_state="BETA_REJECTED"), "was rejected by beta review"),
        (replace(READY, review_state="REJECTED"), "was rejected by beta review"),
        (replace(READY, expired=True), "has expired"),
        (replace(READY, processing_state="INVALID"), "is INVALID"),
        (replace(READY, processing_state="FAILED"), "is FAILED"),
        (replace(READY, audience="INTERNAL_ONLY"), "for internal testing only"),
        (
            replace(READY, uses_non_exempt_encryption=True, external_state="MISSING_EXPORT_COMPLIANCE"),
            "misses an export",
        ),
    ],
)
def test_what_cannot_be_done_any_more_is_an_error_before_anything_is_done(state: Build, message: str) -> None:
    with pytest.raises(Error, match=message) as raised:
        plan(TO_FRIENDS, app_state(FRIENDS), state)
    assert raised.value.remedy


@pytest.mark.parametrize(
    ("there", "wished", "kinds"),
    [
        (None, False, ["compliance"]),
        (None, True, ["compliance"]),
        (False, False, []),
        (True, None, []),
        (False, None, []),
        (None, None, []),
    ],
)
def test_export_compliance_is_answered_once(
    there: bool | None, wished: bool | None, kinds: list[str]
) -> None:
    state = replace(READY, uses_non_exempt_encryption=there)
    found = plan(DistributionRequest(uses_non_exempt_encryption=wished), app_state(), state)
    assert [change.kind for change in found.changes] == kinds
    for change in found.changes:
        assert change.body["data"]["attributes"] == {"usesNonExemptEncryption": wished}


def test_another_answer_to_export_compliance_is_an_error() -> None:
    with pytest.raises(Error, match="uses-non-exempt-encryption is true, but the build says false"):
        plan(DistributionRequest(uses_non_exempt_encryption=True), app_state(), READY)


def test_a_declaration_goes_along_with_the_answer_in_one_request() -> None:
    wishes = DistributionRequest(encryption_declaration="ABC")
    of = app_state(declaration=Declaration("d-1", "ABC", "APPROVED"))
    (change,) = plan(wishes, of, replace(READY, uses_non_exempt_encryption=None)).changes
    assert (change.method, change.path) == ("PATCH", "/v1/builds/b-42")
    assert change.body["data"] == {
        "type": "builds",
        "id": "b-42",
        "attributes": {"usesNonExemptEncryption": True},
        "relationships": {
            "appEncryptionDeclaration": {"data": {"type": "appEncryptionDeclarations", "id": "d-1"}}
        },
    }
    linked = replace(READY, uses_non_exempt_encryption=True, declaration_id="d-1")
    assert plan(wishes, of, linked).phases == ()


def texts_planned(whats_new: Mapping[str, str], **there: str) -> dict[str, tuple[str, str]]:
    localizations = {name.replace("_", "-"): Localization(f"l-{name}", text) for name, text in there.items()}
    found = plan(
        DistributionRequest(whats_new=whats_new), app_state(), replace(READY, localizations=localizations)
    )
    return {
        change.summary.split()[-1]: (change.method, change.body["data"]["attributes"]["whatsNew"])
        for change in found.changes
    }


def test_whats_new_goes_to_the_locales_that_are_named() -> None:
    assert texts_planned({"en-US": "New", "de-DE": "Neu"}, en_US="", fr_FR="") == {
        "en-US": ("PATCH", "New"),
        "de-DE": ("POST", "Neu"),
    }


def test_the_default_goes_to_each_locale_that_is_not_named() -> None:
    assert texts_planned({"default": "New", "de-DE": "Neu"}, en_US="", fr_FR="", de_DE="") == {
        "de-DE": ("PATCH", "Neu"),
        "en-US": ("PATCH", "New"),
        "fr-FR": ("PATCH", "New"),
    }


def test_the_default_goes_to_the_primary_locale_where_there_is_none() -> None:
    assert texts_planned({"default": "New"}) == {"en-US": ("POST", "New")}


def test_whats_new_that_reads_the_same_stays() -> None:
    assert texts_planned({"default": "One\nTwo"}, en_US="One\r\nTwo\n") == {}


def test_test_information_changes_only_what_differs() -> None:
    of = app_state(
        app_localizations={"en-US": Known("a-en", {"description": "Old", "feedbackEmail": "a@example.com"})}
    )
    info = AppInfo(description="New", feedback_email="a@example.com")
    changes = plan(DistributionRequest(app_info={"en-US": info, "ja": info}), of, READY).changes
    assert [(change.method, change.body["data"]["attributes"]) for change in changes] == [
        ("PATCH", {"description": "New"}),
        ("POST", {"locale": "ja", "description": "New", "feedbackEmail": "a@example.com"}),
    ]


def test_a_demo_password_is_in_no_text_that_is_shown() -> None:
    wishes = DistributionRequest(review_info=ReviewInfo(demo_account_password="hunter2"))
    found = plan(wishes, app_state(review_detail=Known("app", {"demoAccountPassword": "older"})), READY)
    assert found.changes[0].body["data"]["attributes"] == {"demoAccountPassword": "hunter2"}
    assert "hunter2" not in repr(found) + repr(wishes)
    assert "older" not in repr(app_state(review_detail=Known("app", {"demoAccountPassword": "older"})))


@pytest.mark.parametrize(
    ("wished", "there", "state", "kinds"),
    [
        (None, False, "IN_BETA_TESTING", []),
        (True, True, "IN_BETA_TESTING", []),
        (True, False, "READY_FOR_BETA_SUBMISSION", ["auto-notify"]),
        (True, False, "IN_BETA_TESTING", ["notification", "auto-notify"]),
        (False, True, "IN_BETA_TESTING", ["auto-notify"]),
        (False, False, "IN_BETA_TESTING", []),
    ],
)
def test_notifications(wished: bool | None, there: bool, state: str, kinds: list[str]) -> None:
    build = replace(READY, auto_notify=there, external_state=state, group_ids=frozenset({"g-friends"}))
    found = plan(DistributionRequest(notify=wished), app_state(), build)
    assert [change.kind for change in found.changes] == kinds


# What is asked and done


def test_a_full_distribution_takes_six_requests_beside_the_polls() -> None:
    apple = Apple(groups=dict(GROUPS))
    assert run(apple, FULL) == ["compliance", "whats-new", "whats-new", "group", "review"]
    polls = apple.requests.count("GET /v1/builds/b-42")
    assert (len(apple.requests) - polls, polls) == (6, 1)
    assert apple.build["texts"] == {"en-US": "Faster.", "de-DE": "Schneller."}
    assert apple.build["groups"] == ["g-friends", "g-qa"]
    assert apple.build["external"] == "WAITING_FOR_BETA_REVIEW"


def test_a_second_run_does_nothing() -> None:
    apple = Apple(groups=dict(GROUPS), testers={"jane@example.com": "t-jane"}, review={})
    wishes = replace(
        FULL,
        groups=("Friends", "QA", "Family"),
        create_groups="external",
        testers=(Person("jane@example.com"), Person("Max@Example.com")),
        review_info=mappings.review_info({**CONTACT, "notes": "Log in", "demo_account_required": "false"}),
        app_info={"default": AppInfo(description="Example")},
        notify=True,
    )
    assert len(run(apple, wishes)) == 13
    writes = len(apple.writes)
    assert run(apple, wishes) == []
    assert len(apple.writes) == writes


EVERYTHING = replace(
    FULL,
    groups=("Friends", "QA", "Family"),
    create_groups="external",
    testers=(Person("jane@example.com"), Person("max@example.com")),
    review_info=ReviewInfo(notes="Log in"),
    app_info={"de-DE": AppInfo(description="Beispiel")},
    notify=True,
    expire_previous="train",
    reject_waiting=True,
)
WRITES = (
    "PATCH /v1/builds/b-42",
    "POST /v1/betaBuildLocalizations",
    "PATCH /v1/betaBuildLocalizations/.*",
    "POST /v1/betaAppLocalizations",
    "PATCH /v1/betaAppReviewDetails/app",
    "PATCH /v1/buildBetaDetails/b-42",
    "POST /v1/builds/b-42/relationships/betaGroups",
    "POST /v1/betaGroups",
    "POST /v1/builds/b-42/relationships/individualTesters",
    "POST /v1/betaTesters",
    "PATCH /v1/builds/b-39",
    "PATCH /v1/builds/b-40",
    "POST /v1/betaAppReviewSubmissions",
)


@pytest.mark.parametrize(
    "lost", [*([each] for each in WRITES), list(WRITES[3:8]), [*WRITES[1:3], WRITES[-1]]]
)
def test_lost_answers_leave_exactly_one_of_everything(lost: list[str]) -> None:
    apple = Apple(
        groups=dict(GROUPS),
        testers={"jane@example.com": "t-jane"},
        older=[older("b-39", 9, review="WAITING_FOR_REVIEW"), older("b-40", 10)],
        app_texts={"en-US": dict(DESCRIBED)},
        lose=list(lost),
    )
    run(apple, EVERYTHING)
    assert [each["id"] for each in apple.older if each["expired"]] == ["b-39"]
    apple.build["external"] = "IN_BETA_TESTING"
    run(apple, EVERYTHING)
    assert apple.lose == []
    assert sorted(group["name"] for group in apple.groups.values()) == ["Family", "Friends", "QA", "Staff"]
    assert sorted(apple.build["testers"]) == ["t-jane", "t-max@example.com"]
    assert apple.build["groups"] and apple.submissions == 1
    assert all(each["expired"] for each in apple.older)
    assert sorted(apple.writes) == sorted(set(apple.writes))
    assert run(apple, EVERYTHING) == []


def test_a_notification_is_sent_once_also_where_other_answers_are_lost() -> None:
    apple = Apple(
        build={"encryption": False, "external": "IN_BETA_TESTING", "groups": ["g-friends"]},
        lose=["PATCH /v1/buildBetaDetails/b-42"],
    )
    assert run(apple, DistributionRequest(notify=True)) == ["notification"]
    assert apple.writes == ["POST /v1/buildBetaNotifications", "PATCH /v1/buildBetaDetails/b-42"]
    assert (apple.notifications, apple.build["notify"]) == (1, True)


def test_a_notification_whose_answer_is_lost_is_not_repeated() -> None:
    apple = Apple(
        build={"encryption": False, "external": "IN_BETA_TESTING", "groups": ["g-friends"]},
        lose=["POST /v1/buildBetaNotifications"],
    )
    assert run(apple, DistributionRequest(notify=True)) == ["notification", "auto-notify"]
    assert apple.notifications == 1


def test_answers_lost_for_ever_end_in_an_error_of_their_kind() -> None:
    apple = Apple(groups=dict(GROUPS))
    lost = LostAnswerError("POST was sent, but its answer was lost.", "Look.")
    with (
        patch.object(Apple, "post", side_effect=lost),
        pytest.raises(LostAnswerError, match="Could not set what's new"),
    ):
        run(apple, FULL)


def test_who_was_faster_in_creating_a_text_is_not_a_failure() -> None:
    apple = Apple(build={"encryption": False, "external": "READY_FOR_BETA_SUBMISSION"})
    state = fetch_build(apple, "b-42")  # type: ignore[arg-type]
    apple.build["texts"]["de-DE"] = ""  # App Store Connect makes them while it processes
    wishes = DistributionRequest(whats_new={"de-DE": "Neu"})
    done = distribute(apple, wishes, app_state(), state).done  # type: ignore[arg-type]
    assert [change.method for change in done] == ["PATCH"]
    assert apple.build["texts"]["de-DE"] == "Neu"


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
    groups = "POST /v1/builds/b-42/relationships/betaGroups"
    apple = Apple(groups=dict(GROUPS), refuse=[(groups, refusal(status, code, detail))] * 2)
    assert "group" in run(apple, FULL)
    assert apple.slept == list(SETTLING[:2])
    assert apple.writes.count(groups) == 3


def test_a_build_that_never_settles_ends_in_apples_reason() -> None:
    groups = "POST /v1/builds/b-42/relationships/betaGroups"
    apple = Apple(
        groups=dict(GROUPS), refuse=[(groups, refusal(422, "ENTITY_UNPROCESSABLE", "Not ready"))] * 9
    )
    with pytest.raises(Error, match=r"Could not add to the external group Friends .*Not ready"):
        run(apple, FULL)
    assert apple.slept == list(SETTLING)


def test_a_refusal_lets_the_others_of_the_phase_finish_and_is_told_with_them() -> None:
    apple = Apple(
        groups=dict(GROUPS),
        refuse=[
            (
                "PATCH /v1/betaBuildLocalizations/l-en-US",
                refusal(409, "ENTITY_ERROR.ATTRIBUTE.INVALID", "Emoji"),
            ),
            ("PATCH /v1/betaAppReviewDetails/app", refusal(409, "ENTITY_ERROR.ATTRIBUTE.INVALID", "Phone")),
        ],
    )
    with pytest.raises(
        Error, match=r"Could not set what's new in en-US: .*Emoji.* Neither: .*Phone"
    ) as raised:
        run(apple, replace(FULL, review_info=ReviewInfo(notes="Log in")))
    assert "whats-new" in raised.value.remedy
    assert raised.value.exit_code == 1
    assert apple.build["texts"]["de-DE"] == "Schneller."
    assert apple.build["groups"] == ["g-friends", "g-qa"], "a refused text keeps nobody from the build"


def test_what_was_done_is_told_also_when_a_later_change_fails() -> None:
    apple: Any = Apple(
        groups=dict(GROUPS),
        refuse=[
            (
                "POST /v1/betaAppReviewSubmissions",
                refusal(422, "ENTITY_UNPROCESSABLE.ANOTHER_BUILD_IN_REVIEW"),
            )
        ],
    )
    told: list[str] = []
    on, state = preflight(apple, FULL, UNANSWERED), fetch_build(apple, "b-42")
    with pytest.raises(Error, match="ANOTHER_BUILD_IN_REVIEW") as raised:
        distribute(apple, FULL, on, state, lambda change: told.append(change.kind))
    assert told == ["compliance", "whats-new", "whats-new", "group"]
    assert "reject-waiting-review" in raised.value.remedy
    assert apple.slept == []


def test_a_server_that_cannot_be_reached_keeps_its_exit_code() -> None:
    apple = Apple(groups=dict(GROUPS))
    with (
        patch.object(Apple, "patch", side_effect=UnreachableError("No answer.", "Later.")),
        pytest.raises(UnreachableError, match="Could not answer export compliance") as raised,
    ):
        run(apple, FULL)
    assert raised.value.exit_code == 3


# What is looked at before the upload


def look(apple: Any, wishes: DistributionRequest, destination: Destination = DESTINATION) -> AppState:
    return preflight(apple, wishes, destination)


def test_nothing_wished_is_nothing_asked() -> None:
    apple = Apple()
    look(apple, DistributionRequest(whats_new={"default": "New"}, notify=True))
    assert apple.requests == []


def test_one_request_for_everything_of_the_app() -> None:
    apple = Apple(
        groups=dict(GROUPS),
        declarations=[
            thing("appEncryptionDeclarations", "d", codeValue="C", appEncryptionDeclarationState="APPROVED")
        ],
    )
    wishes = DistributionRequest(
        groups=("friends ",), app_info={"ja": AppInfo("x")}, encryption_declaration="C"
    )
    found = look(apple, wishes, UNANSWERED)
    assert apple.requests == ["GET /v1/apps/app"]
    assert found.groups == (FRIENDS,)
    assert found.declaration == Declaration("d", "C", "APPROVED")


@pytest.mark.parametrize("wished", ["Friends", "friends", " FRIENDS ", "g-friends"])
def test_groups_by_name_and_id(wished: str) -> None:
    assert look(Apple(groups=dict(GROUPS)), DistributionRequest(groups=(wished, "Friends"))).groups == (
        FRIENDS,
    )


def test_an_exact_name_wins_over_one_in_another_case() -> None:
    apple = Apple(groups={"a": group("beta"), "b": group("Beta"), "c": group("BETA")})
    assert look(apple, DistributionRequest(groups=("Beta",))).groups[0].id == "b"
    with pytest.raises(
        Error, match=r"groups: 3 groups of the app are called bEtA \(beta: a, Beta: b, BETA: c\)"
    ):
        look(apple, DistributionRequest(groups=("bEtA",)))


def test_two_groups_of_one_name_are_told_by_their_ids() -> None:
    apple = Apple(groups={"a": group("Beta"), "b": group("Beta")})
    with pytest.raises(Error, match=r"Beta: a, Beta: b") as raised:
        look(apple, DistributionRequest(groups=("Beta",)))
    assert "id" in raised.value.remedy


def test_an_unknown_group_is_an_error_with_the_real_ones() -> None:
    with pytest.raises(Error) as raised:
        look(Apple(groups=dict(GROUPS)), DistributionRequest(groups=("QA", "Frinds")))
    assert "no group Frinds (its groups: Friends, QA, Staff). Did you mean Friends?" in raised.value.message
    assert "create-groups" in raised.value.remedy


def test_unknown_groups_are_made_where_that_is_wished_but_not_of_ids() -> None:
    wishes = DistributionRequest(groups=("Family", "family", "QA"), create_groups="internal")
    found = look(Apple(groups=dict(GROUPS)), wishes)
    assert (found.groups, found.new_groups) == ((QA,), ("Family",))
    gone = "01234567-89ab-cdef-0123-456789abcdef"
    with pytest.raises(Error, match=gone):
        look(Apple(groups=dict(GROUPS)), replace(wishes, groups=(gone,)))


def test_10000_groups_are_all_read_and_few_are_named() -> None:
    many = {f"g-{number}": group(f"Group {number}") for number in range(10_000)}
    apple = Apple(groups=many)
    assert look(apple, DistributionRequest(groups=("Group 9876",))).groups[0].id == "g-9876"
    assert apple.requests == ["GET /v1/apps/app", "GET /v1/betaGroups"]
    with pytest.raises(Error) as raised:
        look(apple, DistributionRequest(groups=("Grop 9876",)))
    assert "Did you mean Group 9876?" in raised.value.message
    assert " more" in raised.value.message
    assert len(raised.value.message) < 2000


@pytest.mark.parametrize("name", ["a\n::error::b", "\x1b[31mred", "\u202egnp", "x" * 10_000, "", " "])
def test_hostile_names_of_groups_write_no_lines_of_their_own(name: str) -> None:
    with pytest.raises(Error) as raised:
        look(Apple(groups={"g": group(name)}), DistributionRequest(groups=("Beta",)))
    assert raised.value.message.isprintable()
    assert len(raised.value.message) < 400
    found = look(Apple(groups={"g": group(name)}), DistributionRequest(groups=("g",)))
    assert all(change.summary.isprintable() for change in plan(TO_FRIENDS, found, READY).changes)


@pytest.mark.parametrize("missing", [["contactPhone"], ["contactFirstName", "contactEmail"]])
def test_a_review_without_a_contact_is_an_error_that_lists_what_is_missing(missing: list[str]) -> None:
    there = {name: value for name, value in CONTACT.items() if name not in missing}
    apple = Apple(groups=dict(GROUPS), review={**there, **dict.fromkeys(missing)})
    with pytest.raises(Error) as raised:
        look(apple, TO_FRIENDS)
    words = [re.sub("([A-Z])", lambda found: f"-{found[0].lower()}", name) for name in missing]
    assert raised.value.message.endswith(f"has: {', '.join(words)}.")
    given = mappings.review_info({name: CONTACT[name] for name in missing})
    assert look(apple, replace(TO_FRIENDS, review_info=given))
    assert look(apple, replace(TO_FRIENDS, submit_review=False))
    assert look(apple, DistributionRequest(groups=("QA",)))


def test_a_demo_account_that_is_needed_must_be_there() -> None:
    apple = Apple(groups=dict(GROUPS), review={**CONTACT, "demoAccountRequired": True})
    with pytest.raises(Error, match="demo-account-name, demo-account-password"):
        look(apple, TO_FRIENDS)
    apple.review["demoAccountName"] = "demo"  # Apple shows no password
    assert look(apple, TO_FRIENDS)


def test_export_compliance_must_be_answered_before_anybody_gets_the_build() -> None:
    apple = Apple(groups=dict(GROUPS))
    with pytest.raises(Error, match="not answered") as raised:
        look(apple, TO_FRIENDS, UNANSWERED)
    assert "uses-non-exempt-encryption" in raised.value.remedy
    with pytest.raises(Error, match="uses-non-exempt-encryption is true, but the build says false"):
        look(apple, DistributionRequest(uses_non_exempt_encryption=True))
    with pytest.raises(Error, match="encryption-declaration is given, but"):
        look(
            apple,
            DistributionRequest(uses_non_exempt_encryption=False, encryption_declaration="x"),
            UNANSWERED,
        )
    assert apple.writes == []


def test_what_an_existing_build_says_of_encryption_is_asked_when_it_is_read() -> None:
    apple: Any = Apple(groups=dict(GROUPS))
    on = look(apple, TO_FRIENDS, replace(UNANSWERED, exists=True))
    assert plan(TO_FRIENDS, on, READY).changes
    with pytest.raises(Error, match="not answered"):
        plan(TO_FRIENDS, on, replace(READY, uses_non_exempt_encryption=None))


@pytest.mark.parametrize(
    ("wished", "message"),
    [
        ("X", r"has no declaration X. It has: d \(C, IN_REVIEW\)"),
        ("C", "is not approved"),
        ("d", "is not approved"),
    ],
)
def test_a_declaration_must_be_there_and_approved(wished: str, message: str) -> None:
    there = thing("appEncryptionDeclarations", "d", codeValue="C", appEncryptionDeclarationState="IN_REVIEW")
    with pytest.raises(Error, match=message):
        look(Apple(declarations=[there]), DistributionRequest(encryption_declaration=wished), UNANSWERED)


def test_many_testers_are_looked_up_in_few_requests() -> None:
    people = tuple(Person(f"p{number}@example.com") for number in range(90))
    apple = Apple(testers={person.email: f"t{index}" for index, person in enumerate(people[:50])})
    found = look(apple, DistributionRequest(testers=people, submit_review=False))
    assert len(found.tester_ids) == 50
    assert apple.requests == ["GET /v1/betaTesters"] * 3


def test_many_are_told_by_their_number() -> None:
    people = tuple(Person(f"p{number}@example.com") for number in range(90))
    on = app_state(tester_ids={person.email: person.email for person in people})
    assert summaries(DistributionRequest(testers=people), on)[0] == ["add 90 testers"]


# Over HTTP, against the sandbox


@contextmanager
def app_store_connect(
    names: Iterable[str] = (), *, faults: Iterable[str] = (), world: Json | None = None
) -> Iterator[tuple[Client, Sandbox]]:
    groups = [{"id": f"g-{index}", "name": name} for index, name in enumerate(names)]
    world = world or seed(apps=[app("com.example.app", id="app", betaGroups=groups)])
    with start_sandbox(world, faults=faults) as sandbox:
        key = sandbox.api_key()
        made = ApiKey(key["key_id"], key["issuer_id"], key["key"])
        clock = Clock(sleep=lambda seconds: time.sleep(min(seconds, 0.01)))
        client = Client(made, Settings(sandbox.url), "Admin", clock=clock)
        yield client, sandbox
        client.close()


BUILDS = [
    build("1.5", "39", id="b-39", uploadedDate="2026-01-09T00:00:00Z", usesNonExemptEncryption=False),
    build("1.5", "40", id="b-40", uploadedDate="2026-01-10T00:00:00Z"),
    build("1.5", "42", id="b-42", uploadedDate="2026-01-31T00:00:00Z"),
]
THERE = [{"id": each, **attributes} for each, attributes in GROUPS.items()]
BUILT = seed(
    apps=[app("com.example.app", id="app", builds=BUILDS, betaGroups=THERE)],
    buildBetaDetails=[{"id": "b-42", "build": "b-42"}],
    betaBuildLocalizations=[{"id": "l-en-US", "build": "b-42", "locale": "en-US"}],
    betaAppReviewDetails=[{"id": "app", "app": "app", **CONTACT}],
    betaAppLocalizations=[{"id": "a-en-US", "app": "app", "locale": "en-US", **DESCRIBED}],
    betaAppReviewSubmissions=[{"id": "b-39", "build": "b-39", "betaReviewState": "WAITING_FOR_REVIEW"}],
    betaTesters=[{"id": "t-jane", "email": "jane@example.com", "apps": ["app"]}],
)


def over_http(client: Client, wishes: DistributionRequest) -> list[str]:
    return run(client, wishes)


def test_a_full_distribution_over_http_and_a_second_run() -> None:
    wishes = replace(FULL, reject_waiting=True, groups=("Friends", "QA", "Staff"))
    with app_store_connect(world=BUILT) as (client, sandbox):
        assert over_http(client, wishes) == [
            "compliance",
            "whats-new",
            "whats-new",
            "app-info",
            "group",
            "withdraw",
            "review",
        ]
        paths = [f"{each.method} {each.path}" for each in sandbox.requests]
        others = {"GET /v1/builds/b-42", "GET /v1/builds", "PATCH /v1/builds/b-39"}
        assert len([path for path in paths if path not in others]) == 7
        there = fetch_build(client, "b-42")
        assert there.external_state == "WAITING_FOR_BETA_REVIEW"
        assert there.group_ids == {"g-friends", "g-qa"}
        assert {name: each.whats_new for name, each in there.localizations.items()} == FULL.whats_new
        assert over_http(client, wishes) == []


@pytest.mark.parametrize("lost", WRITES)
def test_lost_answers_over_http(lost: str) -> None:
    fault = lost.replace(".*", "*") + " lost"
    wishes = replace(EVERYTHING, notify=False)
    with app_store_connect(world=BUILT, faults=[fault]) as (client, _):
        over_http(client, wishes)
        assert over_http(client, wishes) == []
        there = fetch_build(client, "b-42")
        assert (there.external_state, len(there.group_ids), len(there.tester_ids)) == (
            "WAITING_FOR_BETA_REVIEW",
            3,
            2,
        )


@pytest.mark.parametrize("text", ["Fast ✨ ★ < ─ ▒ 🇩🇪 👨‍👩‍👧 1️⃣ ❤", "日本語 हिन्दी العربية", "x" * 9000])
def test_what_is_cleaned_is_taken_over_http(text: str) -> None:
    cleaned, _ = texts.clean(text)
    with app_store_connect(world=BUILT) as (client, _):
        assert over_http(client, DistributionRequest(whats_new={"default": cleaned})) == ["whats-new"]


@pytest.mark.parametrize(("count", "requests"), [(50, 1), (51, 2), (450, 4)])
def test_groups_take_one_request_up_to_50(count: int, requests: int) -> None:
    wishes = DistributionRequest(groups=("Group 49",), submit_review=False)
    with app_store_connect(f"Group {number}" for number in range(count)) as (client, sandbox):
        assert [each.id for each in preflight(client, wishes, DESTINATION).groups] == ["g-49"]
        assert len(sandbox.requests) == requests


def test_hostile_names_over_http() -> None:
    wishes = DistributionRequest(groups=("Group",), submit_review=False)
    with app_store_connect(["a\n::error::b", "\x1b[31m", "x" * 5000, "é, ü"]) as (client, _):
        with pytest.raises(Error, match="no group Group") as raised:
            preflight(client, wishes, DESTINATION)
        assert raised.value.message.isprintable()
        assert preflight(client, replace(wishes, groups=("É,  Ü",)), DESTINATION).groups[0].name == "é, ü"


# Builds that make way


def test_previous_builds_are_those_before_of_the_train_or_of_the_platform() -> None:
    apple: Any = Apple(
        older=[
            older("b-1", 1, "1.4"),
            older("b-41", 30),
            older("b-43", 31),
            {**older("b-44", 31), "uploaded": "2026-02-01T00:00:00Z"},
            older("b-42", 31),
        ]
    )
    train = others(apple, DistributionRequest(expire_previous="train"), app_state(), READY).previous
    assert [other.id for other in train] == ["b-41"]
    whole = others(apple, DistributionRequest(expire_previous="platform"), app_state(), READY).previous
    assert [other.id for other in whole] == ["b-1", "b-41"]
    assert apple.requests == ["GET /v1/builds"] * 2


def test_a_dry_run_shows_what_would_expire() -> None:
    apple: Any = Apple(older=[older("b-41", 30)])
    found = planned(apple, DistributionRequest(expire_previous="train"), app_state(), None)
    assert [change.summary for change in found.changes] == ["expire build 1.5 (b-41)"]


def test_waiting_builds_are_withdrawn_only_where_this_one_is_submitted() -> None:
    apple: Any = Apple(older=[older("b-41", 30, review="WAITING_FOR_REVIEW")])
    wishes = replace(TO_FRIENDS, reject_waiting=True)
    kinds = [change.kind for change in planned(apple, wishes, app_state(FRIENDS), READY).changes]
    assert kinds == ["group", "withdraw", "review"]
    waiting = replace(READY, external_state="WAITING_FOR_BETA_REVIEW")
    assert [change.kind for change in planned(apple, wishes, app_state(FRIENDS), waiting).changes] == [
        "group"
    ]
    assert [change.kind for change in planned(apple, wishes, app_state(QA), READY).changes] == ["group"]


# What users write


def test_wishes_in_fastlanes_names_and_in_any_style() -> None:
    assert mappings.whats_new({"default": {"whats_new": "New"}, "de-DE": "Neu"}) == {
        "default": "New",
        "de-DE": "Neu",
    }
    assert mappings.whats_new("New") == {"default": "New"}
    info = {
        "feedback_email": "a@example.com",
        "tv_os_privacy_policy_url": "x",
        "privacyPolicyUrl": "y",
        "marketing-url": "",
    }
    assert mappings.app_info({"default": info}) == {
        "default": AppInfo(feedback_email="a@example.com", tv_os_privacy_policy="x", privacy_policy_url="y")
    }
    assert mappings.review_info(
        {"contactFirstName": "Jane", "contact-phone": 15550100, "demo_account_required": "True"}
    ) == ReviewInfo(contact_first_name="Jane", contact_phone="15550100", demo_account_required=True)


@pytest.mark.parametrize(
    ("parse", "value", "reason"),
    [
        (
            mappings.review_info,
            {"contact_fone": "1"},
            "contact_fone is not known. Did you mean contact_phone?",
        ),
        (mappings.review_info, {"contact_phone": "1", "contactPhone": "2"}, "contact_phone is given twice"),
        (
            mappings.review_info,
            {"demo_account_required": "yes"},
            "demo_account_required is neither true nor false",
        ),
        (mappings.review_info, {"contact_email": "jane"}, "contact_email is not an email address"),
        (mappings.review_info, {"notes": ["a"]}, "notes is not a text"),
        (mappings.app_info, {"de": {}}, "did you mean de-DE?"),
        (mappings.app_info, {"en-US": "text"}, "en-US is not a mapping of description"),
        (
            mappings.app_info,
            {"en-US": {"descripton": "x"}},
            "descripton in en-US is not known. Did you mean description?",
        ),
        (mappings.whats_new, {"en-US": "a", "en_us": "b"}, "en-US is given twice"),
        (mappings.whats_new, {"en-US": {"text": "b"}}, "There are whats_new."),
        (mappings.testers, ["jane"], "jane is not an email address"),
    ],
)
def test_what_is_written_wrong_is_told_by_its_key(
    parse: Callable[[Any], object], value: Any, reason: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)) as raised:
        parse(value)
    assert str(raised.value).isprintable()


def test_testers_with_names_and_each_once() -> None:
    assert mappings.testers(
        ["jane@example.com", "Ludwig van Beethoven <lvb@example.com>", "JANE@example.com"]
    ) == (
        Person("jane@example.com"),
        Person("lvb@example.com", "Ludwig", "van Beethoven"),
    )
    assert Person("jane@example.com").masked == "j…@example.com"


# The build as it is read


def test_a_build_of_which_little_is_known() -> None:
    document = Document.read({"data": {"type": "builds", "id": "b", "attributes": {"expired": None}}})
    assert Build.read(document, document.resource) == Build("b", detail_id="b")


def test_texts_that_did_not_come_along_are_read() -> None:
    class Long(Apple):
        def list(self, path: str, query: Mapping[str, Any], **_: bool) -> Document:
            assert path == "/v1/builds/b-42/betaBuildLocalizations"
            return Document.read(
                {
                    "data": [
                        thing("betaBuildLocalizations", f"l{n}", locale=f"x{n}", whatsNew="")
                        for n in range(60)
                    ]
                }
            )

    apple: Any = Long(build={"texts": {f"x{n}": "" for n in range(50)}})
    assert len(fetch_build(apple, "b-42").localizations) == 60


def test_the_query_names_each_relationship_that_it_reads() -> None:
    for name in str(QUERY["include"]).split(","):
        assert name in str(QUERY["fields[builds]"]).split(",")
