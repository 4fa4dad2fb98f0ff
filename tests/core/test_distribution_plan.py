"""The plan of a distribution: the changes that a request needs, from the state of the app and of the build."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from asc.builds.build import Build, Localization
from asc.errors import Error
from asc.testflight.expiry import NO_OTHERS, EarlierBuilds
from asc.testflight.plan import is_out, plan
from asc.testflight.request import AppInfo, DistributionRequest, ReviewInfo
from asc.testflight.state import TO_COME, AppState, Declaration, Known
from asc.testflight.testers.tester import Tester as Person  # pytest takes names with Test for its own
from core.testflight import DESCRIBED, DESTINATION, FRIENDS, QA, READY, STAFF, TO_FRIENDS, app_state


def summaries(
    wishes: DistributionRequest,
    of: AppState,
    state: Build | None = READY,
    besides: EarlierBuilds = NO_OTHERS,
) -> list[list[str]]:
    return [[change.summary for change in phase] for phase in plan(wishes, of, state, besides).phases]


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


def test_an_empty_request_needs_no_change() -> None:
    assert plan(DistributionRequest(), app_state(), READY).phases == ()
    assert plan(DistributionRequest(), app_state(), None).phases == ()


def test_the_plan_for_a_build_to_come_names_every_change() -> None:
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


def test_a_group_that_gets_all_builds_gets_a_note_and_no_change() -> None:
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
def test_a_submitted_build_is_not_submitted_again(state: str) -> None:
    there = replace(READY, external_state=state, group_ids=frozenset({"g-friends"}))
    assert summaries(TO_FRIENDS, app_state(FRIENDS), there) == []


def test_a_submission_counts_also_while_the_state_lags_behind() -> None:
    there = replace(READY, review_state="WAITING_FOR_REVIEW", group_ids=frozenset({"g-friends"}))
    assert summaries(TO_FRIENDS, app_state(FRIENDS), there) == []


def test_with_submit_beta_review_false_a_note_says_that_nothing_is_submitted() -> None:
    found = plan(replace(TO_FRIENDS, submit_review=False), app_state(FRIENDS), READY)
    assert [change.kind for change in found.changes] == ["group"]
    assert "submit-beta-review is false" in found.notes[0]


def test_no_submission_during_the_review_of_the_encryption() -> None:
    found = plan(TO_FRIENDS, app_state(FRIENDS), replace(READY, external_state="IN_EXPORT_COMPLIANCE_REVIEW"))
    assert [change.kind for change in found.changes] == ["group"]
    assert "run the step again afterwards" in found.notes[0]


@pytest.mark.parametrize(
    ("state", "fact"),
    [
        (replace(READY, external_state="BETA_REJECTED"), "rejected"),
        (replace(READY, review_state="REJECTED"), "rejected"),
        (replace(READY, expired=True), "expired"),
        (replace(READY, processing_state="INVALID"), "INVALID"),
        (replace(READY, processing_state="FAILED"), "FAILED"),
        (replace(READY, audience="INTERNAL_ONLY"), "internal"),
        (
            replace(READY, uses_non_exempt_encryption=True, external_state="MISSING_EXPORT_COMPLIANCE"),
            "export compliance",
        ),
    ],
)
def test_a_build_that_testers_cannot_get_is_an_error_of_the_plan(state: Build, fact: str) -> None:
    with pytest.raises(Error) as raised:
        plan(TO_FRIENDS, app_state(FRIENDS), state)
    assert raised.value.remedy
    assert fact in raised.value.message


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


def test_an_answer_to_export_compliance_that_contradicts_the_build_is_an_error() -> None:
    with pytest.raises(Error, match="uses-non-exempt-encryption"):
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


def test_whats_new_is_set_in_the_named_locales_only() -> None:
    assert texts_planned({"en-US": "New", "de-DE": "Neu"}, en_US="", fr_FR="") == {
        "en-US": ("PATCH", "New"),
        "de-DE": ("POST", "Neu"),
    }


def test_the_default_whats_new_is_set_in_every_locale_that_is_not_named() -> None:
    assert texts_planned({"default": "New", "de-DE": "Neu"}, en_US="", fr_FR="", de_DE="") == {
        "de-DE": ("PATCH", "Neu"),
        "en-US": ("PATCH", "New"),
        "fr-FR": ("PATCH", "New"),
    }


def test_the_default_whats_new_is_set_in_the_primary_locale_of_a_build_without_texts() -> None:
    assert texts_planned({"default": "New"}) == {"en-US": ("POST", "New")}


def test_whats_new_with_other_line_ends_is_not_changed() -> None:
    assert texts_planned({"default": "One\nTwo"}, en_US="One\r\nTwo\n") == {}


def test_test_information_sends_only_the_attributes_that_differ() -> None:
    of = app_state(
        app_localizations={"en-US": Known("a-en", {"description": "Old", "feedbackEmail": "a@example.com"})}
    )
    info = AppInfo(description="New", feedback_email="a@example.com")
    changes = plan(DistributionRequest(app_info={"en-US": info, "ja": info}), of, READY).changes
    assert [(change.method, change.body["data"]["attributes"]) for change in changes] == [
        ("PATCH", {"description": "New"}),
        ("POST", {"locale": "ja", "description": "New", "feedbackEmail": "a@example.com"}),
    ]


@pytest.mark.parametrize("primary", ["en-US", ""])
def test_notes_in_a_new_language_bring_the_test_information_of_a_language_that_has_it(primary: str) -> None:
    existing = {"ja": Known("a-ja", {}), "en-US": Known("a-en-US", DESCRIBED)}
    of = replace(app_state(FRIENDS, app_localizations=existing), primary_locale=primary)
    wishes = replace(TO_FRIENDS, whats_new={"fr-FR": "Plus rapide."})
    changes = plan(wishes, of, replace(READY, primary_locale=primary)).changes
    (information,) = [change for change in changes if change.kind == "app-info"]
    assert information.body["data"]["attributes"] == {"locale": "fr-FR", **DESCRIBED}


def test_a_demo_password_is_in_no_repr() -> None:
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
def test_notify_sends_a_notice_only_for_a_build_that_testers_have(
    wished: bool | None, there: bool, state: str, kinds: list[str]
) -> None:
    build = replace(READY, auto_notify=there, external_state=state, group_ids=frozenset({"g-friends"}))
    found = plan(DistributionRequest(notify=wished), app_state(), build)
    assert [change.kind for change in found.changes] == kinds


@pytest.mark.parametrize(
    ("wishes", "state", "out"),
    [
        (DistributionRequest(), READY, True),
        (DistributionRequest(), None, True),
        (TO_FRIENDS, READY, False),
        (TO_FRIENDS, None, False),
        (DistributionRequest(testers=(Person("jane@example.com"),)), READY, False),
        (replace(TO_FRIENDS, submit_review=False), READY, False),
        (TO_FRIENDS, replace(READY, external_state="IN_BETA_REVIEW"), False),
        (TO_FRIENDS, replace(READY, external_state="BETA_APPROVED"), True),
        (TO_FRIENDS, replace(READY, external_state="IN_BETA_TESTING"), True),
        (DistributionRequest(), replace(READY, external_state="WAITING_FOR_BETA_REVIEW"), False),
        (DistributionRequest(), replace(READY, review_state="IN_REVIEW"), False),
        (DistributionRequest(), replace(READY, expired=True), False),
    ],
)
def test_a_build_is_out_once_no_tester_outside_waits_for_it(
    wishes: DistributionRequest, state: Build | None, out: bool
) -> None:
    assert is_out(wishes, app_state(*([FRIENDS] if wishes.groups else [])), state) is out
