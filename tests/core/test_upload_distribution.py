"""upload-testflight and testers: texts, groups, review, export compliance, older builds, refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from asc_sandbox.plans import Processing, Review
from core.uploading import (
    APP,
    APP_ID,
    CONTACT,
    DESCRIBED,
    FRIENDS,
    QA,
    an_ipa,
    apple,
    builds,
    calls,
    group,
    groups_with_it,
    step,
    submissions,
    whats_new,
    world,
)
from support.sandbox import app, build, seed, upload

# Texts


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        ("Faster start.", {"en-US": "Faster start."}),
        ("Fixed: a crash.", {"en-US": "Fixed: a crash."}),
        ("en-US: Faster.\nde-DE: Schneller.", {"en-US": "Faster.", "de-DE": "Schneller."}),
        ('{"en-us": "Faster.", "default": "Other."}', {"en-US": "Faster."}),
        ("default: Other.\nfr-FR: Plus vite.", {"en-US": "Other.", "fr-FR": "Plus vite."}),
        ("en-US: |\n  One.\n  Two.", {"en-US": "One.\nTwo."}),
    ],
)
@pytest.mark.parametrize("encoding", [None, "utf-8", "utf-16"])
def test_whats_new_reaches_each_locale_that_is_named(
    tmp_path: Path, given: str, texts: dict[str, str], encoding: str | None
) -> None:
    """The text is the input itself, or a file in this encoding with a byte order mark."""
    if encoding:
        mark = "\ufeff" if encoding == "utf-8" else ""
        (tmp_path / "notes.md").write_text(f"{mark}{given}\n", encoding)
    inputs = {"whats-new-file": str(tmp_path / "notes.md")} if encoding else {"whats-new": given}
    with apple() as sandbox:
        done = step(tmp_path, sandbox, {"file": str(an_ipa(tmp_path)), **inputs})
        assert (done.code, whats_new(sandbox)) == (0, texts)
    assert done.log.messages("warning") == []


def test_whats_new_is_cleaned_and_cut_and_that_is_told(tmp_path: Path) -> None:
    inputs = {
        "file": str(an_ipa(tmp_path)),
        "whats-new": json.dumps({"en-US": "Fast 🚀 and <small>", "de-DE": "Wort " * 1000}),
    }
    with apple() as sandbox:
        done = step(tmp_path, sandbox, inputs)
        found = whats_new(sandbox)
    assert (done.code, found["en-US"]) == (0, "Fast and small>")
    assert len(found["de-DE"] or "") <= 4000 and (found["de-DE"] or "").endswith("Wort…")
    warnings = "\n".join(done.log.messages("warning"))
    assert "en-US: removed emoji (1), removed “<” (1)" in warnings
    assert "de-DE: cut from 4999 to 4000 characters" in warnings


def test_test_information_of_the_app(tmp_path: Path) -> None:
    inputs = {
        "file": str(an_ipa(tmp_path)),
        "app-info": "de-DE: {description: Ein Beispiel., feedback-email: beta@example.com}",
    }
    with apple() as sandbox:
        assert step(tmp_path, sandbox, inputs).code == 0
        _, found = sandbox.world.all("betaAppLocalizations")
    assert found.attributes["description"] == "Ein Beispiel."
    assert found.attributes["feedbackEmail"] == "beta@example.com"


# Testers


def test_groups_by_id_and_in_any_case(tmp_path: Path) -> None:
    groups = [QA, group("Beta testers", id="0f2b6f0e-0000-4000-8000-000000000001")]
    inputs = {"file": str(an_ipa(tmp_path)), "groups": "qa\n0f2b6f0e-0000-4000-8000-000000000001"}
    with apple(world(groups=groups)) as sandbox:
        done = step(tmp_path, sandbox, inputs)
        assert groups_with_it(sandbox) == {"QA", "Beta testers"}
    assert (done.code, done.outputs["groups"]) == (0, "QA, Beta testers")


@pytest.mark.parametrize(("create", "internal"), [("internal", True), ("external", False)])
def test_unknown_groups_are_created_as_create_groups_says(
    tmp_path: Path, create: str, internal: bool
) -> None:
    inputs = {"file": str(an_ipa(tmp_path)), "groups": "QA, Family", "create-groups": create}
    with apple() as sandbox:
        done = step(tmp_path, sandbox, inputs)
        assert (done.code, groups_with_it(sandbox)) == (0, {"QA", "Family"})
        (made,) = [each for each in sandbox.world.all("betaGroups") if each.attributes["name"] == "Family"]
        assert made.attributes["isInternalGroup"] is internal
        assert submissions(sandbox) == ([] if internal else ["APPROVED"])
    assert done.outputs["groups"] == "QA, Family"


def test_single_testers_are_added_or_invited(tmp_path: Path) -> None:
    known = [{"id": "t-1", "email": "toni@example.com"}]
    inputs = {"file": str(an_ipa(tmp_path)), "testers": "toni@example.com, Ada Lovelace <ada@example.com>"}
    with apple(world(groups=[group("Friends", betaTesters=["t-1"])], betaTesters=known)) as sandbox:
        done = step(tmp_path, sandbox, inputs)
        (record,) = [each for each in sandbox.world.all("builds") if each.id in builds(sandbox)]
        people = {
            each.attributes["email"]: each.attributes.get("lastName")
            for each in sandbox.world.related(record, "individualTesters")
        }
        assert submissions(sandbox) == ["APPROVED"], "they are external testers"
    assert (done.code, people) == (0, {"toni@example.com": None, "ada@example.com": "Lovelace"})
    assert "toni@example.com" not in done.everything, "a log can be read by others"


def test_an_external_group_gets_the_build_after_a_submission_with_its_review_info(tmp_path: Path) -> None:
    info = {
        "contact-first-name": "Ada",
        "contact-last-name": "Example",
        "contact-email": "ada@example.com",
        "contact-phone": "+1 555 0100",
        "demo-account-required": False,
        "notes": "Sign in with any address.",
    }
    inputs = {
        "file": str(an_ipa(tmp_path, encryption=None)),
        "groups": "Beta testers",
        "uses-non-exempt-encryption": "false",
        "beta-review-info": json.dumps(info),
    }
    with apple(world(contact={})) as sandbox:
        done = step(tmp_path, sandbox, inputs)
        assert done.code == 0, done.stdout
        (details,) = sandbox.world.all("betaAppReviewDetails")
        assert details.attributes["contactPhone"] == "+1 555 0100"
        assert details.attributes["notes"] == "Sign in with any address."
        assert submissions(sandbox) == ["APPROVED"]
        (record,) = [each for each in sandbox.world.all("builds") if each.id in builds(sandbox)]
        assert record.attributes["usesNonExemptEncryption"] is False
    assert done.outputs["external-state"] == "IN_BETA_TESTING"


def test_no_review_where_it_is_not_wanted(tmp_path: Path) -> None:
    inputs = {"file": str(an_ipa(tmp_path)), "groups": "Beta testers", "submit-beta-review": "false"}
    with apple(world(contact={})) as sandbox:
        done = step(tmp_path, sandbox, inputs)
        assert (done.code, submissions(sandbox), groups_with_it(sandbox)) == (0, [], {"Beta testers"})
    assert "submit-beta-review is false" in done.stdout


@pytest.mark.parametrize("notify", ["true", "false"])
def test_whether_testers_are_told(tmp_path: Path, notify: str) -> None:
    inputs = {"file": str(an_ipa(tmp_path)), "groups": "Beta testers", "notify-testers": notify}
    with apple(review=Review(outcome="never")) as sandbox:
        assert step(tmp_path, sandbox, inputs).code == 0
        (detail,) = sandbox.world.all("buildBetaDetails")
    assert detail.attributes["autoNotifyEnabled"] is (notify == "true")


# Compliance


def test_an_encryption_declaration_is_attached_to_the_build(tmp_path: Path) -> None:
    declarations = [{"id": "declaration-1", "appEncryptionDeclarationState": "APPROVED", "codeValue": "C-1"}]
    inputs = {"file": str(an_ipa(tmp_path, encryption=True)), "groups": "QA", "encryption-declaration": "C-1"}
    with apple(world(appEncryptionDeclarations=declarations)) as sandbox:
        done = step(tmp_path, sandbox, inputs)
        assert (done.code, groups_with_it(sandbox)) == (0, {"QA"}), done.stdout
        (record,) = [each for each in sandbox.world.all("builds") if each.id in builds(sandbox)]
        assert record.references["appEncryptionDeclaration"] == ("declaration-1",)


# Older builds


def _older() -> dict[str, Any]:
    trains = {"1.5.0": ["40", "41"], "1.4.0": ["39"]}
    waits = {"betaAppReviewSubmission": {"betaReviewState": "WAITING_FOR_REVIEW"}}
    older = [
        build(train, number, id=f"b-{number}", usesNonExemptEncryption=False, uploadedDate="3 days ago")
        for train, numbers in trains.items()
        for number in numbers
    ]
    older[1].update(waits)
    older.append(build("1.5.0", "40", platform="MAC_OS", id="b-mac", uploadedDate="3 days ago"))
    attributes: dict[str, Any] = {
        "betaGroups": [QA, FRIENDS],
        "betaAppReviewDetail": CONTACT,
        "betaAppLocalizations": [DESCRIBED],
    }
    return seed(apps=[app(APP, id=APP_ID, builds=older, **attributes)])


@pytest.mark.parametrize(
    ("how_far", "expired"),
    [("none", set()), ("train", {"b-40"}), ("platform", {"b-39", "b-40"})],
)
def test_previous_builds_expire_as_far_as_asked(tmp_path: Path, how_far: str, expired: set[str]) -> None:
    """Given testers of the team alone, they do at once; but for one that is in review."""
    inputs = {"file": str(an_ipa(tmp_path)), "groups": "QA", "expire-previous-builds": how_far}
    with apple(_older()) as sandbox:
        done = step(tmp_path, sandbox, inputs)
        gone = {each.id for each in sandbox.world.all("builds") if each.attributes.get("expired")}
    assert (done.code, gone) == (0, expired)


@pytest.mark.parametrize(("wait", "expired"), [("processing", {"b-41"}), ("available", {"b-40", "b-41"})])
def test_previous_builds_stay_until_testers_outside_have_the_new_one(
    tmp_path: Path, wait: str, expired: set[str]
) -> None:
    inputs = {
        "file": str(an_ipa(tmp_path)),
        "groups": "Beta testers",
        "reject-waiting-review": "true",
        "expire-previous-builds": "train",
        "wait": wait,
    }
    with apple(_older(), review=Review(seconds=0.1 if wait == "available" else 60)) as sandbox:
        done = step(tmp_path, sandbox, inputs)
        gone = {each.id for each in sandbox.world.all("builds") if each.attributes.get("expired")}
    assert (done.code, gone) == (0, expired)
    assert bool(done.log.messages("warning")) == (wait == "processing")


def test_a_group_that_was_just_made_is_named_after_the_wait_too(tmp_path: Path) -> None:
    inputs = {
        "file": str(an_ipa(tmp_path)),
        "groups": "QA, Family",
        "create-groups": "external",
        "wait": "available",
    }
    with apple() as sandbox:
        done = step(tmp_path, sandbox, inputs)
    assert (done.code, done.outputs["groups"]) == (0, "QA, Family")


@pytest.mark.parametrize("withdraw", ["true", "false"])
def test_builds_that_wait_for_review_make_way(tmp_path: Path, withdraw: str) -> None:
    inputs = {"file": str(an_ipa(tmp_path)), "groups": "Beta testers", "reject-waiting-review": withdraw}
    with apple(_older()) as sandbox:
        done = step(tmp_path, sandbox, inputs)
        gone = {each.id for each in sandbox.world.all("builds") if each.attributes.get("expired")}
        assert submissions(sandbox) == (["APPROVED"] if withdraw == "true" else [])
    if withdraw == "true":
        assert (done.code, gone) == (0, {"b-41"})
    else:
        assert (done.code, gone) == (1, set())
        assert "reject-waiting-review: true" in done.error
        assert done.outputs["groups"] == "Beta testers", "what was done before is told"


# Apple refuses


@pytest.mark.parametrize(
    ("outcome", "state"), [("invalid", "INVALID"), ("failed", "FAILED"), ("upload-failed", "FAILED")]
)
@pytest.mark.parametrize("second_job", [False, True])
def test_a_refusal_ends_the_wait_with_apples_reasons(
    tmp_path: Path, outcome: str, state: str, second_job: bool
) -> None:
    reasons = (("90683", "Missing purpose string."), ("ITMS-90725", "SDK version issue."), ("91999", "New."))
    plan = Processing(seconds=0.3, outcome=outcome, reasons=reasons)  # type: ignore[arg-type]
    with apple(processing=plan) as sandbox:
        inputs = {"file": str(an_ipa(tmp_path)), "wait": "none" if second_job else "processing"}
        done = step(tmp_path, sandbox, inputs)
        if second_job:
            done = step(tmp_path, sandbox, {"build-upload-id": done.outputs["build-upload-id"]})
        there = builds(sandbox)
    assert done.code == 1
    assert (
        f"Apple refused build 1.5.0 (42) ({state}): Missing purpose string (90683); SDK version" in done.error
    )
    assert "New (91999)" in done.error
    assert "Info.plist" in done.error
    assert "SDK" in done.error
    assert "new build number" in done.error
    assert (done.outputs["state"], done.outputs["build-id"]) == (state, there[0] if there else "")
    assert "❌" in done.summary and "90683" in done.summary


@pytest.mark.parametrize("second_job", [False, True])
def test_apples_warnings_are_told(tmp_path: Path, second_job: bool) -> None:
    warned = {"state": "COMPLETE", "warnings": [{"code": "90737", "description": "Invalid Document."}]}
    there = world(
        preReleaseVersions=[
            {"version": "1.5.0", "platform": "IOS", "builds": [{"version": "42", "id": "b-42"}]}
        ],
        buildUploads=[upload("1.5.0", "42", warned, id="u-42", build="b-42")],  # type: ignore[arg-type]
    )
    numbers = {"bundle-id": APP, "version": "1.5.0", "build-number": "42"}
    with apple(there) as sandbox:
        done = step(tmp_path, sandbox, {"build-upload-id": "u-42"} if second_job else numbers)
    assert done.code == 0
    assert "Apple warns: Invalid Document. (90737)" in done.log.messages("warning")
    assert "⚠️ Invalid Document. (90737)" in done.summary


# A change that Apple accepts and does not make

OLDER = build("1.5.0", "41", id="build-41", uploadedDate="1 day ago")


@pytest.mark.parametrize(
    ("write", "inputs", "kept"),
    [
        ("POST /v1/builds/*/relationships/betaGroups", {"groups": "QA"}, ""),
        ("POST /v1/betaGroups", {"groups": "QA, Family", "create-groups": "internal"}, "QA"),
        ("POST /v1/builds/*/relationships/individualTesters", {"testers": "toni@example.com"}, ""),
        ("POST /v1/betaTesters", {"testers": "ada@example.com", "groups": "QA"}, "QA"),
        ("POST /v1/betaBuildLocalizations", {"whats-new": "{de-DE: Schneller.}"}, ""),
        ("PATCH /v1/betaBuildLocalizations/*", {"whats-new": "{en-US: Faster.}"}, ""),
        ("PATCH /v1/betaAppLocalizations/*", {"app-info": "{en-US: {feedback-email: qa@example.com}}"}, ""),
        ("POST /v1/betaAppLocalizations", {"app-info": "{de-DE: {description: Ein Beispiel.}}"}, ""),
        ("PATCH /v1/betaAppReviewDetails/*", {"beta-review-info": "notes: Hello."}, ""),
        ("PATCH /v1/buildBetaDetails/*", {"notify-testers": "true"}, ""),
        ("PATCH /v1/builds/*", {"uses-non-exempt-encryption": "false"}, ""),
        ("POST /v1/betaAppReviewSubmissions", {"groups": "Beta testers"}, "Beta testers"),
        (
            "PATCH /v1/builds/build-41",
            {"groups": "QA", "expire-previous-builds": "train", "wait": "available"},
            "QA",
        ),
    ],
)
def test_a_change_that_is_answered_and_not_made_fails_the_step(
    tmp_path: Path, write: str, inputs: dict[str, str], kept: str
) -> None:
    file = an_ipa(tmp_path, encryption=None if "non-exempt" in str(inputs) else False)
    given = {"file": str(file), "wait": "processing", **inputs}
    known = [{"id": "t-1", "email": "toni@example.com", "apps": [APP_ID]}]
    with apple(world(builds=[OLDER], betaTesters=known)) as sandbox:
        sandbox.add_fault(f"{write} ignored times=always")
        done = step(tmp_path, sandbox, given)
        assert (done.code, "Apple accepted" in done.error) == (1, True), done.stdout
        assert (sandbox.faults_hit, done.outputs["groups"]) == (1, kept)
        sandbox.end_faults()
        again = step(tmp_path, sandbox, given)
        assert (again.code, len(builds(sandbox))) == (0, 1), again.stdout


def test_reading_the_changes_back_costs_a_request_for_the_app_and_one_for_older_builds(
    tmp_path: Path,
) -> None:
    inputs = {"file": str(an_ipa(tmp_path)), "wait": "processing", "groups": "QA"}
    both = {"app-info": "{en-US: {feedback-email: qa@example.com}}", "expire-previous-builds": "train"}
    counts = []
    for given in (inputs, {**inputs, **both}):
        with apple(world(builds=[OLDER])) as sandbox:
            assert step(tmp_path, sandbox, given).code == 0
            last = max(number for number, call in enumerate(calls(sandbox)) if not call.startswith("GET"))
            counts.append(len(calls(sandbox)[last + 1 :]))
    assert counts == [1, 3]


def test_more_testers_and_groups_than_an_answer_includes_are_all_found(tmp_path: Path) -> None:
    people = [f"t{number}@example.com" for number in range(60)]
    known = [{"id": f"t-{number}", "email": email, "apps": [APP_ID]} for number, email in enumerate(people)]
    groups = [group(f"G{number}", internal=True) for number in range(55)]
    inputs = {
        "file": str(an_ipa(tmp_path)),
        "wait": "processing",
        "testers": "\n".join(people),
        "groups": "\n".join(made["name"] for made in groups),
    }
    with apple(world(groups=groups, betaTesters=known)) as sandbox:
        done = step(tmp_path, sandbox, inputs)
        assert (done.code, len(groups_with_it(sandbox))) == (0, 55), done.stdout
