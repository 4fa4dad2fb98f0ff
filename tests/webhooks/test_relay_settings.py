"""The settings of the relay, and the relay as a function without a disk."""

from __future__ import annotations

import base64
import json
import logging
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from asc.errors import InputError
from asc.limited_files import LARGEST
from asc.webhooks import request as webhook_request
from asc_relay import function
from asc_relay.seen import CLAIM_EXPIRES, SeenInBucket, SeenInFile
from asc_relay.server import main
from asc_relay.settings import open_relay
from asc_sandbox.webhooks.sending import sign
from core.running import ENTRYPOINT
from support.github import TOKEN, GitHub, github
from webhooks.app import APP, SECRET
from webhooks.relays import event, settings


@pytest.fixture
def hub() -> Iterator[GitHub]:
    with github() as hub:
        yield hub


def apps(**about: object) -> str:
    return json.dumps({APP: {"repository": "example/app", "secret": SECRET, **about}})


@pytest.mark.parametrize(
    "secret",
    ["", "too-short", "a" * 64, "abc" * 10, "abcdefghijklmno", "abcd" * 4, "abcdefghijklmnop", SECRET],
)
def test_the_relay_and_manage_webhooks_accept_the_same_secrets(tmp_path: Path, secret: str) -> None:
    variables = {**settings(tmp_path, GitHub("http://127.0.0.1:9")), "RELAY_APPS": apps(secret=secret)}
    try:
        open_relay(variables)
        accepted = True
    except InputError as error:
        accepted = False
        assert [problem.input for problem in error.problems] == ["RELAY_APPS"]
    assert accepted == (not webhook_request.secret_defect(secret))


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"RELAY_APPS": ""}, "RELAY_APPS"),
        ({"RELAY_APPS": "{"}, "RELAY_APPS"),
        ({"RELAY_APPS": "[]"}, "RELAY_APPS"),
        ({"RELAY_APPS": apps(secret="short-and-s3cret")[:-3]}, "RELAY_APPS"),
        ({"RELAY_APPS": apps(secret="too-short")}, "RELAY_APPS"),
        ({"RELAY_APPS": apps(secret=[])}, "RELAY_APPS"),
        ({"RELAY_APPS": apps(repository="example")}, "RELAY_APPS"),
        ({"RELAY_APPS": apps(repository="../../user")}, "RELAY_APPS"),
        ({"RELAY_APPS": apps(repo="example/app")}, "RELAY_APPS"),
        ({"RELAY_APPS": json.dumps({name: json.loads(apps())[APP] for name in "ab"})}, "RELAY_APPS"),
        ({"RELAY_APPS": apps()[:-1] + ", " + apps()[1:]}, "RELAY_APPS"),
        ({"RELAY_APPS": apps(secret="half of a pair of two \ud83d")}, "RELAY_APPS"),
        ({"RELAY_GITHUB_TOKEN": ""}, "RELAY_GITHUB_TOKEN"),
        ({"RELAY_GITHUB_TOKEN": f"{TOKEN}\n{TOKEN}"}, "RELAY_GITHUB_TOKEN"),
        ({"RELAY_GITHUB_TOKEN": f"{TOKEN}…"}, "RELAY_GITHUB_TOKEN"),
        ({"RELAY_GITHUB_TOKEN_FILE": "/nowhere"}, "RELAY_GITHUB_TOKEN"),
        ({"GITHUB_API_URL": "http://github.example.com"}, "GITHUB_API_URL"),
        ({"RELAY_SEEN": "/nowhere/seen.sqlite"}, "RELAY_SEEN"),
        ({"ASC_API_KEY": "{}"}, "ASC_API_KEY"),
        ({"ASC_API_URL": "http://apple.example.com"}, "ASC_API_URL"),
    ],
)
def test_a_wrong_setting_is_named_and_no_secret_is_shown(
    tmp_path: Path, variables: dict[str, str], named: str
) -> None:
    with pytest.raises(InputError) as raised:
        open_relay({**settings(tmp_path, GitHub("http://127.0.0.1:9")), **variables})
    assert raised.value.problems[0].input.startswith(named)
    assert not any(secret in str(raised.value) for secret in (SECRET, TOKEN, "too-short"))


def test_all_wrong_settings_are_told_together() -> None:
    with pytest.raises(InputError) as raised:
        open_relay({"GITHUB_API_URL": "ftp://x", "RELAY_SEEN": "/nowhere/x"})
    assert {problem.input for problem in raised.value.problems} == {
        "RELAY_APPS",
        "RELAY_GITHUB_TOKEN",
        "GITHUB_API_URL",
        "RELAY_SEEN",
    }


def test_secrets_may_lie_in_files(tmp_path: Path, hub: GitHub) -> None:
    environment = settings(tmp_path, hub)
    for name in ("RELAY_APPS", "RELAY_GITHUB_TOKEN"):
        (tmp_path / name).write_text(environment.pop(name) + "\n")
        environment[f"{name}_FILE"] = str(tmp_path / name)
    relay = open_relay(environment)
    assert relay.answer(sign(SECRET, event()), event()).status == 200
    relay.seen.close()


def test_a_file_that_is_too_large_for_a_setting_is_not_read_to_its_end(tmp_path: Path, hub: GitHub) -> None:
    endless = tmp_path / "endless"
    with endless.open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(InputError) as raised:
        open_relay({**settings(tmp_path, hub), "RELAY_APPS": "", "RELAY_APPS_FILE": str(endless)})
    assert [problem.input for problem in raised.value.problems] == ["RELAY_APPS_FILE"]


def test_the_relay_starts_with_one_command_and_ends_with_a_signal(tmp_path: Path, hub: GitHub) -> None:
    environment = {**settings(tmp_path, hub), "PORT": "0", "RELAY_HOST": "127.0.0.1"}
    process = subprocess.Popen(
        [sys.executable, "-I", str(ENTRYPOINT), "relay"], env=environment, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    line = process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    _, rest = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Listening" in line
    assert SECRET not in line + rest


def test_the_relay_takes_no_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    assert (main(["--help"]), main(["--token", "x"])) == (0, 2)
    assert "environment" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["abc", "-1", "65536", "８０８０"])
def test_wrong_settings_end_the_relay_with_2_and_are_told_together(port: str) -> None:
    done = subprocess.run(
        [sys.executable, "-I", str(ENTRYPOINT), "relay"],
        env={"PORT": port},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 2
    assert [name for name in ("RELAY_APPS", "PORT: ") if name not in done.stderr] == []


@pytest.fixture(scope="module")
def bucket() -> Iterator[dict[str, str]]:
    """The environment of a function that remembers in a bucket."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    access = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
    }
    boto3.client(
        "s3",
        endpoint_url=access["AWS_ENDPOINT_URL"],
        aws_access_key_id="a",
        aws_secret_access_key="b",
        region_name="us-east-1",
    ).create_bucket(Bucket="relay-memory")
    yield access
    server.stop()


def request(body: bytes, *, signature: str | None = None, encoded: bool = False) -> dict[str, Any]:
    """A request of a function URL, as Lambda hands it over."""
    return {
        "requestContext": {"http": {"method": "POST"}},
        "headers": {"X-Apple-Signature": sign(SECRET, body) if signature is None else signature},
        "body": base64.b64encode(body).decode() if encoded else body.decode(),
        "isBase64Encoded": encoded,
    }


def test_the_function_dispatches_an_event_once_although_each_instance_is_new(
    tmp_path: Path, hub: GitHub, bucket: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    where = f"s3://relay-memory/{tmp_path.name}"
    for name, value in {**settings(tmp_path, hub), **bucket, "RELAY_SEEN": where}.items():
        monkeypatch.setenv(name, value)
    hub.status = lambda number: 502 if number == 1 else 204
    statuses = []
    for encoded in (False, True, False):
        function._relay.cache_clear()
        statuses.append(function.handler(request(event(), encoded=encoded), None)["statusCode"])
    assert statuses == [502, 200, 200]
    assert len(hub.dispatches) == 1
    assert function.handler(request(event("other"), signature="x"), None)["statusCode"] == 401
    assert function.handler(request(b"x" * 200_000), None)["statusCode"] == 413
    assert function.handler({"requestContext": {"http": {"method": "GET"}}}, None)["statusCode"] == 405
    function._relay.cache_clear()


@pytest.mark.parametrize("kind", ["file", "bucket"])
def test_an_expired_claim_is_given_to_one_of_those_who_ask(
    tmp_path: Path, bucket: dict[str, str], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    import time

    for name, value in bucket.items():
        monkeypatch.setenv(name, value)
    now = [time.time()]
    seen = (
        SeenInFile(str(tmp_path / "seen"), lambda: now[0])
        if kind == "file"
        else SeenInBucket(f"s3://relay-memory/{tmp_path.name}", lambda: now[0])
    )
    assert [seen.claim("x"), seen.claim("x")] == ["new", "busy"]
    seen.release("x")
    assert [seen.claim("x"), seen.claim("x")] == ["new", "busy"]
    now[0] += CLAIM_EXPIRES + 5
    assert seen.claim("x") == "new"
    seen.settle("x")
    assert [seen.claim("x"), seen.claim("x")] == ["done", "done"]
    seen.close()
