"""A step that is killed at any point, and run again: one upload of the number, the right bytes, all done once."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from asc_sandbox.plans import Review
from asc_sandbox.server import Sandbox
from core.uploading import (
    WRITES,
    an_ipa,
    apple,
    assert_exactly_one,
    builds,
    calls,
    groups_with_it,
    start,
    step,
    submissions,
    uploads,
    whats_new,
)
from support.waiting import LONGEST, wait_until

INPUTS = {
    "whats-new": "{en-US: Faster., de-DE: Schneller.}",
    "groups": "QA, Family",
    "create-groups": "external",
    "testers": "ada@example.com",
    "uses-non-exempt-encryption": "false",
    "beta-review-info": "notes: Hello.",
}
SIZE, PARTS = 90_000, 3
REQUESTS = 26
"""As many as the whole takes; the first test says so."""
LATENCY = 0.02
"""Seconds by which each request is held up, so that a kill comes between two of them."""


def app_store_connect(**options: Any) -> Any:
    usual = {"part_size": SIZE // PARTS, "latency": LATENCY, "review": Review(outcome="never")}
    return apple(**{**usual, **options})


def run_and_signal(folder: Path, sandbox: Sandbox, file: Path, after: int, sign: int) -> int:
    """Run the step in a process of its own, signal it after that many requests, and return its exit code.

    A step that is done before ends by itself.
    """
    before = len(sandbox.requests)
    process = start(folder, sandbox, {**INPUTS, "file": str(file), "parallel-parts": "2"})
    try:
        wait_until(lambda: len(sandbox.requests) - before >= after or process.poll() is not None)
        if process.poll() is None:
            os.kill(process.pid, sign)
        return process.wait(LONGEST)
    finally:
        process.kill()
        process.wait()


def assert_all_done_once(sandbox: Sandbox, file: Path) -> None:
    assert_exactly_one(sandbox, file)
    assert whats_new(sandbox) == {"en-US": "Faster.", "de-DE": "Schneller."}
    assert groups_with_it(sandbox) == {"QA", "Family"}
    assert len(sandbox.world.all("betaGroups")) == 3
    assert submissions(sandbox) == ["WAITING_FOR_REVIEW"]
    (build_id,) = builds(sandbox)
    (record,) = [each for each in sandbox.world.all("builds") if each.id == build_id]
    people = [each.attributes["email"] for each in sandbox.world.related(record, "individualTesters")]
    assert people == ["ada@example.com"]
    (details,) = sandbox.world.all("betaAppReviewDetails")
    assert details.attributes["notes"] == "Hello."


def test_the_whole_takes_no_more_requests_than_are_looked_at_here(tmp_path: Path) -> None:
    file = an_ipa(tmp_path, size=SIZE, encryption=None)
    with app_store_connect() as sandbox:
        assert step(tmp_path, sandbox, {**INPUTS, "file": str(file)}).code == 0
        assert_all_done_once(sandbox, file)
        assert REQUESTS - 4 <= len(sandbox.requests) <= REQUESTS, "all points, and not many in vain"


# Every second request: the fault matrix kills a step at each one.
@pytest.mark.parametrize("after", range(0, REQUESTS + 1, 2))
def test_killed_after_any_request_the_next_run_ends_it(tmp_path: Path, after: int) -> None:
    file = an_ipa(tmp_path, size=SIZE, encryption=None)
    with app_store_connect() as sandbox:
        code = run_and_signal(tmp_path, sandbox, file, after, signal.SIGKILL)
        assert code in (-signal.SIGKILL, 0)
        assert len(uploads(sandbox)) <= 1
        done = step(tmp_path, sandbox, {**INPUTS, "file": str(file)})
        assert done.code == 0, done.stdout
        assert_all_done_once(sandbox, file)
        writes = calls(sandbox, *WRITES)
        assert step(tmp_path, sandbox, {**INPUTS, "file": str(file)}).code == 0
        assert calls(sandbox, *WRITES) == writes, "a third run has nothing to do"


@pytest.mark.parametrize("after", [9, 12])
def test_killed_again_and_again_it_comes_to_its_end(tmp_path: Path, after: int) -> None:
    file = an_ipa(tmp_path, size=SIZE, encryption=None)
    with app_store_connect() as sandbox:
        codes = []
        while 0 not in codes:
            assert len(codes) < 12
            # One request more each time, because a run that is left little to do reads more before its first write.
            codes.append(run_and_signal(tmp_path, sandbox, file, after + len(codes), signal.SIGKILL))
        assert -signal.SIGKILL in codes
        assert_all_done_once(sandbox, file)


@pytest.mark.parametrize("after", [1, 5, 7, 9, 13, 17])
def test_a_cancelled_step_ends_at_once_and_the_next_run_ends_it(tmp_path: Path, after: int) -> None:
    file = an_ipa(tmp_path, size=SIZE, encryption=None)
    with app_store_connect() as sandbox:
        code = run_and_signal(tmp_path, sandbox, file, after, signal.SIGTERM)
        assert code == 128 + signal.SIGTERM
        assert step(tmp_path, sandbox, {**INPUTS, "file": str(file)}).code == 0
        assert_all_done_once(sandbox, file)


@pytest.mark.parametrize(
    "hanging", ["PUT /uploads/*/* hang times=always", "GET /v1/builds hang", "POST /v1/buildUploads hang"]
)
def test_a_cancelled_step_ends_at_once_also_while_it_waits_for_an_answer(
    tmp_path: Path, hanging: str
) -> None:
    file = an_ipa(tmp_path, size=SIZE, encryption=None)
    with app_store_connect(faults=[hanging]) as sandbox:
        process = start(tmp_path, sandbox, {**INPUTS, "file": str(file), "retry-for": "1h"})
        try:
            wait_until(lambda: sandbox.faults_hit)
            os.kill(process.pid, signal.SIGTERM)
            assert process.wait(LONGEST) == 128 + signal.SIGTERM
        finally:
            process.kill()
            process.wait()


def test_a_cancelled_wait_ends_at_once_and_costs_no_upload(tmp_path: Path) -> None:
    file = an_ipa(tmp_path, size=SIZE, encryption=None)
    with app_store_connect(outcome="never") as sandbox:
        code = run_and_signal(tmp_path, sandbox, file, 14, signal.SIGTERM)
        assert code == 128 + signal.SIGTERM
        assert [state for _, state in uploads(sandbox)] == ["PROCESSING"]
