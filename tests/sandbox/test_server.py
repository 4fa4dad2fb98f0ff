"""The server: connections, the log, and the process that `entrypoint.py sandbox` is."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from cryptography.x509 import load_pem_x509_certificates

from asc_sandbox.cli import main
from asc_sandbox.server import Sandbox
from sandbox.client import Client, token
from support.contract import DOCUMENT
from support.sandbox import start_sandbox

SOURCE = Path(__file__).parents[2] / "src"


@contextlib.contextmanager
def process(*options: str | Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The sandbox as a process, and its address."""
    code = "import sys; from asc_sandbox.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, *map(str, options)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as running:
        assert running.stdout is not None
        try:
            yield running, running.stdout.readline().removeprefix("sandbox: listening on ").strip()
        finally:
            running.kill()


def ask(url: str, key_file: Path) -> int:
    bearer = token(json.loads(key_file.read_text()))
    with urlopen(
        Request(f"{url}/v1/apps", headers={"Authorization": f"Bearer {bearer}"}), timeout=5
    ) as answer:
        return int(answer.status)


def test_one_connection_serves_many_requests() -> None:
    with start_sandbox() as sandbox:
        first, second = Client(sandbox), Client(sandbox)
        for client in (first, first, second, first):
            client.get("/v1/apps")
        assert [entry.connection for entry in sandbox.requests] == [1, 1, 2, 1]


def test_connections_that_come_as_the_sandbox_stops_are_closed() -> None:
    # One that is left open warns as it is collected, and a warning fails a test.
    for _ in range(5):
        with start_sandbox() as sandbox, contextlib.ExitStack() as opened:
            address = ("127.0.0.1", int(sandbox.url.rpartition(":")[2]))
            begun = threading.Event()
            thread = threading.Thread(target=connect_until_refused, args=(address, opened, begun))
            thread.start()
            begun.wait()
            sandbox.stop()
            thread.join()
        gc.collect()


def connect_until_refused(
    address: tuple[str, int], opened: contextlib.ExitStack, begun: threading.Event
) -> None:
    with contextlib.suppress(OSError):
        for number in range(300):
            opened.enter_context(socket.create_connection(address))
            if number == 10:
                begun.set()


def test_a_refused_request_keeps_the_connection() -> None:
    with start_sandbox(expect_violations=True) as sandbox:
        client = Client(sandbox)
        client.token = None
        client.request("GET", "/v1/apps")
        client.request("POST", "/v1/buildUploads", {"data": {}})
        assert [entry.connection for entry in sandbox.requests] == [1, 1]


def test_a_log_entry_holds_the_request_its_status_and_its_time() -> None:
    before = time.time()
    with start_sandbox(latency=0.05) as sandbox:
        Client(sandbox).get("/v1/apps", filter__bundleId="a b")
        (entry,) = sandbox.requests
        assert (entry.method, entry.path, entry.query) == ("GET", "/v1/apps", "filter%5BbundleId%5D=a%20b")
        assert entry.status == 200
        assert entry.ms >= 50
        assert before <= entry.t <= time.time()


def test_a_bug_of_the_sandbox_is_a_500(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with start_sandbox() as sandbox:
        monkeypatch.setattr(sandbox.world, "all", None)
        answer = Client(sandbox).get("/v1/apps")
        assert (answer.status, answer.error["code"]) == (500, "UNEXPECTED_ERROR")
        assert "TypeError" in capfd.readouterr().err


@pytest.mark.parametrize("body", ["{", "[" * 100_000], ids=["cut", "nested"])
def test_a_body_that_is_not_json(body: str) -> None:
    with start_sandbox(expect_violations=True) as sandbox:
        client = Client(sandbox)
        client.connection.request("GET", "/v1/apps", body, {"Authorization": f"Bearer {client.token}"})
        assert client.connection.getresponse().status == 400


def test_two_sandboxes_do_not_know_each_other() -> None:
    with start_sandbox() as one, start_sandbox() as other:
        assert one.url != other.url
        client = Client(one)
        client.connection = Client(other).connection
        assert client.get("/v1/apps").status == 401


def test_a_port_that_is_taken() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(OSError, match="address already in use"),
    ):
        Sandbox(port=taken.getsockname()[1]).start()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_serves_logs_and_stops_on_a_signal(number: int, tmp_path: Path) -> None:
    key_file, log = tmp_path / "key.json", tmp_path / "log"
    fault = "GET /v1/apps status=500 after=1"
    options = ("--key-file", key_file, "--log", log, "--fault", fault, "--contract", DOCUMENT)
    with process(*options, "--stop-after", "60") as (running, url):
        assert ask(url, key_file) == 200
        (line,) = log.read_text().splitlines()
        running.send_signal(number)
        assert running.wait(timeout=5) == 0
    assert json.loads(line).keys() == {"t", "connection", "method", "path", "query", "status", "ms"}
    assert json.loads(line)["status"] == 200
    assert "Bearer" not in line


def test_the_process_tells_who_signs_its_certificates(tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    with process("--ca-file", ca_file, "--stop-after", "60"):
        intermediate, root = load_pem_x509_certificates(ca_file.read_bytes())
    intermediate.verify_directly_issued_by(root)
    root.verify_directly_issued_by(root)


def test_the_process_stops_by_itself() -> None:
    with process("--stop-after", "0.2") as (running, _):
        assert running.wait(timeout=5) == 0


def test_the_key_file_is_private_and_survives_a_restart(tmp_path: Path) -> None:
    key_file = tmp_path / "key.json"
    with Sandbox(key_file=key_file, key_id="DEMODEVEL1") as sandbox:
        assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
        written = key_file.read_text()
        assert json.loads(written) == sandbox.api_key("DEMODEVEL1")
    with Sandbox(key_file=key_file) as restarted:
        assert key_file.read_text() == written
        assert ask(restarted.url, key_file) == 200
    assert list(tmp_path.iterdir()) == [key_file]


@pytest.mark.parametrize(
    ("content", "options", "problem"),
    [
        ("nonsense", [], "is not an API key that the sandbox wrote"),
        ('{"key_id": "STRANGER01", "key": ""}', [], "holds the key STRANGER01, not one of the seed"),
        ('{"key_id": "DEMOADMIN1", "key": "x"}', [], "is not a P-256 private key"),
        ('{"key_id": "DEMOADMIN1", "key": "x"}', ["--key-id", "DEMODEVEL1"], "not DEMODEVEL1"),
        (None, ["--key-id", "NOBODY"], "the seed has no key NOBODY; it has DEMOADMIN1, "),
    ],
)
def test_key_files_that_do_not_fit(
    content: str | None, options: list[str], problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key_file = tmp_path / "key.json"
    if content is not None:
        key_file.write_text(content)
    assert main(["--key-file", str(key_file), *options]) == 2
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--seed", "missing.yml"], "missing.yml"),
        (["--fault", "GET /v1/apps explode"], "'explode' is neither an effect"),
        (["--contract", "missing.json"], "missing.json"),
        (["--log", "/missing/folder/log"], "/missing/folder/log"),
    ],
)
def test_wrong_options_of_the_command_are_refused(
    options: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(options) == 2
    assert problem in capsys.readouterr().err


def test_a_port_in_use_or_out_of_range_ends_with_exit_code_2_and_names_the_port(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--port", str(port)]) == 2
    assert f"port {port} is in use" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        main(["--port", "80800"])
    assert ended.value.code == 2 and "up to 65535" in capsys.readouterr().err


def test_a_key_file_in_a_folder_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--key-file", str(tmp_path / "none" / "key.json")]) == 2
    assert f"there is no folder {tmp_path / 'none'}" in capsys.readouterr().err
