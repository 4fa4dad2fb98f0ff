"""upload-testflight with a build that is there: a second job, and a number that is taken."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from asc_sandbox.plans import Processing
from core.uploading import (
    APP,
    APP_ID,
    PART,
    QA,
    SIZE,
    WRITES,
    an_ipa,
    apple,
    assert_exactly_one,
    calls,
    groups_with_it,
    step,
    whats_new,
    world,
)
from support.sandbox import app, build, seed, upload

# Two jobs


def test_a_second_job_goes_on_with_the_upload(tmp_path: Path) -> None:
    file = an_ipa(tmp_path)
    with apple(processing=Processing(seconds=0.2)) as sandbox:
        first = step(tmp_path, sandbox, {"file": str(file), "wait": "none"})
        assert (first.code, first.outputs["state"]) == (0, "PROCESSING")
        inputs = {"build-upload-id": first.outputs["build-upload-id"], "groups": "QA", "whats-new": "Faster."}
        second = step(tmp_path, sandbox, inputs)
        assert (second.code, groups_with_it(sandbox)) == (0, {"QA"})
        assert whats_new(sandbox) == {"en-US": "Faster."}
        assert_exactly_one(sandbox, file)
    assert second.outputs == {
        **first.outputs,
        "build-id": second.outputs["build-id"],
        "testflight-url": second.outputs["testflight-url"],
        "state": "VALID",
        "external-state": "READY_FOR_BETA_SUBMISSION",
        "groups": "QA",
        "uploaded-bytes": "0",
    }


@pytest.mark.parametrize(
    "named",
    [
        {"build-id": "b-42"},
        {"build-id": "b-42", "bundle-id": APP},
        {"bundle-id": APP, "version": "1.5.0", "build-number": "42"},
        {"app-id": APP_ID, "version": "1.5.0", "build-number": "42", "platform": "ios"},
    ],
)
def test_a_build_that_is_there_is_named_by_id_or_by_number(tmp_path: Path, named: dict[str, str]) -> None:
    there = build("1.5.0", "42", id="b-42", usesNonExemptEncryption=False)
    others = [build("1.5.0", "41"), build("1.5.0", "421"), build("1.5.0", "42", platform="TV_OS", id="b-tv")]
    with apple(seed(apps=[app(APP, id=APP_ID, builds=[there, *others], betaGroups=[QA])])) as sandbox:
        done = step(tmp_path, sandbox, {**named, "groups": "QA", "platform": named.get("platform", "ios")})
        (qa,) = sandbox.world.all("betaGroups")
        assert [each.id for each in sandbox.world.related(qa, "builds")] == ["b-42"]
    assert (done.code, done.outputs["build-id"], done.outputs["app-id"]) == (0, "b-42", APP_ID)
    assert done.outputs["uploaded-bytes"] == "0"


def test_a_build_that_is_not_found_at_random_is_asked_for_again(tmp_path: Path) -> None:
    there = build("1.5.0", "42", id="b-42", usesNonExemptEncryption=False)
    faults = ["GET /v1/builds/b-42 status=404 times=2"]
    with apple(seed(apps=[app(APP, id=APP_ID, builds=[there], betaGroups=[QA])]), faults=faults) as sandbox:
        done = step(tmp_path, sandbox, {"build-id": "b-42", "groups": "QA"})
    assert (done.code, done.outputs["build-id"]) == (0, "b-42")


@pytest.mark.parametrize("name", ["build-id", "build-upload-id"])
def test_an_id_that_leads_nowhere_is_named(tmp_path: Path, name: str) -> None:
    with apple() as sandbox:
        done = step(tmp_path, sandbox, {name: "nowhere"})
    assert (done.code, f"{name}: " in done.error) == (1, True)


def test_a_number_of_two_platforms_asks_for_the_platform(tmp_path: Path) -> None:
    two = [upload("1.5.0", "42"), upload("1.5.0", "42", platform="TV_OS")]
    with apple(seed(apps=[app(APP, id=APP_ID, uploads=two)])) as sandbox:
        done = step(tmp_path, sandbox, {"bundle-id": APP, "version": "1.5.0", "build-number": "42"})
    assert (done.code, "platform: " in done.error, "TV_OS" in done.error) == (2, True, True)


LATEST = {"bundle-id": APP, "build-number": "latest", "groups": "QA"}


def answered(train: str, number: str, **rest: Any) -> dict[str, Any]:
    return build(train, number, usesNonExemptEncryption=False, **rest)


@pytest.mark.parametrize(
    ("inputs", "number"),
    [({}, "1.10.0 (9)"), ({"version": "1.9.0"}, "1.9.0 (10)"), ({"platform": "ios"}, "1.10.0 (9)")],
    ids=["of all", "of a version", "of a platform"],
)
def test_the_latest_build_is_the_highest_number_of_the_highest_version(
    tmp_path: Path, inputs: dict[str, str], number: str
) -> None:
    builds = [
        answered("1.9.0", "9"),
        answered("1.9.0", "10"),
        answered("1.10.0", "9"),
        answered("1.10.0", "8"),
    ]
    uploads = [upload("1.10.0", "11", "FAILED"), upload("1.10.0", "12", "AWAITING_UPLOAD")]
    with apple(seed(apps=[app(APP, id=APP_ID, builds=builds, uploads=uploads, betaGroups=[QA])])) as sandbox:
        done = step(tmp_path, sandbox, {**LATEST, **inputs})
    assert (done.code, done.outputs.get("groups")) == (0, "QA"), done.stdout
    assert f"The latest build is {number} for iOS" in done.stdout
    assert f"{done.outputs['version']} ({done.outputs['build-number']})" == number


def test_the_latest_build_may_still_be_on_its_way(tmp_path: Path) -> None:
    file = an_ipa(tmp_path)
    there = world(preReleaseVersions=[{"version": "1.5.0", "platform": "IOS", "builds": [{"version": "41"}]}])
    with apple(there, processing=Processing(seconds=0.6)) as sandbox:
        assert step(tmp_path, sandbox, {"file": str(file), "wait": "none"}).code == 0
        done = step(tmp_path, sandbox, LATEST)
    assert (done.code, done.outputs["build-number"], done.outputs["state"]) == (0, "42", "VALID"), done.stdout


def test_a_build_in_a_state_that_is_not_known_can_be_the_latest(tmp_path: Path) -> None:
    builds = [answered("1.5.0", "41"), answered("1.5.0", "42", processingState="ALMOST_VALID")]
    with apple(seed(apps=[app(APP, id=APP_ID, builds=builds, betaGroups=[QA])])) as sandbox:
        done = step(tmp_path, sandbox, {**LATEST, "timeout": "1s"})
    assert "The latest build is 1.5.0 (42) for iOS" in done.stdout


def test_without_a_build_there_is_no_latest(tmp_path: Path) -> None:
    with apple(world(buildUploads=[upload("1.5.0", "42", "FAILED")])) as sandbox:
        done = step(tmp_path, sandbox, LATEST)
        assert calls(sandbox, *WRITES) == []
    assert (done.code, "com.example.app" in done.error) == (1, True)


def test_the_latest_build_of_several_platforms_needs_the_platform(tmp_path: Path) -> None:
    two = [answered("1.5.0", "42"), answered("1.5.0", "43", platform="TV_OS")]
    with apple(seed(apps=[app(APP, id=APP_ID, builds=two)])) as sandbox:
        done = step(tmp_path, sandbox, LATEST)
    assert (done.code, "platform: " in done.error, "iOS and for tvOS" in done.error) == (
        2,
        True,
        True,
    )


def test_a_number_that_never_appears_may_be_mistyped(tmp_path: Path) -> None:
    with apple() as sandbox:
        done = step(
            tmp_path, sandbox, {"bundle-id": APP, "version": "1.5.0", "build-number": "24", "timeout": "0.2s"}
        )
    assert done.code == 1
    assert "build-number" in done.error


def test_the_upload_alone_tells_where_it_stands(tmp_path: Path) -> None:
    with apple(world(buildUploads=[upload("1.5.0", "42", id="u-42")])) as sandbox:
        done = step(tmp_path, sandbox, {"build-upload-id": "u-42", "wait": "upload"})
    assert (done.code, done.outputs["state"]) == (0, "COMPLETE")


def test_a_dry_run_of_the_second_job_without_the_app(tmp_path: Path) -> None:
    file = an_ipa(tmp_path)
    with apple() as sandbox:
        first = step(tmp_path, sandbox, {"file": str(file), "wait": "none"})
        before = calls(sandbox, *WRITES)
        inputs = {"build-upload-id": first.outputs["build-upload-id"], "groups": "QA", "dry-run": "true"}
        done = step(tmp_path, sandbox, inputs)
        assert calls(sandbox, *WRITES) == before
    assert done.code == 0, done.stdout
    assert "Would add to the internal group QA" in done.stdout


def test_a_dry_run_of_the_second_job_before_there_is_a_build(tmp_path: Path) -> None:
    there = world(buildUploads=[upload("1.5.0", "42", "PROCESSING", id="u-42")])
    inputs = {"build-upload-id": "u-42", "groups": "Nobody", "dry-run": "true"}
    with apple(there) as sandbox:
        done = step(tmp_path, sandbox, inputs)
        assert (done.code, "bundle-id" in done.stdout) == (0, True)
        done = step(tmp_path, sandbox, {**inputs, "bundle-id": APP})
        assert (done.code, "Nobody" in done.error) == (1, True)


# The number is taken

IF_EXISTS = ("resume", "skip", "fail")


@pytest.mark.parametrize("if_exists", IF_EXISTS)
def test_an_upload_that_was_only_begun_goes_on(tmp_path: Path, if_exists: str) -> None:
    file = an_ipa(tmp_path)
    with apple(faults=["PUT /uploads/*/3 status=400"]) as sandbox:
        assert step(tmp_path, sandbox, {"file": str(file), "parallel-parts": "1"}).code == 3
        done = step(tmp_path, sandbox, {"file": str(file), "if-exists": if_exists})
        assert_exactly_one(sandbox, file)
        assert calls(sandbox, "POST").count("POST /v1/buildUploads") == 1
    assert (done.code, done.outputs["resumed"]) == (0, "true")
    (there,) = re.findall("([23]) of 4 parts have arrived already", done.stdout)
    assert done.outputs["uploaded-bytes"] == str(SIZE - int(there) * PART)


@pytest.mark.parametrize("size", [SIZE, SIZE + 1])
def test_an_upload_that_was_begun_of_another_file_ends_with_this_one(tmp_path: Path, size: int) -> None:
    with apple(faults=["PATCH /v1/buildUploadFiles/* status=403"]) as sandbox:
        assert step(tmp_path, sandbox, {"file": str(an_ipa(tmp_path, seed=2))}).code == 1
        file = an_ipa(tmp_path, size=size)
        done = step(tmp_path, sandbox, {"file": str(file)})
        assert_exactly_one(sandbox, file)
    assert done.code == 0


@pytest.mark.parametrize(("if_exists", "problem"), [("resume", ""), ("skip", ""), ("fail", "already used")])
def test_the_same_file_is_there(tmp_path: Path, if_exists: str, problem: str) -> None:
    file = an_ipa(tmp_path)
    with apple() as sandbox:
        step(tmp_path, sandbox, {"file": str(file)})
        before = len(calls(sandbox, "PUT"))
        done = step(tmp_path, sandbox, {"file": str(file), "if-exists": if_exists, "groups": "QA"})
        assert len(calls(sandbox, "PUT")) == before
        assert_exactly_one(sandbox, file)
        assert groups_with_it(sandbox) == (set() if problem else {"QA"})
    if problem:
        assert (done.code, problem in done.error, "43" in done.error) == (1, True, True)
    else:
        assert (done.code, done.outputs["uploaded-bytes"], done.outputs["resumed"]) == (0, "0", "true")


@pytest.mark.parametrize("size", [SIZE, SIZE + 4])
@pytest.mark.parametrize("if_exists", IF_EXISTS)
def test_another_file_is_there(tmp_path: Path, if_exists: str, size: int) -> None:
    first = an_ipa(tmp_path)
    with apple() as sandbox:
        step(tmp_path, sandbox, {"file": str(first)})
        other = an_ipa(tmp_path, "Other.ipa", size=size, seed=2)
        done = step(tmp_path, sandbox, {"file": str(other), "if-exists": if_exists})
        assert_exactly_one(sandbox, first)
    if if_exists == "skip":
        assert (done.code, done.outputs["state"]) == (0, "VALID")
        assert any("another file" in each for each in done.log.messages("warning")), done.stdout
    else:
        assert (done.code, "already used" in done.error, "free number, 43 " in done.error) == (1, True, True)


@pytest.mark.parametrize("if_exists", IF_EXISTS)
def test_the_same_file_was_refused(tmp_path: Path, if_exists: str) -> None:
    file = an_ipa(tmp_path)
    with apple(outcome="upload-failed") as sandbox:
        step(tmp_path, sandbox, {"file": str(file)})
        before = calls(sandbox, "PUT", *WRITES)
        done = step(tmp_path, sandbox, {"file": str(file), "if-exists": if_exists})
        assert calls(sandbox, "PUT", *WRITES) == before
    assert (done.code, "refused" in done.error, "90683" in done.error) == (1, True, True)
