"""upload-testflight: a file to the store of Apple, the wait for its build, and a second run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from asc_sandbox.plans import Processing, Review
from asc_sandbox.samples import make_ipa, make_pkg
from core.running import by_hand
from core.uploading import (
    APP,
    APP_ID,
    SIZE,
    WRITES,
    an_ipa,
    apple,
    assert_exactly_one,
    builds,
    calls,
    groups_with_it,
    step,
    submissions,
    uploads,
    whats_new,
    world,
)

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


def test_a_file_goes_to_its_groups_with_all_outputs_and_a_summary(tmp_path: Path) -> None:
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


def test_seven_requests_bring_a_file_and_one_sees_that_it_is_there(tmp_path: Path) -> None:
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
            "GET /v1/buildUploads/…",
        ]
        assert len(calls(sandbox, "PUT")) == 4


def test_by_hand_there_are_outputs_on_standard_output_and_nothing_else(tmp_path: Path) -> None:
    file = an_ipa(tmp_path)
    with apple() as sandbox:
        done = by_hand("--file", str(file), "--groups", "QA", sandbox=sandbox, command="upload-testflight")
    assert done.code == 0
    assert list(done.printed) == OUTPUTS
    assert "Example.ipa" in done.stderr


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
        assert "build-upload-id: " in done.stdout
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
    assert "BETA_REJECTED" in done.error


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
    assert "(timeout): the build is PROCESSING" in done.error
    assert f"build-upload-id: {upload_id}" in done.error
    assert done.outputs["build-upload-id"] == upload_id
    assert (done.outputs["build-id"], done.outputs["state"]) == (build_id, "PROCESSING")


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
        assert len({entry.connection for entry in sandbox.requests if entry.method == "PUT"}) == 4


def test_a_name_with_blanks_below_a_folder_with_brackets(tmp_path: Path) -> None:
    folder = tmp_path / "out [1]"
    folder.mkdir()
    file = make_ipa(folder / "My App é.ipa", APP, "1.5.0", "42")
    with apple() as sandbox:
        done = step(tmp_path, sandbox, {"file": str(file)})
        assert [each.file_name for each in sandbox.delivered] == ["My App e.ipa"]
    assert done.code == 0
