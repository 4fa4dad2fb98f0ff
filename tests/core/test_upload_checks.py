"""upload-testflight before the first byte: a dry run, wrong inputs, and all that can be found wrong."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from asc_sandbox.samples import make_profile
from core.uploading import (
    APP,
    APP_ID,
    WRITES,
    an_ipa,
    apple,
    assert_nothing_begun,
    calls,
    group,
    step,
    world,
)
from support.sandbox import app, build, seed

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
        ({"file": "a.ipa", "wait": "none", "whats-new": "a"}, "or set wait: upload, which ends before Apple"),
        ({"file": "a.ipa", "testers": "ada"}, "testers: entry 1: not an email address"),
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


def test_notes_from_a_link_out_of_the_workspace_are_refused_before_any_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "outside.md").write_text("A secret of the runner")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    Path("notes.md").symlink_to(tmp_path / "outside.md")
    with apple() as sandbox:
        done = step(tmp_path, sandbox, {"file": str(an_ipa(tmp_path)), "whats-new-file": "notes.md"})
        assert sandbox.requests == ()
    assert (done.code, "whats-new-file: notes.md is a link" in done.error) == (2, True), done.error
    assert "A secret" not in done.everything


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
    assert "Nobody (its groups: Beta testers, QA)" in done.error


def test_a_number_that_is_taken_by_a_build_of_unknown_origin(tmp_path: Path) -> None:
    """A build without a record of an upload came by other means: nobody can say from which file."""
    builds_there = [build("1.5.0", "42"), build("1.4.0", "56")]
    with apple(seed(apps=[app(APP, id=APP_ID, builds=builds_there)])) as sandbox:
        done = step(tmp_path, sandbox, {"file": str(an_ipa(tmp_path))})
        assert calls(sandbox, "PUT") == []
    assert (done.code, "already used" in done.error, " 57 " in done.error) == (1, True, True)


def test_no_answer_to_export_compliance(tmp_path: Path) -> None:
    file = an_ipa(tmp_path, encryption=None)
    with apple() as sandbox:
        done = step(tmp_path, sandbox, {"file": str(file), "groups": "QA"})
        assert_nothing_begun(sandbox)
        assert done.code == 1
        assert "Export compliance" in done.error
        assert step(tmp_path, sandbox, {"file": str(file)}).code == 0, "it is needed by nobody yet"
