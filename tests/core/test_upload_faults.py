"""upload-testflight while the network, the store or Apple fails: parts, lost answers, the API."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from asc.api import object_store
from asc.assets.parts import RENEWALS
from asc.assets.source import PartBody, Source
from asc_sandbox.plans import Processing, Review
from asc_sandbox.uploading.depot import Depot
from core.running import Done
from core.uploading import (
    SIZE,
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
from support.clock import clock_of
from support.waiting import skip_at_first_fault


def upload_through(tmp_path: Path, *faults: str, **options: Any) -> Done:
    """A plain upload that ends well all the same: one build, the right bytes, no error."""
    file = an_ipa(tmp_path)
    with apple(faults=faults, **options) as sandbox:
        done = step(tmp_path, sandbox, {"file": str(file)})
        assert done.code == 0, done.stdout
        assert_exactly_one(sandbox, file)
        assert calls(sandbox, "POST").count("POST /v1/buildUploads") >= 1
    assert (done.outputs["state"], done.log.messages("error")) == ("VALID", [])
    assert done.outputs["uploaded-bytes"] == str(SIZE)
    return done


# Parts


@pytest.mark.parametrize(
    "fault",
    [
        "PUT /uploads/*/2 status=503",
        "PUT /uploads/*/2 status=503 times=5",
        "PUT /uploads/*/* status=503 times=12",
        "PUT /uploads/*/* status=500 times=12",
        "PUT /uploads/*/* status=429 retry-after=0 times=20",
        "PUT /uploads/*/* reset times=4",
        "PUT /uploads/*/3 cut=1000",
        "PUT /uploads/*/* cut=200000 times=4",
        "PUT /uploads/*/* lost times=4",
        "PUT /uploads/*/* delay=0.3",
        "PUT /uploads/*/2 status=403",
        "PUT /uploads/*/* status=403 times=3",
        "PUT /uploads/*/1 truncate",
    ],
)
def test_trouble_with_parts_passes(tmp_path: Path, fault: str) -> None:
    upload_through(tmp_path, fault)


@pytest.mark.parametrize(
    "odd",
    [
        {"method": "P T"},
        {"method": "PUT\r\nX-More: 1"},
        {"requestHeaders": [{"name": "X-Name", "value": "漢"}]},
        {"requestHeaders": [{"name": "漢", "value": "x"}]},
        {"requestHeaders": [{"name": "X-Name", "value": "x\r\nX-More: 1"}]},
    ],
)
def test_parts_that_http_cannot_send_are_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: dict[str, Any]
) -> None:
    operations = Depot.operations
    monkeypatch.setattr(Depot, "operations", lambda *given: [each | odd for each in operations(*given)])
    with apple(contract=None, expect_violations=True) as sandbox:
        done = step(tmp_path, sandbox, {"file": str(an_ipa(tmp_path))})
        assert not any("/uploads/" in call for call in calls(sandbox))
    assert done.code == 3
    assert "is not one to send to" in done.error


def test_a_store_that_asks_for_time_gets_it(tmp_path: Path) -> None:
    file = an_ipa(tmp_path)
    with apple(faults=["PUT /uploads/*/2 status=503 retry-after=10"]) as sandbox:
        assert step(tmp_path, sandbox, {"file": str(file)}).code == 0
        assert_exactly_one(sandbox, file)
        assert max(clock_of(sandbox).slept) >= 10


def test_links_that_expire_are_renewed(tmp_path: Path) -> None:
    file = an_ipa(tmp_path)
    slow = ["PUT /uploads/*/* delay=1"]
    with apple(faults=slow, part_lifetime=60) as sandbox, skip_at_first_fault(sandbox, 60):
        done = step(tmp_path, sandbox, {"file": str(file), "parallel-parts": "1"})
        assert done.code == 0, done.stdout
        assert_exactly_one(sandbox, file)
        assert any(call.startswith("GET /v1/buildUploadFiles/") for call in calls(sandbox))
    assert "asking for a new one" in done.stdout


def test_one_renewal_serves_all_parts(tmp_path: Path) -> None:
    file = an_ipa(tmp_path)
    slow = ["PUT /uploads/*/* delay=1 status=503 times=4"]
    with apple(faults=slow, part_lifetime=60) as sandbox, skip_at_first_fault(sandbox, 60):
        done = step(tmp_path, sandbox, {"file": str(file)})
        assert_exactly_one(sandbox, file)
        asked = [call for call in calls(sandbox) if call.startswith("GET /v1/buildUploadFiles/")]
    assert (done.code, len(asked)) == (0, 1)


def test_a_part_that_is_refused_for_ever_ends_the_step(tmp_path: Path) -> None:
    file = an_ipa(tmp_path)
    with apple(faults=["PUT /uploads/*/2 status=403 times=always"]) as sandbox:
        done = step(tmp_path, sandbox, {"file": str(file)})
        assert (done.code, "Part 2 of 4" in done.error) == (3, True)
        refused = [entry for entry in sandbox.requests if entry.method == "PUT" and entry.status == 403]
        # The parts are looked at once more before the step gives up.
        assert len(refused) == 2 * (RENEWALS + 1)
        assert sandbox.delivered == ()
        assert len(uploads(sandbox)) == 1


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ("status=503", "Part 2 of 4 was tried"),
        ("reset", "the connection broke"),
        ("status=429 retry-after=600", "asks to wait 600 s"),
        ("status=404", "Part 2 of 4: the store answered 404 Not Found"),
        ("status=302", "Part 2 of 4: the store answered 302"),
    ],
)
def test_a_part_that_cannot_be_brought_fails_clearly_and_in_time(
    tmp_path: Path, fault: str, problem: str
) -> None:
    inputs = {"file": str(an_ipa(tmp_path)), "retry-for": "1s"}
    with apple(faults=[f"PUT /uploads/*/2 {fault} times=always"]) as sandbox:
        done = step(tmp_path, sandbox, inputs)
        assert sandbox.delivered == ()
        ((_, state),) = uploads(sandbox)
    assert (done.code, state, problem in done.error) == (3, "AWAITING_UPLOAD", True), done.error


def test_a_store_that_falls_silent_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_store, "SILENCE", 1.0)
    done = upload_through(tmp_path, "PUT /uploads/*/2 hang")
    assert "Part 2 of 4" in done.stdout


def test_a_store_that_takes_its_time_is_not_a_silent_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than what lies in buffers on the way, and a store that does not read for longer than connecting takes."""
    monkeypatch.setattr(object_store, "CONNECT_TIMEOUT", 0.5)
    file = an_ipa(tmp_path, size=32 * SIZE)
    with apple(part_size=32 * SIZE, faults=["PUT /uploads/*/* delay=1.5"]) as sandbox:
        assert step(tmp_path, sandbox, {"file": str(file)}).code == 0
        assert len(calls(sandbox, "PUT")) == 1
        assert_exactly_one(sandbox, file)


REFUSED_CHECKSUM = (
    "PATCH /v1/buildUploadFiles/* status=409 code=ENTITY_ERROR.ATTRIBUTE.UNKNOWN.sourceFileChecksums"
)


def test_a_part_that_arrives_damaged_is_sent_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no checksum is taken, the parts are compared by what the store says of them."""
    flip = [True]
    original = PartBody.read

    def read(self: PartBody, size: int) -> bytes:
        block = original(self, size)
        if flip and self.offset and block:
            flip.clear()
            return bytes(byte ^ 1 for byte in block)
        return block

    monkeypatch.setattr(PartBody, "read", read)
    done = upload_through(tmp_path, REFUSED_CHECKSUM)
    assert "1 parts arrived damaged" in done.stdout


def test_entity_tags_that_are_no_checksums(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stores that encrypt give tags that look like an MD5 and are none."""
    monkeypatch.setattr(Source, "md5", lambda self, offset, length: "0" * 32)
    done = upload_through(tmp_path, REFUSED_CHECKSUM)
    assert "are not checksums" in done.stdout


# Lost answers

INPUTS = {
    "whats-new": "{default: Faster., de-DE: Schneller.}",
    "groups": "QA, Beta testers, Family",
    "create-groups": "external",
    "testers": "toni@example.com, ada@example.com",
    "uses-non-exempt-encryption": "false",
    "beta-review-info": "notes: Hello.",
    "app-info": "{en-US: {description: An example.}, de-DE: {description: Ein Beispiel.}}",
    "notify-testers": "true",
    "expire-previous-builds": "train",
    "reject-waiting-review": "true",
}


EVERYTHING = world(
    preReleaseVersions=[
        {
            "version": "1.5.0",
            "platform": "IOS",
            "builds": [
                {"version": "40", "uploadedDate": "4 days ago", "usesNonExemptEncryption": False},
                {
                    "version": "41",
                    "uploadedDate": "3 days ago",
                    "usesNonExemptEncryption": False,
                    "betaAppReviewSubmission": {"betaReviewState": "WAITING_FOR_REVIEW"},
                },
            ],
        }
    ],
    betaTesters=[{"id": "t-1", "email": "toni@example.com"}],
    betaAppLocalizations=[{"locale": "en-US", "feedbackEmail": "beta@example.com"}],
)


EACH_WRITE = (
    "POST /v1/buildUploads",
    "POST /v1/buildUploadFiles",
    "PATCH /v1/buildUploadFiles/*",
    "PATCH /v1/builds/*",
    "PATCH /v1/betaBuildLocalizations/*",
    "POST /v1/betaBuildLocalizations",
    "PATCH /v1/betaAppLocalizations/*",
    "POST /v1/betaAppLocalizations",
    "PATCH /v1/betaAppReviewDetails/*",
    "PATCH /v1/buildBetaDetails/*",
    "POST /v1/builds/*/relationships/betaGroups",
    "POST /v1/betaGroups",
    "POST /v1/builds/*/relationships/individualTesters",
    "POST /v1/betaTesters",
    "POST /v1/betaAppReviewSubmissions",
)


def assert_everything(sandbox: Any, file: Path) -> None:
    """All of INPUTS came true, once."""
    assert_exactly_one(sandbox, file)
    assert whats_new(sandbox) == {"en-US": "Faster.", "de-DE": "Schneller."}
    assert groups_with_it(sandbox) == {"QA", "Beta testers", "Family"}
    assert len(sandbox.world.all("betaGroups")) == 3
    assert len(submissions(sandbox)) == 1
    (build_id,) = builds(sandbox)
    (record,) = [each for each in sandbox.world.all("builds") if each.id == build_id]
    people = [each.attributes["email"] for each in sandbox.world.related(record, "individualTesters")]
    assert sorted(people) == ["ada@example.com", "toni@example.com"]
    assert len(sandbox.world.all("betaTesters")) == 2
    texts = {
        each.attributes["locale"]: each.attributes["description"]
        for each in sandbox.world.all("betaAppLocalizations")
    }
    assert texts == {"en-US": "An example.", "de-DE": "Ein Beispiel."}
    (details,) = sandbox.world.all("betaAppReviewDetails")
    assert details.attributes["notes"] == "Hello."
    (detail,) = [
        each for each in sandbox.world.all("buildBetaDetails") if each.references["build"] == (build_id,)
    ]
    assert detail.attributes["autoNotifyEnabled"] is True
    expired = {
        each.attributes["version"] for each in sandbox.world.all("builds") if each.attributes.get("expired")
    }
    assert expired == {"41"}, "40 stays until testers outside have the new one"


@pytest.mark.parametrize("effect", ["lost", "reset", "status=500", "status=429 retry-after=0"])
@pytest.mark.parametrize("write", EACH_WRITE)
def test_an_answer_that_is_lost(tmp_path: Path, write: str, effect: str) -> None:
    file = an_ipa(tmp_path, size=60_000, encryption=None)
    with apple(EVERYTHING, faults=[f"{write} {effect}"], review=Review(outcome="never")) as sandbox:
        done = step(tmp_path, sandbox, {**INPUTS, "file": str(file)})
        assert done.code == 0, done.stdout
        pattern = re.compile(write.replace("*", "[^/]+"))
        hit = [entry for entry in sandbox.requests if pattern.fullmatch(f"{entry.method} {entry.path}")]
        assert hit[0].status in (None, 429, 500), "the fault was there"
        assert_everything(sandbox, file)
    assert done.log.messages("error") == []


def test_answers_that_are_lost_again_and_again_end_in_an_error_and_another_run(tmp_path: Path) -> None:
    file = an_ipa(tmp_path)
    for write in ("POST /v1/buildUploads", "POST /v1/buildUploadFiles", "PATCH /v1/buildUploadFiles/*"):
        with apple(faults=[f"{write} reset times=2"]) as sandbox:
            done = step(tmp_path, sandbox, {"file": str(file)})
            assert (done.code, "answer was lost" in done.error) == (3, True)
            assert step(tmp_path, sandbox, {"file": str(file)}).code == 0
            assert_exactly_one(sandbox, file)


# The API


@pytest.mark.parametrize(
    "faults",
    [
        ["GET /v1/apps status=429 retry-after=0 times=4", "POST /v1/buildUploads status=429 times=4"],
        ["PATCH /v1/buildUploadFiles/* status=429 retry-after=0 times=5"],
        ["GET /v1/builds status=503 times=3", "GET /v1/buildUploads/* reset times=2"],
        ["GET /v1/apps/*/buildUploads status=404 times=2"],
        ["* /v1/buildUploads/* status=404 flaky=0.5 times=always"],
        ["GET /v1/builds status=401"],
        ["GET /v1/builds html status=502", "GET /v1/buildUploads/* garbage-json"],
    ],
)
def test_trouble_with_the_api_passes(tmp_path: Path, faults: list[str]) -> None:
    upload_through(tmp_path, *faults, processing=Processing(seconds=0.5))


def test_the_token_is_renewed_through_the_wait(tmp_path: Path) -> None:
    file = an_ipa(tmp_path)
    with apple(processing=Processing(seconds=11)) as sandbox:
        key = json.dumps({**sandbox.api_key(), "duration": 10})
        done = step(tmp_path, sandbox, {"file": str(file)}, ASC_API_KEY=key)
        assert 401 not in [entry.status for entry in sandbox.requests]
        assert_exactly_one(sandbox, file)
    assert done.code == 0, done.stdout


@pytest.mark.parametrize("second_job", [False, True])
def test_a_record_that_stays_behind_its_build(tmp_path: Path, second_job: bool) -> None:
    file = an_ipa(tmp_path)
    with apple(outcome="stuck-upload") as sandbox:
        inputs = {"file": str(file), "wait": "none"} if second_job else {"file": str(file), "groups": "QA"}
        done = step(tmp_path, sandbox, inputs)
        if second_job:
            named = {"build-upload-id": done.outputs["build-upload-id"], "groups": "QA"}
            done = step(tmp_path, sandbox, named)
        assert (done.code, done.outputs["state"], groups_with_it(sandbox)) == (0, "VALID", {"QA"})
        again = step(tmp_path, sandbox, {"file": str(file)})
        assert (again.code, again.outputs["uploaded-bytes"]) == (0, "0")
        assert_exactly_one(sandbox, file, "AWAITING_UPLOAD")


def test_processing_that_never_ends_ends_at_the_deadline_and_goes_on_later(tmp_path: Path) -> None:
    file = an_ipa(tmp_path)
    with apple(outcome="never") as sandbox:
        done = step(tmp_path, sandbox, {"file": str(file), "timeout": "0.5", "groups": "QA"})
        assert done.code == 1
        (build_id,) = builds(sandbox)
        sandbox.world.change(sandbox.world.find("builds", build_id), processingState="VALID")
        again = step(tmp_path, sandbox, {"build-id": done.outputs["build-id"], "groups": "QA"})
        assert (again.code, groups_with_it(sandbox)) == (0, {"QA"})


@pytest.mark.parametrize("wait", ["processing", "available"])
def test_a_look_that_fails_is_not_answered_from_memory(tmp_path: Path, wait: str) -> None:
    """The answer on encryption was given after the last look: what that showed is true no more."""
    inputs = {
        "file": str(an_ipa(tmp_path, encryption=None)),
        "uses-non-exempt-encryption": "false",
        "groups": "QA",
        "wait": wait,
        "retry-for": "0",
    }
    with apple(faults=["GET /v1/builds/* reset"]) as sandbox:
        done = step(tmp_path, sandbox, inputs)
        assert sandbox.faults_hit == 1
    assert (done.code, done.outputs["external-state"]) == (0, "READY_FOR_BETA_SUBMISSION"), done.stdout


@pytest.mark.parametrize("status", [404, 409, 422])
def test_groups_that_do_not_know_the_build_yet(tmp_path: Path, status: int) -> None:
    file = an_ipa(tmp_path)
    code = "NOT_FOUND" if status == 404 else "ENTITY_UNPROCESSABLE"
    fault = f"POST /v1/builds/*/relationships/betaGroups status={status} code={code} times=2"
    with apple(faults=[fault]) as sandbox:
        done = step(tmp_path, sandbox, {"file": str(file), "groups": "QA, Beta testers"})
        assert (done.code, groups_with_it(sandbox)) == (0, {"QA", "Beta testers"})
        assert len(submissions(sandbox)) == 1
        assert_exactly_one(sandbox, file)


def test_checksums_that_are_refused_are_left_out(tmp_path: Path) -> None:
    code = "ENTITY_ERROR.ATTRIBUTE.UNKNOWN.sourceFileChecksums"
    done = upload_through(tmp_path, f"PATCH /v1/buildUploadFiles/* status=409 code={code}")
    assert "takes no checksum here" in done.stdout


@pytest.mark.parametrize("wait", ["none", "processing"])
def test_an_end_of_an_upload_that_is_answered_and_not_made_fails_the_step(tmp_path: Path, wait: str) -> None:
    file = an_ipa(tmp_path)
    with apple(faults=["PATCH /v1/buildUploadFiles/* ignored times=always"]) as sandbox:
        done = step(tmp_path, sandbox, {"file": str(file), "wait": wait})
        assert (done.code, "the upload is AWAITING_UPLOAD" in done.error) == (1, wait != "none"), done.stdout
        sandbox.end_faults()
        assert step(tmp_path, sandbox, {"file": str(file), "wait": wait}).code == 0
        assert_exactly_one(sandbox, file)
