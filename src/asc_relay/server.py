"""The relay as a server: plain HTTP, for a proxy or a host that ends TLS.

Everything that a stranger can use up is bounded: connections, their time, and the bytes of a request.
"""

from __future__ import annotations

import io
import logging
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from asc.api.clock import SYSTEM_CLOCK, Clock
from asc.errors import Error, Findings, InputError, Problem
from asc.words import printable_name
from asc_relay.relay import LARGEST_BODY, SIGNATURE, Answer, Relay
from asc_relay.settings import open_relay

log = logging.getLogger(__name__)

RECEIVE_WITHIN = 10.0
"""Seconds for a whole request to arrive, however it trickles in."""
MOST_CONNECTIONS = 512
"""Connections at a time. Further ones wait in the backlog of the system."""
AT_ONCE = 32
"""Events that are handed on side by side."""
WAIT_FOR_TURN = 30.0
"""Seconds until an event that waits for its turn is left to Apple's next delivery."""
EVENTS, HEALTH = "/events", "/health"


class RelayServer(ThreadingHTTPServer):
    """The server of one relay: a thread for each connection, up to MOST_CONNECTIONS."""

    request_queue_size = 1024  # connections in the backlog; the system may cut it
    daemon_threads = False  # at the end, requests under way are answered first

    def __init__(self, address: tuple[str, int], relay: Relay) -> None:
        self.relay = relay
        self.turns = threading.BoundedSemaphore(AT_ONCE)
        self._connections = threading.BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give a connection a thread as soon as one of MOST_CONNECTIONS is free."""
        self._connections.acquire()
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._connections.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer a connection, and make room for another one."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._connections.release()

    def server_close(self) -> None:
        """Stop listening, wait for the requests under way, and close the memory."""
        super().server_close()
        self.relay.seen.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Note that a connection broke; anything else is a bug, with its traceback."""
        if not isinstance(sys.exception(), OSError):
            log.exception("A request failed")


class _Handler(BaseHTTPRequestHandler):
    """One connection with one request."""

    server: RelayServer
    server_version, sys_version = "relay", ""

    def setup(self) -> None:
        super().setup()
        self.rfile = io.BufferedReader(_Receiver(self.connection, time.monotonic() + RECEIVE_WITHIN))

    def do_GET(self) -> None:
        self._reply(Answer(200, "ok") if self.path == HEALTH else Answer(404, "not found"))

    def do_POST(self) -> None:
        self._reply(self._answer())

    def _answer(self) -> Answer:
        if self.path != EVENTS:
            return Answer(404, "not found")
        try:
            body = self._body()
        except TimeoutError:
            return Answer(408, "too slow")
        except _BadRequest as bad:
            return Answer(bad.status, str(bad))
        if not self.server.turns.acquire(timeout=WAIT_FOR_TURN):
            return Answer(503, "too many events at once")
        try:
            return self.server.relay.answer(self.headers.get(SIGNATURE, ""), body)
        except Exception:  # the event stays with Apple, which delivers it again
            log.exception("An event could not be handled")
            return Answer(500, "failed")
        finally:
            self.server.turns.release()

    def _body(self) -> bytes:
        """Return the whole body. Raises _BadRequest, and TimeoutError if it comes too slowly."""
        lengths, encodings = (
            self.headers.get_all(name, []) for name in ("Content-Length", "Transfer-Encoding")
        )
        # With both, or with one twice, a proxy and this server could disagree on the end of the request.
        if len([*lengths, *encodings]) != 1 or any(encoding.lower() != "chunked" for encoding in encodings):
            raise _BadRequest(411, "neither a length nor chunks, or several")
        return self._chunks() if encodings else self._read(_number(lengths[0], 10))

    def _chunks(self) -> bytes:
        """Return a body in chunks, into which proxies turn a request of HTTP/2."""
        body = b""
        while size := _number(self.rfile.readline(32).partition(b";")[0].strip().decode("latin-1"), 16):
            body += self._read(size, len(body))
            if self.rfile.readline(3) != b"\r\n":
                raise _BadRequest(400, "a chunk without an end")
        return body

    def _read(self, size: int, before: int = 0) -> bytes:
        if before + size > LARGEST_BODY:
            raise _BadRequest(413, f"more than {LARGEST_BODY} bytes")
        content = self.rfile.read(size)
        if len(content) < size:
            raise _BadRequest(400, "the body ended early")
        return content

    def _reply(self, answer: Answer) -> None:
        content = f"{answer.text}\n".encode()
        self.connection.settimeout(RECEIVE_WITHIN)
        self.send_response(answer.status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Log no line for each request: strangers would fill the log. The relay logs events."""


class _BadRequest(Exception):
    """A body that is not read."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def _number(text: str, base: int) -> int:
    """Return a length. Raises _BadRequest if it is none."""
    # int() alone takes signs, blanks, underscores and other digits than ASCII's.
    if not re.fullmatch("[0-9]+" if base == 10 else "[0-9a-fA-F]+", text):
        raise _BadRequest(400, "no length")
    return int(text[:20], base)


class _Receiver(io.RawIOBase):
    """The bytes of a connection until a deadline. A limit for each byte would let a slow sender stay for ever."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


def main(arguments: Sequence[str], clock: Clock = SYSTEM_CLOCK) -> int:
    """Serve until SIGTERM or SIGINT. Return 0, or 2 if the settings are wrong or there are arguments."""
    if arguments:
        # A secret in an argument could be read by everybody on the machine, so there are none.
        sys.stderr.write(
            f"usage: {Path(sys.argv[0]).name} relay\nIts settings are in the environment: docs/webhooks.md\n"
        )
        return 0 if arguments == ["--help"] else 2
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    server = _open_server(os.environ, clock)
    if server is None:
        return 2
    for number in (signal.SIGTERM, signal.SIGINT):
        # shutdown waits for the loop, which runs in this thread.
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    bundle_ids = ", ".join(app.bundle_id for app in server.relay.apps)
    log.info("Listening on port %d for events of %s", server.server_port, bundle_ids)
    with server:
        server.serve_forever()
    return 0


def _open_server(environment: Mapping[str, str], clock: Clock) -> RelayServer | None:
    """Return the listening server, or None after logging each problem of its settings."""
    found = Findings()
    try:
        relay = found.result_of(lambda: open_relay(environment, clock), None)
        port = found.result_of(lambda: _port(environment.get("PORT", "8080")), 0)
        found.raise_all()
        host = environment.get("RELAY_HOST", "0.0.0.0")  # noqa: S104 (a container has no other way in)
        assert relay
        return RelayServer((host, port), relay)
    except Error as error:
        for message, remedy in error.pairs():
            log.error("%s\nfix: %s", message, remedy)
    except (OSError, ValueError) as error:
        log.error(
            "The relay cannot listen: %s\nfix: Set PORT to a free port, and RELAY_HOST to an address.", error
        )
    return None


def _port(text: str) -> int:
    """Return a port; 0 is any that is free. Raises InputError."""
    if re.fullmatch("[0-9]{1,5}", text) and int(text) < 65536:
        return int(text)
    raise InputError([Problem("PORT", f"{printable_name(text)} is not a port", "Set PORT to a free port.")])
