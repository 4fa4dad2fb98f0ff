"""All that can be known to fail is told at once, before the first byte of a file goes up."""

from __future__ import annotations

from pathlib import Path

import pytest

from asc_sandbox.plans import Review
from core.uploading import (
    CONTACT,
    DESCRIBED,
    Json,
    an_ipa,
    apple,
    assert_nothing_begun,
    step,
    submissions,
    whats_new,
    world,
)
from support.sandbox import build

OUTSIDE = {"groups": "Beta testers"}


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        ([], "description, feedback-email"),
        ([{**DESCRIBED, "description": None}], "description"),
        ([{**DESCRIBED, "feedbackEmail": None}], "feedback-email"),
        ([{**DESCRIBED, "locale": "de-DE"}], "description, feedback-email"),
    ],
)
def test_beta_review_needs_a_description_and_a_feedback_address_before_the_upload(
    tmp_path: Path, missing: list[Json], named: str
) -> None:
    with apple(world(betaAppLocalizations=missing)) as sandbox:
        done = step(tmp_path, sandbox, {"file": str(an_ipa(tmp_path)), **OUTSIDE})
        assert_nothing_begun(sandbox)
    assert (done.code, f"has: {named}." in done.error, "app-info" in done.error) == (1, True, True)


def test_app_info_gives_what_beta_review_needs(tmp_path: Path) -> None:
    info = "en-US: {description: An example., feedback-email: beta@example.com}"
    with apple(world(betaAppLocalizations=[])) as sandbox:
        done = step(tmp_path, sandbox, {"file": str(an_ipa(tmp_path)), "app-info": info, **OUTSIDE})
        assert (done.code, len(submissions(sandbox))) == (0, 1), done.stdout


def test_without_beta_review_no_description_is_needed(tmp_path: Path) -> None:
    with apple(world(betaAppLocalizations=[])) as sandbox:
        done = step(tmp_path, sandbox, {"file": str(an_ipa(tmp_path)), "groups": "QA"})
    assert done.code == 0, done.stdout


def test_notes_in_a_new_language_bring_the_test_information_that_beta_review_needs(tmp_path: Path) -> None:
    inputs = {"file": str(an_ipa(tmp_path)), "whats-new": "en-US: Faster.\nde-DE: Schneller.", **OUTSIDE}
    with apple(review=Review(seconds=60)) as sandbox:
        done = step(tmp_path, sandbox, inputs)
        assert whats_new(sandbox) == {"en-US": "Faster.", "de-DE": "Schneller."}
        assert submissions(sandbox) == ["WAITING_FOR_REVIEW"]
        _, made = sandbox.world.all("betaAppLocalizations")
        assert {**made.attributes, "locale": "en-US"}.items() >= DESCRIBED.items()
        assert made.attributes["locale"] == "de-DE"
        again = step(tmp_path, sandbox, inputs)
        assert len(sandbox.world.all("betaAppLocalizations")) == 2
    assert (done.code, again.code) == (0, 0), done.stdout


def test_all_findings_are_told_together(tmp_path: Path) -> None:
    contact = {**CONTACT, "contactPhone": None}
    taken = {"version": "1.5.0", "platform": "IOS", "builds": [{"version": "41"}]}
    inputs = {
        "file": str(an_ipa(tmp_path, encryption=None)),
        "groups": "QAA",
        "testers": "ada@example.com",
        "encryption-declaration": "C-9",
        "uses-non-exempt-encryption": "false",
    }
    with apple(world(contact=contact, betaAppLocalizations=[], preReleaseVersions=[taken])) as sandbox:
        done = step(tmp_path, sandbox, inputs)
        assert_nothing_begun(sandbox)
    found = ["no group QAA", "contact-phone", "feedback-email", "no declaration C-9", "encryption is false"]
    assert (done.code, [each in done.error for each in found]) == (1, [True] * 5), done.error


def test_an_unanswered_compliance_hides_no_misspelt_group_and_no_number_that_is_taken(tmp_path: Path) -> None:
    there = build("1.5.0", "42", id="b-42")
    del there["train"], there["platform"]
    train = {"version": "1.5.0", "platform": "IOS", "builds": [there]}
    uploads = [
        {
            "cfBundleVersion": "42",
            "cfBundleShortVersionString": "1.5.0",
            "platform": "IOS",
            "state": "COMPLETE",
        }
    ]
    file = an_ipa(tmp_path, encryption=None)
    with apple(world(preReleaseVersions=[train], buildUploads=uploads)) as sandbox:
        done = step(tmp_path, sandbox, {"file": str(file), "groups": "QAA", "if-exists": "fail"})
        assert_nothing_begun(sandbox)
    found = ["no group QAA", "compliance is not answered", "is already used"]
    assert (done.code, [each in done.error for each in found]) == (1, [True] * 3), done.error
