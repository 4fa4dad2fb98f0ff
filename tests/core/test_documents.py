"""Answers that are JSON:API in part only: what is not fit to be worked with is not there."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from asc.api.client import Client
from asc.api.document import Document, Resource
from asc.api.key.text import parse_key
from asc.api.session import Settings
from asc.builds.number import Number
from asc.builds.upload import record
from asc.errors import Error, LostAnswerError, UnreachableError
from asc.provisioning.bundle_ids import register_bundle_id
from asc.provisioning.certificates import create_certificate, list_certificates
from asc.provisioning.devices.apple import register_device
from asc.provisioning.devices.request import DeviceRequest
from asc.provisioning.profiles import fetch_profile
from asc_sandbox.authority.ca import unowned_small_key
from asc_sandbox.authority.issuing import Authority
from core.test_hostile import key_json, server
from support.clock import QuickClock


@pytest.mark.parametrize(
    "identifier",
    [
        "",
        "../betaGroups/1",
        "1/relationships/x",
        "?limit=1",
        "1#",
        "%2e%2e",
        "..",
        ".",
        "a b",
        "ü",
        "1\n",
        7,
        None,
        {},
    ],
)
def test_an_id_that_would_make_an_address_another_s_is_none(
    identifier: object, caplog: pytest.LogCaptureFixture
) -> None:
    """Given such an id, nothing is asked for, changed or deleted under it."""
    bad = {"type": "certificates", "id": identifier}
    document = Document.read({"data": [bad, {"type": "certificates", "id": "GOOD"}]})
    assert [each.id for each in document.data] == ["GOOD"]
    assert "certificates" in caplog.text, "it is told, for whoever looks for it"
    assert Resource("apps", "1", relationships={"x": {"data": [bad]}}).related("x") == []


@pytest.mark.parametrize(
    "identifier", ["1000000001", "6a9a6bd0-2ad1-4b3c", "A_PUSH", "eyJpZCI6IjEifQ==", "a.b:c~1"]
)
def test_ids_as_apple_writes_them(identifier: str) -> None:
    assert Document.read({"data": {"type": "apps", "id": identifier}}).resource.id == identifier


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), ([["x"]], ""), ({"a": 1}, ""), (7, "7"), (True, "True")]
)
def test_an_attribute_that_is_no_text_is_none(value: object, text: str) -> None:
    assert Resource("apps", "1", {"name": value}).text("name") == text


@pytest.mark.parametrize(
    ("work", "error"),
    [
        (lambda client: record.create(client, Number("1", "1.0", "1", "IOS")), LostAnswerError),
        (lambda client: register_device(client, DeviceRequest("0" * 40, "Pad"), "IOS"), LostAnswerError),
        (lambda client: register_bundle_id(client, "com.example.app", "Example", "IOS"), LostAnswerError),
        (lambda client: record.read(client, "1"), UnreachableError),
        (lambda client: fetch_profile(client, "1"), UnreachableError),
    ],
)
@pytest.mark.parametrize("data", [b"[]", b"null", b'{"type": "x", "id": "/"}'])
def test_an_answer_without_what_was_asked_for(
    work: Callable[[Client], Any], error: type[Exception], data: bytes
) -> None:
    body = b'{"data": %s}' % data
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    with server(head + body) as url, pytest.raises(error):
        work(Client(parse_key(key_json()), Settings(url, retry_for=0), "Admin", clock=QuickClock().clock))


@pytest.mark.parametrize("content", ["ü", "x", base64.b64encode(b"x").decode()])
def test_a_certificate_that_cannot_be_read_is_listed_without_one(content: str) -> None:
    body = f'{{"data": [{{"type": "certificates", "id": "A", "attributes": {{"certificateContent": "{content}"}}}}]}}'
    head = f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {len(body.encode())}\r\n\r\n"
    with server((head + body).encode()) as url:
        (listed,) = list_certificates(Client(parse_key(key_json()), Settings(url), "Admin"), ["DISTRIBUTION"])
    assert listed.certificate is None


@pytest.mark.parametrize("whose", ["nobody's", "somebody else's"])
def test_a_certificate_of_another_key_is_never_taken_for_ours(whose: str) -> None:
    """Given an answer that holds none, or one of another key, the step ends with what to do: the key is put aside."""
    content = ""
    if whose == "somebody else's":
        content = base64.b64encode(Authority().issue(unowned_small_key(), "DISTRIBUTION").der).decode()
    made = {"type": "certificates", "id": "A", "attributes": {"certificateContent": content}}
    body = json.dumps({"data": made}).encode()
    head = b"HTTP/1.1 201 Created\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    with server(head + body) as url, pytest.raises(Error, match="created the certificate A"):
        client = Client(parse_key(key_json()), Settings(url), "Admin", clock=QuickClock().clock)
        create_certificate(client, "DISTRIBUTION", "csr", b"ours")
