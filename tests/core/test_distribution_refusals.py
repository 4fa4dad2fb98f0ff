"""Refusals of App Store Connect: those that pass, those that are final, and those with another way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from asc.api.errors import ApiError, AppleError
from asc.apps import texts
from asc.changes.change import Change
from asc.changes.sending import SETTLING
from asc.errors import Error
from asc.testflight.distribution import distribute, groups_with_build
from asc.testflight.plan import plan
from asc.testflight.refusals import RULES
from asc.testflight.request import DistributionRequest
from core.testflight import (
    FRIENDS,
    FULL,
    GROUPS,
    READY,
    REVIEW,
    TO_FRIENDS,
    TO_GROUPS,
    Older,
    TestFlight,
    app_state,
    group,
    open_testflight,
    refused,
)

COMPLIANCE = "PATCH /v1/builds/b-42"
MISSING = "ENTITY_UNPROCESSABLE.MISSING_EXPORT_COMPLIANCE"


# Final, or passing


@pytest.mark.parametrize(
    ("status", "code", "detail"),
    [
        (409, "ENTITY_ERROR.RELATIONSHIP.INVALID", "The group belongs to another app than the build"),
        (409, "ENTITY_ERROR.ATTRIBUTE.INVALID", "Not a name"),
        (409, "ENTITY_ERROR", "There is a problem with the request entity"),
        (409, "SOMETHING_NEW", "Whatever"),
        (422, "ENTITY_UNPROCESSABLE.BETA_CONTRACT_MISSING", "Beta contract is missing for the app"),
        (403, "STATE_ERROR", "Forbidden"),
    ],
)
def test_a_final_refusal_fails_at_once_with_apples_code(status: int, code: str, detail: str) -> None:
    with open_testflight(faults=[refused(TO_GROUPS, status, code, detail)]) as apple:
        with pytest.raises(Error, match=code):
            apple.run(FULL)
        assert (apple.slept, apple.writes.count(TO_GROUPS)) == ([], 1)


def test_a_refusal_with_one_final_reason_among_passing_ones_is_final() -> None:
    change = plan(TO_FRIENDS, app_state(FRIENDS), READY).changes[0]
    passing = AppleError("409", "STATE_ERROR", "Refused", "Not now")
    final = AppleError("409", "ENTITY_ERROR.ATTRIBUTE.INVALID", "Refused", "Never")
    assert RULES.may_pass(change, ApiError(TO_GROUPS, 409, (passing,), "Wait."))
    assert not RULES.may_pass(change, ApiError(TO_GROUPS, 409, (passing, final), "Mend it."))


@pytest.mark.parametrize(
    ("refused_request", "request_"),
    [
        ("PATCH /v1/betaBuildLocalizations/l-en-US", DistributionRequest(whats_new={"en-US": "New"})),
        ("POST /v1/betaBuildLocalizations", DistributionRequest(whats_new={"ja": "New"})),
        ("PATCH /v1/buildBetaDetails/b-42", DistributionRequest(notify=True)),
    ],
)
@pytest.mark.parametrize(("status", "code"), [(404, "NOT_FOUND"), (409, "STATE_ERROR")])
def test_texts_and_notifications_are_tried_again_right_after_processing(
    refused_request: str, request_: DistributionRequest, status: int, code: str
) -> None:
    with open_testflight(answered=True, faults=[refused(refused_request, status, code, times=2)]) as apple:
        assert len(apple.run(request_)) == 1
        assert apple.slept == list(SETTLING[:2])


@pytest.mark.parametrize(
    ("code", "detail"),
    [
        (MISSING, "The build lacks its answer"),
        ("ENTITY_UNPROCESSABLE.BETA", "Export compliance is missing"),
        ("STATE_ERROR.EXPORT_COMPLIANCE_REQUIRED", "Not yet"),
    ],
)
def test_missing_export_compliance_passes_after_the_answer(code: str, detail: str) -> None:
    faults = [refused(TO_GROUPS, 422, code, detail), refused(REVIEW, 422, code, detail, times=2)]
    with open_testflight(faults=faults) as apple:
        assert apple.run(FULL)[-2:] == ["group", "review"]
        assert apple.slept == [SETTLING[0], *SETTLING[:2]]


def test_missing_export_compliance_passes_also_if_an_earlier_run_answered() -> None:
    with open_testflight(answered=True, faults=[refused(TO_GROUPS, 422, MISSING)]) as apple:
        assert apple.run(replace(TO_FRIENDS, uses_non_exempt_encryption=False)) == ["group", "review"]
        assert apple.slept == [SETTLING[0]]


def test_the_same_answer_that_apple_took_from_the_build_meanwhile_is_no_failure() -> None:
    with open_testflight() as apple:
        on, state = apple.preflight(FULL), apple.build
        apple.answer_compliance(False)
        done = distribute(apple.client, FULL, on, state).done
        assert [change.kind for change in done] == ["whats-new", "whats-new", "group", "review"]
        assert apple.writes.count(COMPLIANCE) == 1


def test_another_answer_that_apple_took_from_the_build_meanwhile_is_an_error() -> None:
    with open_testflight() as apple:
        on, state = apple.preflight(FULL), apple.build
        apple.answer_compliance(True)
        with pytest.raises(Error, match="uses-non-exempt-encryption"):
            distribute(apple.client, FULL, on, state)


def test_a_refused_answer_to_export_compliance_ends_in_apples_reason() -> None:
    faults = [refused(COMPLIANCE, 409, "ENTITY_ERROR.ATTRIBUTE.INVALID", "Never", times=9)]
    with open_testflight(faults=faults) as apple:
        with pytest.raises(Error, match="Never") as raised:
            apple.run(FULL)
        assert "uses-non-exempt-encryption" in raised.value.remedy
        assert apple.writes == [COMPLIANCE] * 3


# The queue of beta review

ANOTHER = "ENTITY_UNPROCESSABLE.ANOTHER_BUILD_IN_REVIEW"
REJECTING = replace(FULL, reject_waiting=True)
WAITING = Older("b-41", 30, review="WAITING_FOR_REVIEW")


def test_a_submission_is_tried_again_while_the_queue_clears() -> None:
    faults = [refused(REVIEW, 422, ANOTHER), refused(REVIEW, 422, "X", "Another build is in review")]
    with open_testflight(older=[WAITING], faults=faults) as apple:
        assert apple.run(REJECTING)[-2:] == ["withdraw", "review"]
        assert apple.slept == list(SETTLING[:2])
        assert apple.expired == ["b-41"]


def test_the_queue_is_waited_for_also_if_the_answer_to_the_withdrawal_was_lost() -> None:
    faults = ["PATCH /v1/builds/b-41 lost", refused(REVIEW, 422, ANOTHER)]
    with open_testflight(older=[WAITING], faults=faults) as apple:
        assert apple.run(REJECTING)[-1] == "review"
        assert [found.references["build"] for found in apple.records("betaAppReviewSubmissions")] == [
            ("b-42",)
        ]


def test_a_queue_that_never_clears_is_an_error_after_a_minute() -> None:
    with open_testflight(older=[WAITING], faults=[refused(REVIEW, 422, ANOTHER, times=9)]) as apple:
        with pytest.raises(Error, match=ANOTHER) as raised:
            apple.run(REJECTING)
        assert apple.slept == list(SETTLING)
        assert "minutes" in raised.value.remedy


@pytest.mark.parametrize("request_", [FULL, REJECTING])
def test_another_build_in_review_is_final_if_nothing_was_withdrawn(request_: DistributionRequest) -> None:
    fault = refused(REVIEW, 422, "ENTITY_UNPROCESSABLE", "Another build is already in review")
    with open_testflight(faults=[fault]) as apple:
        with pytest.raises(Error, match="already in review") as raised:
            apple.run(request_)
        assert apple.slept == []
        assert "reject-waiting-review: true" in raised.value.remedy


# Internal groups

FOUR = {**GROUPS, "g-dev": group("Developers", True), "g-all": group("Everybody", True)}


def to(*groups: str) -> DistributionRequest:
    return replace(FULL, groups=groups)


def let_everybody_get_all(apple: TestFlight) -> None:
    """Let the group Everybody get every build from now on: it takes none that is added."""
    apple.sandbox.world.change(apple.record("betaGroups", "g-all"), hasAccessToAllBuilds=True)


def test_internal_groups_are_sent_one_by_one_if_one_of_them_gets_all_builds() -> None:
    with open_testflight(FOUR) as apple:
        on, state = (
            apple.preflight(request := to("Friends", "QA", "Everybody", "Developers", "Staff")),
            apple.build,
        )
        let_everybody_get_all(apple)
        found = distribute(apple.client, request, on, state)
        assert apple.groups == ["Developers", "Friends", "QA"]
        assert apple.writes.count(TO_GROUPS) == 5
        assert [change.summary for change in found.done if change.kind == "group"] == [
            "add to the external group Friends",
            "add to the internal group QA",
            "add to the internal group Developers",
        ]
        noted = [
            name for name in ("Everybody", "QA", "Developers") if any(name in note for note in found.notes)
        ]
        assert noted == ["Everybody"]
        assert sorted(found.groups) == ["Developers", "Everybody", "Friends", "QA", "Staff"]
        assert (found.done[-1].kind, apple.slept) == ("review", [])


def test_an_internal_group_alone_that_gets_all_builds_is_no_error() -> None:
    with open_testflight(FOUR) as apple:
        on, state = apple.preflight(request := to("Everybody")), apple.build
        let_everybody_get_all(apple)
        found = distribute(apple.client, request, on, state)
        assert not any(change.kind == "group" for change in found.done)
        assert (found.groups, apple.slept) == (("Everybody",), [])
        assert apple.writes.count(TO_GROUPS) == 1


def test_a_group_that_fails_leaves_the_others_their_build_and_is_named() -> None:
    told: list[Change] = []
    # The first request is for all groups, the second for QA alone.
    fault = f"{refused(TO_GROUPS, 409, 'ENTITY_ERROR', 'No')} after=1"
    with open_testflight(FOUR, faults=[fault]) as apple:
        on, state = apple.preflight(request := to("QA", "Everybody", "Developers")), apple.build
        let_everybody_get_all(apple)
        with pytest.raises(Error, match="QA"):
            distribute(apple.client, request, on, state, told.append)
        assert apple.groups == ["Developers"]
        assert groups_with_build(on, state, told) == ("Developers",)


def test_a_lost_answer_among_groups_one_by_one_leaves_each_its_build() -> None:
    # The first request is for all groups, the second for Friends, the third for QA.
    with open_testflight(FOUR, faults=[f"{TO_GROUPS} lost after=2"]) as apple:
        on, state = apple.preflight(request := to("Friends", "QA", "Everybody")), apple.build
        let_everybody_get_all(apple)
        found = distribute(apple.client, request, on, state)
        assert apple.groups == ["Friends", "QA"]
        assert sorted(found.groups) == ["Everybody", "Friends", "QA"]


def test_the_groups_that_have_the_build_are_told_also_in_a_second_run() -> None:
    request = replace(FULL, groups=("Friends", "Family"), create_groups="external")
    with open_testflight() as apple:
        assert apple.distribute(request).groups == ("Friends", "Family")
        assert apple.distribute(request).groups == ("Friends", "Family")


# Texts that are too long

LONG, _ = texts.clean("あいう えお " * 500)  # 3500 characters, 8500 bytes
INVALID = "ENTITY_ERROR.ATTRIBUTE.INVALID"
TOO_LONG = [
    (f"{INVALID}.TOO_LONG", "'whatsNew' is refused"),
    (INVALID, "The length of whatsNew is over its limit"),
    (INVALID, "whatsNew can have 4000 characters"),
]


@pytest.mark.parametrize(
    ("locale", "write"),
    [("en-US", "PATCH /v1/betaBuildLocalizations/*"), ("ja", "POST /v1/betaBuildLocalizations")],
)
@pytest.mark.parametrize(("code", "detail"), TOO_LONG)
def test_a_text_refused_for_its_length_is_cut_to_bytes_and_sent_once_more(
    locale: str, write: str, code: str, detail: str, caplog: pytest.LogCaptureFixture
) -> None:
    request = DistributionRequest(whats_new={locale: LONG})
    with open_testflight(answered=True, faults=[refused(write, 409, code, detail)]) as apple:
        (warning,) = apple.distribute(request).warnings
        sent = apple.texts[locale]
        assert 3900 < len(sent.encode()) <= 4000
        assert LONG.startswith(sent.rstrip("…"))
        assert f"{locale} is cut from {len(LONG.encode())} to {len(sent.encode())} bytes" in warning
        assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [warning]
        assert (len(apple.writes), apple.slept) == (2, [])
        assert apple.run(request) == [], "a second run leaves it"


def test_a_text_that_fits_is_sent_whole() -> None:
    with open_testflight(answered=True) as apple:
        assert apple.distribute(DistributionRequest(whats_new={"ja": LONG})).warnings == ()
        assert apple.texts["ja"] == LONG


@pytest.mark.parametrize(
    ("code", "detail", "text", "writes"),
    [
        (INVALID, "Emoji", LONG, 1),
        (*TOO_LONG[0], LONG, 2),
        (*TOO_LONG[0], "short", 1),
    ],
    ids=["refused for another reason", "the cut text is refused too", "too short to cut"],
)
def test_a_text_that_cutting_does_not_mend_is_an_error(
    code: str, detail: str, text: str, writes: int
) -> None:
    fault = refused("POST /v1/betaBuildLocalizations", 409, code, detail, times=9)
    with open_testflight(answered=True, faults=[fault]) as apple:
        with pytest.raises(Error, match=code):
            apple.run(DistributionRequest(whats_new={"ja": text}))
        assert len(apple.writes) == writes
