"""manage-webhooks, modes list, ping and redeliver: the deliveries of the sandbox's events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from asc.webhooks.request import USUAL_EVENTS
from asc_sandbox.plans import Webhooks
from asc_sandbox.server import Sandbox
from support.sandbox import start_sandbox, upload
from webhooks.app import ADDRESS, manage, team, webhook, writes
from webhooks.receiver import Receiver, receiver, states, until


@contextmanager
def delivering(status: int = 200, *uploads: str) -> Iterator[tuple[Sandbox, Receiver]]:
    """An app with a webhook and uploads that are processed, and the receiver of the events."""
    own = [upload("1.0", number, "PROCESSING", id=number) for number in uploads]
    with (
        receiver(status) as target,
        start_sandbox(
            team(webhook(ADDRESS, *USUAL_EVENTS), uploads=own), webhooks=Webhooks(target.url, 2, 0.01)
        ) as sandbox,
    ):
        sandbox.world  # noqa: B018 (the first look learns the states that there are)
        yield sandbox, target


def complete(sandbox: Sandbox, state: str = "COMPLETE") -> None:
    """Let all uploads end, and wait until each event was delivered or given up."""
    uploads = sandbox.world.all("buildUploads")
    for record in uploads:
        sandbox.world.change(record, state=state)
    until(lambda: len(states(sandbox)) == len(uploads) and "PENDING" not in states(sandbox))


def test_the_list_names_the_events_that_did_not_arrive(tmp_path: Path) -> None:
    with delivering(503, "7") as (sandbox, _):
        complete(sandbox)
        done = manage(tmp_path, sandbox, "list")
        failing = manage(tmp_path, sandbox, "list", fail_on_failed="true")
    assert (done.code, done.outputs["failed"]) == (0, "1"), done.stdout
    (failed,) = json.loads(done.outputs["failed-deliveries"])
    assert (failed["event"], failed["about"], failed["http-status"]) == (
        "BUILD_UPLOAD_STATE_UPDATED",
        "buildUploads/7",
        "503",
    )
    assert "buildUploads/7" in done.summary
    assert (failing.code, failing.outputs["failed"]) == (1, "1")


def test_events_that_failed_are_sent_again_once_and_those_that_arrived_are_not(tmp_path: Path) -> None:
    with delivering(500, "7", "8") as (sandbox, target):
        complete(sandbox)
        target.status = 200
        target.came.clear()
        done = manage(tmp_path, sandbox, "redeliver")
        assert (done.code, done.outputs["redelivered"], done.outputs["failed"]) == (0, "2", "0"), done.stdout
        instances = [
            json.loads(body)["data"]["relationships"]["instance"]["data"]["id"] for _, body in target.came
        ]
        assert sorted(instances) == ["7", "8"]
        again = manage(tmp_path, sandbox, "redeliver")
        assert (again.code, again.outputs["changed"], again.outputs["redelivered"]) == (0, "false", "0")
        assert writes(sandbox) == ["POST /v1/webhookDeliveries"] * 2


def test_events_that_fail_again_end_the_step_with_1_and_their_answer(tmp_path: Path) -> None:
    with delivering(401, "7") as (sandbox, _):
        complete(sandbox)
        done = manage(tmp_path, sandbox, "redeliver")
    assert (done.code, done.outputs["failed"]) == (1, "1")
    assert "HTTP 401" in done.error
    assert "secret" in done.error


def test_a_dry_run_of_redeliver_sends_nothing(tmp_path: Path) -> None:
    with delivering(500, "7") as (sandbox, _):
        complete(sandbox)
        done = manage(tmp_path, sandbox, "redeliver", dry_run="true")
        assert (done.code, done.outputs["changed"], writes(sandbox)) == (0, "true", [])


def test_a_lost_answer_to_a_redelivery_leads_to_no_second_one(tmp_path: Path) -> None:
    with delivering(500, "7") as (sandbox, target):
        complete(sandbox)
        target.status = 200
        target.came.clear()
        sandbox.add_fault("POST /v1/webhookDeliveries lost")
        done = manage(tmp_path, sandbox, "redeliver")
    assert (done.code, done.outputs["redelivered"]) == (0, "1"), done.stdout
    assert len(target.came) == 1


def test_a_refused_redelivery_does_not_stop_the_others(tmp_path: Path) -> None:
    with delivering(500, "7", "8") as (sandbox, target):
        complete(sandbox)
        target.status = 200
        sandbox.add_fault("POST /v1/webhookDeliveries status=422")
        done = manage(tmp_path, sandbox, "redeliver")
    assert (done.code, done.outputs["redelivered"]) == (1, "1")


def test_deliveries_older_than_the_period_are_left_alone(tmp_path: Path) -> None:
    with delivering(500, "7") as (sandbox, _):
        complete(sandbox)
        sandbox.skip(3600)
        assert manage(tmp_path, sandbox, "list", within="30m").outputs["failed"] == "0"
        assert manage(tmp_path, sandbox, "list", within="2h").outputs["failed"] == "1"


def test_a_ping_that_arrives_is_told(tmp_path: Path) -> None:
    with delivering() as (sandbox, target):
        done = manage(tmp_path, sandbox, "ping")
        assert done.code == 0, done.stdout
        assert done.outputs["webhook-id"] == sandbox.world.all("webhooks")[0].id
    assert json.loads(target.came[0][1])["data"]["type"] == "webhookPingCreated"


@pytest.mark.parametrize(("status", "word"), [(401, "secret"), (404, "address"), (502, "log")])
def test_a_ping_that_is_refused_says_what_to_look_at(tmp_path: Path, status: int, word: str) -> None:
    with delivering(status) as (sandbox, _):
        done = manage(tmp_path, sandbox, "ping")
    assert done.code == 1
    assert f"HTTP {status}" in done.error
    assert word in done.error


def test_a_ping_of_yesterday_is_not_taken_for_the_new_one(tmp_path: Path) -> None:
    with delivering(500) as (sandbox, target):
        assert manage(tmp_path, sandbox, "ping").code == 1
        target.status = 200
        assert manage(tmp_path, sandbox, "ping").code == 0


def test_a_ping_that_failed_is_not_sent_again(tmp_path: Path) -> None:
    with delivering(500) as (sandbox, _):
        assert manage(tmp_path, sandbox, "ping").code == 1
        assert manage(tmp_path, sandbox, "list").outputs["failed"] == "0"
        assert manage(tmp_path, sandbox, "redeliver").outputs["changed"] == "false"


def test_without_a_wait_a_ping_is_only_sent(tmp_path: Path) -> None:
    with delivering(500) as (sandbox, _):
        assert manage(tmp_path, sandbox, "ping", wait="0").code == 0


def test_a_redelivery_that_apple_accepts_and_does_not_make_is_an_error_also_without_a_wait(
    tmp_path: Path,
) -> None:
    with delivering(500, "7") as (sandbox, target):
        complete(sandbox)
        target.status = 200
        sandbox.add_fault("POST /v1/webhookDeliveries ignored")
        done = manage(tmp_path, sandbox, "redeliver", wait="0")
        assert (done.code, done.outputs["changed"], done.outputs["failed"]) == (1, "false", "1"), done.stdout
        again = manage(tmp_path, sandbox, "redeliver", wait="0")
        assert (again.code, again.outputs["changed"]) == (0, "true")
