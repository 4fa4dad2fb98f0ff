"""Build numbers that App Store Connect refuses or that testers cannot update to, and trains that are closed."""

from __future__ import annotations

from pathlib import Path

import pytest

from asc.builds import waiting
from asc.builds.build import Build
from core.uploading import APP, APP_ID, an_ipa, apple, assert_nothing_begun, step
from support.sandbox import app, build, seed, store_version, upload


def test_a_number_below_the_last_one_is_told_as_that_and_not_as_taken(tmp_path: Path) -> None:
    there = seed(apps=[app(APP, id=APP_ID, uploads=[upload("1.5.0", "43")])])
    with apple(there) as sandbox:
        done = step(tmp_path, sandbox, {"file": str(an_ipa(tmp_path))})
    assert (done.code, "is already used" in done.error, "if-exists" in done.error) == (1, False, False)
    assert ("higher" in done.error, " 43" in done.error, "44" in done.error) == (True,) * 3


@pytest.mark.parametrize("if_exists", ["resume", "skip", "fail"])
def test_a_number_below_the_highest_build_is_warned_of_before_the_upload(
    tmp_path: Path, if_exists: str
) -> None:
    there = seed(apps=[app(APP, id=APP_ID, builds=[build("1.5.0", "57"), build("1.4.0", "90")])])
    with apple(there) as sandbox:
        inputs = {"file": str(an_ipa(tmp_path)), "dry-run": "true", "if-exists": if_exists}
        done = step(tmp_path, sandbox, inputs)
    (warning,) = done.log.messages("warning")
    assert (done.code, "42 is below 57" in warning) == (0, True)


@pytest.mark.parametrize("state", ["READY_FOR_DISTRIBUTION", "REPLACED_WITH_NEW_VERSION"])
def test_a_train_whose_version_is_released_is_closed_before_the_upload(tmp_path: Path, state: str) -> None:
    released = store_version("1.5", appVersionState=state)
    with apple(seed(apps=[app(APP, id=APP_ID, versions=[released])])) as sandbox:
        done = step(tmp_path, sandbox, {"file": str(an_ipa(tmp_path))})
        assert_nothing_begun(sandbox)
    assert (done.code, "is closed" in done.error) == (1, True)


@pytest.mark.parametrize(
    "version",
    [
        store_version("1.5.0", appVersionState="PREPARE_FOR_SUBMISSION"),
        store_version("1.5.0", platform="TV_OS"),
        store_version("1.4.0"),
    ],
    ids=["not released", "of another platform", "of another version"],
)
def test_other_versions_close_no_train(tmp_path: Path, version: dict[str, str]) -> None:
    with apple(seed(apps=[app(APP, id=APP_ID, versions=[version])])) as sandbox:
        assert step(tmp_path, sandbox, {"file": str(an_ipa(tmp_path))}).code == 0


def test_a_second_run_after_the_release_is_green(tmp_path: Path) -> None:
    file = an_ipa(tmp_path)
    with apple() as sandbox:
        assert step(tmp_path, sandbox, {"file": str(file)}).code == 0
        sandbox.world.add(
            "appStoreVersions",
            {"versionString": "1.5.0", "platform": "IOS", "appVersionState": "READY_FOR_DISTRIBUTION"},
            {"app": APP_ID},
        )
        again = step(tmp_path, sandbox, {"file": str(file)})
    assert again.code == 0, again.stdout


# The file of the upload


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Größe – neu.ipa", "Große _ neu.ipa"),
        ("Cafe\u0301.ipa", "Cafe.ipa"),
        ("アプリ.ipa", "app.ipa"),
        ("Example (1).ipa", "Example (1).ipa"),
    ],
)
def test_a_file_name_goes_up_in_plain_ascii(tmp_path: Path, name: str, label: str) -> None:
    with apple() as sandbox:
        done = step(tmp_path, sandbox, {"file": str(an_ipa(tmp_path, name)), "wait": "none"})
        (delivered,) = sandbox.delivered
    assert (done.code, delivered.file_name) == (0, label.replace("ß", "_"))


@pytest.mark.parametrize(
    ("code", "looks"), [("ENTITY_ERROR.ATTRIBUTE.INVALID", False), ("STATE_ERROR.DUPLICATE", True)]
)
def test_a_refused_file_is_not_taken_for_one_that_is_announced(
    tmp_path: Path, code: str, looks: bool
) -> None:
    fault = f"POST /v1/buildUploadFiles status=409 code={code} times=always"
    with apple(faults=[fault]) as sandbox:
        done = step(tmp_path, sandbox, {"file": str(an_ipa(tmp_path)), "wait": "none"})
    assert (done.code, code in done.error) == (1, True)
    assert ("Looking for it" in done.stdout) is looks


def test_a_valid_build_without_a_beta_detail_is_told_in_words() -> None:
    assert str(waiting.BuildSnapshot(build=Build("b-42", processing_state="VALID"))) == "the build is VALID"
