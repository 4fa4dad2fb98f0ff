"""A build is processed, and a green end of upload-testflight means that somebody can test it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from asc_sandbox.plans import Processing, Review
from core.uploading import APP, APP_ID, Json, an_ipa, apple, group, groups_with_it, step, world
from support.sandbox import app, build, seed

# The build's beta detail lags behind (codemagic-cli-tools#346)


@pytest.mark.parametrize("wait", ["processing", "available"])
def test_a_valid_build_is_waited_for_until_its_beta_detail_is_processed_too(
    tmp_path: Path, wait: str
) -> None:
    with apple(processing=Processing(seconds=0, detail_lag=6)) as sandbox:
        done = step(tmp_path, sandbox, {"file": str(an_ipa(tmp_path)), "groups": "QA", "wait": wait})
        assert done.code == 0, done.stdout
        assert groups_with_it(sandbox) == {"QA"}
        assert [each.status for each in sandbox.requests if each.status == 422] == []


def test_a_beta_detail_that_lags_past_the_timeout_ends_the_step_as_too_late(tmp_path: Path) -> None:
    inputs = {"file": str(an_ipa(tmp_path)), "groups": "QA", "timeout": "0.3s"}
    with apple(processing=Processing(seconds=0, detail_lag=60)) as sandbox:
        done = step(tmp_path, sandbox, inputs)
        assert groups_with_it(sandbox) == set()
    assert (done.code, "internal testing: PROCESSING" in done.error) == (1, True)


def test_a_refusal_of_a_build_that_is_processed_still_is_repeated_until_the_timeout(tmp_path: Path) -> None:
    to_groups = "POST /v1/builds/*/relationships/betaGroups"
    fault = f"{to_groups} status=422 code=ENTITY_UNPROCESSABLE.BUILD_NOT_PROCESSED times=6"
    with apple(faults=[fault]) as sandbox:
        inputs = {"file": str(an_ipa(tmp_path)), "groups": "QA", "timeout": "5m"}
        done = step(tmp_path, sandbox, inputs)
        assert groups_with_it(sandbox) == {"QA"}
    assert done.code == 0, done.stdout


# Export compliance, and who can test in the end


@pytest.mark.parametrize("wait", ["none", "upload", "processing", "available"])
@pytest.mark.parametrize("encryption", [None, True], ids=["no answer", "true without a declaration"])
def test_a_build_that_apple_will_hold_back_is_warned_of_before_the_upload(
    tmp_path: Path, encryption: bool | None, wait: str
) -> None:
    file = an_ipa(tmp_path, encryption=encryption)
    with apple() as sandbox:
        done = step(tmp_path, sandbox, {"file": str(file), "dry-run": "true", "wait": wait})
    (warning,) = done.log.messages("warning")
    assert (done.code, "export compliance" in warning or "encryption-declaration" in warning) == (0, True)


@pytest.mark.parametrize("wait", ["upload", "processing"])
def test_a_build_that_nobody_can_test_ends_green_with_a_warning_where_nobody_is_named(
    tmp_path: Path, wait: str
) -> None:
    with apple(processing=Processing(seconds=0)) as sandbox:
        done = step(tmp_path, sandbox, {"file": str(an_ipa(tmp_path, encryption=None)), "wait": wait})
    _, at_the_end = done.log.messages("warning")
    assert (done.code, "MISSING_EXPORT_COMPLIANCE" in at_the_end) == (0, True)
    assert "for the team" in done.summary


@pytest.mark.parametrize("wait", ["processing", "available"])
def test_named_groups_that_can_never_get_the_build_end_the_step(tmp_path: Path, wait: str) -> None:
    staff = group(
        "Staff", internal=True, hasAccessToAllBuilds=True
    )  # nothing is added, so that nothing is refused
    inputs = {"file": str(an_ipa(tmp_path, encryption=True)), "groups": "Staff", "wait": wait}
    with apple(world(groups=[staff])) as sandbox:
        done = step(tmp_path, sandbox, inputs)
    assert (done.code, "MISSING_EXPORT_COMPLIANCE" in done.error) == (1, True)
    assert "encryption-declaration" in done.log.messages("error")[0]


@pytest.mark.parametrize(("code", "group_has_it"), [("C-1", {"QA"}), (None, set())])
def test_a_declaration_of_the_info_plist_counts(
    tmp_path: Path, code: str | None, group_has_it: set[str]
) -> None:
    declared: Json = {"id": "declaration-1", "appEncryptionDeclarationState": "APPROVED", "codeValue": "C-1"}
    file = an_ipa(tmp_path, encryption=True, info={"ITSEncryptionExportComplianceCode": code})
    with apple(world(appEncryptionDeclarations=[declared])) as sandbox:
        done = step(tmp_path, sandbox, {"file": str(file), "groups": "QA"})
        assert groups_with_it(sandbox) == group_has_it
    assert (done.code == 0, bool(done.log.messages("warning"))) == (bool(code), not code)


def test_an_answered_build_ends_without_a_warning(tmp_path: Path) -> None:
    inputs = {"file": str(an_ipa(tmp_path, encryption=None)), "uses-non-exempt-encryption": "false"}
    with apple() as sandbox:
        done = step(tmp_path, sandbox, {**inputs, "groups": "QA"})
    assert (done.code, done.log.messages("warning")) == (0, [])


def test_a_rejected_build_is_judged_where_external_groups_are_named(tmp_path: Path) -> None:
    with apple(review=Review(seconds=0, outcome="rejected")) as sandbox:
        done = step(tmp_path, sandbox, {"file": str(an_ipa(tmp_path)), "groups": "Beta testers"})
    assert (done.code, "BETA_REJECTED" in done.error) == (1, True)


def test_an_expired_build_is_warned_of_where_only_its_texts_are_set(tmp_path: Path) -> None:
    there: Any = build("1.5.0", "42", id="b-42", expired=True, usesNonExemptEncryption=False)
    with apple(seed(apps=[app(APP, id=APP_ID, builds=[there])])) as sandbox:
        done = step(tmp_path, sandbox, {"build-id": "b-42", "whats-new": "Faster.", "wait": "processing"})
    (warning,) = done.log.messages("warning")
    assert (done.code, "EXPIRED for the team" in warning) == (0, True)
