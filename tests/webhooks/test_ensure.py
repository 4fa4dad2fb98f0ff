"""manage-webhooks, mode ensure, list and delete: the webhook of an app is as the inputs say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from asc.webhooks.ensure import carry_out, plan_webhook
from asc.webhooks.request import EVENT_TYPES, USUAL_EVENTS, WebhookRequest
from asc_sandbox.resources.values import EVENT_TYPES as APPLES
from core.running import side_by_side
from support.api_client import connect
from support.sandbox import key, start_sandbox
from webhooks.app import ADDRESS, APP, SECRET, ensure, manage, team, webhook, writes


def test_a_webhook_is_created_and_a_second_run_changes_nothing(tmp_path: Path) -> None:
    with start_sandbox(team()) as sandbox:
        done = ensure(tmp_path, sandbox)
        assert (done.code, done.outputs["changed"]) == (0, "true"), done.stdout
        (made,) = sandbox.world.all("webhooks")
        assert done.outputs["webhook-id"] == made.id
        assert made.attributes == {
            "url": ADDRESS,
            "name": "relay.example.com",
            "enabled": True,
            "eventTypes": list(USUAL_EVENTS),
            "secret": SECRET,
        }
        again = ensure(tmp_path, sandbox, secret="")
        assert (again.code, again.outputs["changed"], writes(sandbox)) == (0, "false", ["POST /v1/webhooks"])
    assert SECRET not in done.log.text + done.summary


def test_a_webhook_with_other_events_gets_the_requested_ones_and_the_new_secret(tmp_path: Path) -> None:
    with start_sandbox(team(webhook(f"{ADDRESS}/", "BUILD_UPLOAD_STATE_UPDATED", enabled=False))) as sandbox:
        done = ensure(
            tmp_path, sandbox, events="buildBetaDetailExternalBuildStateUpdated", secret="other-" * 5
        )
        assert (done.code, done.outputs["changed"]) == (0, "true"), done.stdout
        (changed,) = sandbox.world.all("webhooks")
        assert changed.attributes["eventTypes"] == ["BUILD_BETA_DETAIL_EXTERNAL_BUILD_STATE_UPDATED"]
        assert (changed.attributes["enabled"], changed.attributes["secret"]) == (True, "other-" * 5)
        assert changed.attributes["name"] == "relay"


def test_a_secret_that_apple_cannot_show_is_written_again_on_every_run(tmp_path: Path) -> None:
    with start_sandbox(team(webhook(ADDRESS, *USUAL_EVENTS, secret="an older secret, lost"))) as sandbox:
        done = ensure(tmp_path, sandbox)
        assert (done.code, done.outputs["changed"]) == (0, "false")
        assert sandbox.world.all("webhooks")[0].attributes["secret"] == SECRET


def test_a_named_webhook_moves_to_a_new_address(tmp_path: Path) -> None:
    with start_sandbox(team(webhook("https://old.example.com/", *USUAL_EVENTS))) as sandbox:
        assert ensure(tmp_path, sandbox, name="Relay").code == 0
        (moved,) = sandbox.world.all("webhooks")
    assert moved.attributes["url"] == ADDRESS


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    with start_sandbox(team()) as sandbox:
        done = ensure(tmp_path, sandbox, dry_run="true")
        assert (done.code, done.outputs["changed"], writes(sandbox)) == (0, "true", [])


def test_two_webhooks_for_one_address_are_an_error_that_names_both(tmp_path: Path) -> None:
    both = [webhook(id="HOOK1"), webhook(ADDRESS.replace("relay", "RELAY"), id="HOOK2")]
    with start_sandbox(team(*both)) as sandbox:
        done = ensure(tmp_path, sandbox)
        assert (done.code, writes(sandbox)) == (1, [])
        assert "HOOK1" in done.error
        assert "HOOK2" in done.error
        assert manage(tmp_path, sandbox, "delete", webhook_id="HOOK2").code == 0
        assert ensure(tmp_path, sandbox).code == 0


def test_a_new_webhook_without_a_secret_is_an_error(tmp_path: Path) -> None:
    with start_sandbox(team()) as sandbox:
        done = ensure(tmp_path, sandbox, secret="")
    assert (done.code, writes(sandbox)) == (1, [])
    assert "secret" in done.error


@pytest.mark.parametrize(
    ("inputs", "named"),
    [
        ({"url": "http://relay.example.com/"}, "url"),
        ({"url": "https://localhost/"}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": "https://127.1/"}, "url"),
        ({"url": "https://[::1]/"}, "url"),
        ({"url": "https://10.0.0.7/"}, "url"),
        ({"url": "https://169.254.169.254/"}, "url"),
        ({"url": "https://[fd00::1]/"}, "url"),
        ({"url": "https://relay/"}, "url"),
        ({"url": "https://relay.internal./"}, "url"),
        ({"url": "https://user:word@relay.example.com/"}, "url"),
        ({"url": "https://relay.example.com:99999/"}, "url"),
        ({"url": ""}, "url"),
        ({"secret": "s3cr3t-w0rd"}, "secret"),
        ({"secret": "a" * 40}, "secret"),
        ({"events": "BUILD_UPLOAD_STATE_UPDATE"}, "events"),
        ({"events": "everything"}, "events"),
        ({"webhook-id": "HOOK1"}, "webhook-id"),
        ({"mode": "delete", "url": ""}, "webhook-id"),
    ],
)
def test_a_bad_input_is_named_and_nothing_is_sent(tmp_path: Path, inputs: dict[str, str], named: str) -> None:
    with start_sandbox(team()) as sandbox:
        done = ensure(tmp_path, sandbox, **{name.replace("-", "_"): value for name, value in inputs.items()})
        assert (done.code, sandbox.requests) == (2, ())
    assert done.error.startswith(f"{named}: ")
    assert "s3cr3t-w0rd" not in done.log.text + done.summary


def test_all_bad_inputs_are_told_together(tmp_path: Path) -> None:
    with start_sandbox(team()) as sandbox:
        done = ensure(tmp_path, sandbox, url="http://relay.example.com", secret="short", events="nothing")
    assert done.code == 2
    assert all(f"{name}: " in done.error for name in ("url", "secret", "events"))


def test_an_event_that_apple_may_have_added_is_left_to_apple(tmp_path: Path) -> None:
    with start_sandbox(team(), expect_violations=True) as sandbox:
        done = ensure(tmp_path, sandbox, events="CUSTOMER_REVIEW_CREATED")
    assert done.code == 1  # refused by Apple, not by us
    assert "CUSTOMER_REVIEW_CREATED" in "".join(done.log.messages("warning"))


def test_a_lost_answer_makes_no_second_webhook(tmp_path: Path) -> None:
    with start_sandbox(team(), faults=["POST /v1/webhooks lost"]) as sandbox:
        assert ensure(tmp_path, sandbox).code == 0
        assert len(sandbox.world.all("webhooks")) == 1


def test_the_list_names_each_webhook_of_the_app(tmp_path: Path) -> None:
    others = webhook("https://other.example.com/", "A_NEW_EVENT_CREATED", name="other\nname", id="HOOK2")
    with start_sandbox(team(webhook(id="HOOK1"), others)) as sandbox:
        done = manage(tmp_path, sandbox, "list")
    assert (done.code, done.outputs["failed"]) == (0, "0"), done.stdout
    listed = json.loads(done.outputs["webhooks"])
    assert [(one["id"], one["events"]) for one in listed] == [
        ("HOOK1", []),
        ("HOOK2", ["A_NEW_EVENT_CREATED"]),
    ]


def test_a_webhook_is_deleted_and_one_that_is_gone_is_no_error(tmp_path: Path) -> None:
    with start_sandbox(team(webhook(), webhook("https://other.example.com/", name="other"))) as sandbox:
        done = manage(tmp_path, sandbox, "delete", url=ADDRESS)
        assert (done.code, done.outputs["changed"]) == (0, "true"), done.stdout
        assert [one.attributes["name"] for one in sandbox.world.all("webhooks")] == ["other"]
        again = manage(tmp_path, sandbox, "delete", url=ADDRESS)
    assert (again.code, again.outputs["changed"]) == (0, "false")
    assert "https://other.example.com" in again.stdout


def test_two_webhooks_and_no_word_which_is_meant_are_an_error(tmp_path: Path) -> None:
    with start_sandbox(team(webhook(), webhook("https://other.example.com/"))) as sandbox:
        done = manage(tmp_path, sandbox, "ping")
    assert (done.code, writes(sandbox)) == (1, [])


def test_a_key_that_is_not_an_admins_is_told_the_role(tmp_path: Path) -> None:
    with start_sandbox({**team(), "keys": [key("MANAGER001", "APP_MANAGER")]}) as sandbox:
        done = ensure(tmp_path, sandbox)
    assert done.code == 1
    assert "Admin" in done.error


def test_our_events_are_those_of_apples_document() -> None:
    assert set(EVENT_TYPES) == set(APPLES)


@pytest.mark.parametrize(
    ("write", "there", "mode"),
    [
        ("POST /v1/webhooks", [], "ensure"),
        ("PATCH /v1/webhooks/*", [webhook(ADDRESS, "BUILD_UPLOAD_STATE_UPDATED")], "ensure"),
        ("DELETE /v1/webhooks/*", [webhook(ADDRESS)], "delete"),
    ],
)
def test_a_write_that_is_answered_and_changes_nothing_fails_the_step(
    tmp_path: Path, write: str, there: list[dict[str, Any]], mode: str
) -> None:
    with start_sandbox(team(*there), faults=[f"{write} ignored times=always"]) as sandbox:
        done = ensure(tmp_path, sandbox) if mode == "ensure" else manage(tmp_path, sandbox, mode, url=ADDRESS)
    assert (done.code, "App Store Connect accepted" in done.error) == (1, True), done.stdout


def test_two_jobs_at_once_leave_one_webhook(tmp_path: Path) -> None:
    inputs = {"bundle-id": APP, "url": ADDRESS, "secret": SECRET}
    with start_sandbox(team(), faults=["POST /v1/webhooks delay=1 times=always"]) as sandbox:
        done = side_by_side(tmp_path, sandbox, "manage-webhooks", inputs)
        assert [one.code for one in done] == [0, 0], [one.stdout for one in done]
        (left,) = sandbox.world.all("webhooks")
    assert {one.outputs["webhook-id"] for one in done} == {left.id}


@pytest.mark.parametrize("other", ["0-FIRST", "z-LAST"])
def test_a_webhook_that_another_job_made_and_left_is_the_one_that_stays(tmp_path: Path, other: str) -> None:
    # The list that the plan was made from is late: it lacks the webhook.
    with start_sandbox(team(webhook(id=other))) as sandbox, connect(sandbox) as client:
        request = WebhookRequest(ADDRESS, USUAL_EVENTS, "", SECRET, enabled=True)
        (existing,) = sandbox.world.all("apps")
        made = carry_out(client, existing.id, plan_webhook(request, []))
        assert [one.id for one in sandbox.world.all("webhooks")] == [made.id] == [other]
    assert made.events == tuple(USUAL_EVENTS)
