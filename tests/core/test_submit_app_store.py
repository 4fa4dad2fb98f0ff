"""submit-app-store: from a prepared version to the review, each step once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from asc.store.items import Item, add_item
from asc.store.preparing import Preparation, plan_preparation
from asc.store.submission import make_draft
from asc.store.version import StoreVersion
from asc_sandbox.plans import Store
from asc_sandbox.server import Sandbox
from core.app_store_review import NEVER, QUICK, submissions, submit, version_of, with_sold, world, writes
from support.api_client import connect
from support.sandbox import start_sandbox
from support.store import texts


def test_a_version_is_submitted_with_its_build_and_a_second_run_submits_nothing(tmp_path: Path) -> None:
    with start_sandbox(world(), store=NEVER) as sandbox:
        done = submit(tmp_path, sandbox, release="manual", phased="true")
        assert (done.code, done.outputs["state"]) == (0, "WAITING_FOR_REVIEW"), done.stdout
        assert len(sandbox.requests) <= 22
        (version,) = [
            one for one in sandbox.world.all("appStoreVersions") if one.attributes["versionString"] == "2.0"
        ]
        assert (version.attributes["releaseType"], version.references["build"]) == ("MANUAL", ("BUILD-8",))
        before = len(sandbox.requests)
        again = submit(tmp_path, sandbox, release="manual", phased="true")
        assert (again.code, again.outputs["changed"], len(submissions(sandbox))) == (0, "false", 1)
        assert again.outputs["submission-id"] == done.outputs["submission-id"] != ""
        assert len(sandbox.requests) - before <= 4


@pytest.mark.parametrize(
    ("verdict", "code", "result"), [("approved", 0, "approved"), ("rejected", 1, "rejected")]
)
def test_the_result_of_the_review_is_waited_for(tmp_path: Path, verdict: str, code: int, result: str) -> None:
    with start_sandbox(world(), store=Store(review=0.2, verdict=verdict, release=0.1)) as sandbox:
        done = submit(tmp_path, sandbox, wait="reviewed", release="manual")
    assert (done.code, done.outputs["result"]) == (code, result), done.stdout


def test_a_review_that_takes_too_long_ends_the_step_and_a_rerun_only_waits(tmp_path: Path) -> None:
    with start_sandbox(world(), store=NEVER) as sandbox:
        done = submit(tmp_path, sandbox, wait="reviewed", timeout="1s")
        assert (done.code, done.outputs["result"]) == (1, "pending")
        before = len(writes(sandbox))
        sandbox.decide("approved")
        again = submit(tmp_path, sandbox, wait="reviewed")
        assert (again.code, again.outputs["result"], len(writes(sandbox))) == (0, "approved", before)


@pytest.mark.parametrize("form", ["lists", "objects"])
def test_everything_that_apple_lacks_is_told_with_its_locale_its_field_and_a_remedy(
    tmp_path: Path, form: Any
) -> None:
    lacking = [texts("en-US", whatsNew=None), texts("de-DE", description=None)]
    state = replace(QUICK, associated=form)
    with start_sandbox(world(appStoreVersionLocalizations=lacking, copyright=None), store=state) as sandbox:
        done = submit(tmp_path, sandbox, checks="false")
    assert done.code == 1
    for named in ("en-US: release_notes", "de-DE: description", "the version: copyright", "metadata folder"):
        assert named in done.error


def test_the_locale_of_a_name_is_told_and_a_refusal_without_reasons_names_the_privacy_answers(
    tmp_path: Path,
) -> None:
    names = [{"locale": "en-US", "name": "Example"}]
    lacking = world()
    lacking["apps"][0]["appInfos"] = [
        {"state": "PREPARE_FOR_SUBMISSION", "primaryCategory": "BOOKS", "appInfoLocalizations": names}
    ]
    with start_sandbox(lacking, store=QUICK) as sandbox:
        assert "en-US: privacy_url" in submit(tmp_path, sandbox, checks="false").error
    with start_sandbox(lacking, store=replace(QUICK, associated="absent")) as sandbox:
        assert "privacy" in submit(tmp_path, sandbox, checks="false").error


def test_checks_tell_all_findings_together_before_anything_is_written(tmp_path: Path) -> None:
    lacking = [texts("en-US", whatsNew=None), texts("de-DE", description=None)]
    with start_sandbox(world(appStoreVersionLocalizations=lacking, copyright=None), store=QUICK) as sandbox:
        done = submit(tmp_path, sandbox, build_id="BUILD-6")
        assert (done.code, writes(sandbox)) == (1, [])
    told = "\n".join(done.log.messages("error"))
    named = ("en-US: release_notes", "de-DE: description", "copyright", "expired")
    assert [name for name in named if name not in told] == []


def test_a_submission_without_checks_costs_ten_requests(tmp_path: Path) -> None:
    with start_sandbox(world(), store=NEVER) as sandbox:
        assert submit(tmp_path, sandbox, checks="false").code == 0
        assert len(sandbox.requests) <= 10


@pytest.mark.parametrize(
    "inputs",
    [
        {"build_id": "BUILD-7"},
        {"build_id": "BUILD-6"},
        {"build_id": "BUILD-9"},
        {"build_id": "", "build_number": "99"},
        {"build_id": ""},
        {"version": "3.0"},
        {"release": "2020-01-31T10:00:00Z"},
    ],
)
def test_what_apple_would_refuse_is_told_before_anything_is_written(
    tmp_path: Path, inputs: dict[str, str]
) -> None:
    with start_sandbox(world(), store=QUICK) as sandbox:
        done = submit(tmp_path, sandbox, **inputs)
        assert (done.code, writes(sandbox)) == (1, []), done.stdout


def test_a_first_version_is_not_phased(tmp_path: Path) -> None:
    with start_sandbox(world(live=False), store=QUICK) as sandbox:
        done = submit(tmp_path, sandbox, phased="true")
        assert (done.code, writes(sandbox)) == (1, [])


@pytest.mark.parametrize(
    "inputs",
    [{"build_number": "8"}, {"release": "soon"}, {"release": "2027-01-31T10:30:00Z"}, {"action": "withdraw"}],
)
def test_inputs_that_make_no_sense_are_refused_before_anything_is_sent(
    tmp_path: Path, inputs: dict[str, str]
) -> None:
    with start_sandbox(world(), store=QUICK) as sandbox:
        done = submit(tmp_path, sandbox, **inputs)
        assert (done.code, list(sandbox.requests)) == (2, [])


def test_export_compliance_is_answered_if_the_build_has_no_answer(tmp_path: Path) -> None:
    with start_sandbox(world(), store=NEVER) as sandbox:
        done = submit(tmp_path, sandbox, build_id="BUILD-9", uses_non_exempt_encryption="false")
        assert done.code == 0, done.stdout
        (attached,) = [one for one in sandbox.world.all("builds") if one.id == "BUILD-9"]
        assert attached.attributes["usesNonExemptEncryption"] is False


def test_a_build_with_an_approved_declaration_needs_no_answer_and_gets_none(tmp_path: Path) -> None:
    seeded = world()
    declaration = {"id": "D-1", "appEncryptionDeclarationState": "APPROVED", "usesEncryption": True}
    seeded["apps"][0]["appEncryptionDeclarations"] = [declaration]
    with start_sandbox(seeded, store=NEVER) as sandbox:
        (declared,) = [one for one in sandbox.world.all("builds") if one.id == "BUILD-9"]
        sandbox.world.relate(declared, "appEncryptionDeclaration", "D-1")
        done = submit(tmp_path, sandbox, build_id="BUILD-9")
        assert done.code == 0, done.stdout
        assert "PATCH /v1/builds/BUILD-9" not in writes(sandbox)


def test_an_answer_to_export_compliance_that_contradicts_the_build_is_an_error(tmp_path: Path) -> None:
    with start_sandbox(world(), store=NEVER) as sandbox:
        done = submit(tmp_path, sandbox, uses_non_exempt_encryption="true")
        assert (done.code, writes(sandbox)) == (1, []), done.stdout
        assert "uses-non-exempt-encryption" in done.error


def test_a_draft_with_other_items_is_refused_although_an_open_submission_is_to_be_cancelled(
    tmp_path: Path,
) -> None:
    with start_sandbox(with_sold(), store=NEVER) as sandbox:
        assert submit(tmp_path, sandbox).code == 0
        foreign_draft(sandbox)
        before = len(writes(sandbox))
        other = {"build_id": "BUILD-9", "uses_non_exempt_encryption": "false"}
        done = submit(tmp_path, sandbox, **other, if_open="cancel")
        assert (done.code, len(writes(sandbox))) == (1, before), done.stdout


def foreign_draft(sandbox: Sandbox) -> None:
    """Make a draft of a submission with an event, as a person does in App Store Connect."""
    with connect(sandbox) as client:
        draft = make_draft(client, "1000000001", version_of(client))
        add_item(client, draft.id, Item("appEvent", "race"))


def test_another_build_in_review_is_in_the_way_until_it_is_to_be_cancelled(tmp_path: Path) -> None:
    with start_sandbox(world(), store=NEVER) as sandbox:
        assert submit(tmp_path, sandbox).code == 0
        other = {"build_id": "BUILD-9", "uses_non_exempt_encryption": "false"}
        before = len(writes(sandbox))
        assert (submit(tmp_path, sandbox, **other).code, len(writes(sandbox))) == (1, before)
        done = submit(tmp_path, sandbox, **other, if_open="cancel")
        assert (done.code, done.outputs["state"]) == (0, "WAITING_FOR_REVIEW"), done.stdout


def test_a_version_is_withdrawn_once(tmp_path: Path) -> None:
    with start_sandbox(world(), store=NEVER) as sandbox:
        submit(tmp_path, sandbox)
        done = submit(tmp_path, sandbox, build_id="", action="withdraw")
        assert (done.code, done.outputs["result"], done.outputs["changed"]) == (0, "withdrawn", "true"), (
            done.stdout
        )
        again = submit(tmp_path, sandbox, build_id="", action="withdraw")
        assert (again.code, again.outputs["changed"]) == (0, "false")


def test_a_version_that_is_live_cannot_be_withdrawn(tmp_path: Path) -> None:
    with start_sandbox(world(), store=QUICK) as sandbox:
        done = submit(tmp_path, sandbox, build_id="", version="1.0", action="withdraw")
        assert (done.code, writes(sandbox)) == (1, [])


def test_a_dry_run_prints_the_plan_and_writes_nothing(tmp_path: Path) -> None:
    with start_sandbox(world(), store=QUICK) as sandbox:
        done = submit(tmp_path, sandbox, dry_run="true")
        assert (done.code, done.outputs["changed"], writes(sandbox)) == (0, "true", [])


def test_a_dry_run_of_a_withdrawal_keeps_the_submission(tmp_path: Path) -> None:
    with start_sandbox(world(), store=NEVER) as sandbox:
        submit(tmp_path, sandbox)
        before = len(writes(sandbox))
        done = submit(tmp_path, sandbox, build_id="", action="withdraw", dry_run="true")
        assert (done.code, done.outputs["result"], done.outputs["changed"]) == (0, "pending", "true")
        assert len(writes(sandbox)) == before


@pytest.mark.parametrize(
    "fault",
    [
        "POST /v1/reviewSubmissions lost",
        "POST /v1/reviewSubmissionItems lost",
        "PATCH /v1/reviewSubmissions/* lost",
        "PATCH /v1/appStoreVersions/*/relationships/build lost",
        "PATCH /v1/appStoreVersions/* lost",
        "POST /v1/appStoreVersionPhasedReleases lost",
        "GET /v1/reviewSubmissions status=503",
        *(f"{write} status=500" for write in ("POST /v1/reviewSubmissions", "PATCH /v1/reviewSubmissions/*")),
        *(
            f"POST /v1/{thing} status=500"
            for thing in ("reviewSubmissionItems", "appStoreVersionPhasedReleases")
        ),
    ],
)
def test_a_passing_fault_submits_once(tmp_path: Path, fault: str) -> None:
    with start_sandbox(world(), store=NEVER, faults=[fault]) as sandbox:
        done = submit(tmp_path, sandbox, release="manual", phased="true")
        assert (done.code, submissions(sandbox)) == (0, ["WAITING_FOR_REVIEW"]), done.stdout


@pytest.mark.parametrize("fault", ["lost", "damage"])
def test_a_submission_whose_answers_are_always_lost_and_that_is_reviewed_at_once_is_submitted(
    tmp_path: Path, fault: str
) -> None:
    at_once = Store(review=0, media=0, release=0, cancel=0)
    answers = [f"PATCH /v1/reviewSubmissions/* {fault} times=always"]
    with start_sandbox(world(), store=at_once, faults=answers) as sandbox:
        done = submit(tmp_path, sandbox)
        sent = [path for path in writes(sandbox) if path.startswith("PATCH /v1/reviewSubmissions/")]
        assert (done.code, len(sent)) == (0, 1), done.stdout


def test_a_submission_without_effect_is_repeated_once_and_then_an_error(tmp_path: Path) -> None:
    with start_sandbox(
        world(), store=NEVER, faults=["PATCH /v1/reviewSubmissions/* status=500 times=always"]
    ) as sandbox:
        done = submit(tmp_path, sandbox)
        sent = [path for path in writes(sandbox) if path.startswith("PATCH /v1/reviewSubmissions/")]
        assert (done.code != 0, len(sent)) == (True, 2), done.stdout
        sandbox.end_faults()
        assert (submit(tmp_path, sandbox).code, submissions(sandbox)) == (0, ["WAITING_FOR_REVIEW"])


@pytest.mark.parametrize(
    ("write", "inputs"),
    [
        ("PATCH /v1/appStoreVersions/*", {"release": "manual"}),
        ("PATCH /v1/appStoreVersions/*", {"release": "2099-01-01T10:00:00Z"}),
        ("POST /v1/appStoreVersionPhasedReleases", {"phased": "true"}),
        ("PATCH /v1/appStoreVersions/*/relationships/build", {"build_id": "BUILD-9"}),
        ("PATCH /v1/builds/*", {"build_id": "BUILD-9"}),
        ("POST /v1/reviewSubmissionItems", {"items": "appEvents/race"}),
    ],
)
def test_a_version_that_is_not_as_asked_for_is_not_submitted(
    tmp_path: Path, write: str, inputs: dict[str, str]
) -> None:
    prepared = with_sold(build="BUILD-8", releaseType="AFTER_APPROVAL")
    skip = " after=1" if "Items" in write else ""
    given = {"uses_non_exempt_encryption": "false", "checks": "false", **inputs}
    with start_sandbox(prepared, store=NEVER, faults=[f"{write} ignored times=always{skip}"]) as sandbox:
        done = submit(tmp_path, sandbox, **given)
        assert (done.code, "It was not submitted" in done.error) == (1, True)
        assert "WAITING_FOR_REVIEW" not in submissions(sandbox)
        sandbox.end_faults()
        assert submit(tmp_path, sandbox, **given).code == 0


@pytest.mark.parametrize(("hour", "minute", "steps"), [(10, 20, 0), (11, 0, 1)])
def test_a_date_of_release_that_apple_rounded_is_not_set_again(hour: int, minute: int, steps: int) -> None:
    at_apple = datetime(2027, 1, 31, hour, minute, tzinfo=UTC)
    version = StoreVersion(
        "V", "2.0", "IOS", "PREPARE_FOR_SUBMISSION", "SCHEDULED", earliest_release=at_apple
    )
    wanted = Preparation(release_type="SCHEDULED", release_date=datetime(2027, 1, 31, 10, tzinfo=UTC))
    assert len(plan_preparation(version, wanted)) == steps
