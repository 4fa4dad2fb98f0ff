"""The checks before an upload: the app is read in few requests, and every problem is an error that names its input."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from asc.errors import Error
from asc.testflight import mappings
from asc.testflight.plan import plan
from asc.testflight.request import AppInfo, DistributionRequest
from asc.testflight.state import Declaration
from asc.testflight.testers.tester import Tester as Person  # pytest takes names with Test for its own
from core.testflight import (
    CONTACT,
    DESTINATION,
    FRIENDS,
    QA,
    READY,
    TO_FRIENDS,
    UNANSWERED,
    TestFlight,
    group,
    open_testflight,
)


def refusal(apple: TestFlight, *arguments: object) -> Error:
    """Return the error that the checks end in; they must not have written anything."""
    with pytest.raises(Error) as raised:
        apple.preflight(*arguments)  # type: ignore[arg-type]
    assert (raised.value.exit_code, apple.writes) == (1, [])
    assert raised.value.remedy
    return raised.value


def test_a_request_about_the_build_alone_reads_nothing_of_the_app() -> None:
    with open_testflight() as apple:
        apple.preflight(DistributionRequest(whats_new={"default": "New"}, notify=True), DESTINATION)
        assert apple.requests == []


def test_groups_texts_and_declaration_are_read_in_one_request() -> None:
    declarations = [{"id": "d", "app": "app", "codeValue": "C", "appEncryptionDeclarationState": "APPROVED"}]
    request = DistributionRequest(
        groups=("friends ",), app_info={"ja": AppInfo("x")}, encryption_declaration="C"
    )
    with open_testflight(appEncryptionDeclarations=declarations) as apple:
        found = apple.preflight(request)
        assert apple.requests == ["GET /v1/apps/app"]
        assert (found.groups, found.declaration) == ((FRIENDS,), Declaration("d", "C", "APPROVED"))


@pytest.mark.parametrize("wished", ["Friends", "friends", " FRIENDS ", "g-friends"])
def test_a_group_is_found_by_name_and_by_id_and_chosen_once(wished: str) -> None:
    with open_testflight() as apple:
        found = apple.preflight(DistributionRequest(groups=(wished, "Friends")), DESTINATION)
        assert found.groups == (FRIENDS,)


def test_a_group_with_the_exact_name_is_chosen_among_those_in_another_case() -> None:
    with open_testflight({"a": group("beta"), "b": group("Beta"), "c": group("BETA")}) as apple:
        (chosen,) = apple.preflight(DistributionRequest(groups=("Beta",)), DESTINATION).groups
        assert chosen.id == "b"
        message = refusal(apple, DistributionRequest(groups=("bEtA",)), DESTINATION).message
        assert "beta: a, Beta: b, BETA: c" in message


def test_two_groups_of_one_name_are_an_error_with_their_ids() -> None:
    with open_testflight({"a": group("Beta"), "b": group("Beta")}) as apple:
        error = refusal(apple, DistributionRequest(groups=("Beta",)), DESTINATION)
        assert "Beta: a, Beta: b" in error.message


def test_an_unknown_group_is_an_error_with_the_groups_of_the_app() -> None:
    with open_testflight() as apple:
        error = refusal(apple, DistributionRequest(groups=("QA", "Frinds")), DESTINATION)
        assert "Friends, QA, Staff" in error.message and "Friends?" in error.message
        assert "create-groups" in error.remedy


def test_unknown_names_become_new_groups_with_create_groups_but_ids_do_not() -> None:
    request = DistributionRequest(groups=("Family", "family", "QA"), create_groups="internal")
    gone = "01234567-89ab-cdef-0123-456789abcdef"
    with open_testflight() as apple:
        found = apple.preflight(request, DESTINATION)
        assert (found.groups, found.new_groups) == ((QA,), ("Family",))
        assert gone in refusal(apple, replace(request, groups=(gone,)), DESTINATION).message


@pytest.mark.parametrize(("count", "requests"), [(50, 1), (51, 2), (450, 4)])
def test_all_groups_are_read_in_one_request_up_to_50(count: int, requests: int) -> None:
    last = f"Group {count - 1}"
    with open_testflight({f"g-{number}": group(f"Group {number}") for number in range(count)}) as apple:
        found = apple.preflight(DistributionRequest(groups=(last,), submit_review=False), DESTINATION)
        assert [chosen.name for chosen in found.groups] == [last]
        assert len(apple.requests) == requests
        typo = f"Grop {count - 1}"
        message = refusal(
            apple, DistributionRequest(groups=(typo,), submit_review=False), DESTINATION
        ).message
        assert f"{last}?" in message
        assert len(message) < 2000, "few of many groups are named"


@pytest.mark.parametrize("name", ["a\n::error::b", "\x1b[31mred", "\u202egnp", "x" * 10_000, "", " "])
def test_a_hostile_group_name_writes_no_line_of_its_own(name: str) -> None:
    with open_testflight({"g": group(name), "e": group("é, ü")}) as apple:
        message = refusal(apple, DistributionRequest(groups=("Beta",)), DESTINATION).message
        assert message.isprintable()
        assert len(message) < 400
        found = apple.preflight(DistributionRequest(groups=("g", "É,  Ü")), DESTINATION)
        assert len(found.groups) == 2
        assert all(change.summary.isprintable() for change in plan(TO_FRIENDS, found, READY).changes)


@pytest.mark.parametrize("missing", [["contactPhone"], ["contactFirstName", "contactEmail"]])
def test_a_review_without_a_contact_is_an_error_with_the_missing_parts(missing: list[str]) -> None:
    there: dict[str, object] = {**CONTACT, **dict.fromkeys(missing)}
    with open_testflight(contact=there) as apple:
        message = refusal(apple, TO_FRIENDS, DESTINATION).message
        assert set(re.findall(r"contact-[a-z-]+", message)) == {
            re.sub("([A-Z])", lambda found: f"-{found[0].lower()}", name) for name in missing
        }
        given = mappings.review_info({name: CONTACT[name] for name in missing})
        assert apple.preflight(replace(TO_FRIENDS, review_info=given), DESTINATION)
        assert apple.preflight(replace(TO_FRIENDS, submit_review=False), DESTINATION)
        assert apple.preflight(DistributionRequest(groups=("QA",)), DESTINATION)


def test_a_required_demo_account_must_be_there() -> None:
    with open_testflight(contact={**CONTACT, "demoAccountRequired": True}) as apple:
        message = refusal(apple, TO_FRIENDS, DESTINATION).message
        assert "demo-account-name, demo-account-password" in message
        # Apple shows no password.
        apple.sandbox.world.change(apple.record("betaAppReviewDetails", "app"), demoAccountName="demo")
        assert apple.preflight(TO_FRIENDS, DESTINATION)


def test_export_compliance_must_be_answered_before_a_tester_gets_the_build() -> None:
    contradiction = DistributionRequest(uses_non_exempt_encryption=False, encryption_declaration="x")
    with open_testflight() as apple:
        assert "uses-non-exempt-encryption" in refusal(apple, TO_FRIENDS, UNANSWERED).remedy
        yes = DistributionRequest(uses_non_exempt_encryption=True)
        assert "uses-non-exempt-encryption" in refusal(apple, yes, DESTINATION).message
        assert "encryption-declaration" in refusal(apple, contradiction, UNANSWERED).message


def test_the_answer_of_an_existing_build_is_checked_once_it_is_read() -> None:
    with open_testflight() as apple:
        on = apple.preflight(TO_FRIENDS, replace(UNANSWERED, exists=True))
    assert plan(TO_FRIENDS, on, READY).changes
    with pytest.raises(Error) as raised:
        plan(TO_FRIENDS, on, replace(READY, uses_non_exempt_encryption=None))
    assert "uses-non-exempt-encryption" in raised.value.remedy


@pytest.mark.parametrize("wished", ["X", "C", "d"])
def test_a_declaration_must_be_there_and_approved(wished: str) -> None:
    there = {"id": "d", "app": "app", "codeValue": "C", "appEncryptionDeclarationState": "IN_REVIEW"}
    with open_testflight(appEncryptionDeclarations=[there]) as apple:
        message = refusal(apple, DistributionRequest(encryption_declaration=wished), UNANSWERED).message
        assert "d (C, IN_REVIEW)" in message
        assert message.startswith("encryption-declaration: ")


def test_90_testers_are_looked_up_in_one_request() -> None:
    people = [f"p{number}@example.com" for number in range(90)]
    request = DistributionRequest(testers=tuple(map(Person, people)), submit_review=False)
    with open_testflight(testers=people[:50]) as apple:
        found = apple.preflight(request, DESTINATION)
        assert sorted(found.tester_ids) == sorted(people[:50])
        assert apple.requests == ["GET /v1/betaTesters"]
    assert plan(request, found, READY).changes[0].summary == "add 50 testers"
