"""The relay as a server: strangers use up nothing, and a crowd of events arrives whole."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
import requests

from asc_relay import server
from asc_sandbox.webhooks.sending import sign
from support.github import GitHub, github
from webhooks.app import SECRET
from webhooks.relays import Running, event, relay, settings

HEAD = b"POST /events HTTP/1.1\r\nHost: relay\r\nx-apple-signature: %s\r\n"


@pytest.fixture
def hub() -> Iterator[GitHub]:
    with github() as hub:
        yield hub


def connected(running: Running, stack: ExitStack) -> socket.socket:
    """A connection that says nothing yet."""
    parts = urlsplit(running.url)
    return stack.enter_context(socket.create_connection((parts.hostname, parts.port), timeout=20))


def status_of(connection: socket.socket) -> int:
    """The status of the answer, 0 if the connection was closed without one."""
    try:
        line = connection.makefile("rb").readline()
    except ConnectionResetError:
        return 0
    return int(line.split()[1]) if line else 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (b"Content-Length: 104857600\r\n\r\n", 413),
        (b"Content-Length: 99999999999999999999\r\n\r\n", 413),
        (b"Transfer-Encoding: chunked\r\n\r\n10001\r\n", 413),
        (b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffffffffffffffffffff\r\n", 413),
        (b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n", 400),
        (b"Transfer-Encoding: chunked\r\n\r\n-5\r\n", 400),
        (b"Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n", 400),
        (b"Transfer-Encoding: gzip, chunked\r\n\r\n", 411),
        (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 411),
        (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n", 411),
        (b"Content-Length: -5\r\n\r\n", 400),
        (b"Content-Length: 1_0\r\n\r\n0123456789", 400),
        (b"\r\n", 411),
        (b"".join(b"X-%d: x\r\n" % number for number in range(200)) + b"\r\n", 431),
        (b"X: " + b"x" * 70000 + b"\r\n\r\n", 431),
    ],
)
def test_a_request_of_unfit_size_is_refused_at_its_head(
    tmp_path: Path, hub: GitHub, headers: bytes, status: int
) -> None:
    with relay(settings(tmp_path, hub)) as running, ExitStack() as stack:
        connection = connected(running, stack)
        connection.sendall(HEAD % b"x" + headers)
        assert status_of(connection) == status
        assert running.send(event()).status_code == 200


def test_an_event_in_chunks_is_read(tmp_path: Path, hub: GitHub) -> None:
    body = event()
    with relay(settings(tmp_path, hub)) as running:
        answer = requests.post(
            f"{running.url}/events",
            data=iter([body[:7], body[7:]]),
            headers={"x-apple-signature": sign(SECRET, body)},
            timeout=30,
        )
    assert answer.status_code == 200
    assert len(hub.dispatches) == 1


def test_a_body_of_100_mb_is_never_held(tmp_path: Path, hub: GitHub) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * 1024 * 1024

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with relay(settings(tmp_path, hub)) as running:
        with pytest.raises(requests.ConnectionError):  # the relay closes before the body is over
            answer = requests.post(
                f"{running.url}/events", data=parts(), headers={"Content-Length": "104857600"}, timeout=30
            )
            raise requests.ConnectionError(answer.status_code == 413)
        assert running.send(event()).status_code == 200
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40 * 1024  # KiB


def test_other_paths_and_methods_are_answered_and_change_nothing(tmp_path: Path, hub: GitHub) -> None:
    with relay(settings(tmp_path, hub)) as running:
        assert requests.get(f"{running.url}/health", timeout=10).text == "ok\n"
        assert requests.get(f"{running.url}/events", timeout=10).status_code == 404
        assert requests.post(f"{running.url}/", data=b"x", timeout=10).status_code == 404
        assert requests.put(f"{running.url}/events", data=b"x", timeout=10).status_code == 501
    assert hub.requests == 0


def test_slow_senders_are_cut_off_and_hold_up_nobody(
    tmp_path: Path, hub: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "RECEIVE_WITHIN", 1.5)
    with relay(settings(tmp_path, hub)) as running, ExitStack() as stack:
        slow = [connected(running, stack) for _ in range(60)]
        for number, connection in enumerate(slow):
            # Some stop within the headers, some within the body.
            connection.sendall(
                HEAD % b"x" + (b"Content-Length: 100\r\n\r\nhalf" if number % 2 else b"X-Half")
            )
        assert running.send(event()).status_code == 200
        assert {status_of(connection) for connection in slow} == {0, 408}


def test_a_trickle_of_bytes_does_not_prolong_the_time(
    tmp_path: Path, hub: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "RECEIVE_WITHIN", 1.0)
    with relay(settings(tmp_path, hub)) as running, ExitStack() as stack:
        connection = connected(running, stack)
        connection.sendall(HEAD % b"x" + b"Content-Length: 60000\r\n\r\n")
        connection.settimeout(0.05)
        for _ in range(600):
            connection.sendall(b"x")
            try:
                answer = connection.recv(100)
                break
            except TimeoutError:
                continue
        assert b" 408 " in answer


def test_with_all_connections_taken_an_event_waits_for_its_turn(
    tmp_path: Path, hub: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "RECEIVE_WITHIN", 1.0)
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 4)
    with relay(settings(tmp_path, hub)) as running, ExitStack() as stack:
        silent = [connected(running, stack) for _ in range(12)]
        assert running.send(event()).status_code == 200
        assert {status_of(connection) for connection in silent} == {0}


async def deliver_all(url: str, bodies: list[bytes]) -> Counter[int]:
    """Deliver all bodies at once, and each again until its answer is 200, as Apple does. Return the statuses."""
    statuses: Counter[int] = Counter()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def deliver(body: bytes) -> None:
            for _ in range(50):
                headers = {"x-apple-signature": sign(SECRET, body)}
                async with session.post(f"{url}/events", data=body, headers=headers) as answer:
                    statuses[answer.status] += 1
                    if answer.status == 200:
                        return
                await asyncio.sleep(0.1)  # Apple's next attempt is not at once either
            raise AssertionError("an event was lost")

        await asyncio.gather(*map(deliver, bodies))
    return statuses


def test_of_1000_events_at_once_none_is_lost_and_none_comes_twice(tmp_path: Path, hub: GitHub) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    hub.status = lambda number: 502 if number % 7 == 0 else 204
    names = [f"event-{number}" for number in range(1000)]
    try:
        with relay(settings(tmp_path, hub)) as running:
            # A tenth of them comes twice.
            statuses = asyncio.run(deliver_all(running.url, [event(name) for name in names + names[::10]]))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert Counter(dispatch.payload["event-id"] for dispatch in hub.dispatches) == Counter(names)
    assert set(statuses) <= {200, 502, 503}
    assert statuses[502] > 100
