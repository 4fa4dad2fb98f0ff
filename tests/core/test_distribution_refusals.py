"""What App Store Connect refuses: what passes, what is for good, and what is done otherwise."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from asc.api.errors import ApiError
from asc.apps import texts
from asc.builds.build import fetch_build
from asc.changes.sending import SETTLING
from asc.errors import Error, LostAnswerError
from asc.testflight.distribution import DistributionResult, distribute, groups_with_build
from asc.testflight.preflight import preflight
from asc.testflight.request import DistributionRequest
from core.distributing import (
    FULL,
    GROUPS,
    TO_FRIENDS,
    UNANSWERED,
    Apple,
    app_state,
    group,
    older,
    refusal,
    run,
)

TO_GROUPS = "POST /v1/builds/b-42/relationships/betaGroups"
REVIEW = "POST /v1/betaAppReviewSubmissions"
COMPLIANCE = "PATCH /v1/builds/b-42"
ANOTHER = refusal(422, "ENTITY_UNPROCESSABLE.ANOTHER_BUILD_IN_REVIEW")
ANSWERED = {"encryption": False, "external": "READY_FOR_BETA_SUBMISSION"}


def outcome(apple: Any, wishes: DistributionRequest) -> DistributionResult:
    return distribute(apple, wishes, preflight(apple, wishes, UNANSWERED), fetch_build(apple, "b-42"))


# For good, or for a while


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
def test_what_is_refused_for_good_fails_at_once(status: int, code: str, detail: str) -> None:
    apple = Apple(groups=dict(GROUPS), refuse=[(TO_GROUPS, refusal(status, code, detail))])
    with pytest.raises(Error, match=re.escape(detail)):
        run(apple, FULL)
    assert (apple.slept, apple.writes.count(TO_GROUPS)) == ([], 1)


def test_one_reason_for_good_among_passing_ones_is_for_good() -> None:
    passing, final = refusal(409, "STATE_ERROR"), refusal(409, "ENTITY_ERROR.ATTRIBUTE.INVALID")
    both = ApiError("POST /v1/x", 409, (*passing.errors, *final.errors), "Mend it.")
    apple = Apple(groups=dict(GROUPS), refuse=[(TO_GROUPS, both)])
    with pytest.raises(Error, match="Could not add to"):
        run(apple, FULL)
    assert apple.slept == []


@pytest.mark.parametrize(
    ("request_", "wishes"),
    [
        ("PATCH /v1/betaBuildLocalizations/l-en-US", DistributionRequest(whats_new={"en-US": "New"})),
        ("POST /v1/betaBuildLocalizations", DistributionRequest(whats_new={"ja": "New"})),
        ("PATCH /v1/buildBetaDetails/b-42", DistributionRequest(notify=True)),
    ],
)
@pytest.mark.parametrize(("status", "code"), [(404, "NOT_FOUND"), (409, "STATE_ERROR")])
def test_texts_and_notifications_settle_right_after_processing(
    request_: str, wishes: DistributionRequest, status: int, code: str
) -> None:
    apple = Apple(build=dict(ANSWERED), refuse=[(request_, refusal(status, code))] * 2)
    assert len(run(apple, wishes)) == 1
    assert apple.slept == list(SETTLING[:2])


@pytest.mark.parametrize(
    ("code", "detail"),
    [
        ("ENTITY_UNPROCESSABLE.MISSING_EXPORT_COMPLIANCE", "The build lacks its answer"),
        ("ENTITY_UNPROCESSABLE.BETA", "Export compliance is missing"),
        ("STATE_ERROR.EXPORT_COMPLIANCE_REQUIRED", "Not yet"),
    ],
)
def test_an_answer_to_export_compliance_takes_a_while_to_be_known_everywhere(code: str, detail: str) -> None:
    no = refusal(422, code, detail)
    apple = Apple(groups=dict(GROUPS), refuse=[(TO_GROUPS, no), (REVIEW, no), (REVIEW, no)])
    assert run(apple, FULL)[-2:] == ["group", "review"]
    assert apple.slept == [SETTLING[0], *SETTLING[:2]]


def test_an_answer_that_apple_took_from_the_build_meanwhile_is_no_failure() -> None:
    apple: Any = Apple(groups=dict(GROUPS))
    on, state = preflight(apple, FULL, UNANSWERED), fetch_build(apple, "b-42")
    apple.build |= ANSWERED
    done = distribute(apple, FULL, on, state).done
    assert [change.kind for change in done] == ["whats-new", "whats-new", "group", "review"]
    assert apple.writes.count(COMPLIANCE) == 1


def test_another_answer_that_apple_took_from_the_build_is_told() -> None:
    apple: Any = Apple(groups=dict(GROUPS))
    on, state = preflight(apple, FULL, UNANSWERED), fetch_build(apple, "b-42")
    apple.build |= {**ANSWERED, "encryption": True}
    with pytest.raises(Error, match="uses-non-exempt-encryption is false, but the build says true"):
        distribute(apple, FULL, on, state)


def test_an_answer_that_is_refused_for_good_ends_in_apples_reason() -> None:
    no = refusal(409, "ENTITY_ERROR.ATTRIBUTE.INVALID", "Never")
    apple = Apple(groups=dict(GROUPS), refuse=[(COMPLIANCE, no)] * 9)
    with pytest.raises(Error, match=r"Could not answer export compliance.*Never") as raised:
        run(apple, FULL)
    assert "uses-non-exempt-encryption" in raised.value.remedy
    assert apple.writes == [COMPLIANCE] * 3


# The queue of beta review


def test_the_queue_of_beta_review_is_slow_to_clear() -> None:
    apple = Apple(
        groups=dict(GROUPS),
        older=[older("b-41", 30, review="IN_REVIEW")],
        refuse=[(REVIEW, ANOTHER), (REVIEW, refusal(422, "X", "Another build is in review"))],
    )
    assert run(apple, replace(FULL, reject_waiting=True))[-2:] == ["withdraw", "review"]
    assert apple.slept == list(SETTLING[:2])
    assert apple.older[0]["expired"]


def test_it_is_waited_for_also_where_the_answer_to_the_withdrawal_was_lost() -> None:
    apple = Apple(
        groups=dict(GROUPS),
        older=[older("b-41", 30, review="WAITING_FOR_REVIEW")],
        refuse=[(REVIEW, ANOTHER)],
        lose=["PATCH /v1/builds/b-41"],
    )
    assert run(apple, replace(FULL, reject_waiting=True))[-1] == "review"
    assert apple.submissions == 1


def test_a_queue_that_never_clears_ends_with_what_to_do() -> None:
    apple = Apple(
        groups=dict(GROUPS),
        older=[older("b-41", 30, review="WAITING_FOR_REVIEW")],
        refuse=[(REVIEW, ANOTHER)] * 9,
    )
    with pytest.raises(Error, match="ANOTHER_BUILD_IN_REVIEW") as raised:
        run(apple, replace(FULL, reject_waiting=True))
    assert apple.slept == list(SETTLING)
    assert "run the step again in some minutes" in raised.value.remedy


def test_where_nothing_was_withdrawn_another_build_in_review_is_final() -> None:
    for wishes in (FULL, replace(FULL, reject_waiting=True)):
        apple = Apple(
            groups=dict(GROUPS),
            refuse=[(REVIEW, refusal(422, "ENTITY_UNPROCESSABLE", "Another build is already in review"))],
        )
        with pytest.raises(Error, match="already in review") as raised:
            run(apple, wishes)
        assert apple.slept == []
        assert "reject-waiting-review: true" in raised.value.remedy


# Internal groups

NO_INTERNAL = refusal(422, "ENTITY_UNPROCESSABLE", "Cannot add internal group to a build.")
FOUR = {**GROUPS, "g-dev": group("Developers", True), "g-all": group("Everybody", True)}


class WithAGroupThatGetsAll(Apple):
    """The group “Everybody” gets every build, but does not say so."""

    def _apply(self, path: str, data: Any) -> None:
        if path.endswith("/relationships/betaGroups") and "g-all" in [each["id"] for each in data]:
            raise NO_INTERNAL
        super()._apply(path, data)


def test_internal_groups_are_sent_one_by_one_where_one_takes_no_builds() -> None:
    apple = WithAGroupThatGetsAll(groups=dict(FOUR))
    wishes = replace(FULL, groups=("Friends", "QA", "Everybody", "Developers", "Staff"))
    found = outcome(apple, wishes)
    assert apple.build["groups"] == ["g-friends", "g-qa", "g-dev"]
    assert apple.writes.count(TO_GROUPS) == 5
    assert [change.summary for change in found.done if change.kind == "group"] == [
        "add to the external group Friends",
        "add to the internal group QA",
        "add to the internal group Developers",
    ]
    assert "Nothing is added to the internal group Everybody, which gets every build by itself" in found.notes
    assert not any("QA" in note or "Developers" in note for note in found.notes)
    assert sorted(found.groups) == ["Developers", "Everybody", "Friends", "QA", "Staff"]
    assert found.done[-1].kind == "review"
    assert apple.slept == []


def test_an_internal_group_alone_that_takes_no_builds_is_no_error() -> None:
    apple = WithAGroupThatGetsAll(groups=dict(FOUR))
    found = outcome(apple, replace(FULL, groups=("Everybody",)))
    assert not any(change.kind == "group" for change in found.done)
    assert (found.groups, apple.slept) == (("Everybody",), [])
    assert apple.writes.count(TO_GROUPS) == 1


def test_one_group_that_fails_leaves_the_others_their_build_and_is_told() -> None:
    apple: Any = WithAGroupThatGetsAll(groups=dict(FOUR))
    wishes = replace(FULL, groups=("QA", "Everybody", "Developers"))
    on, state = preflight(apple, wishes, UNANSWERED), fetch_build(apple, "b-42")
    told: list[Any] = []
    original = apple._apply

    def apply(path: str, data: Any) -> None:
        if data == [{"type": "betaGroups", "id": "g-qa"}]:
            raise refusal(409, "ENTITY_ERROR", "No")
        original(path, data)

    apple._apply = apply
    with pytest.raises(Error, match="Could not add to the internal group QA"):
        distribute(apple, wishes, on, state, told.append)
    assert apple.build["groups"] == ["g-dev"]
    assert groups_with_build(on, state, told) == ("Developers",)


def test_a_lost_answer_among_groups_one_by_one_leaves_each_its_build() -> None:
    apple: Any = WithAGroupThatGetsAll(groups=dict(FOUR))
    original, lost = apple._apply, [LostAnswerError("Lost.", "Look.")]

    def apply(path: str, data: Any) -> None:
        original(path, data)
        if data == [{"type": "betaGroups", "id": "g-qa"}] and lost:
            raise lost.pop()

    apple._apply = apply
    found = outcome(apple, replace(FULL, groups=("Friends", "QA", "Everybody")))
    assert apple.build["groups"] == ["g-friends", "g-qa"]
    assert sorted(found.groups) == ["Everybody", "Friends", "QA"]


def test_the_groups_that_have_the_build_are_told_also_in_a_second_run() -> None:
    apple = Apple(groups=dict(GROUPS))
    wishes = replace(FULL, groups=("Friends", "Family"), create_groups="external")
    assert outcome(apple, wishes).groups == ("Friends", "Family")
    assert outcome(apple, wishes).groups == ("Friends", "Family")


# Texts that are too long

LONG = "あいう えお " * 500  # 3500 characters, 8500 bytes
TOO_LONG = [
    ("ENTITY_ERROR.ATTRIBUTE.INVALID.TOO_LONG", "'whatsNew' is refused"),
    ("ENTITY_ERROR.ATTRIBUTE.INVALID", "The length of whatsNew is over its limit"),
    ("ENTITY_ERROR.ATTRIBUTE.INVALID", "whatsNew can have 4000 characters"),
]


@pytest.mark.parametrize("locale", ["en-US", "ja"])
@pytest.mark.parametrize(("code", "detail"), TOO_LONG)
def test_a_text_that_is_refused_for_its_length_is_cut_to_bytes_and_sent_once_more(
    locale: str, code: str, detail: str, caplog: pytest.LogCaptureFixture
) -> None:
    apple = Apple(
        build=dict(ANSWERED), refuse=[(r"\w+ /v1/betaBuildLocalizations.*", refusal(409, code, detail))]
    )
    text, _ = texts.clean(LONG)
    wishes = DistributionRequest(whats_new={locale: text})
    found = outcome(apple, wishes)
    sent = apple.build["texts"][locale]
    assert 3900 < len(sent.encode()) <= 4000
    assert text.startswith(sent.rstrip("…"))
    assert found.warnings == (
        f"What's new in {locale} is cut from {len(text.encode())} to {len(sent.encode())} bytes: "
        "App Store Connect took no more",
    )
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == list(
        found.warnings
    )
    assert (len(apple.writes), apple.slept) == (2, [])
    assert outcome(apple, wishes).done == (), "a second run leaves it"


def test_a_text_that_fits_is_sent_whole() -> None:
    apple = Apple(build=dict(ANSWERED))
    text, _ = texts.clean(LONG)
    assert outcome(apple, DistributionRequest(whats_new={"ja": text})).warnings == ()
    assert apple.build["texts"]["ja"] == text


def test_a_text_that_is_refused_for_something_else_is_not_cut() -> None:
    no = refusal(409, "ENTITY_ERROR.ATTRIBUTE.INVALID", "Emoji")
    apple = Apple(build=dict(ANSWERED), refuse=[("POST /v1/betaBuildLocalizations", no)])
    with pytest.raises(Error, match="Emoji"):
        run(apple, DistributionRequest(whats_new={"ja": LONG}))
    assert len(apple.writes) == 1


def test_a_cut_text_that_is_refused_too_is_an_error() -> None:
    no = refusal(409, *TOO_LONG[0])
    for text, times in ((LONG, 2), ("short", 1)):
        apple = Apple(build=dict(ANSWERED), refuse=[("POST /v1/betaBuildLocalizations", no)] * 9)
        with pytest.raises(Error, match="TOO_LONG"):
            run(apple, DistributionRequest(whats_new={"ja": text}))
        assert len(apple.writes) == times


def test_export_compliance_of_a_run_for_groups_alone_settles_too() -> None:
    apple = Apple(
        groups=dict(GROUPS),
        build=dict(ANSWERED),
        refuse=[(TO_GROUPS, refusal(422, "ENTITY_UNPROCESSABLE.MISSING_EXPORT_COMPLIANCE"))],
    )
    of = app_state(*preflight(apple, FULL, UNANSWERED).groups)  # type: ignore[arg-type]
    distribute(apple, TO_FRIENDS, of, fetch_build(apple, "b-42"))  # type: ignore[arg-type]
    assert apple.slept == [SETTLING[0]]
