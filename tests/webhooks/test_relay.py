"""The relay: which requests become a dispatch at GitHub, and which do not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from asc_relay.events import is_signed_with
from asc_relay.relay import SECONDS_BETWEEN_REFUSALS, Refusals
from asc_relay.seen import open_seen
from support.github import Dispatch, GitHub, github
from support.sandbox import app, build, seed, start_sandbox, store_version, upload
from webhooks.app import APP, SECRET
from webhooks.relays import REPOSITORY, event, relay, settings


@pytest.fixture
def hub() -> Iterator[GitHub]:
    with github() as hub:
        yield hub


def test_a_signed_event_is_dispatched_to_the_repository_of_the_app(tmp_path: Path, hub: GitHub) -> None:
    with relay(settings(tmp_path, hub)) as running:
        assert running.send(event()).status_code == 200
    payload = {
        "event-id": "event-1",
        "bundle-id": APP,
        "state": "COMPLETE",
        "old-state": "PROCESSING",
        "build-upload-id": "UPLOAD1",
    }
    assert hub.dispatches == [Dispatch(REPOSITORY, "buildUploads.COMPLETE", payload)]


def test_the_documented_example_of_a_signature_is_accepted() -> None:
    # https://developer.apple.com/documentation/appstoreconnectapi/configuring-webhook-notifications
    digest = "7f062172b01cb00b53ca068614674a3d982a34062a0f5d37687d5e3377e54657"
    assert is_signed_with("This is my secret", f"hmacsha256={digest}", b"Hello, World!")


def test_hexadecimal_digits_alone_and_base64_are_accepted_as_well() -> None:
    digest = hmac.new(SECRET.encode(), b"body", hashlib.sha256)
    assert is_signed_with(SECRET, digest.hexdigest().upper(), b"body")
    assert is_signed_with(SECRET, base64.b64encode(digest.digest()).decode(), b"body")


@pytest.mark.parametrize("signature", ["", "hmacsha256=", "hmacsha256=" + "0" * 64, "ü", "=" * 44, "00"])
def test_a_wrong_signature_is_refused_before_the_body_is_read(
    tmp_path: Path, hub: GitHub, signature: str
) -> None:
    with relay(settings(tmp_path, hub)) as running:
        assert running.send(b"{not json", signature.encode("latin-1").decode("latin-1")).status_code == 401
        assert running.send(event(), secret="another secret, not ours").status_code == 401
    assert hub.requests == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[" * 60000,
        b'{"data": []}',
        b'{"data": {"type": "a", "id": 7}}',
        b'{"data": {"type": "", "id": ""}}',
        b'{"data": {"type": "a", "id": "../../x"}}',
        event(resource=("buildUploads", "../apps")),
        event(resource=("builds", "..")),
        event(state="COMPLETE\n::set-output"),
        event("x" * 101),
        b"\xff\xfe",
    ],
)
def test_a_signed_body_that_is_no_event_is_refused(tmp_path: Path, hub: GitHub, body: bytes) -> None:
    with relay(settings(tmp_path, hub)) as running:
        assert running.send(body).status_code == 400
    assert hub.requests == 0


def test_an_event_of_a_kind_that_nobody_knows_yet_is_handed_on(tmp_path: Path, hub: GitHub) -> None:
    with relay(settings(tmp_path, hub)) as running:
        new = event("event-9", "GLOWING", ("appClouds", "CLOUD1"), "appCloudStateUpdated")
        assert running.send(new).status_code == 200
        assert running.send(event("event-10", "", None, "webhookPingCreated")).status_code == 200
    assert hub.types == ["appClouds.GLOWING", "webhookPing.CREATED"]
    assert hub.dispatches[0].payload["app-cloud-id"] == "CLOUD1"


def test_a_ping_in_the_form_of_another_event_starts_no_work_for_that_event(
    tmp_path: Path, hub: GitHub
) -> None:
    body = event().replace(b'"attributes": {', b'"attributes": {"ping": true, ')
    with relay(settings(tmp_path, hub)) as running:
        assert running.send(body).status_code == 200
    assert hub.types == ["webhookPing.CREATED"]
    assert "build-upload-id" not in hub.dispatches[0].payload


def test_a_replayed_event_is_dispatched_once_even_after_a_restart(tmp_path: Path, hub: GitHub) -> None:
    for _ in range(2):
        with relay(settings(tmp_path, hub)) as running:
            assert [running.send(event()).status_code for _ in range(2)] == [200, 200]
    assert len(hub.dispatches) == 1


@pytest.mark.parametrize("status", [401, 403, 404, 422, 500, 301])
def test_a_refusal_of_github_is_a_502_and_the_next_delivery_is_dispatched(
    tmp_path: Path, hub: GitHub, status: int
) -> None:
    hub.status = lambda number: status if number == 1 else 204
    with relay(settings(tmp_path, hub)) as running:
        assert [running.send(event()).status_code for _ in range(3)] == [502, 200, 200]
    assert len(hub.dispatches) == 1


def test_a_netrc_file_does_not_replace_the_token(
    tmp_path: Path, hub: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with relay(settings(tmp_path, hub)) as running:
        assert running.send(event()).status_code == 200


def test_a_thousand_refused_requests_are_two_lines_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    refusals = Refusals(lambda: now[0])
    for _ in range(1000):
        refusals.count()
    now[0] += SECONDS_BETWEEN_REFUSALS
    refusals.count()
    assert [record.args for record in caplog.records] == [("1 request",), ("1000 requests",)]


def test_without_github_the_answer_is_a_502(tmp_path: Path, hub: GitHub) -> None:
    with relay(settings(tmp_path, hub, GITHUB_API_URL="http://127.0.0.1:9")) as running:
        assert running.send(event()).status_code == 502


def test_a_relay_that_was_killed_with_an_event_in_hand_takes_its_next_delivery(
    tmp_path: Path, hub: GitHub
) -> None:
    environment = settings(tmp_path, hub)
    killed = open_seen(environment["RELAY_SEEN"], lambda: 0.0)
    assert killed.claim("event-1") == "new"
    killed.close()
    with relay(environment) as running:
        assert running.send(event()).status_code == 200
    assert len(hub.dispatches) == 1


def test_two_deliveries_of_one_event_at_the_same_time_are_one_dispatch(tmp_path: Path, hub: GitHub) -> None:
    in_hand, go_on = threading.Event(), threading.Event()

    def status(_: int) -> int:
        in_hand.set()
        go_on.wait(10)
        return 204

    hub.status = status
    with relay(settings(tmp_path, hub)) as running, ThreadPoolExecutor(1) as pool:
        first = pool.submit(running.send, event())
        assert in_hand.wait(10)
        assert running.send(event()).status_code == 503
        go_on.set()
        assert first.result().status_code == 200
        assert running.send(event()).status_code == 200
    assert len(hub.dispatches) == 1


def test_an_event_of_a_second_app_goes_to_its_repository_alone(tmp_path: Path, hub: GitHub) -> None:
    other = "the-secret-of-another-app"
    apps = {
        APP: {"repository": REPOSITORY, "secret": SECRET},
        "com.example.other": {"repository": "example/other", "secret": [other, "its-older-secret-000"]},
    }
    with relay(settings(tmp_path, hub, RELAY_APPS=json.dumps(apps))) as running:
        assert running.send(event(), secret=other).status_code == 200
        assert running.send(event("event-2"), secret="its-older-secret-000").status_code == 200
    assert {dispatch.repository for dispatch in hub.dispatches} == {"example/other"}


TEAM = seed(
    apps=[
        app(
            APP,
            builds=[build("1.5.0", "47", id="BUILD1")],
            uploads=[upload("1.5.0", "47", id="UPLOAD1", build="BUILD1")],
            versions=[store_version("1.5.0", build="BUILD1", id="VERSION1")],
            betaFeedbackCrashSubmissions=[{"id": "CRASH1", "build": "BUILD1"}],
        ),
        app(
            "com.example.other",
            builds=[build("9.0", "9", id="BUILD9")],
            uploads=[upload("9.0", "9", id="UPLOAD9")],
            versions=[store_version("9.0", id="VERSION9")],
            betaFeedbackCrashSubmissions=[{"id": "CRASH9", "build": "BUILD9"}],
        ),
    ]
)


@pytest.mark.parametrize(
    ("resource", "identifier"),
    [
        (("buildUploads", "UPLOAD1"), "build-upload-id"),
        (("appStoreVersions", "VERSION1"), "app-store-version-id"),
        (("betaFeedbackCrashSubmissions", "CRASH1"), "beta-feedback-crash-submission-id"),
    ],
)
def test_the_payload_names_app_version_and_build(
    tmp_path: Path, hub: GitHub, resource: tuple[str, str], identifier: str
) -> None:
    with start_sandbox(TEAM) as apple, relay(settings(tmp_path, hub, apple)) as running:
        assert running.send(event(resource=resource)).status_code == 200
        (own, _) = apple.world.all("apps")
    payload = hub.dispatches[0].payload
    named = {name: payload[name] for name in ("app-id", "bundle-id", "version", "build-number", "platform")}
    assert named == {
        "app-id": own.id,
        "bundle-id": APP,
        "version": "1.5.0",
        "build-number": "47",
        "platform": "IOS",
    }
    assert payload[identifier] == resource[1]
    details = [entry.path for entry in apple.requests if entry.path != "/v1/apps"]
    assert len(details) == (1 if resource[0] == "appStoreVersions" else 2)
    assert len(payload) <= 10


@pytest.mark.parametrize(
    "resource",
    [
        ("buildUploads", "UPLOAD9"),
        ("appStoreVersions", "VERSION9"),
        ("betaFeedbackCrashSubmissions", "CRASH9"),
    ],
)
def test_an_event_about_another_app_is_refused(
    tmp_path: Path, hub: GitHub, resource: tuple[str, str]
) -> None:
    with start_sandbox(TEAM) as apple, relay(settings(tmp_path, hub, apple)) as running:
        assert running.send(event(resource=resource)).status_code == 403
    assert hub.requests == 0


def test_an_event_about_a_deleted_record_is_handed_on_without_details(tmp_path: Path, hub: GitHub) -> None:
    with start_sandbox(TEAM) as apple, relay(settings(tmp_path, hub, apple)) as running:
        assert running.send(event(resource=("buildUploads", "GONE"))).status_code == 200
    assert "version" not in hub.dispatches[0].payload


@pytest.mark.parametrize("fault", ["GET /v1/buildUploads/* status=403", "* /v1/apps status=500 times=always"])
def test_a_failure_of_app_store_connect_is_a_502(tmp_path: Path, hub: GitHub, fault: str) -> None:
    with (
        start_sandbox(TEAM, faults=[fault]) as apple,
        relay(settings(tmp_path, hub, apple)) as running,
    ):
        assert running.send(event()).status_code == 502
    assert hub.requests == 0
