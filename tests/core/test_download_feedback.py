"""download-feedback: given what testers sent, these files and this index."""

from __future__ import annotations

import json
import resource
from pathlib import Path
from typing import Any

import pytest

from asc.api.object_store import ObjectStore
from asc.errors import Error
from asc.testflight.feedback import read_feedback, save_all
from asc_sandbox.server import Sandbox
from core.running import Done, in_job
from support.api_client import connect
from support.sandbox import app, build, seed, start_sandbox

APP = "com.example.app"


def world(**feedback: list[dict[str, Any]]) -> dict[str, Any]:
    builds = [build("1.0", "7", id="BUILD-7")]
    logs = [
        {"id": f"LOG-{one['id']}", "logText": f"Incident of {one['id']}"}
        for one in feedback.get("crashes", [])
        if "id" in one
    ]
    crashes = [
        {"app": "1000000001", "build": "BUILD-7", "crashLog": f"LOG-{one['id']}", **one}
        for one in feedback.get("crashes", [])
    ]
    shots = [{"app": "1000000001", "build": "BUILD-7", **one} for one in feedback.get("screenshots", [])]
    return seed(
        apps=[app(APP, id="1000000001", builds=builds)],
        betaCrashLogs=logs,
        betaFeedbackCrashSubmissions=crashes,
        betaFeedbackScreenshotSubmissions=shots,
    )


BOTH = world(
    crashes=[
        {
            "id": "CRASH-OLD",
            "createdDate": "2026-01-10T10:00:00Z",
            "email": "ada@example.com",
            "comment": "It fell.",
        },
        {"id": "CRASH-NEW", "createdDate": "2026-02-10T10:00:00Z"},
    ],
    screenshots=[
        {"id": "SHOT-1", "createdDate": "2026-02-20T10:00:00Z", "pictures": 2, "comment": "| ugly <b>"}
    ],
)


def download(folder: Path, sandbox: Sandbox, **inputs: str) -> Done:
    given = {"bundle-id": APP, "directory": str(folder / "feedback"), **inputs}
    return in_job(folder, given, sandbox=sandbox, command="download-feedback")


def index(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "feedback/feedback.json").read_text())
    return found


def test_crash_logs_and_screenshots_come_with_an_index(tmp_path: Path) -> None:
    with start_sandbox(BOTH) as sandbox:
        done = download(tmp_path, sandbox)
    assert (done.code, done.outputs["crashes"], done.outputs["screenshots"]) == (0, "2", "1"), done.stdout
    assert done.outputs["newest"] == "2026-02-20T10:00:00Z"
    assert (tmp_path / "feedback/2026-01-10-CRASH-OLD.crash").read_text() == "Incident of CRASH-OLD"
    pictures = [(tmp_path / "feedback" / name).read_bytes()[:4] for name in index(tmp_path)[-1]["files"]]
    assert pictures == [b"\x89PNG", b"\x89PNG"]
    assert [entry["build"] for entry in index(tmp_path)] == ["7", "7", "7"]


def test_a_second_run_since_the_newest_finds_nothing(tmp_path: Path) -> None:
    with start_sandbox(BOTH) as sandbox:
        newest = download(tmp_path, sandbox).outputs["newest"]
        again = download(tmp_path, sandbox, since=newest)
    assert (again.outputs["crashes"], again.outputs["screenshots"], again.outputs["newest"]) == (
        "0",
        "0",
        newest,
    )


def test_addresses_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    with start_sandbox(BOTH) as sandbox:
        done = download(tmp_path, sandbox)
        assert not [entry for entry in index(tmp_path) if "email" in entry]
        assert "ada@" not in done.everything
        download(tmp_path, sandbox, **{"include-emails": "true"})
    assert index(tmp_path)[0]["email"] == "ada@example.com"


def test_the_kind_of_feedback_can_be_chosen(tmp_path: Path) -> None:
    with start_sandbox(BOTH) as sandbox:
        assert download(tmp_path, sandbox, kind="crashes").outputs["screenshots"] == "0"


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    with start_sandbox(BOTH) as sandbox:
        download(tmp_path, sandbox)
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "feedback").iterdir()} == {0}


def test_each_screenshot_is_fetched_once_and_without_the_token(tmp_path: Path) -> None:
    with start_sandbox(BOTH) as sandbox:
        assert download(tmp_path, sandbox, kind="screenshots").code == 0
        pictures = [entry for entry in sandbox.requests if entry.path.startswith("/pictures/")]
    assert len(pictures) == 2


@pytest.mark.parametrize(
    ("fault", "code", "left"),
    [
        ("GET /v1/betaFeedbackCrashSubmissions/CRASH-OLD/crashLog status=403 times=always", 1, 3),
        ("GET /v1/betaFeedbackCrashSubmissions/CRASH-NEW/crashLog status=500 times=always", 3, 3),
        ("GET /v1/apps/*/betaFeedbackCrashSubmissions status=403 times=always", 1, 1),
        ("GET /v1/apps/*/betaFeedbackScreenshotSubmissions status=500 times=always", 3, 2),
        ("GET /pictures/SHOT-1-1/* status=404 times=always", 3, 3),
    ],
)
def test_a_part_that_fails_leaves_the_others_in_the_index(
    tmp_path: Path, fault: str, code: int, left: int
) -> None:
    with start_sandbox(BOTH, faults=[fault]) as sandbox:
        done = download(tmp_path, sandbox, **{"retry-for": "1s", "since": "2026-01-01"})
        assert (done.code, len(index(tmp_path)), done.outputs["newest"]) == (
            code,
            left,
            "2026-01-01T00:00:00Z",
        )
        sandbox.end_faults()
        again = download(tmp_path, sandbox, since="2026-01-01")
    assert (again.code, [len(entry["files"]) for entry in index(tmp_path)]) == (0, [1, 1, 2])


@pytest.mark.parametrize("effect", ["status=500", "reset", "truncate", "cut=1"])
@pytest.mark.parametrize(
    "request_line",
    [
        "GET /v1/apps",
        "GET /v1/apps/*/betaFeedbackCrashSubmissions",
        "GET /v1/apps/*/betaFeedbackScreenshotSubmissions",
        "GET /v1/betaFeedbackCrashSubmissions/*/crashLog",
        "GET /pictures/*/*",
    ],
)
def test_a_request_that_fails_once_changes_nothing_in_the_end(
    tmp_path: Path, request_line: str, effect: str
) -> None:
    with start_sandbox(BOTH, faults=[f"{request_line} {effect}"]) as sandbox:
        done = download(tmp_path, sandbox)
    assert (done.code, [len(entry["files"]) for entry in index(tmp_path)]) == (0, [1, 1, 2]), done.stdout


def test_a_part_that_failed_says_why_in_the_index(tmp_path: Path) -> None:
    fault = "GET /v1/betaFeedbackCrashSubmissions/CRASH-OLD/crashLog status=403 times=always"
    with start_sandbox(BOTH, faults=[fault]) as sandbox:
        download(tmp_path, sandbox)
    assert ["error" in entry for entry in index(tmp_path)] == [True, False, False]


def test_a_page_in_place_of_a_picture_is_fetched_again_and_never_kept(tmp_path: Path) -> None:
    with start_sandbox(BOTH, faults=["GET /pictures/SHOT-1-1/* html times=1"]) as sandbox:
        assert download(tmp_path, sandbox).code == 0
    with start_sandbox(BOTH, faults=["GET /pictures/SHOT-1-1/* html times=always"]) as sandbox:
        (tmp_path / "again").mkdir()
        done = download(tmp_path / "again", sandbox)
    assert (done.code, list((tmp_path / "again").rglob("*SHOT-1-1.png"))) == (3, [])


def test_a_picture_that_is_cut_off_without_a_word_is_fetched_again_and_never_kept(tmp_path: Path) -> None:
    with start_sandbox(BOTH, faults=["GET /pictures/SHOT-1-2/* short times=1"]) as sandbox:
        assert download(tmp_path, sandbox).code == 0
    assert b"IEND" in (tmp_path / "feedback" / index(tmp_path)[-1]["files"][1]).read_bytes()
    with start_sandbox(BOTH, faults=["GET /pictures/SHOT-1-2/* short times=always"]) as sandbox:
        (tmp_path / "again").mkdir()
        done = download(tmp_path / "again", sandbox)
    assert (done.code, list((tmp_path / "again").rglob("*SHOT-1-2.png"))) == (3, [])


def test_half_a_file_of_a_killed_run_is_removed(tmp_path: Path) -> None:
    (tmp_path / "feedback").mkdir()
    (tmp_path / "feedback/.2026-01-10-CRASH-OLD.crash.123").write_text("Inci")
    with start_sandbox(BOTH) as sandbox:
        assert download(tmp_path, sandbox).code == 0
    assert not [path.name for path in (tmp_path / "feedback").iterdir() if path.name.startswith(".")]


def test_a_crash_log_that_is_not_found_once_is_asked_for_again(tmp_path: Path) -> None:
    fault = "GET /v1/betaFeedbackCrashSubmissions/CRASH-OLD/crashLog status=404 times=1"
    with start_sandbox(BOTH, faults=[fault]) as sandbox:
        assert download(tmp_path, sandbox).code == 0
    assert len(list((tmp_path / "feedback").glob("*.crash"))) == 2


def test_links_that_have_expired_are_asked_for_again(tmp_path: Path) -> None:
    fault = "GET /pictures/*/* status=403 times=1"
    with start_sandbox(world(screenshots=[{"id": "SHOT-1"}]), faults=[fault]) as sandbox:
        done = download(tmp_path, sandbox)
        asked = [entry.path for entry in sandbox.requests if "SHOT-1" in entry.path]
    assert (done.code, asked[1]) == (0, "/v1/betaFeedbackScreenshotSubmissions/SHOT-1"), asked


def test_links_that_are_over_at_once_fail_the_step_with_the_index_written(tmp_path: Path) -> None:
    with start_sandbox(world(screenshots=[{"id": "SHOT-1", "linksLast": -60}])) as sandbox:
        done = download(tmp_path, sandbox)
        pictures = [entry for entry in sandbox.requests if entry.path.startswith("/pictures/")]
    assert (done.code, len(index(tmp_path)), "clock" in done.stdout) == (1, 1, True)
    assert {entry.status for entry in pictures} == {403}


def test_a_picture_that_the_renewed_answer_lacks_is_an_error_of_its_submission(tmp_path: Path) -> None:
    shots = [{"id": "SHOT-1", "pictures": 2, "linksLast": -60}]
    with start_sandbox(world(screenshots=shots)) as sandbox, connect(sandbox) as client:
        storage = ObjectStore(client.settings, client.clock, 1, client.traffic.time_there)
        feedback = read_feedback(client, "1000000001", "screenshot", None)
        (record,) = sandbox.world.all("betaFeedbackScreenshotSubmissions")
        sandbox.world.change(record, pictures=1, linksLast=600)
        saved = save_all(client, storage, tmp_path, feedback)["SHOT-1"]
        storage.close()
    assert (len(saved.files), type(saved.error)) == (1, Error)


@pytest.mark.parametrize("inputs", [{"since": "yesterday"}, {"kind": "all of it"}])
def test_inputs_that_make_no_sense_are_refused_before_anything_is_sent(
    tmp_path: Path, inputs: dict[str, str]
) -> None:
    with start_sandbox(BOTH) as sandbox:
        assert (download(tmp_path, sandbox, **inputs).code, list(sandbox.requests)) == (2, [])


def test_a_crash_without_a_log_is_told_and_listed(tmp_path: Path) -> None:
    fault = "GET /v1/betaFeedbackCrashSubmissions/*/crashLog status=404 times=always"
    with start_sandbox(BOTH, faults=[fault]) as sandbox:
        done = download(tmp_path, sandbox, kind="crashes")
    assert (done.code, len(done.log.messages("warning")), len(index(tmp_path))) == (0, 2, 2)


def test_an_index_that_cannot_be_written_is_an_error_of_the_folder_and_newest_stays(tmp_path: Path) -> None:
    (tmp_path / "feedback/feedback.json").mkdir(parents=True)
    with start_sandbox(BOTH) as sandbox:
        done = download(tmp_path, sandbox, since="2026-01-01")
    assert done.code == 1
    assert "directory" in done.stdout
    assert "bug" not in done.stdout
    assert done.outputs["newest"].startswith("2026-01-01")


def test_a_file_that_cannot_be_written_leaves_the_others_and_its_reason_in_the_index(tmp_path: Path) -> None:
    made = world(crashes=[{"id": one, "createdDate": "2026-01-10T10:00:00Z"} for one in ("LARGE", "SMALL")])
    made["betaCrashLogs"][0]["logText"] = "x" * 1_000_000
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with start_sandbox(made) as sandbox:
        # As on a disk with no more room.
        resource.setrlimit(resource.RLIMIT_FSIZE, (512 * 1024, before[1]))
        try:
            done = download(tmp_path, sandbox)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert done.code == 1
    assert {one["id"]: len(one["files"]) for one in index(tmp_path)} == {"LARGE": 0, "SMALL": 1}
    assert "directory" in next(one["error"] for one in index(tmp_path) if one["id"] == "LARGE")


def test_an_id_too_long_for_the_name_of_a_file_is_replaced_in_it(tmp_path: Path) -> None:
    crash = {"id": "C" * 300, "createdDate": "2026-01-10T10:00:00Z"}
    with start_sandbox(world(crashes=[crash])) as sandbox:
        done = download(tmp_path, sandbox)
    assert done.code == 0, done.stdout
    (entry,) = index(tmp_path)
    assert entry["id"] == crash["id"]
    assert (tmp_path / "feedback" / entry["files"][0]).read_text() == f"Incident of {crash['id']}"
