"""The relay: any bytes on its port are answered or dropped, and the next event still arrives."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st

from asc_relay import function
from asc_relay.settings import open_relay
from asc_sandbox.webhooks.sending import sign
from fuzz.bounds import bounded, examples, large
from fuzz.mutating import VALUES, damaged
from support.github import GitHub, github
from webhooks.app import SECRET
from webhooks.relays import Running, event, relay, settings

BODY = event()
HEADERS = st.lists(
    st.sampled_from(
        [
            b"Content-Length: %d" % len(BODY),
            b"content-length: 0",
            b"Content-Length: -1",
            b"Content-Length: 1_0",
            b"Content-Length: \xb2",
            b"Content-Length: 99999999999999999999",
            b"Transfer-Encoding: chunked",
            b"Transfer-Encoding: \xff",
            b"x-apple-signature: " + sign(SECRET, BODY).encode(),
            b"x-apple-signature: hmacsha256=" + b"\xfc" * 64,
            b"x-apple-signature: " + b"A" * 5000,
            b"Expect: 100-continue",
            b"Connection: keep-alive",
            b" folded",
            b": no name",
            b"no colon",
            b"a: \x00\x1b[31m",
        ]
    )
    | st.binary(max_size=12),
    max_size=5,
)
FIRST = st.sampled_from(
    [
        *(
            b"POST /events HTTP/1.1",
            b"POST /events HTTP/1.0",
            b"GET /health HTTP/1.1",
            b"HEAD / HTTP/1.1",
            b"POST",
        ),
        *(
            b"POST /events HTTP/9.9",
            b"GET //x HTTP/1.1",
            b"POST  /events  HTTP/1.1",
            b"PRI * HTTP/2.0",
            b"\x16\x03\x01",
        ),
        *(b"POST /events HTTP/1." + b"9" * 500, b"GET " + b"/" * 70_000, b"POST /events\x00 HTTP/1.1"),
    ]
)
CHUNKS = [b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY), b"1;" + b"x" * 40 + b"\r\n", b"1\r\n{\r\n" * 50]
BODIES = st.sampled_from([BODY, b"", *CHUNKS]) | st.binary(max_size=40) | damaged([BODY, *CHUNKS])


@st.composite
def requests_of_strangers(draw: st.DrawFn) -> bytes:
    ending = draw(st.sampled_from([b"\r\n", b"\r\n", b"\n"]))
    head = ending.join([draw(FIRST), *draw(HEADERS)])
    whole = head + ending * 2 + draw(BODIES)
    return draw(st.just(whole) | damaged([whole]))


@pytest.fixture(scope="module")
def hub() -> Iterator[GitHub]:
    with github() as running:
        yield running


@pytest.fixture(scope="module")
def running(hub: GitHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with relay(settings(tmp_path_factory.mktemp("relay"), hub)) as listening:
        yield listening


def send(address: str, content: bytes) -> bytes:
    """Send bytes, end the sending side, and return what comes back."""
    parts = urlsplit(address)
    with (
        socket.create_connection((parts.hostname, parts.port), timeout=20) as connection,
        suppress(OSError),
    ):
        connection.sendall(content)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))
    return b""


@given(content=requests_of_strangers())
@example(content=b"POST /events HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 60_000)
@large(content=b"POST /events HTTP/1.1\r\n" + b"a: b\r\n" * 50_000 + b"\r\n")
@examples(40)
def test_any_request_is_answered_or_dropped_and_the_relay_goes_on(
    running: Running, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    caplog.clear()
    with bounded(memory=None):
        answer = send(running.url, content)
        assert requests.get(f"{running.url}/health", timeout=20).status_code == 200
    assert not answer or answer.startswith((b"HTTP/1.", b"<!DOCTYPE", b"ok\n", b"not found\n"))
    # A traceback in the log is a bug, and a secret in it a leak.
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
    assert SECRET not in caplog.text


GATEWAY = st.fixed_dictionaries(
    {},
    optional={
        "requestContext": st.just({"http": {"method": "POST"}}),
        "headers": st.none()
        | st.dictionaries(st.sampled_from(["X-Apple-Signature", "a"]), st.text(max_size=9)),
        "body": st.sampled_from(
            [BODY.decode(), base64.b64encode(BODY).decode(), "=", "\ud800", "a" * 200_000]
        )
        | VALUES,
        "isBase64Encoded": st.booleans(),
    },
)


@given(request=GATEWAY)
@examples(60)
def test_any_request_of_the_function_url_gets_an_answer(
    hub: GitHub, tmp_path_factory: pytest.TempPathFactory, request: dict[str, Any]
) -> None:
    made = open_relay(settings(tmp_path_factory.getbasetemp(), hub))
    with patch.object(function, "_relay", lambda: made), bounded():
        answer = function.handler({**request, "requestContext": {"http": {"method": "POST"}}}, None)
    made.seen.close()
    assert answer["statusCode"] in (400, 401, 413)
