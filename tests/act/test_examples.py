"""The examples of the pages of the actions, as a workflow runs them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from asc_sandbox.plans import Processing
from asc_sandbox.samples import make_ipa, make_pkg
from asc_sandbox.server import Sandbox
from support.examples import example, run_example
from support.runner import Result, Runner
from support.sandbox import start_sandbox

UPLOAD, SYMBOLS = "docs/upload-testflight.md", "docs/download-dsyms.md"


@pytest.fixture
def demo() -> Iterator[Sandbox]:
    with start_sandbox(processing=Processing(seconds=0.2)) as sandbox:
        yield sandbox


@pytest.fixture
def runner(tmp_path: Path, demo: Sandbox, tools: Path) -> Runner:
    """A job whose build left the files that the examples name."""
    runner = Runner(tmp_path / "job", env={"ASC_RUNTIME": "native", "ASC_API_URL": demo.url})
    runner.tool_cache = tools
    for folder in ("build", "notes"):
        (runner.workspace / folder).mkdir()
    number = {"bundle_id": "com.example.app", "version": "1.5.0", "build_number": "47"}
    make_ipa(runner.workspace / "build/Example.ipa", encryption=False, **number)
    make_pkg(runner.workspace / "build/Example.pkg", **number)
    (runner.workspace / "notes/whats-new.md").write_text("Faster start.\n")
    return runner


def run(
    heading: str, house: Path, runner: Runner, demo: Sandbox, page: str = UPLOAD, number: int = 1
) -> list[Result]:
    secrets = {"ASC_API_KEY": json.dumps(demo.api_key())}
    results = run_example(example(page, heading, number=number), house, runner, secrets)
    for result in results:
        assert result.exit_code == 0, result.log.text
        assert result.log.problems == []
    return results


def test_plain(house: Path, runner: Runner, demo: Sandbox) -> None:
    (done,) = run("Smallest example", house, runner, demo)
    assert (done.outputs["state"], done.outputs["groups"]) == ("VALID", "QA, Beta testers")
    (delivered,) = demo.delivered
    assert delivered.path.read_bytes() == (runner.workspace / "build/Example.ipa").read_bytes()
    texts = {
        each.attributes["locale"]: each.attributes["whatsNew"]
        for each in demo.world.all("betaBuildLocalizations")
        if each.references["build"] == (done.outputs["build-id"],)
    }
    assert texts == {"en-US": "Faster start.", "de-DE": "Schnellerer Start."}


def test_external_testers_with_review(house: Path, runner: Runner, demo: Sandbox) -> None:
    (done,) = run("External testers, with review", house, runner, demo)
    assert done.outputs["external-state"] in ("WAITING_FOR_BETA_REVIEW", "IN_BETA_REVIEW", "IN_BETA_TESTING")
    assert "submit to beta review" in done.summary


def test_two_jobs(house: Path, runner: Runner, demo: Sandbox) -> None:
    first, second = run("Two jobs", house, runner, demo)
    assert (first.outputs["state"], first.outputs["build-id"]) == ("PROCESSING", "")
    assert (second.outputs["state"], second.outputs["uploaded-bytes"]) == ("VALID", "0")
    assert first.outputs["build-upload-id"] == second.outputs["build-upload-id"]
    assert second.outputs["build-number"] == "47"


def test_macos(house: Path, runner: Runner, demo: Sandbox) -> None:
    (done,) = run("macOS", house, runner, demo)
    assert (done.outputs["platform"], done.outputs["state"]) == ("MAC_OS", "VALID")


NUMBER, FASTLANE, DOCTOR = "docs/fetch-build-number.md", "docs/migrating-from-fastlane.md", "docs/doctor.md"


@pytest.mark.parametrize(
    ("page", "heading", "number", "output", "value"),
    [
        (NUMBER, "fetch-build-number", 1, "next-build-number", "47"),
        (NUMBER, "Recipes", 1, "next-build-number", "1"),
        (NUMBER, "Recipes", 2, "version", "1.4.0"),
        (FASTLANE, "pilot, upload_to_testflight", 1, "state", "VALID"),
        (FASTLANE, "pilot, upload_to_testflight", 2, "groups", "Beta testers"),
        (FASTLANE, "download_dsyms", 1, "dsym-count", "1"),
        (DOCTOR, "doctor", 1, "key-id", "DEMOADMIN1"),
        (DOCTOR, "doctor", 2, "key-id", "DEMOADMIN1"),
    ],
)
def test_short_ones(
    page: str, heading: str, number: int, output: str, value: str, house: Path, runner: Runner, demo: Sandbox
) -> None:
    (done,) = run(heading, house, runner, demo, page, number)
    assert done.outputs[output] == value


@pytest.mark.parametrize(
    ("page", "heading", "number", "outputs"),
    [
        ("docs/manage-testers.md", "manage-testers", 1, {"invited": "1", "refused": "0"}),
        ("docs/manage-testers.md", "Make a group equal to a list", 1, {"invited": "1", "removed": "0"}),
        ("docs/manage-group.md", "manage-group", 1, {"created": "false", "changed": "true"}),
        ("docs/manage-group.md", "Open and close a public link", 1, {"created": "true", "changed": "true"}),
        ("docs/download-feedback.md", "download-feedback", 1, {"crashes": "0", "screenshots": "0"}),
        (FASTLANE, "pilot add, import, remove, export, find", 1, {"invited": "1"}),
    ],
)
def test_testers_groups_and_feedback(
    page: str,
    heading: str,
    number: int,
    outputs: dict[str, str],
    house: Path,
    runner: Runner,
    demo: Sandbox,
) -> None:
    (runner.workspace / "testers.csv").write_text("Cy,Example,cy@example.com,Friends\n")
    first = run(heading, house, runner, demo, page, number)[0]
    assert {name: first.outputs[name] for name in outputs} == outputs


@pytest.mark.parametrize(
    ("page", "heading", "outputs"),
    [
        ("docs/register-bundle-ids.md", "register-bundle-ids", {"created": "[]", "changed": "false"}),
        (FASTLANE, "produce's commands", {"created": "[]", "changed": "true"}),
        ("docs/register-devices.md", "register-devices", {"registered": '["Test phone"]'}),
        (FASTLANE, "register_device", {"registered": '["Test phone"]'}),
        (FASTLANE, "register_devices", {"registered": '["Test phone"]'}),
    ],
)
def test_registrations_that_change_nothing_when_they_are_run_again(
    page: str, heading: str, outputs: dict[str, str], house: Path, runner: Runner, demo: Sandbox
) -> None:
    folder = runner.workspace / "fastlane"
    folder.mkdir()
    (folder / "devices.txt").write_text(f"Device ID\tDevice Name\n# ours\n\n{'a1' * 20}\tTest phone\n")
    (done,) = run(heading, house, runner, demo, page)
    assert {name: done.outputs[name] for name in outputs} == outputs
    (again,) = run(heading, house, runner, demo, page)
    assert again.outputs["changed"] == "false"


def test_the_symbols_of_the_build_that_was_just_uploaded(house: Path, runner: Runner, demo: Sandbox) -> None:
    _, symbols = run("The symbols of the build that was just uploaded", house, runner, demo, SYMBOLS)
    assert symbols.outputs["dsym-count"] == "1"


def test_symbols(house: Path, runner: Runner, demo: Sandbox) -> None:
    (done,) = run("download-dsyms", house, runner, demo, SYMBOLS)
    files = [Path(each) for each in json.loads(done.outputs["files"])]
    assert files, files
    assert {file.parent for file in files} == {runner.workspace / "dsyms"}
    assert all(file.stat().st_size for file in files)
    assert {Path(each) for each in json.loads(done.outputs["uuids"])} == set(files)
