"""Faults in the middle of an upload: all effects work for parts as well."""

from __future__ import annotations

import http.client
from typing import Any

import pytest

from asc_sandbox.cli import main
from asc_sandbox.plans import Processing
from asc_sandbox.server import Sandbox
from sandbox.client import Client
from sandbox.uploading import announce, commit, reserve, state
from support.sandbox import app, ipa, seed, start_sandbox

WORLD = seed(apps=[app("com.example.app", id="1")])
PART = 256 * 1024


class Sender:
    """Sends the one part of a file, once more after each failure."""

    def __init__(self, sandbox: Sandbox, content: bytes) -> None:
        self.client = Client(sandbox, timeout=2)
        self.content = content
        self.upload_id = announce(self.client).document["data"]["id"]
        file = reserve(self.client, self.upload_id, len(content)).document["data"]
        self.file_id = file["id"]
        (self.operation,) = file["attributes"]["uploadOperations"]

    def send(self) -> int:
        return self.client.put(self.operation, self.content).status

    def tag(self) -> str | None:
        self.client.connection.close()
        answer = self.client.get(f"/v1/buildUploadFiles/{self.file_id}")
        (operation,) = answer.document["data"]["attributes"]["uploadOperations"]
        return operation.get("entityTag")


def sending(fault: str, content: bytes = bytes(PART)) -> Any:
    return start_sandbox(WORLD, faults=[f"PUT /uploads/*/* {fault}"], part_size=10 * PART)


def test_a_part_is_cut_in_the_middle() -> None:
    with sending("cut=1000") as sandbox:
        sender = Sender(sandbox, bytes(8 * PART))
        with pytest.raises(ConnectionError):
            sender.send()
        assert sender.tag() is None
        assert sender.send() == 200
        assert [entry.status for entry in sandbox.requests if entry.method == "PUT"] == [None, 200]


def test_cut_counts_the_bytes_of_any_body() -> None:
    with start_sandbox(WORLD, faults=["POST /v1/buildUploads cut=10", "GET /v1/apps cut=10"]) as sandbox:
        client = Client(sandbox)
        with pytest.raises(ConnectionError):
            announce(client)
        client.connection.close()
        with pytest.raises(ConnectionError):
            client.get("/v1/apps")  # there is no body to cut
        client.connection.close()
        assert announce(client).status == 201


def test_a_status_comes_without_the_part_being_taken() -> None:
    with sending("status=503 retry-after=1") as sandbox:
        sender = Sender(sandbox, bytes(PART))
        answer = sender.client.put(sender.operation, sender.content)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        assert answer.headers["X-Rate-Limit"] is None
        assert sender.tag() is None
        assert sender.send() == 200


def test_a_lost_part_has_arrived() -> None:
    with sending("lost") as sandbox:
        sender = Sender(sandbox, bytes(PART))
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            sender.send()
        assert sender.tag() is not None


def test_a_part_that_is_reset() -> None:
    with sending("reset") as sandbox:
        sender = Sender(sandbox, bytes(PART))
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            sender.send()
        assert sender.tag() is None


@pytest.mark.parametrize("effect", ["slow=0.2", "delay=0.2"])
def test_a_part_that_takes_its_time(effect: str) -> None:
    with sending(effect) as sandbox:
        sender = Sender(sandbox, bytes(PART))
        assert sender.send() == 200
        assert sender.tag() is not None


def test_a_part_that_hangs() -> None:
    with sending("hang") as sandbox:
        sender = Sender(sandbox, bytes(PART))
        assert sender.client.connection.sock is not None
        sender.client.connection.sock.settimeout(0.2)
        with pytest.raises(TimeoutError):
            sender.send()
        assert sender.tag() is None


def test_a_client_that_goes_in_the_middle_leaves_no_part() -> None:
    with start_sandbox(WORLD, processing=Processing(0)) as sandbox:
        content = bytes(PART) + ipa()
        sender = Sender(sandbox, content)
        assert sender.send() == 200
        connection = sender.client.connection
        address = sender.operation["url"].removeprefix(sandbox.url)
        connection.putrequest("PUT", address)
        for header in sender.operation["requestHeaders"]:
            connection.putheader(header["name"], header["value"])
        connection.putheader("Content-Length", str(len(content)))
        connection.endheaders(content[:1000])
        assert commit(Client(sandbox), sender.file_id).status == 409
        assert sender.tag() is None
        assert sender.send() == 200
        assert commit(sender.client, sender.file_id).status == 200
        assert state(sender.client, sender.upload_id)["state"] == "COMPLETE"


def test_parts_cost_no_budget_and_need_no_token() -> None:
    with start_sandbox(WORLD, rate_limit=2) as sandbox:
        sender = Sender(sandbox, bytes(PART))
        assert [sender.send() for _ in range(3)] == [200, 200, 200]
        assert sender.client.get("/v1/apps").status == 429


@pytest.mark.parametrize(
    "options",
    [["--outcome", "lost"], ["--review-outcome", "maybe"], ["--part-size", "big"]],
)
def test_options_that_are_no_values(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(options)
    assert options[0] in capsys.readouterr().err


def test_a_part_has_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--part-size", "0"]) == 2
    assert "the size of a part and its lifetime have to be greater than 0" in capsys.readouterr().err
