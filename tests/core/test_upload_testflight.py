"""upload-testflight as users see it: given this App Store Connect, when the step runs, then these outputs."""

from __future__ import annotations

import json
import re
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from asc_sandbox.plans import Processing, Review
from asc_sandbox.samples import make_ipa, make_pkg, make_profile
from core.running import by_hand
from core.uploading import (
    APP,
    APP_ID,
    CONTACT,
    DESCRIBED,
    FRIENDS,
    PART,
    QA,
    SIZE,
    WRITES,
    an_ipa,
    apple,
    assert_exactly_one,
    assert_nothing_begun,
    builds,
    calls,
    group,
    groups_with_it,
    step,
    submissions,
    uploads,
    whats_new,
    world,
)
from support.sandbox import app, build, seed, upload

OUTPUTS = [
    "app-id",
    "build-upload-id",
    "build-id",
    "version",
    "build-number",
    "platform",
    "state",
    "external-state",
    "groups",
    "testflight-url",
    "uploaded-bytes",
    "resumed",
]


# A file


def test_plain(tmp_path: Path) -> None:
    file = an_ipa(tmp_path)
    inputs = {
        "file": str(tmp_path / "*.ipa"),
        "whats-new": "en-US: Faster start.\nde-DE: Schnellerer Start.",
        "groups": "QA, Beta testers",
    }
    with apple(processing=Processing(seconds=10), review=Review(outcome="never")) as sandbox:
        done = step(tmp_path, sandbox, inputs)
        assert done.code == 0, done.stdout
        assert_exactly_one(sandbox, file)
        assert whats_new(sandbox) == {"en-US": "Faster start.", "de-DE": "Schnellerer Start."}
        assert groups_with_it(sandbox) == {"QA", "Beta testers"}
        assert submissions(sandbox) == ["WAITING_FOR_REVIEW"]
        ((upload_id, _),) = uploads(sandbox)
        (build_id,) = builds(sandbox)
    page = f"https://appstoreconnect.apple.com/apps/{APP_ID}/testflight/ios/{build_id}"
    assert done.outputs == {
        "app-id": APP_ID,
        "build-upload-id": upload_id,
        "build-id": build_id,
        "version": "1.5.0",
        "build-number": "42",
        "platform": "IOS",
        "state": "VALID",
        "external-state": "WAITING_FOR_BETA_REVIEW",
        "groups": "QA, Beta testers",
        "testflight-url": page,
        "uploaded-bytes": str(SIZE),
        "resumed": "false",
    }
    assert list(done.outputs) == OUTPUTS
    assert done.log.problems == []
    assert done.log.messages("warning") == []
    for expected in (
        "com.example.app 1.5.0 (42), iOS",
        "| File | Example.ipa, 1.0 MiB |",
        "| Groups | QA, Beta testers |",
        "- set what's new in de-DE",
        "```mermaid\ngantt\n",
        "Processing at Apple (",
        f"[Open in App Store Connect]({page})",
    ):
        assert expected in done.summary


def test_seven_requests_bring_a_file_and_all_of_it_is_asked_for_once(tmp_path: Path) -> None:
    with apple() as sandbox:
        step(tmp_path, sandbox, {"file": str(an_ipa(tmp_path)), "wait": "none"})
        paths = [re.sub(r"/[0-9a-f-]{36}", "/…", call) for call in calls(sandbox, "GET", *WRITES)]
        assert (paths[0], set(paths[1:4])) == (
            "GET /v1/apps",
            {
                f"GET /v1/apps/{APP_ID}/buildUploads",
                "GET /v1/builds",
                f"GET /v1/apps/{APP_ID}/appStoreVersions",
            },
        )
        assert paths[4:] == [
            "POST /v1/buildUploads",
            "POST /v1/buildUploadFiles",
            "PATCH /v1/buildUploadFiles/…",
        ]
        assert len(calls(sandbox, "PUT")) == 4


def test_by_hand_there_are_outputs_on_standard_output_and_nothing_else(tmp_path: Path) -> None:
    file = an_ipa(tmp_path)
    with apple() as sandbox:
        done = by_hand("--file", str(file), "--groups", "QA", sandbox=sandbox, command="upload-testflight")
    assert done.code == 0
    assert list(done.printed) == OUTPUTS
    assert "App Store Connect has received all of Example.ipa" in done.stderr


@pytest.mark.parametrize("platform", ["IOS", "TV_OS", "VISION_OS"])
def test_platforms_are_read_from_the_file(tmp_path: Path, platform: str) -> None:
    file = an_ipa(tmp_path, platform=platform)
    with apple() as sandbox:
        done = step(tmp_path, sandbox, {"file": str(file)})
        assert_exactly_one(sandbox, file)
    assert (done.code, done.outputs["platform"]) == (0, platform)


def test_a_package_for_macos(tmp_path: Path) -> None:
    file = make_pkg(tmp_path / "Example.pkg", bundle_id=APP, version="1.5.0", build_number="42", size=SIZE)
    inputs = {"file": str(file), "groups": "QA", "uses-non-exempt-encryption": "false"}
    with apple() as sandbox:
        done = step(tmp_path, sandbox, inputs)
        assert_exactly_one(sandbox, file)
        assert groups_with_it(sandbox) == {"QA"}
    assert (done.code, done.outputs["platform"], done.outputs["state"]) == (0, "MAC_OS", "VALID")
    assert "/testflight/macos/" in done.outputs["testflight-url"]


@pytest.mark.parametrize(
    ("name", "said", "inside"),
    [
        ("version", "1.6.0", "1.5.0"),
        ("build-number", "43", "42"),
        ("platform", "tvos", "iOS"),
        ("bundle-id", "com.example.other", APP),
    ],
)
def test_an_input_that_contradicts_the_file_is_wrong_before_anything_is_sent(
    tmp_path: Path, name: str, said: str, inside: str
) -> None:
    with apple() as sandbox:
        done = step(tmp_path, sandbox, {"file": str(an_ipa(tmp_path)), name: said})
        assert calls(sandbox) == []
    assert (done.code, f"{name}: is " in done.error, inside in done.error) == (2, True, True)


def test_an_input_that_spells_the_number_of_the_file_otherwise_contradicts_nothing(tmp_path: Path) -> None:
    file = an_ipa(tmp_path)
    inputs = {"file": str(file), "version": "1.5", "build-number": "042", "platform": "ios", "bundle-id": APP}
    with apple() as sandbox:
        done = step(tmp_path, sandbox, inputs)
        assert_exactly_one(sandbox, file)
    assert (done.code, done.outputs["version"], done.outputs["build-number"]) == (0, "1.5.0", "42")


def test_the_app_by_its_id(tmp_path: Path) -> None:
    file = an_ipa(tmp_path)
    with apple() as sandbox:
        assert step(tmp_path, sandbox, {"file": str(file), "app-id": APP_ID}).code == 0
        assert_exactly_one(sandbox, file)


# How far to wait


@pytest.mark.parametrize(
    ("wait", "state", "has_build"),
    [("none", "PROCESSING", False), ("upload", "PROCESSING", True), ("processing", "VALID", True)],
)
def test_how_far_to_wait(tmp_path: Path, wait: str, state: str, has_build: bool) -> None:
    file = an_ipa(tmp_path)
    with apple(processing=Processing(seconds=1.5)) as sandbox:
        done = step(tmp_path, sandbox, {"file": str(file), "wait": wait})
    assert (done.code, done.outputs["state"]) == (0, state)
    assert bool(done.outputs["build-id"]) == has_build
    assert done.outputs["build-upload-id"]


def test_texts_need_the_build_but_not_that_it_is_processed(tmp_path: Path) -> None:
    inputs = {
        "file": str(an_ipa(tmp_path)),
        "wait": "upload",
        "whats-new": "Faster start.",
        "app-info": "en-US: {description: An example.}",
        "beta-review-info": "notes: Any address does.",
    }
    with apple(processing=Processing(seconds=3)) as sandbox:
        done = step(tmp_path, sandbox, inputs)
        (text,) = sandbox.world.all("betaBuildLocalizations")
        (information,) = sandbox.world.all("betaAppLocalizations")
        assert (done.code, done.outputs["state"]) == (0, "PROCESSING"), done.stdout
        assert (text.attributes["locale"], text.attributes["whatsNew"]) == ("en-US", "Faster start.")
        assert information.attributes["description"] == "An example."
        assert "A later step can continue with build-upload-id: " in done.stdout
        again = step(tmp_path, sandbox, {**inputs, "wait": "processing"})
        assert (again.code, "Done:" in again.stdout) == (0, False), again.stdout


def test_until_testers_can_install_it(tmp_path: Path) -> None:
    inputs = {"file": str(an_ipa(tmp_path)), "groups": "Beta testers", "wait": "available"}
    with apple(review=Review(seconds=10)) as sandbox:
        done = step(tmp_path, sandbox, inputs)
        assert submissions(sandbox) == ["APPROVED"]
    assert (done.code, done.outputs["external-state"]) == (0, "IN_BETA_TESTING")
    assert "Until testers have it (" in done.summary


def test_a_build_that_the_reviewers_reject_is_not_waited_for(tmp_path: Path) -> None:
    inputs = {"file": str(an_ipa(tmp_path)), "groups": "Beta testers", "wait": "available"}
    with apple(review=Review(seconds=0, outcome="rejected")) as sandbox:
        done = step(tmp_path, sandbox, inputs)
    assert (done.code, done.outputs["external-state"]) == (1, "BETA_REJECTED")
    assert "Testers will not get the build: it is BETA_REJECTED for external testers." in done.error


def test_the_team_need_not_wait_for_the_reviewers(tmp_path: Path) -> None:
    inputs = {"file": str(an_ipa(tmp_path)), "groups": "QA", "wait": "available"}
    with apple() as sandbox:
        assert step(tmp_path, sandbox, inputs).code == 0
        assert submissions(sandbox) == []


def test_when_the_time_is_over_the_id_to_go_on_with_is_told(tmp_path: Path) -> None:
    inputs = {"file": str(an_ipa(tmp_path)), "timeout": "1"}
    with apple(outcome="never") as sandbox:
        done = step(tmp_path, sandbox, inputs)
        ((upload_id, _),) = uploads(sandbox)
        (build_id,) = builds(sandbox)
    assert done.code == 1
    assert "was not ready after 1 s (timeout): the build is PROCESSING" in done.error
    assert f"build-upload-id: {upload_id}" in done.error
    assert done.outputs["build-upload-id"] == upload_id
    assert (done.outputs["build-id"], done.outputs["state"]) == (build_id, "PROCESSING")


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
    assert (done.code, f"{name}: the key sees nothing with the id nowhere" in done.error) == (1, True)


def test_a_number_of_two_platforms_asks_for_the_platform(tmp_path: Path) -> None:
    two = [upload("1.5.0", "42"), upload("1.5.0", "42", platform="TV_OS")]
    with apple(seed(apps=[app(APP, id=APP_ID, uploads=two)])) as sandbox:
        done = step(tmp_path, sandbox, {"bundle-id": APP, "version": "1.5.0", "build-number": "42"})
    assert (done.code, "platform: is required" in done.error, "TV_OS" in done.error) == (2, True, True)


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
    assert (done.code, "com.example.app has no build that could be the latest" in done.error) == (1, True)


def test_the_latest_build_of_several_platforms_needs_the_platform(tmp_path: Path) -> None:
    two = [answered("1.5.0", "42"), answered("1.5.0", "43", platform="TV_OS")]
    with apple(seed(apps=[app(APP, id=APP_ID, builds=two)])) as sandbox:
        done = step(tmp_path, sandbox, LATEST)
    assert (done.code, "platform: is required" in done.error, "iOS and for tvOS" in done.error) == (
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
    assert "Check version, build-number and platform" in done.error


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
        assert (done.code, "Give bundle-id to check" in done.stdout) == (0, True)
        done = step(tmp_path, sandbox, {**inputs, "bundle-id": APP})
        assert (done.code, "the app has no group Nobody" in done.error) == (1, True)


# The number is taken


IF_EXISTS = ("resume", "skip", "fail")
TAKEN, REFUSED = "is already used", "refused this file before"


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


@pytest.mark.parametrize(("if_exists", "problem"), [("resume", ""), ("skip", ""), ("fail", TAKEN)])
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
        assert (done.code, TAKEN in done.error, "free number, 43 " in done.error) == (1, True, True)


@pytest.mark.parametrize("if_exists", IF_EXISTS)
def test_the_same_file_was_refused(tmp_path: Path, if_exists: str) -> None:
    file = an_ipa(tmp_path)
    with apple(outcome="upload-failed") as sandbox:
        step(tmp_path, sandbox, {"file": str(file)})
        before = calls(sandbox, "PUT", *WRITES)
        done = step(tmp_path, sandbox, {"file": str(file), "if-exists": if_exists})
        assert calls(sandbox, "PUT", *WRITES) == before
    assert (done.code, REFUSED in done.error, "90683" in done.error) == (1, True, True)


# Run again


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    inputs = {
        "file": str(an_ipa(tmp_path, encryption=None)),
        "whats-new": "{default: Faster., de-DE: Schneller.}",
        "groups": "QA, Beta testers",
        "testers": "Ada Example <ada@example.com>",
        "uses-non-exempt-encryption": "false",
        "beta-review-info": "notes: Hello.",
        "app-info": "en-US: {description: An example.}",
        "notify-testers": "false",
        "expire-previous-builds": "train",
    }
    older = world(preReleaseVersions=[{"version": "1.5.0", "platform": "IOS", "builds": [{"version": "41"}]}])
    with apple(older, review=Review(outcome="never")) as sandbox:
        first = step(tmp_path, sandbox, inputs)
        assert first.code == 0, first.stdout
        before = calls(sandbox, "PUT", *WRITES)
        second = step(tmp_path, sandbox, inputs)
        assert calls(sandbox, "PUT", *WRITES) == before
    assert second.code == 0
    assert second.outputs == {**first.outputs, "uploaded-bytes": "0", "resumed": "true"}


# A dry run


def test_a_dry_run_prints_the_plan_and_only_asks(tmp_path: Path) -> None:
    inputs = {
        "file": str(an_ipa(tmp_path)),
        "whats-new": "Faster.",
        "groups": "QA, Beta testers",
        "testers": "new@example.com",
        "dry-run": "true",
    }
    with apple() as sandbox:
        done = step(tmp_path, sandbox, inputs)
        assert {each.method for each in sandbox.requests} == {"GET"}
    assert done.code == 0
    for line in (
        "Would upload Example.ipa as 1.5.0 (42)",
        "Would set what's new in en-US",
        "Would add to the internal group QA and the external group Beta testers",
        "Would invite n…@example.com",
        "Would submit to beta review",
    ):
        assert line in done.log.lines
    assert "Plan for com.example.app 1.5.0 (42), iOS" in done.summary
    assert "- submit to beta review" in done.summary


def test_a_dry_run_of_what_is_there_already(tmp_path: Path) -> None:
    inputs = {"file": str(an_ipa(tmp_path)), "groups": "QA"}
    with apple() as sandbox:
        step(tmp_path, sandbox, inputs)
        before = calls(sandbox, *WRITES)
        done = step(tmp_path, sandbox, {**inputs, "dry-run": "true"})
        assert calls(sandbox, *WRITES) == before
    assert done.code == 0


# Wrong inputs


WRONG = {
    "bundle-id": "com example",
    "app-id": "abc",
    "platform": "android",
    "build-upload-id": "not an id",
    "if-exists": "perhaps",
    "parallel-parts": "33",
    "dry-run": "maybe",
    "wait": "long",
    "timeout": "soon",
    "app-info": "[]",
    "create-groups": "some",
    "notify-testers": "perhaps",
    "uses-non-exempt-encryption": "no",
    "submit-beta-review": "later",
    "beta-review-info": "[1]",
    "reject-waiting-review": "1",
    "expire-previous-builds": "all",
    "retry-for": "ever",
}


def test_all_wrong_inputs_are_told_at_once_and_nothing_is_sent(tmp_path: Path) -> None:
    with apple() as sandbox:
        done = step(tmp_path, sandbox, WRONG)
        assert sandbox.requests == ()
    assert (done.code, done.outputs) == (2, {})
    for name in WRONG:
        assert f"{name}: " in done.error


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        ({}, "file: is required (or build-upload-id, build-id, or bundle-id with version and build-number)"),
        ({"version": "1.0", "build-number": "1"}, "file: is required"),
        ({"file": "a.ipa", "build-id": "b"}, "build-id: is given together with file"),
        ({"file": "a.ipa", "build-number": "latest"}, "build-number: is latest, but file names the build"),
        ({"file": "a.ipa", "bundle-id": APP, "app-id": "1"}, "app-id: is given together with bundle-id"),
        ({"file": "a.ipa", "whats-new": "a", "whats-new-file": "b"}, "whats-new-file: is given together"),
        ({"file": "a.ipa", "wait": "none", "groups": "QA"}, "wait: is none, but groups needs the processed"),
        (
            {"file": "a.ipa", "wait": "upload", "groups": "QA"},
            "wait: is upload, but groups needs the processed",
        ),
        ({"file": "a.ipa", "wait": "none", "whats-new": "a"}, "or wait: upload, which is done before Apple"),
        ({"file": "a.ipa", "testers": "ada"}, "testers: ada is not an email address"),
        ({"file": "a.ipa", "whats-new": "{en: a}"}, "did you mean en-AU"),
        ({"file": "a.ipa", "beta-review-info": "contact-emial: a"}, "Did you mean contact_email?"),
        ({"file": "a.ipa", "app-info": "en-US: {descripton: a}"}, "Did you mean description?"),
        ({"file": "a.ipa", "whats-new-file": "nowhere.md"}, "whats-new-file: nowhere.md cannot be read"),
        ({"file": "nowhere/*.ipa"}, "file: nowhere/*.ipa matches no file"),
    ],
)
def test_inputs_that_do_not_go_together(tmp_path: Path, inputs: dict[str, str], problem: str) -> None:
    with apple() as sandbox:
        done = step(tmp_path, sandbox, inputs)
        assert sandbox.requests == ()
    assert (done.code, problem in done.error) == (2, True), done.error


def test_a_pattern_that_matches_two_files_names_them(tmp_path: Path) -> None:
    an_ipa(tmp_path, "A.ipa"), an_ipa(tmp_path, "B.ipa")
    with apple() as sandbox:
        done = step(tmp_path, sandbox, {"file": f"{tmp_path}/*.ipa"})
        assert sandbox.requests == ()
    assert (done.code, "matches 2 files" in done.error) == (2, True)
    assert "A.ipa" in done.error and "B.ipa" in done.error


# What is found before the first byte goes up


def _text(path: Path) -> Path:
    path.write_text("<html>Sign in</html>")
    return path


def _without_app(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Payload/readme.txt", "nothing")
    return path


def _with_profile_of(path: Path, **values: Any) -> Path:
    return an_ipa(path.parent, path.name, profile=make_profile(APP, values=values))


UNFIT = {
    "not an archive": (_text, "it looks like a web page"),
    "no app in it": (_without_app, "Payload"),
    "a simulator build": (
        lambda path: an_ipa(
            path.parent,
            info={"DTPlatformName": "iphonesimulator", "CFBundleSupportedPlatforms": ["iPhoneSimulator"]},
        ),
        "imulator",
    ),
    "no version": (
        lambda path: an_ipa(path.parent, info={"CFBundleShortVersionString": None}),
        "CFBundleShortVersionString",
    ),
    "a development profile": (lambda path: an_ipa(path.parent, profile="development"), "for development"),
    "an ad-hoc profile": (lambda path: an_ipa(path.parent, profile="ad-hoc"), "ad-hoc distribution"),
    "an enterprise profile": (lambda path: an_ipa(path.parent, profile="enterprise"), "inside an enterprise"),
    "a profile that is over": (lambda path: an_ipa(path.parent, profile="expired"), "expired on"),
    "a profile that is over since a minute": (
        lambda path: _with_profile_of(
            path, ExpirationDate=(datetime.now(UTC) - timedelta(minutes=1)).replace(tzinfo=None)
        ),
        "expired on",
    ),
    "no profile": (lambda path: an_ipa(path.parent, profile=None), "no provisioning profile inside"),
    "another app's profile": (
        lambda path: an_ipa(path.parent, profile=make_profile("com.example.other")),
        "but the app is com.example.app",
    ),
}


@pytest.mark.parametrize("name", UNFIT)
def test_a_file_that_apple_would_refuse_is_not_sent(tmp_path: Path, name: str) -> None:
    make, problem = UNFIT[name]
    file = make(tmp_path / "Example.ipa")
    with apple() as sandbox:
        done = step(tmp_path, sandbox, {"file": str(file)})
        assert sandbox.requests == ()
    assert (done.code, problem in done.error) == (2, True), done.error
    assert done.outputs == {}


FRIENDS_TWICE = [group("Beta testers", id="g-1"), group("Beta testers", id="g-2")]
BEFORE_THE_FIRST_BYTE: dict[str, tuple[dict[str, str], dict[str, Any], str]] = {
    "an app that the key does not see": ({"bundle-id": "com.example.ap"}, {}, "com.example.ap"),
    "another app's id": ({"app-id": "1000000009"}, {}, "1000000009"),
    "an unknown group": ({"groups": "QA, Beta tester"}, {}, "Did you mean Beta testers?"),
    "two groups of one name": (
        {"groups": "Beta testers"},
        {"groups": FRIENDS_TWICE},
        "2 groups of the app are called Beta testers",
    ),
    "no contact for beta review": ({"groups": "Beta testers"}, {"contact": {}}, "contact-first-name"),
    "no demo account": (
        {"groups": "Beta testers", "beta-review-info": "demo-account-required: true"},
        {},
        "demo-account-name",
    ),
    "an unknown declaration": ({"encryption-declaration": "none-such"}, {}, "has no declaration none-such"),
    "another answer about encryption": (
        {"uses-non-exempt-encryption": "true"},
        {},
        "uses-non-exempt-encryption is true, but the build says false",
    ),
}


@pytest.mark.parametrize("name", BEFORE_THE_FIRST_BYTE)
@pytest.mark.parametrize("dry_run", ["true", "false"])
def test_what_is_found_before_the_first_byte(tmp_path: Path, name: str, dry_run: str) -> None:
    inputs, of, problem = BEFORE_THE_FIRST_BYTE[name]
    file = an_ipa(tmp_path, profile=make_profile("*"), encryption="declaration" in name)
    with apple(world(**of)) as sandbox:
        done = step(tmp_path, sandbox, {"file": str(file), "dry-run": dry_run, **inputs})
        assert_nothing_begun(sandbox)
    assert (done.code in (1, 2), problem in done.error) == (True, True), done.error


def test_an_unknown_group_lists_those_there_are(tmp_path: Path) -> None:
    with apple() as sandbox:
        done = step(tmp_path, sandbox, {"file": str(an_ipa(tmp_path)), "groups": "Nobody"})
        assert_nothing_begun(sandbox)
    assert "groups: the app has no group Nobody (its groups: Beta testers, QA)" in done.error


def test_a_number_that_is_taken_by_a_build_of_unknown_origin(tmp_path: Path) -> None:
    """A build without a record of an upload came by other means: nobody can say from which file."""
    builds_there = [build("1.5.0", "42"), build("1.4.0", "56")]
    with apple(seed(apps=[app(APP, id=APP_ID, builds=builds_there)])) as sandbox:
        done = step(tmp_path, sandbox, {"file": str(an_ipa(tmp_path))})
        assert calls(sandbox, "PUT") == []
    assert (done.code, TAKEN in done.error, "next free number, 57 " in done.error) == (1, True, True)


def test_no_answer_to_export_compliance(tmp_path: Path) -> None:
    file = an_ipa(tmp_path, encryption=None)
    with apple() as sandbox:
        done = step(tmp_path, sandbox, {"file": str(file), "groups": "QA"})
        assert_nothing_begun(sandbox)
        assert done.code == 1
        assert "Export compliance is not answered" in done.error
        assert step(tmp_path, sandbox, {"file": str(file)}).code == 0, "it is needed by nobody yet"


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
def test_whats_new(tmp_path: Path, given: str, texts: dict[str, str], encoding: str | None) -> None:
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
def test_groups_are_created(tmp_path: Path, create: str, internal: bool) -> None:
    inputs = {"file": str(an_ipa(tmp_path)), "groups": "QA, Family", "create-groups": create}
    with apple() as sandbox:
        done = step(tmp_path, sandbox, inputs)
        assert (done.code, groups_with_it(sandbox)) == (0, {"QA", "Family"})
        (made,) = [each for each in sandbox.world.all("betaGroups") if each.attributes["name"] == "Family"]
        assert made.attributes["isInternalGroup"] is internal
        assert submissions(sandbox) == ([] if internal else ["APPROVED"])
    assert done.outputs["groups"] == "QA, Family"


def test_single_testers(tmp_path: Path) -> None:
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


def test_external_with_review(tmp_path: Path) -> None:
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
    assert "External testers get the build after beta review, and submit-beta-review is false" in done.stdout


@pytest.mark.parametrize("notify", ["true", "false"])
def test_whether_testers_are_told(tmp_path: Path, notify: str) -> None:
    inputs = {"file": str(an_ipa(tmp_path)), "groups": "Beta testers", "notify-testers": notify}
    with apple(review=Review(outcome="never")) as sandbox:
        assert step(tmp_path, sandbox, inputs).code == 0
        (detail,) = sandbox.world.all("buildBetaDetails")
    assert detail.attributes["autoNotifyEnabled"] is (notify == "true")


# Compliance


def test_an_encryption_declaration(tmp_path: Path) -> None:
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
def test_previous_builds_expire(tmp_path: Path, how_far: str, expired: set[str]) -> None:
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
    assert "Add the purpose string that Apple names to Info.plist" in done.error
    assert "The SDK is too old for uploads" in done.error
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


# Secrets


def test_no_secret_is_in_any_output(tmp_path: Path) -> None:
    password = "correct horse battery staple"
    info = {"demo-account-name": "ada", "demo-account-password": password, "demo-account-required": True}
    inputs = {"groups": "Beta testers", "beta-review-info": json.dumps(info), "file": str(an_ipa(tmp_path))}
    refusing = ["PATCH /v1/betaAppReviewDetails/* status=422"]
    for faults in ([], refusing):
        with apple(faults=faults) as sandbox:
            done = step(tmp_path, sandbox, inputs, RUNNER_DEBUG="1")
            (details,) = sandbox.world.all("betaAppReviewDetails")
            key = sandbox.api_key()["key"].splitlines()[1]
        assert (done.code, details.attributes.get("demoAccountPassword")) == (
            (1, None) if faults else (0, password)
        )
        shown = "\n".join(line for line in done.stdout.splitlines() if not line.startswith("::add-mask::"))
        for place in (shown, done.summary, json.dumps(done.outputs)):
            assert password not in place
            assert key not in place
            assert "eyJ" not in place, "no token"


# Bytes


def test_parts_come_from_all_of_the_file_whatever_its_size(tmp_path: Path) -> None:
    """The last part is shorter, a part alone is whole, and there may be more parts than are sent at a time."""
    for size, part, parts in ((100_001, 50_000, 3), (50_000, 50_000, 1), (60_000, 2_000, 30)):
        file = an_ipa(tmp_path, size=size)
        with apple(part_size=part) as sandbox:
            done = step(tmp_path, sandbox, {"file": str(file), "parallel-parts": "4"})
            assert_exactly_one(sandbox, file)
            assert len(calls(sandbox, "PUT")) == parts
        assert (done.code, done.outputs["uploaded-bytes"]) == (0, str(size))


def test_no_more_parts_at_a_time_than_asked_for(tmp_path: Path) -> None:
    file = an_ipa(tmp_path, size=160_000)
    with apple(part_size=20_000, faults=["PUT /uploads/*/* delay=0.1 times=always"]) as sandbox:
        step(tmp_path, sandbox, {"file": str(file), "parallel-parts": "4", "wait": "none"})
        began = sorted(entry.t for entry in sandbox.requests if entry.method == "PUT")
        assert len({entry.connection for entry in sandbox.requests if entry.method == "PUT"}) == 4
    assert began[4] - began[0] >= 0.1
    assert began[3] - began[0] < 0.1


def test_a_name_with_blanks_below_a_folder_with_brackets(tmp_path: Path) -> None:
    folder = tmp_path / "out [1]"
    folder.mkdir()
    file = make_ipa(folder / "My App é.ipa", APP, "1.5.0", "42")
    with apple() as sandbox:
        done = step(tmp_path, sandbox, {"file": str(file)})
        assert [each.file_name for each in sandbox.delivered] == ["My App e.ipa"]
    assert done.code == 0
