"""fetch-build-number as users see it: given this App Store Connect, when the step runs, then these outputs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.running import Done, by_hand, in_job
from support.sandbox import app, build, seed, start_sandbox, store_version, upload

APP = "com.example.app"
NAMES = ["build-number", "next-build-number", "version", "state", "uploaded-at", "build-id", "app-id"]


def ask(tmp_path: Path, *, builds: Any = (), uploads: Any = (), versions: Any = (), **inputs: object) -> Done:
    """Runs the step against an App Store Connect with one app."""
    given = {"bundle-id": APP, **{name.replace("_", "-"): value for name, value in inputs.items()}}
    world = seed(apps=[app(APP, builds=builds, uploads=uploads, versions=versions)])
    with start_sandbox(world) as sandbox:
        return in_job(tmp_path, given, sandbox=sandbox)


@pytest.mark.parametrize(
    ("numbers", "highest", "following"),
    [
        (["7"], "7", "8"),
        (["9", "41", "12"], "41", "42"),
        (["2.9", "2.10", "2.1"], "2.10", "2.11"),
        (["1.2.3", "1.2"], "1.2.3", "1.2.4"),
        (["007", "6"], "007", "008"),
        (["099"], "099", "100"),
        (["1.09", "1.08"], "1.09", "1.10"),
        (["3", "3.0.1"], "3.0.1", "3.0.2"),
        (["202601310", "99.99.99"], "202601310", "202601311"),
        (["999999999999999998"], "999999999999999998", "999999999999999999"),
    ],
)
def test_numbers_compare_by_segment(tmp_path: Path, numbers: list[str], highest: str, following: str) -> None:
    done = ask(tmp_path, builds=[build("1.0", number) for number in numbers])
    assert (done.code, done.outputs["build-number"]) == (0, highest)
    assert done.outputs["next-build-number"] == following


@pytest.mark.parametrize(
    ("train", "asked"),
    [
        ("1.5.0", "1.5"),
        ("1.5", "1.5.0"),
        ("1.0", "1"),
        ("1", "1.0"),
        ("24.02.0", "24.2.0"),
        ("24.2", "24.02.0"),
    ],
)
@pytest.mark.parametrize("source", ["all", "testflight"])
def test_a_train_is_a_number_however_it_is_spelt(tmp_path: Path, train: str, asked: str, source: str) -> None:
    builds, uploads = [build(train, "44")], [upload(train, "43")]
    done = ask(
        tmp_path, builds=builds, uploads=uploads, version=asked, source=source, initial_build_number="1"
    )
    assert (done.code, done.outputs["next-build-number"]) == (0, "45")


def test_an_upload_whose_build_spells_the_train_otherwise_counts_once(tmp_path: Path) -> None:
    done = ask(tmp_path, builds=[build("1.5.0", "44")], uploads=[upload("1.5", "44")])
    assert done.summary.count("| 44 |") == 1


@pytest.mark.parametrize(
    ("version", "meaning"),
    [
        ("v1.5.0", "leave out the v (1.5.0)"),
        ("$(MARKETING_VERSION)", "not filled in"),
        ("1.5 (3)", "give 1.5"),
        ("refs/tags/v1.5.0", "without the name of the tag"),
        ("1.5.0-beta.1", "omit the text after"),
        ("1.5.0.1", "third number"),
    ],
)
def test_a_version_that_cannot_be_one_is_a_wrong_input(tmp_path: Path, version: str, meaning: str) -> None:
    done = ask(tmp_path, builds=[build("1.5.0", "44")], version=version, initial_build_number="1")
    assert (done.code, meaning in done.error, done.outputs) == (2, True, {})


def test_the_highest_counts_and_not_the_last_upload(tmp_path: Path) -> None:
    older = build("1.4", "90", uploadedDate="2025-01-01T00:00:00Z", id="b-90")
    newer = build("1.3", "12", uploadedDate="2026-01-01T00:00:00Z")
    done = ask(tmp_path, builds=[older, newer])
    assert done.outputs == {
        "build-number": "90",
        "next-build-number": "91",
        "version": "1.4",
        "state": "VALID",
        "uploaded-at": "2025-01-01T00:00:00Z",
        "build-id": "b-90",
        "app-id": done.outputs["app-id"],
    }
    assert list(done.outputs) == NAMES


@pytest.mark.parametrize("state", ["AWAITING_UPLOAD", "PROCESSING", "FAILED", "COMPLETE"])
def test_an_upload_uses_its_number_up_whatever_becomes_of_it(tmp_path: Path, state: str) -> None:
    done = ask(tmp_path, builds=[build("1.0", "7")], uploads=[upload("1.0", "9", state)])
    assert (done.outputs["build-number"], done.outputs["state"]) == ("9", state)
    assert done.outputs["build-id"] == ""


def test_an_upload_that_became_a_build_is_that_build(tmp_path: Path) -> None:
    done = ask(tmp_path, builds=[build("1.0", "7", id="b-7")], uploads=[upload("1.0", "7")])
    assert (done.outputs["build-id"], done.outputs["state"]) == ("b-7", "VALID")
    assert done.summary.count("| 7 |") == 1


def test_450_builds_over_pages(tmp_path: Path) -> None:
    many = [build("1.0", str(number)) for number in (*range(2, 300), 450, *range(300, 450), 1)]
    with start_sandbox(seed(apps=[app(APP, builds=many)])) as sandbox:
        done = in_job(tmp_path, {"bundle-id": APP}, sandbox=sandbox)
        assert [entry.path for entry in sandbox.requests].count("/v1/builds") == 3
    assert done.outputs["build-number"] == "450"


PLATFORMS = [
    build("1.0", "1", platform="IOS"),
    build("1.0", "2", platform="MAC_OS"),
    build("1.0", "3", platform="TV_OS"),
    build("1.0", "4", platform="VISION_OS"),
]


ELSEWHERE = [("MAC_OS", "2"), ("osx", "2"), ("appletvos", "3"), ("xros", "4")]
"""As outputs have them, and as they are written in lanes."""


@pytest.mark.parametrize(
    ("platform", "number"),
    [("ios", "1"), ("macos", "2"), ("tvos", "3"), ("visionOS", "4"), ("", "4"), *ELSEWHERE],
)
def test_only_builds_of_the_platform_count(tmp_path: Path, platform: str, number: str) -> None:
    done = ask(tmp_path, builds=PLATFORMS, platform=platform)
    assert done.outputs["build-number"] == number


def test_a_platform_also_cuts_the_uploads_down(tmp_path: Path) -> None:
    uploads = [upload("1.0", "50", platform="MAC_OS"), upload("1.0", "20", platform="IOS")]
    assert ask(tmp_path, uploads=uploads, platform="ios").outputs["build-number"] == "20"


def test_only_builds_of_the_version_count(tmp_path: Path) -> None:
    builds = [build("1.5.0", "3"), build("1.4.0", "88")]
    uploads = [upload("1.4.0", "90"), upload("1.5.0", "4", "FAILED")]
    done = ask(tmp_path, builds=builds, uploads=uploads, version="1.5.0")
    assert (done.outputs["build-number"], done.outputs["version"]) == ("4", "1.5.0")


@pytest.mark.parametrize(("source", "number"), [("all", "9"), ("testflight", "8"), ("app-store", "5")])
def test_the_number_comes_from_the_source_that_is_named(tmp_path: Path, source: str, number: str) -> None:
    done = ask(
        tmp_path,
        builds=[build("1.0", "5", id="live"), build("1.1", "8")],
        uploads=[upload("1.1", "9", "PROCESSING")],
        versions=[store_version("1.0", build="live")],
        source=source,
    )
    assert done.outputs["build-number"] == number


def test_no_build_at_all_is_an_error_and_never_a_silent_1(tmp_path: Path) -> None:
    done = ask(tmp_path)
    assert (done.code, done.outputs) == (1, {})
    assert "com.example.app" in done.error
    assert "initial-build-number" in done.error
    assert "❌" in done.summary


def test_an_initial_build_number_is_the_next_where_there_is_no_build(tmp_path: Path) -> None:
    done = ask(tmp_path, initial_build_number="100")
    assert done.code == 0
    assert (done.outputs["build-number"], done.outputs["next-build-number"]) == ("", "100")
    assert done.outputs["app-id"] != ""


def test_an_initial_build_number_does_not_count_where_there_is_a_build(tmp_path: Path) -> None:
    done = ask(tmp_path, builds=[build("1.0", "3")], initial_build_number="100")
    assert done.outputs["next-build-number"] == "4"


def test_without_fail_if_missing_the_outputs_are_empty_and_a_warning_says_so(tmp_path: Path) -> None:
    done = ask(tmp_path, fail_if_missing="false")
    assert done.code == 0
    assert {name: value for name, value in done.outputs.items() if value} == {
        "app-id": done.outputs["app-id"]
    }
    assert "no build" in done.log.messages("warning")[0]


def test_an_unknown_bundle_id_lists_those_the_key_sees(tmp_path: Path) -> None:
    with start_sandbox(seed(apps=[app("com.example.one"), app("com.example.two")])) as sandbox:
        done = in_job(tmp_path, {"bundle-id": "com.example.tow"}, sandbox=sandbox)
    assert done.code == 1
    assert "com.example.tow" in done.error
    assert "com.example.one" in done.error
    assert "com.example.two" in done.error


def test_a_bundle_id_is_exact(tmp_path: Path) -> None:
    with start_sandbox(seed(apps=[app(APP + ".watch", builds=[build("1.0", "7")])])) as sandbox:
        done = in_job(tmp_path, {"bundle-id": APP}, sandbox=sandbox)
    assert done.code == 1
    assert "com.example.app" in done.error


def test_the_app_id_saves_a_round(tmp_path: Path) -> None:
    with start_sandbox(seed(apps=[app(APP, id="1000000001", builds=[build("1.0", "7")])])) as sandbox:
        done = in_job(tmp_path, {"app-id": "1000000001"}, sandbox=sandbox)
        assert sorted(entry.path for entry in sandbox.requests) == [
            "/v1/apps/1000000001/buildUploads",
            "/v1/builds",
        ]
    assert (done.outputs["build-number"], done.outputs["app-id"]) == ("7", "1000000001")


@pytest.mark.parametrize("source", ["all", "testflight", "app-store"])
def test_an_unknown_app_id_lists_those_the_key_sees(tmp_path: Path, source: str) -> None:
    with start_sandbox(seed(apps=[app(APP, id="1000000001")])) as sandbox:
        done = in_job(tmp_path, {"app-id": "4711", "source": source}, sandbox=sandbox)
    assert done.code == 1
    assert "4711" in done.error
    assert "com.example.app (1000000001)" in done.error


def test_the_random_404_of_build_uploads_is_survived(tmp_path: Path) -> None:
    world = seed(apps=[app(APP, builds=[build("1.0", "7")], uploads=[upload("1.0", "9", "FAILED")])])
    with start_sandbox(world, faults=["GET /v1/apps/*/buildUploads status=404 times=2"]) as sandbox:
        done = in_job(tmp_path, {"bundle-id": APP}, sandbox=sandbox)
    assert (done.code, done.outputs["build-number"]) == (0, "9")


def test_two_rounds_of_requests_on_two_connections(tmp_path: Path) -> None:
    with start_sandbox(seed(apps=[app(APP, builds=[build("1.0", "7")])]), latency=0.1) as sandbox:
        done = in_job(tmp_path, {"bundle-id": APP}, sandbox=sandbox, process=True)
        first, *second = sorted(sandbox.requests, key=lambda entry: entry.t)
        assert done.code == 0
        assert first.path == "/v1/apps"
        assert sorted(entry.path.rsplit("/", 1)[-1] for entry in second) == ["buildUploads", "builds"]
        assert len({entry.connection for entry in sandbox.requests}) == 2, "the second round is side by side"
        assert all("fields" in entry.query for entry in sandbox.requests), "only what is used is asked for"


def test_by_hand_the_outputs_alone_are_on_standard_output() -> None:
    with start_sandbox(seed(apps=[app(APP, builds=[build("1.0", "7", id="b-7")])])) as sandbox:
        done = by_hand("--bundle-id", APP, sandbox=sandbox, interpreter=True)
        assert done.code == 0
        assert list(done.printed) == NAMES
        assert (done.printed["next-build-number"], done.printed["build-id"]) == ("8", "b-7")
        assert "3 requests" in done.stderr
        assert "::" not in done.stdout + done.stderr, "no workflow commands outside of a job"

        as_json = by_hand("--bundle-id", APP, "--json", sandbox=sandbox, process=True)
        assert json.loads(as_json.stdout) == done.printed
        assert as_json.stdout.count("\n") == 1


def test_in_a_job_the_outputs_are_in_the_file(tmp_path: Path) -> None:
    with start_sandbox(seed(apps=[app(APP, builds=[build("1.0", "7")])])) as sandbox:
        done = in_job(tmp_path, {"bundle-id": APP}, sandbox=sandbox, interpreter=True)
        as_docker_action = in_job(
            tmp_path,
            {},
            sandbox=sandbox,
            command="",
            process=True,
            **{"INPUT_COMMAND": "fetch-build-number", "INPUT_BUNDLE-ID": APP, "INPUT_VERSION": ""},
        )
    assert (done.code, done.stderr, done.log.problems) == (0, "", [])
    assert list(done.outputs) == NAMES
    assert done.outputs["next-build-number"] == "8"
    assert as_docker_action.outputs == done.outputs


def test_a_failure_by_hand_says_what_happened_and_what_to_do() -> None:
    with start_sandbox(seed(apps=[app(APP)])) as sandbox:
        done = by_hand("--bundle-id", APP, sandbox=sandbox, process=True)
    assert (done.code, done.stdout) == (1, "")
    assert "error: com.example.app" in done.stderr
    assert "  fix: Set initial-build-number" in done.stderr


def test_the_summary_is_a_table_of_the_highest(tmp_path: Path) -> None:
    builds = [
        build("1.4", str(number), uploadedDate=f"2026-01-{number:02}T10:00:00-08:00")
        for number in range(1, 16)
    ]
    done = ask(tmp_path, builds=builds)
    rows = [line for line in done.summary.splitlines() if line.startswith("| ")]
    assert rows[0] == "| Build number | Version | Platform | State | Uploaded (UTC) |"
    assert rows[2] == "| 15 | 1.4 | iOS | VALID | 2026-01-15 18:00 |"
    assert len(rows) == 2 + 10
    assert "Next: **16**" in done.summary
    assert "3 requests" in done.summary
    assert "3500" in done.summary


def test_numbers_that_are_none_are_left_out_and_told_of_once(tmp_path: Path) -> None:
    builds = [build("1.0", f"r{number}") for number in range(30)]
    done = ask(tmp_path, builds=[*builds, build("1.0", "7")])
    assert done.outputs["build-number"] == "7"
    assert len(done.log.messages("warning")) == 1
    assert "r0" in done.log.messages("warning")[0]
    assert done.log.problems == []


def test_blank_inputs_count_as_not_given(tmp_path: Path) -> None:
    done = ask(
        tmp_path, builds=[build("1.0", "7")], version="  ", platform="", source=" ", fail_if_missing=""
    )
    assert done.outputs["build-number"] == "7"


def test_inputs_of_a_step_may_be_null_and_of_any_type(tmp_path: Path) -> None:
    done = ask(tmp_path, builds=[build("1.0", "7")], version=None, fail_if_missing=True, retry_for=30)
    assert (done.code, done.outputs["build-number"]) == (0, "7")


def test_a_listing_that_is_never_found_for_an_app_that_is_there_says_so(tmp_path: Path) -> None:
    with start_sandbox(
        seed(apps=[app("com.example.app", id="1000000001", builds=[build("1.0", "7")])]),
        faults=["GET /v1/apps/*/buildUploads status=404 times=always"],
    ) as sandbox:
        done = in_job(tmp_path, {"app-id": "1000000001"}, sandbox=sandbox)
    assert done.code == 3
    assert "404 4 times" in done.error


def test_a_listing_of_builds_that_is_not_found_at_random_is_asked_for_again(tmp_path: Path) -> None:
    with start_sandbox(
        seed(apps=[app("com.example.app", id="1000000001", builds=[build("1.0", "7")])]),
        faults=["GET /v1/builds status=404 times=1"],
    ) as sandbox:
        done = in_job(tmp_path, {"app-id": "1000000001"}, sandbox=sandbox)
    assert (done.code, done.outputs["build-number"]) == (0, "7")
