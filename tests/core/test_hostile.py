"""What is meant to break a step: secrets in the wrong place, texts that are none, answers that are traps."""

from __future__ import annotations

import ctypes
import gzip
import json
import os
import resource
import shlex
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core import signing
from core.running import ENTRYPOINT, by_hand, in_job
from support.sandbox import app, build, seed, start_sandbox
from support.waiting import LONGEST, wait_until

APP = "com.example.app"
WORLD = seed(apps=[app(APP, id="1000000001", builds=[build("1.0", "7")])])
BODY = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgLWKaBA3p0qXhrJMZ"
PEM = f"-----BEGIN PRIVATE KEY-----\n{BODY}\n-----END PRIVATE KEY-----\n"


@contextmanager
def server(answer: bytes, trickle: bytes = b"", gone: threading.Event | None = None) -> Iterator[str]:
    """Send `answer` on each connection, then `trickle` again and again until the client is gone."""

    def serve(connection: socket.socket) -> None:
        with connection:
            try:
                connection.recv(65536)
                connection.sendall(answer)
                while trickle:
                    connection.sendall(trickle)
                    time.sleep(0.02)
            except OSError:
                if gone:
                    gone.set()

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


def key_json() -> str:
    with start_sandbox(WORLD) as sandbox:
        return json.dumps(sandbox.api_key())


@pytest.mark.parametrize("secret", [PEM, json.dumps({"key": PEM}), BODY * 3])
@pytest.mark.parametrize(
    "field", ["bundle-id", "app-id", "platform", "retry-for", "fail-if-missing", "api-key-path"]
)
def test_a_key_in_the_wrong_field_is_not_quoted(tmp_path: Path, field: str, secret: str) -> None:
    done = in_job(tmp_path, {field: secret})
    assert done.code == 2
    assert BODY[:30] not in done.everything


@pytest.mark.parametrize("path", [json.dumps({"key": PEM}), BODY * 3, "~no-such-user/key.json"])
def test_a_key_where_its_path_belongs_is_not_quoted(path: str) -> None:
    done = by_hand(ASC_API_KEY_PATH=path)
    assert done.code == 2
    assert BODY not in done.everything


@pytest.mark.parametrize(
    "text",
    [
        '{"key_id": "D383SF7390", "filepath": "a\\u0000b"}',
        json.dumps({"key_id": "D383SF7390", "key": PEM, "duration": "9" * 5000}),
        "key_id: !!timestamp x",
        "key_id: !!bool x",
        "key_id: !!int ''",
        "[" * 3_000 + "key_id",
    ],
)
def test_a_malicious_key_is_refused_as_any_other(text: str) -> None:
    done = by_hand(ASC_API_KEY=text)
    assert done.code == 2
    assert "The action has a bug" not in done.stderr


@pytest.mark.parametrize(
    "url",
    [
        "http://[::1",
        "http://127.0.0.1:99999",
        "https://a b",
        "https://" + "a" * 80,
        "https://..",
        "https://a\nb",
    ],
)
def test_an_address_that_is_none_is_refused_before_anything_is_sent(url: str) -> None:
    done = by_hand("--bundle-id", APP, ASC_API_URL=url, ASC_API_KEY=key_json())
    assert done.code == 2


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"HTTP/1.1 302 Found\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n", 3),
        (b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 9999999\r\n\r\n", 3),
        (b"HTTP/1.1 200 OK\r\nDate: Mon, 01 Jan 99999999999999999999 00:00:00 GMT\r\n\r\n{}", 3),
        (b"HTTP/1.1 503 No\r\nRetry-After: Mon, 01 Jan 99999999999999999999 00:00:00 GMT\r\n\r\n", 3),
        (b'HTTP/1.1 200 OK\r\n\r\n{"data": [], "links": {"next": "http://[x"}}', 3),
        (
            b'HTTP/1.1 200 OK\r\n\r\n{"data": [{"type": "apps", "id": "\\ud800", "attributes":'
            b' {"bundleId": "com.example.app"}}]}',
            1,
        ),
        (b'HTTP/1.1 200 OK\r\n\r\n{"data": "x", "included": [1], "links": []}', 3),
    ],
)
def test_a_trap_for_an_answer_ends_in_an_error_of_ours(answer: bytes, code: int) -> None:
    with server(answer) as url:
        done = by_hand("--bundle-id", APP, "--retry-for", "1s", ASC_API_URL=url, ASC_API_KEY=key_json())
    assert done.code == code
    assert "The action has a bug" not in done.stderr


@pytest.mark.parametrize("streams", [">&-", ">&- 2>&-", "| true"])
def test_nobody_listens(tmp_path: Path, streams: str) -> None:
    output = tmp_path / "output"
    output.touch()
    ended = subprocess.run(
        [
            "sh",
            "-c",
            f'{{ "$0" -I "$1"; echo $? >&3; }} 3>"$2" {streams}',
            sys.executable,
            ENTRYPOINT,
            tmp_path / "code",
        ],
        env={"GITHUB_OUTPUT": str(output), "ASC_COMMAND": "doctor"},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert "Traceback" not in ended.stderr and "ignored" not in ended.stderr
    assert (tmp_path / "code").read_text().strip() in ("1", "2")


def test_a_text_that_cannot_be_encoded_is_told_all_the_same(tmp_path: Path) -> None:
    done = in_job(tmp_path, {"bundle-id": "\ud800", "version": "\ud800"}, interpreter=True)
    assert done.code == 2


def test_an_event_nested_without_end(tmp_path: Path) -> None:
    (tmp_path / "event").write_text("[" * 100_000)
    assert by_hand(GITHUB_EVENT_PATH=str(tmp_path / "event")).code == 2


def test_an_event_that_never_comes(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "event")
    assert by_hand(GITHUB_EVENT_PATH=str(tmp_path / "event"), process=True).code == 2


@pytest.mark.parametrize(
    ("answer", "trickle"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n", b"X-Slow: line\r\n", id="header-lines"),
        pytest.param(b"", b"HTTP/1.1 100 Continue\r\n\r\n", id="continue"),
        pytest.param(CHUNKED, b"0", id="chunk-head"),
        pytest.param(CHUNKED + b"1", b";x", id="chunk-extension"),
    ],
)
def test_a_head_that_trickles_ends_with_retry_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes, trickle: bytes
) -> None:
    """Given a server whose answer begins for ever, the step gives up."""
    monkeypatch.setattr("asc.api.retry.SHORTEST_READ_TIMEOUT", 1.0)
    gone = threading.Event()
    with server(answer, trickle, gone) as url:
        inputs = {"bundle-id": APP, "retry-for": "1s", "api-key": key_json()}
        done = in_job(tmp_path, inputs, ASC_API_URL=url)
        assert gone.wait(LONGEST)
    assert done.code == 3


@pytest.mark.parametrize(
    ("answer", "fact"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n", "MiB"),
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", "HTTPS_PROXY"),
    ],
    ids=["too large", "407"],
)
def test_an_answer_that_a_repeat_would_not_change_is_asked_for_once(
    tmp_path: Path, answer: bytes, fact: str
) -> None:
    with server(answer) as url:
        done = in_job(tmp_path, {"bundle-id": APP, "api-key": key_json()}, ASC_API_URL=url)
    assert done.code == 3
    assert fact in done.error
    assert "trying again" not in done.everything


def test_a_body_that_trickles_ends_with_retry_for(tmp_path: Path) -> None:
    """Given a server that sends its answer little by little, the step gives up in time."""
    with start_sandbox(WORLD, faults=["GET /v1/apps slow=600 times=always"]) as sandbox:
        done = in_job(tmp_path, {"bundle-id": APP, "retry-for": "1s"}, sandbox=sandbox)
        wait_until(lambda: sandbox.requests and len(sandbox.requests) == sandbox.faults_hit)
        assert {entry.status for entry in sandbox.requests} == {None}
    assert done.code == 3


def test_a_pipe_that_nobody_writes_to_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asc.limited_files.PATIENCE", 0.2)
    os.mkfifo(tmp_path / "key.json")
    done = by_hand(ASC_API_KEY_PATH=str(tmp_path / "key.json"))
    assert (done.code, "pipe" in done.stderr) == (2, True)


def test_a_key_comes_through_a_pipe(tmp_path: Path) -> None:
    """As a shell's <(…) hands it over."""
    with start_sandbox(WORLD) as sandbox:
        script = f'"$0" -I "$1" doctor --api-key-path <(sleep 0.1; echo {shlex.quote(json.dumps(sandbox.api_key()))})'
        command = ["bash", "-c", script, sys.executable, ENTRYPOINT]
        ended = subprocess.run(command, env={**os.environ, "ASC_API_URL": sandbox.url}, capture_output=True)
    assert ended.returncode == 0, ended.stderr


ESCAPES = "\x1b[8mhidden\x1b[0m \x07\u202egnp"


def test_apples_texts_do_not_command_a_terminal() -> None:
    body = json.dumps({"errors": [{"status": "409", "code": "X", "title": ESCAPES, "detail": ESCAPES}]})
    answer = f"HTTP/1.1 409 Conflict\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    with server(answer) as url:
        done = by_hand("--bundle-id", APP, ASC_API_URL=url, ASC_API_KEY=key_json(), ASC_DEBUG="1")
    assert done.code == 1
    assert "hidden" in done.stderr
    assert not set("\x1b\x07\u202e") & set(done.everything)


def test_outputs_do_not_command_a_terminal_either() -> None:
    with start_sandbox(seed(apps=[app(APP, builds=[build(f"1{ESCAPES}", "7")])])) as sandbox:
        done = by_hand("--bundle-id", APP, sandbox=sandbox)
    assert not set("\x1b\x07\u202e") & set(done.everything)
    assert json.loads(done.printed["version"]) == f"1{ESCAPES}"
    assert done.printed["build-number"] == "7"


def test_nor_do_they_hide_lines_of_a_jobs_log(tmp_path: Path) -> None:
    with start_sandbox(seed(apps=[app(APP, builds=[build(f"1{ESCAPES}", "7")])])) as sandbox:
        done = in_job(tmp_path, {"bundle-id": APP}, sandbox=sandbox)
    assert not set("\x1b\x07\u202e") & set(done.stdout)
    assert done.outputs["version"] == f"1{ESCAPES}", "what a later step gets is Apple's"


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_an_answer_that_unpacks_without_end_is_not_kept(tmp_path: Path, layers: int) -> None:
    body = gzip.compress(bytes(200 << 20), 1)
    for _ in range(layers - 1):
        body = gzip.compress(body)
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Encoding: {', '.join(['gzip'] * layers)}\r\nContent-Length: {len(body)}"
    )
    with server(head.encode() + b"\r\n\r\n" + body) as url:
        inputs = {"bundle-id": APP, "retry-for": "0", "api-key": key_json()}
        done = in_job(tmp_path, inputs, ASC_API_URL=url)
    assert done.code == 3
    assert "larger than 64 MiB" in done.error or "too slowly" in done.error


def test_a_disk_that_is_full_when_signing_is_installed_is_called_that(tmp_path: Path) -> None:
    store = signing.folder_store(tmp_path)
    inputs = {"mode": "read-only", "output-directory": str(tmp_path / "new")}
    with signing.apple() as sandbox:
        assert signing.step(tmp_path, sandbox, store, {"install": "none"}).code == 0
        with full_disk():
            done = signing.step(tmp_path, sandbox, store, inputs)
    assert done.code == 1
    assert "File too large" in done.error
    assert not list((tmp_path / "new").rglob("*.p12"))


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process can grow."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_is_full_when_outputs_are_written_is_called_that(tmp_path: Path) -> None:
    with start_sandbox(WORLD) as sandbox, full_disk():
        done = in_job(tmp_path, {"bundle-id": APP}, sandbox=sandbox)
    assert done.code == 1
    assert "outputs" in done.error
    assert "The work itself is done" in done.error
    assert "summary" in done.log.messages("warning")[0]


@pytest.mark.parametrize("name", ["metadata", "screenshots", "previews"])
def test_a_name_that_no_disk_can_hold_is_a_wrong_input(tmp_path: Path, name: str) -> None:
    given = {"metadata": "none", "screenshots": "none", "urls": "false", name: "x" * 300}
    done = in_job(tmp_path, given, command="check-app-store")
    assert (done.code, done.error.startswith(f"{name}: ")) == (2, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["check-app-store", "--screenshots", "none", "--metadata", "locked"],
        ["check-app-store", "--metadata", "none", "--screenshots", "locked"],
        ["check-app-store", "--metadata", "none", "--screenshots", "none", "--previews", "locked"],
        ["check-app-store", "--screenshots", "none", "--metadata", "locked/inner"],
        ["verify-profiles", "--entitlements", "locked/a.entitlements", "--profiles", "locked"],
    ],
)
def test_a_folder_that_the_runner_may_not_enter_is_named_and_no_bug(
    tmp_path: Path, arguments: list[str]
) -> None:
    (tmp_path / "locked/inner").mkdir(parents=True)
    (tmp_path / "locked").chmod(0o000)
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(ENTRYPOINT), *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            preexec_fn=give_up_roots_way_past_permissions,
        )
    finally:
        (tmp_path / "locked").chmod(0o700)
    assert (done.returncode, "Permission denied" in done.stderr) == (2, True), done.stderr


def give_up_roots_way_past_permissions() -> None:
    """From the next program on, root may enter only what the mode bits allow, as in a container."""
    drop, dac_override, dac_read_search = 24, 1, 2
    libc = ctypes.CDLL(None)
    for capability in (dac_override, dac_read_search):
        libc.prctl(drop, capability, 0, 0, 0)
