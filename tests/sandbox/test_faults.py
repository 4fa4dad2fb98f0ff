"""Each fault as a client sees it on a real socket, and the language that orders them."""

from __future__ import annotations

import http.client
import socket
import threading
from urllib.parse import urlsplit

import pytest

from asc_sandbox.faults import EFFECTS, SETTINGS, Fault, FaultError, FaultPlan, parse
from asc_sandbox.server import Sandbox
from sandbox.client import Client, token
from support.sandbox import seed, start_sandbox
from support.waiting import LONGEST, wait_until


def raw_answer(sandbox: Sandbox, *, timeout: float = 5) -> bytes:
    """All bytes that come back for one GET /v1/apps, until the sandbox closes the connection."""
    address = urlsplit(sandbox.url)
    request = f"GET /v1/apps HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: close\r\n"
    with socket.create_connection((address.hostname, address.port), timeout=timeout) as connection:
        connection.sendall(f"{request}Authorization: Bearer {token(sandbox.api_key())}\r\n\r\n".encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "NOT_AUTHORIZED"),
        (403, "FORBIDDEN_ERROR"),
        (404, "NOT_FOUND"),
        (409, "ENTITY_ERROR"),
        (429, "RATE_LIMIT_EXCEEDED"),
        (500, "UNEXPECTED_ERROR"),
        (503, "SERVICE_UNAVAILABLE"),
    ],
)
def test_statuses_have_apples_codes(status: int, code: str) -> None:
    with start_sandbox(faults=[f"GET /v1/apps status={status}"]) as sandbox:
        answer = Client(sandbox).get("/v1/apps")
        assert (answer.status, answer.error["code"], answer.error["status"]) == (status, code, str(status))
        assert "Retry-After" not in answer.headers
        assert answer.headers["X-Rate-Limit"] == "user-hour-lim:3500;user-hour-rem:3500;"


def test_a_fault_sets_the_code_the_detail_and_retry_after() -> None:
    faults = [
        "GET /v1/apps status=403 code=FORBIDDEN.REQUIRED_AGREEMENTS_MISSING_OR_EXPIRED detail='Sign it'",
        "GET /v1/apps status=429 retry-after=7",
        "GET /v1/apps status=503 retry-after='Wed, 21 Oct 2026 07:28:00 GMT'",
    ]
    with start_sandbox(faults=faults) as sandbox:
        client = Client(sandbox)
        refused = client.get("/v1/apps").error
        assert refused["code"] == "FORBIDDEN.REQUIRED_AGREEMENTS_MISSING_OR_EXPIRED"
        assert refused["detail"] == "Sign it"
        assert client.get("/v1/apps").headers["Retry-After"] == "7"
        assert client.get("/v1/apps").headers["Retry-After"] == "Wed, 21 Oct 2026 07:28:00 GMT"
        assert client.get("/v1/apps").status == 200


def test_reset_breaks_the_connection_before_an_answer() -> None:
    with start_sandbox(faults=["* /v1/apps reset"]) as sandbox:
        with pytest.raises(ConnectionResetError):
            raw_answer(sandbox)
        assert raw_answer(sandbox).startswith(b"HTTP/1.1 200 OK")
        assert [entry.status for entry in sandbox.requests] == [None, 200]


def test_lost_is_played_but_not_answered() -> None:
    with start_sandbox(faults=["GET /v1/apps lost"]) as sandbox:
        assert raw_answer(sandbox) == b""
        assert "user-hour-rem:3498;" in Client(sandbox).get("/v1/apps").headers["X-Rate-Limit"]
        assert [entry.status for entry in sandbox.requests] == [None, 200]


def test_mute_is_played_but_not_answered() -> None:
    with start_sandbox(faults=["GET /v1/apps mute"]) as sandbox:
        with pytest.raises(TimeoutError):
            raw_answer(sandbox, timeout=0.2)
        assert "user-hour-rem:3498;" in Client(sandbox).get("/v1/apps").headers["X-Rate-Limit"]


def test_ignored_is_answered_and_changes_nothing() -> None:
    with start_sandbox(seed(), faults=["POST /v1/devices ignored"]) as sandbox:
        client = Client(sandbox)
        device = {"name": "Phone", "platform": "IOS", "udid": "a" * 40}
        assert client.post("devices", device).status == 201
        assert sandbox.world.all("devices") == []
        assert client.post("devices", device).status == 201
        assert len(sandbox.world.all("devices")) == 1


def test_faults_are_counted_and_can_be_ended() -> None:
    with start_sandbox(faults=["GET /v1/apps status=503 times=always"]) as sandbox:
        client = Client(sandbox)
        assert [client.get("/v1/apps").status, client.get("/v1/users").status] == [503, 200]
        assert sandbox.faults_hit == 1
        sandbox.end_faults()
        assert client.get("/v1/apps").status == 200


def test_hang_lasts_until_the_client_goes() -> None:
    with start_sandbox(faults=["GET /v1/apps hang"]) as sandbox:
        with pytest.raises(TimeoutError):
            raw_answer(sandbox, timeout=0.2)
        wait_until(lambda: [entry.status for entry in sandbox.requests] == [None])


def test_a_hanging_client_does_not_keep_the_sandbox_from_stopping() -> None:
    with start_sandbox(faults=["GET /v1/apps hang"]) as sandbox:
        client = Client(sandbox)
        client.connection.request("GET", "/v1/apps", headers={"Authorization": f"Bearer {client.token}"})
        wait_until(lambda: sandbox.faults_hit)
        stopping = threading.Thread(target=sandbox.stop, daemon=True)
        stopping.start()
        stopping.join(LONGEST)
        assert not stopping.is_alive()
    assert [entry.status for entry in sandbox.requests] == [None]


def test_slow_sends_the_whole_body_after_the_head() -> None:
    with start_sandbox(faults=["GET /v1/apps slow=0.3", "GET /v1/apps slow=600"]) as sandbox:
        client = Client(sandbox)
        response = begin(client)
        assert len(response.read()) == int(response.headers["Content-Length"])
        assert begin(client).status == 200, "the head is there 600 s before the end of the body"
        assert len(sandbox.requests) == 1


def begin(client: Client) -> http.client.HTTPResponse:
    """Ask for the apps, and return once the head of the answer is there."""
    client.connection.request("GET", "/v1/apps", headers={"Authorization": f"Bearer {client.token}"})
    return client.connection.getresponse()


def test_delay_alone_and_with_another_effect_answers_late() -> None:
    faults = ["GET /v1/apps delay=0.1", "GET /v1/apps delay=0.1 status=500", "GET /v1/apps delay=600"]
    with start_sandbox(faults=faults) as sandbox:
        client = Client(sandbox)
        assert [client.get("/v1/apps").status, client.get("/v1/apps").status] == [200, 500]
        with pytest.raises(TimeoutError):
            raw_answer(sandbox, timeout=0.2)
        assert sandbox.faults_hit == 3


def test_truncate_announces_the_whole_body_and_sends_half() -> None:
    with start_sandbox(faults=["GET /v1/apps truncate"]) as sandbox:
        with pytest.raises(http.client.IncompleteRead) as caught:
            Client(sandbox).get("/v1/apps")
        assert caught.value.partial.startswith(b'{"data":')
        assert abs(len(caught.value.partial) - (caught.value.expected or 0)) <= 1


@pytest.mark.parametrize(
    ("words", "status", "content_type", "begin"),
    [
        ("html", 200, "text/html", b"<html>"),
        ("html status=502", 502, "text/html", b"<html>"),
        ("garbage-json", 200, "application/json", b"{"),
        ("empty", 200, None, b""),
        ("empty status=500", 500, None, b""),
    ],
)
def test_html_garbage_json_and_empty_answer_with_their_body_and_status(
    words: str, status: int, content_type: str | None, begin: bytes
) -> None:
    with start_sandbox(faults=[f"GET /v1/apps {words}"]) as sandbox:
        answer = Client(sandbox).get("/v1/apps")
        assert answer.status == status
        assert answer.headers["Content-Type"] == content_type
        assert answer.body.startswith(begin)
        assert bool(answer.body) == bool(begin)
        assert answer.document is None


def test_times_counts_the_hits_and_after_the_requests_that_pass() -> None:
    plan = FaultPlan(
        ["GET /v1/apps status=503 after=1 times=2", "GET /v1/apps status=500 after=4 times=always"]
    )
    picked = [plan.pick("GET", "/v1/apps") for _ in range(6)]
    assert [fault and fault.status for fault in picked] == [None, 503, 503, None, 500, 500]


def test_flaky_is_the_same_each_run() -> None:
    def hits() -> list[bool]:
        plan = FaultPlan(["GET /v1/apps status=404 flaky=0.3 times=always"])
        return [plan.pick("GET", "/v1/apps") is not None for _ in range(200)]

    assert hits() == hits()
    assert 40 < sum(hits()) < 80


@pytest.mark.parametrize(
    ("spec", "method", "path", "matches"),
    [
        ("GET /v1/apps/*/builds reset", "GET", "/v1/apps/1/builds", True),
        ("GET /v1/apps/*/builds reset", "GET", "/v1/apps/1/2/builds", False),
        ("GET /v1/apps/* reset", "GET", "/v1/apps/1", True),
        ("GET /v1/apps/* reset", "GET", "/v1/apps", False),
        ("GET /v1/apps reset", "POST", "/v1/apps", False),
        ("* /v1/apps reset", "POST", "/v1/apps", True),
        ("GET /v1/a.ps reset", "GET", "/v1/apps", False),
    ],
)
def test_which_requests_a_fault_is_for(spec: str, method: str, path: str, *, matches: bool) -> None:
    assert parse(spec).matches(method, path) is matches


def test_all_words_at_once() -> None:
    spec = (
        "PATCH /v1/x status=409 code=A.B detail='No, no' retry-after=1 times=3 after=2 flaky=0.5 delay=0.25"
    )
    assert parse(spec) == Fault(
        "PATCH", "/v1/x", "status", 409, "A.B", "No, no", "1", delay=0.25, times=3, after=2, flaky=0.5
    )


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ("", "begins with a method and a path"),
        ("GET", "begins with a method and a path"),
        ("GET /v1/apps status='", "begins with a method and a path"),
        ("FETCH /v1/apps reset", "'FETCH' is not one of GET"),
        ("GET v1/apps reset", "does not begin with a slash"),
        ("GET /v1/apps", "has no effect"),
        ("GET /v1/apps times=2", "has no effect"),
        ("GET /v1/apps explode", "'explode' is neither an effect"),
        ("GET /v1/apps reset hang", "reset and hang do not go together"),
        ("GET /v1/apps reset=1", "reset takes no value"),
        ("GET /v1/apps slow", "slow needs a value"),
        ("GET /v1/apps slow=soon", "slow=soon is not a number"),
        ("GET /v1/apps status=abc", "'abc' is not a status"),
        ("GET /v1/apps status=100", "'100' is not a status"),
        ("GET /v1/apps reset status=500", "status does not go with reset"),
        ("GET /v1/apps reset flaky=2", "flaky=2 is not a number from 0 to 1"),
        ("GET /v1/apps reset times=-1", "times=-1 is not a whole number"),
        ("GET /v1/apps reset times=1.5", "times=1.5 is not a whole number"),
    ],
)
def test_a_misspelled_fault_is_refused_with_all_words(spec: str, problem: str) -> None:
    with pytest.raises(FaultError) as caught:
        parse(spec)
    assert problem in str(caught.value)
    assert all(line in str(caught.value) for line in (*EFFECTS.values(), *SETTINGS.values()))


def test_a_fault_can_be_added_while_the_sandbox_runs() -> None:
    with start_sandbox() as sandbox:
        client = Client(sandbox)
        assert client.get("/v1/apps").status == 200
        sandbox.add_fault("GET /v1/apps status=500")
        assert client.get("/v1/apps").status == 500
