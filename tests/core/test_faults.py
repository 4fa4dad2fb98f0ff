"""What goes wrong between a step and App Store Connect, and what the step does about it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from asc.api import retry
from core.running import by_hand, in_job
from support.clock import clock_of
from support.sandbox import app, build, key, seed, start_sandbox

APP = "com.example.app"
WORLD = seed(apps=[app(APP, id="1000000001", builds=[build("1.0", "7")])])


@pytest.mark.parametrize(
    "fault",
    [
        "GET /v1/apps status=401",
        "GET /v1/apps status=408",
        "GET /v1/apps status=429",
        "GET /v1/apps status=429 retry-after=0",
        "GET /v1/builds status=401 times=2",
        "GET /v1/builds status=500",
        "GET /v1/builds status=502",
        "GET /v1/apps status=503 retry-after='Wed, 21 Oct 2020 07:28:00 GMT'",
        "GET /v1/builds status=503 times=2",
        "GET /v1/apps/*/buildUploads status=504",
        "GET /v1/apps html status=502",
        "GET /v1/builds html",
        "GET /v1/builds garbage-json",
        "GET /v1/builds empty",
        "GET /v1/apps reset",
        "GET /v1/builds truncate",
        "GET /v1/builds lost",
        "GET /v1/builds slow=0.3",
        "GET /v1/builds delay=0.3",
    ],
)
def test_a_passing_fault_passes_unseen(tmp_path: Path, fault: str) -> None:
    with start_sandbox(WORLD, faults=[fault]) as sandbox:
        done = in_job(tmp_path, {"bundle-id": APP}, sandbox=sandbox)
    assert (done.code, done.outputs["next-build-number"]) == (0, "8")
    assert done.log.messages("error") == done.log.messages("warning") == []
    assert done.log.problems == []


def test_a_key_that_worked_and_is_refused_for_good_ends_the_step_with_apples_refusal(tmp_path: Path) -> None:
    with start_sandbox(WORLD, faults=["GET /v1/builds status=401 times=always"]) as sandbox:
        done = in_job(tmp_path, {"bundle-id": APP}, sandbox=sandbox)
        refused = [entry for entry in sandbox.requests if entry.status == 401]
    assert done.code == 1
    assert "401" in done.error
    assert "run the step again" in done.error
    assert len(refused) == 6


def test_a_key_that_worked_and_is_refused_with_no_time_left_ends_with_apples_refusal(tmp_path: Path) -> None:
    with start_sandbox(WORLD, faults=["GET /v1/builds status=401 times=always"]) as sandbox:
        done = in_job(tmp_path, {"bundle-id": APP, "retry-for": "0s"}, sandbox=sandbox)
    assert done.code == 1
    assert "401" in done.error


def test_an_answer_of_a_gateway_does_not_say_that_the_key_is_good(tmp_path: Path) -> None:
    faults = ["GET /v1/apps status=503 times=1", "GET /v1/apps status=401 times=always"]
    with start_sandbox(WORLD, faults=faults) as sandbox:
        in_job(tmp_path, {"bundle-id": APP}, sandbox=sandbox)
        refused = [entry for entry in sandbox.requests if entry.status == 401]
    assert len(refused) == 2


def test_a_refused_key_is_tried_once_more_and_then_explained(tmp_path: Path) -> None:
    with start_sandbox(WORLD, faults=["GET /v1/apps status=401 times=always"]) as sandbox:
        done = in_job(tmp_path, {"bundle-id": APP}, sandbox=sandbox)
        assert len(sandbox.requests) == 2
        assert sandbox.api_key()["key_id"] in done.error
    assert done.code == 1
    assert "401" in done.error
    assert "issuer id" in done.error


def test_a_role_that_is_too_small_is_asked_once_and_named(tmp_path: Path) -> None:
    with start_sandbox(WORLD, faults=["GET /v1/apps status=403 times=always"]) as sandbox:
        done = in_job(tmp_path, {"bundle-id": APP}, sandbox=sandbox)
        assert len(sandbox.requests) == 1
    assert done.code == 1
    assert "Developer, App Manager or Admin" in done.error


def test_a_real_role_that_is_too_small(tmp_path: Path) -> None:
    world = seed(apps=WORLD["apps"], keys=[key("FINANCE001", "FINANCE")])
    with start_sandbox(world) as sandbox:
        done = in_job(tmp_path, {"app-id": "1000000001"}, sandbox=sandbox)
        paths = [entry.path for entry in sandbox.requests]
    assert len(paths) == len(set(paths))
    assert (done.code, "403" in done.error) == (1, True)


def test_an_unsigned_agreement_is_called_that(tmp_path: Path) -> None:
    fault = "GET /v1/apps status=403 code=FORBIDDEN.REQUIRED_AGREEMENTS_MISSING_OR_EXPIRED"
    with start_sandbox(WORLD, faults=[fault]) as sandbox:
        done = in_job(tmp_path, {"bundle-id": APP}, sandbox=sandbox)
        assert len(sandbox.requests) == 1
    assert "agreement" in done.error
    assert "role" not in done.error


def test_too_many_requests_wait_as_long_as_they_are_told(tmp_path: Path) -> None:
    with start_sandbox(WORLD, faults=["GET /v1/apps status=429 retry-after=10"]) as sandbox:
        done = in_job(tmp_path, {"bundle-id": APP}, sandbox=sandbox)
        assert done.code == 0
        assert max(clock_of(sandbox).slept) >= 10
    assert "RATE_LIMIT_EXCEEDED" in done.stdout


def test_a_wait_beyond_the_deadline_is_not_waited(tmp_path: Path) -> None:
    with start_sandbox(WORLD, faults=["GET /v1/apps status=429 retry-after=600 times=always"]) as sandbox:
        done = in_job(tmp_path, {"bundle-id": APP}, sandbox=sandbox)
        assert len(sandbox.requests) == 1
    assert done.code == 3
    assert "600 s" in done.error
    assert "retry-for" in done.error


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("status=503", "App Store Connect answered 503 SERVICE_UNAVAILABLE"),
        ("reset", "the connection broke"),
        ("truncate", "the answer was cut off"),
        ("hang", "the server did not answer in time"),
    ],
)
def test_the_step_gives_up_after_retry_for(
    tmp_path: Path, fault: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "SHORTEST_READ_TIMEOUT", 0.5)
    with start_sandbox(WORLD, faults=[f"GET /v1/apps {fault} times=always"]) as sandbox:
        done = in_job(tmp_path, {"bundle-id": APP, "retry-for": "2s"}, sandbox=sandbox)
    assert done.code == 3
    assert done.log.titles() == ["App Store Connect not reached"]
    assert "GET /v1/apps" in done.error
    assert "2 s" in done.error
    assert reason in done.error
    assert "trying again in" in done.stdout
    assert " UTC)" in done.stdout, "the deadline is told"


def test_a_deadline_passes_in_a_process_of_its_own(tmp_path: Path) -> None:
    with start_sandbox(WORLD, faults=["GET /v1/builds status=503 times=always"]) as sandbox:
        done = in_job(tmp_path, {"bundle-id": APP, "retry-for": "2s"}, sandbox=sandbox, process=True)
    assert (done.code, done.outputs) == (3, {})
    assert "❌" in done.summary


def test_without_a_time_to_retry_there_is_one_attempt_with_time_to_answer(tmp_path: Path) -> None:
    slow = ["GET /v1/apps delay=0.5", "GET /v1/builds status=503"]
    with start_sandbox(WORLD, faults=slow) as sandbox:
        done = in_job(tmp_path, {"bundle-id": APP, "retry-for": "0"}, sandbox=sandbox)
        assert [entry.path for entry in sandbox.requests].count("/v1/apps") == 1
        assert [entry.path for entry in sandbox.requests].count("/v1/builds") == 1
    assert done.code == 3
    assert "GET /v1/builds was tried once" in done.error


@pytest.mark.parametrize("fault", ["html", "garbage-json", "empty"])
def test_something_else_than_app_store_connect_answers(tmp_path: Path, fault: str) -> None:
    with start_sandbox(WORLD, faults=[f"GET /v1/apps {fault} times=always"]) as sandbox:
        done = in_job(tmp_path, {"bundle-id": APP}, sandbox=sandbox)
        assert len(sandbox.requests) == 3, "a proxy's page that stays is not waited for"
    assert done.code == 3
    assert "JSON" in done.error


def test_a_refused_connection_names_the_address(tmp_path: Path) -> None:
    with start_sandbox(WORLD) as sandbox, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        inputs = {"bundle-id": APP, "retry-for": "1s"}
        done = in_job(tmp_path, inputs, sandbox=sandbox, ASC_API_URL=url)
    assert done.code == 3
    assert "http://127.0.0.1:" in done.error and "(ASC_API_URL)" in done.error


@pytest.mark.parametrize(("offset", "where"), [(600, "behind"), (-600, "ahead of")])
@pytest.mark.parametrize("inputs", [{"bundle-id": APP}, {"app-id": "1000000001"}])
def test_a_clock_that_is_ten_minutes_off_is_made_up_for_and_told_of(
    tmp_path: Path, offset: int, where: str, inputs: dict[str, str]
) -> None:
    with start_sandbox(WORLD, clock_offset=offset) as sandbox:
        done = in_job(tmp_path, inputs, sandbox=sandbox)
        refused = [entry for entry in sandbox.requests if entry.status == 401]
    assert (done.code, done.outputs["build-number"]) == (0, "7")
    if refused:
        (warning,) = done.log.messages("warning")
        assert f"s {where} Apple's" in warning


@contextmanager
def server(answers: list[dict[str, Any]], **headers: str) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server that gives these answers, one after the other; yields its address and the headers that it was sent."""
    seen: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            seen.append({name.lower(): value for name, value in self.headers.items()})
            answer = answers.pop(0) if answers else {}
            content = json.dumps(answer.get("body", {"data": []})).encode()
            self.send_response(answer.get("status", 200))
            for name, value in {**headers, **answer.get("headers", {})}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_port}", seen
        finally:
            listening.shutdown()
            thread.join()


def test_a_link_to_another_server_never_gets_the_token(tmp_path: Path) -> None:
    with start_sandbox(WORLD) as sandbox, server([]) as (elsewhere, seen_elsewhere):
        page = {"body": {"data": [], "links": {"next": f"{elsewhere}/v1/apps?cursor=2"}}}
        with server([page]) as (url, seen):
            done = in_job(tmp_path, {"bundle-id": APP}, sandbox=sandbox, ASC_API_URL=url)
    assert (len(seen), seen_elsewhere) == (1, [])
    assert done.code == 3
    assert "another server" in done.error


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    with start_sandbox(WORLD) as sandbox, server([]) as (elsewhere, seen_elsewhere):
        away = {"status": 302, "headers": {"Location": f"{elsewhere}/v1/apps"}}
        with server([away]) as (url, _):
            done = in_job(tmp_path, {"bundle-id": APP}, sandbox=sandbox, ASC_API_URL=url)
    assert (done.code, seen_elsewhere) == (3, [])
    assert "302" in done.error


@pytest.mark.parametrize("body", [[], "text", 7, {"data": "text"}, {"status": "ok"}])
def test_json_of_someone_else_is_no_empty_listing(tmp_path: Path, body: object) -> None:
    with start_sandbox(WORLD) as sandbox, server([{"body": body}] * 3) as (url, _):
        inputs = {"app-id": "1000000001", "source": "testflight", "initial-build-number": "1"}
        done = in_job(tmp_path, inputs, sandbox=sandbox, ASC_API_URL=url)
    assert (done.code, done.outputs) == (3, {})
    assert "not App Store Connect's" in done.error


def test_a_listing_that_goes_in_circles_ends(tmp_path: Path) -> None:
    with start_sandbox(WORLD) as sandbox:
        answers: list[dict[str, Any]] = []
        with server(answers) as (url, seen):
            answers += [{"body": {"data": [], "links": {"next": f"{url}/v1/apps"}}}] * 9
            done = in_job(tmp_path, {"bundle-id": APP}, sandbox=sandbox, ASC_API_URL=url)
    assert (done.code, len(seen)) == (3, 2)


@pytest.mark.parametrize(
    "body",
    [
        {"data": [None, 3, {"id": "1"}, {"type": "apps"}]},
        {"data": [{"type": "apps", "id": 5, "attributes": None, "relationships": []}]},
        {"data": [], "links": {"next": 4}, "included": {"a": 1}, "meta": None},
    ],
)
def test_answers_of_a_strange_shape_do_not_break_it(tmp_path: Path, body: object) -> None:
    with start_sandbox(WORLD) as sandbox, server([{"body": body}] * 3) as (url, _):
        done = in_job(tmp_path, {"bundle-id": APP}, sandbox=sandbox, ASC_API_URL=url)
    assert done.code == 1
    assert "bundle id" in done.error


@pytest.mark.parametrize(
    "url",
    [
        "http://api.appstoreconnect.apple.com",
        "http://169.254.169.254",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "ftp://127.0.0.1",
        "https://user:secret-word@example.com",
        "https://example.com?x=1",
        "http://[::1",
        "http://127.0.0.1:port",
        "not an address",
        "//example.com",
    ],
)
def test_the_token_goes_to_https_or_this_machine_alone(tmp_path: Path, url: str) -> None:
    with start_sandbox(WORLD) as sandbox:
        done = in_job(tmp_path, {"bundle-id": APP}, sandbox=sandbox, ASC_API_URL=url)
    assert done.code == 2
    assert "ASC_API_URL" in done.error
    assert "secret-word" not in done.everything


@pytest.mark.parametrize("variable", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
@pytest.mark.parametrize("place", ["missing/file", "."])
@pytest.mark.parametrize("in_container", [True, False])
def test_a_file_of_the_runner_that_cannot_be_written_advises_native_only_in_our_container(
    tmp_path: Path, variable: str, place: str, in_container: bool
) -> None:
    with start_sandbox(WORLD) as sandbox:
        env = {variable: str(tmp_path / place), **({"ASC_IN_CONTAINER": "1"} if in_container else {})}
        done = in_job(tmp_path, {"bundle-id": APP}, sandbox=sandbox, **env)
        assert sandbox.requests == ()
    assert done.code == 2
    assert variable in done.error
    assert ("ASC_RUNTIME=native" in done.error) == in_container


WRONG = {
    "bundle-id": "com example",
    "app-id": "abc",
    "platform": "android",
    "source": "magic",
    "initial-build-number": "1.x",
    "fail-if-missing": "maybe",
    "retry-for": "soon",
    "plattform": "ios",
}


def test_all_that_is_wrong_is_told_at_once_and_nothing_is_sent(tmp_path: Path) -> None:
    with start_sandbox(WORLD) as sandbox:
        done = in_job(tmp_path, WRONG, sandbox=sandbox, ASC_API_KEY='{"key_id": "x"}')
        assert sandbox.requests == ()
    assert done.code == 2
    for name in WRONG:
        assert f"{name}: " in done.error
    assert "ASC_API_KEY (key)" in done.error, "the key is looked at, too"
    assert "platform?" in done.error
    assert done.log.titles() == ["Wrong input"]
    assert done.outputs == {}


def test_nothing_given_at_all(tmp_path: Path) -> None:
    for inputs in ({}, {"bundle-id": "", "app-id": "  ", "api-key": ""}):
        done = in_job(tmp_path, inputs)
        assert done.code == 2
        assert "bundle-id: " in done.error
        assert "api-key: " in done.error


def test_both_ways_to_name_the_app(tmp_path: Path) -> None:
    with start_sandbox(WORLD) as sandbox:
        done = in_job(tmp_path, {"bundle-id": APP, "app-id": "1"}, sandbox=sandbox)
    assert (done.code, "app-id: " in done.error) == (2, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--bundle-id", APP, "--plattform", "ios"],
        ["--bundle-id", APP, "--plattform=ios"],
        ["--bundle-id"],
        ["--bundle-id", APP, "stray"],
        ["--bundle", APP],
    ],
)
def test_a_command_line_that_is_wrong(arguments: list[str]) -> None:
    with start_sandbox(WORLD) as sandbox:
        done = by_hand(*arguments, sandbox=sandbox)
        assert sandbox.requests == ()
    assert (done.code, done.stdout) == (2, "")
    assert "error: " in done.stderr
    assert "  fix: " in done.stderr


def test_an_unknown_command_lists_those_there_are() -> None:
    done = by_hand(command="fetch-build-numbr")
    assert done.code == 2
    assert "fetch-build-number" in done.stderr


def test_the_inputs_of_a_step_that_are_not_json(tmp_path: Path) -> None:
    done = in_job(tmp_path, {}, ASC_INPUTS="{")
    assert (done.code, "ASC_INPUTS" in done.error) == (2, True)


def test_a_fault_of_our_own_is_one_line_and_the_rest_only_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asc.commands.main.read_inputs", lambda *given: 1 / 0)
    done = in_job(tmp_path, {"bundle-id": APP})
    assert done.code == 1
    assert "ZeroDivisionError" in done.error
    assert "Traceback" not in done.stdout
    assert "Traceback" in in_job(tmp_path, {"bundle-id": APP}, RUNNER_DEBUG="1").stdout


def test_a_certificate_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with start_sandbox(WORLD) as sandbox:
        done = in_job(
            tmp_path,
            {"bundle-id": APP},
            sandbox=sandbox,
            SSL_CERT_FILE="/nowhere/ca.pem",
            REQUESTS_CA_BUNDLE="",
        )
        assert sandbox.requests == ()
    assert done.code == 2
    assert "/nowhere/ca.pem" in done.error
