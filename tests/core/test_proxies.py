"""What stands between the step and App Store Connect: proxies that refuse, trickle or want credentials."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
from collections.abc import Iterable, Iterator

import pytest
import requests

from asc.api.retry import NotSent, classify
from asc.api.session import Settings, open_session
from asc.errors import UnreachableError


@contextlib.contextmanager
def proxy(answer: Iterable[bytes], pause: float = 0.0) -> Iterator[str]:
    """Run a proxy that answers one request with the pieces of `answer`. Yields its address."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)

        def serve() -> None:
            with contextlib.suppress(OSError), server.accept()[0] as connection:
                connection.recv(65536)
                for piece in answer:
                    connection.sendall(piece)
                    if over.wait(pause):
                        return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            over.set()
    thread.join(20)


def failure_through(address: str, timeout: float = 5.0) -> NotSent | Exception:
    session = open_session(Settings(), 1)
    with contextlib.closing(session), pytest.raises(requests.exceptions.RequestException) as raised:
        session.get("https://appstore.example.com/", proxies={"https": address}, timeout=(timeout, timeout))
    return classify(raised.value)


def test_a_proxy_that_answers_connect_a_byte_at_a_time_is_given_up() -> None:
    with proxy(itertools.repeat(b"H"), pause=0.05) as address:
        error = failure_through(address, timeout=0.3)
    assert isinstance(error, NotSent)
    assert "in time" in str(error)


def test_a_proxy_that_trickles_headers_of_connect_is_given_up() -> None:
    lines = itertools.chain([b"HTTP/1.1 200 OK\r\n"], itertools.repeat(b"X: y"))
    with proxy(lines, pause=0.05) as address:
        error = failure_through(address, timeout=0.3)
    assert isinstance(error, NotSent)


def test_a_proxy_that_wants_credentials_ends_the_step_at_once() -> None:
    with proxy([b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"]) as address:
        error = failure_through(address)
    assert isinstance(error, UnreachableError)
    assert "407" in error.message
    assert "HTTPS_PROXY" in error.remedy


def test_a_proxy_that_cannot_reach_the_server_is_asked_again_and_names_its_status() -> None:
    with proxy([b"HTTP/1.1 502 Bad Gateway\r\n\r\n"]) as address:
        error = failure_through(address)
    assert isinstance(error, NotSent)
    assert "502" in str(error)


def test_a_proxy_that_forbids_the_host_ends_the_step_at_once() -> None:
    with proxy([b"HTTP/1.1 403 Forbidden\r\n\r\n"]) as address:
        assert isinstance(failure_through(address), UnreachableError)


def test_an_expired_certificate_is_told_as_expired() -> None:
    reason = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired"
    error = classify(requests.exceptions.SSLError(reason))
    assert isinstance(error, UnreachableError)
    assert "expired" in error.message
