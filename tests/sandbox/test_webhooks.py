"""The webhooks of the sandbox: which changes make events, and how they are signed and sent."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest

from asc_sandbox.plans import Webhooks
from asc_sandbox.server import Sandbox
from support.sandbox import app, build, seed, start_sandbox, store_version, upload
from webhooks.receiver import Receiver, receiver, states, until

EVENTS = [
    "BUILD_UPLOAD_STATE_UPDATED",
    "BUILD_BETA_DETAIL_EXTERNAL_BUILD_STATE_UPDATED",
    "APP_STORE_VERSION_APP_VERSION_STATE_UPDATED",
    "BETA_FEEDBACK_CRASH_SUBMISSION_CREATED",
]


@pytest.fixture
def target() -> Iterator[Receiver]:
    with receiver() as target:
        yield target


def started(target: Receiver, **hook: Any) -> Any:
    """A sandbox with an app whose webhook leads to the receiver."""
    webhook = {"id": "HOOK1", "url": target.url, "secret": "a secret", "eventTypes": EVENTS, **hook}
    about = app(
        "com.example.app",
        builds=[build("1.0", "1", id="BUILD1", usesNonExemptEncryption=False)],
        uploads=[upload("1.0", "2", "PROCESSING", id="UPLOAD2")],
        versions=[store_version("1.0", appVersionState="WAITING_FOR_REVIEW", id="VERSION1")],
        webhooks=[webhook],
    )
    return start_sandbox(seed(apps=[about]), webhooks=Webhooks(attempts=3, retry=0.01))


def bodies(target: Receiver) -> list[dict[str, Any]]:
    return [json.loads(body)["data"] for _, body in target.came]


def change(sandbox: Sandbox, type_name: str, record_id: str, **attributes: Any) -> None:
    record = sandbox.world.find(type_name, record_id)
    assert record is not None
    sandbox.world.change(record, **attributes)


def test_a_changed_state_is_an_event_that_is_signed_over_its_bytes(target: Receiver) -> None:
    with started(target) as sandbox:
        change(sandbox, "buildUploads", "UPLOAD2", state="COMPLETE")
        until(lambda: states(sandbox) == ["SUCCEEDED"])
    ((signature, body),) = target.came
    assert signature == "hmacsha256=" + hmac.new(b"a secret", body, hashlib.sha256).hexdigest()
    data = json.loads(body)["data"]
    assert (data["type"], data["version"]) == ("buildUploadStateUpdated", 1)
    assert {name: data["attributes"][name] for name in ("oldState", "newState")} == {
        "oldState": "PROCESSING",
        "newState": "COMPLETE",
    }
    assert data["relationships"]["instance"]["data"] == {"type": "buildUploads", "id": "UPLOAD2"}


def test_versions_builds_and_feedback_make_events(target: Receiver) -> None:
    with started(target) as sandbox:
        change(sandbox, "appStoreVersions", "VERSION1", appVersionState="REJECTED", appStoreState="REJECTED")
        change(sandbox, "builds", "BUILD1", expired=True)
        (own,) = sandbox.world.all("apps")
        sandbox.world.add("betaFeedbackCrashSubmissions", {}, {"app": own.id, "build": "BUILD1"})
        until(lambda: states(sandbox) == ["SUCCEEDED"] * 3)
    found = {data["type"]: data["attributes"] for data in bodies(target)}
    assert found["appStoreVersionAppVersionStateUpdated"]["newValue"] == "REJECTED"
    assert found["buildBetaDetailExternalBuildStateUpdated"]["newValue"] == "EXPIRED"
    assert "betaFeedbackCrashSubmissionCreated" in found


@pytest.mark.parametrize("hook", [{"enabled": False}, {"eventTypes": EVENTS[1:]}])
def test_a_webhook_that_is_off_or_wants_other_events_gets_none(
    target: Receiver, hook: dict[str, Any]
) -> None:
    with started(target, **hook) as sandbox:
        change(sandbox, "buildUploads", "UPLOAD2", state="COMPLETE")
        sandbox.world  # noqa: B018 (looks for changes)
        assert states(sandbox) == []


def test_states_that_pass_between_two_requests_are_events_of_their_own(target: Receiver) -> None:
    with started(target) as sandbox:
        stage = sandbox._context
        for seconds, state in ((1, "AWAITING_UPLOAD"), (2, "FAILED"), (3, "COMPLETE")):
            stage.agenda.after(
                seconds, lambda state=state: change(sandbox, "buildUploads", "UPLOAD2", state=state)
            )
        sandbox.skip(10)
        until(lambda: states(sandbox) == ["SUCCEEDED"] * 3)
    assert {data["attributes"]["newState"] for data in bodies(target)} == {
        "AWAITING_UPLOAD",
        "FAILED",
        "COMPLETE",
    }


def test_an_attempt_that_fails_is_repeated_until_the_delivery_has_failed(target: Receiver) -> None:
    target.status = 500
    with started(target) as sandbox:
        change(sandbox, "buildUploads", "UPLOAD2", state="COMPLETE")
        until(lambda: states(sandbox) == ["FAILED"])
        (delivery,) = sandbox.world.all("webhookDeliveries")
    assert len(target.came) == 3
    assert len({body for _, body in target.came}) == 1
    assert delivery.attributes["response"]["httpStatusCode"] == 500


def test_an_address_where_nobody_listens_fails_without_a_response() -> None:
    with started(Receiver("http://127.0.0.1:9/")) as sandbox:
        change(sandbox, "buildUploads", "UPLOAD2", state="COMPLETE")
        until(lambda: states(sandbox) == ["FAILED"])
        (delivery,) = sandbox.world.all("webhookDeliveries")
    assert delivery.attributes["response"] is None
    assert delivery.attributes["errorMessage"]
