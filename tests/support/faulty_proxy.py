"""A proxy in front of a server on loopback: it logs the requests by short names, and breaks the ones it is told to.

A fault is a line in the language of the sandbox (`asc_sandbox.faults`) and means the same there:

    PUT /journal status=503 times=always
    GET /list reset after=2

It knows four effects more: `refused` (the port is closed until `end_faults`), `served-500` (the server applies the
request, and the proxy answers 500), `rival` (somebody else writes to the storage just before the request), and `taken`
(GitLab's answer for a name that exists already).
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}
"""Headers that belong to one connection."""
LONGEST_HANG = 40.0
"""Seconds after which a request that hangs is given up, so that no thread stays for good."""


@dataclass(frozen=True)
class Asked:
    """One request. `path` is its short name."""

    method: str
    path: str


@dataclass
class _Fault:
    """A fault with its counters: matching requests still to let pass, and hits left."""

    method: str
    path: str
    effect: str
    value: str
    to_pass: int
    left: float

    def is_due(self, asked: Asked) -> bool:
        """Count a request, and return True if this fault hits it."""
        if (self.method, self.path) != (asked.method, asked.path) or not self.left:
            return False
        if self.to_pass:
            self.to_pass -= 1
            return False
        self.left -= 1
        return True


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class FaultyProxy:
    """The proxy in front of `backend`, the address of a server. `authority` is the file with the server's authority.

    `name_of` returns the short name of a request from its path with the query, and the start of its body. `rival`
    plays the other writer.
    """

    def __init__(
        self,
        backend: str,
        name_of: Callable[[str, bytes], str],
        rival: Callable[[], None],
        authority: Path | None = None,
    ) -> None:
        self._backend = urlsplit(backend)
        self._name_of = name_of
        self._rival = rival
        self._tls = ssl.create_default_context(cafile=str(authority)) if authority else None
        self._lock = threading.Lock()
        self._faults: list[_Fault] = []
        self._over = threading.Event()
        self._is_open = True
        self.requests: list[Asked] = []
        self.faults_hit = 0
        self.rivals = 0
        """How often the other writer has written."""

    @property
    def url(self) -> str:
        """Return the address of the proxy."""
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self._serve(0)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._close()

    def add_fault(self, spec: str) -> None:
        """Add a fault. Raises ValueError for a malformed one."""
        method, path, *words = spec.split()
        values = dict(word.partition("=")[::2] for word in words)
        to_pass, times = int(values.pop("after", "0")), values.pop("times", "1")
        ((effect, value),) = values.items()
        left = float("inf") if times == "always" else int(times)
        with self._lock:
            self._faults.append(_Fault(method, path, effect, value, to_pass, left))

    def end_faults(self) -> None:
        """Serve every request as usual again."""
        with self._lock:
            self._faults.clear()
        # Requests that hang would otherwise go on when the next step has begun.
        self._over.set()
        self._over = threading.Event()
        if not self._is_open:
            self._serve(self._port)
            self._is_open = True

    def _serve(self, port: int) -> None:
        proxy = self

        class Bound(_Handler):
            def serve(self, body: bytes) -> None:
                proxy._handle(self, body)

        self._server = _Server(("127.0.0.1", port), Bound)
        self._port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def _close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handle(self, handler: _Handler, body: bytes) -> None:
        method = "GET" if handler.command == "HEAD" else handler.command
        asked = Asked(method, self._name_of(handler.path, body[:2000]))
        with self._lock:
            self.requests.append(asked)
            due = [fault for fault in self._faults if fault.is_due(asked)]
            over, is_open = self._over, self._is_open
            if due:
                self.faults_hit += 1
        if not is_open:
            handler.reset()
        elif due:
            self._misbehave(due[0], handler, body, over)
        else:
            handler.answer(self._ask(handler, body))

    def _misbehave(self, fault: _Fault, handler: _Handler, body: bytes, over: threading.Event) -> None:
        match fault.effect:
            case "refused":
                with self._lock:
                    closes, self._is_open = self._is_open, False
                if closes:
                    self._close()
                handler.reset()
            case "reset":
                handler.reset()
            case "hang":
                over.wait(LONGEST_HANG)
                handler.reset()
            case "mute":
                self._ask(handler, body)
                over.wait(LONGEST_HANG)
                handler.reset()
            case "lost":
                self._ask(handler, body)
                handler.reset()
            case "served-500":
                self._ask(handler, body)
                handler.answer(_Answer(500, (), b"trouble"))
            case "truncate":
                handler.answer_half(self._ask(handler, body))
            case "slow":
                handler.answer_slowly(self._ask(handler, body), float(fault.value), over)
            case "html":
                page = b"<html><body>Be right back.</body></html>"
                handler.answer(_Answer(200, (("Content-Type", "text/html"),), page))
            case "status":
                handler.answer(_Answer(int(fault.value), (), b"trouble"))
            case "taken":
                taken = b'{"message": {"name": ["has already been taken"]}}'
                handler.answer(_Answer(400, (("Content-Type", "application/json"),), taken))
            case "rival":
                self._rival()
                self.rivals += 1
                handler.answer(self._ask(handler, body))
            case other:
                raise ValueError(other)

    def _ask(self, handler: _Handler, body: bytes) -> _Answer:
        """Send the request to the server and return its answer."""
        where = (self._backend.hostname or "", self._backend.port)
        connection = (
            http.client.HTTPSConnection(*where, context=self._tls, timeout=60)
            if self._tls
            else http.client.HTTPConnection(*where, timeout=60)
        )
        try:
            # The same Host as the client wrote, because signatures of S3 contain it.
            connection.putrequest(handler.command, handler.path, skip_host=True, skip_accept_encoding=True)
            for name, value in handler.headers.items():
                if name.lower() not in HOP and name.lower() != "expect":
                    connection.putheader(name, value)
            if body or handler.command in ("PUT", "POST"):
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            kept = tuple(
                (name, value)
                for name, value in answer.getheaders()
                if name.lower() not in HOP
                or (handler.command == "HEAD" and re.fullmatch("content-length", name, re.IGNORECASE))
            )
            return _Answer(answer.status, kept, answer.read())
        finally:
            connection.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def serve(self, body: bytes) -> None:
        raise NotImplementedError

    def handle_any(self) -> None:
        # A client that was killed is gone when its answer comes.
        with suppress(OSError, http.client.HTTPException):
            self.serve(self._body())
            return
        self.close_connection = True

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any  # noqa: N815

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline() or b"0", 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def reset(self) -> None:
        """End the connection by a reset."""
        self.close_connection = True
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        # Other references to the socket would keep it open.
        for file in (self.wfile, self.rfile):
            with suppress(OSError):
                file.close()
        self.connection.close()

    def answer(self, answer: _Answer) -> None:
        self._head(answer)
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def answer_half(self, answer: _Answer) -> None:
        """Announce the whole body, send half of it, and close the connection."""
        self._head(answer)
        self.wfile.write(answer.body[: len(answer.body) // 2])
        self.close_connection = True

    def answer_slowly(self, answer: _Answer, seconds: float, over: threading.Event) -> None:
        """Send the body byte by byte, at most until `over`."""
        self._head(answer)
        if self.command == "HEAD":
            return
        for number in range(len(answer.body)):
            self.wfile.write(answer.body[number : number + 1])
            if over.wait(seconds / len(answer.body)):
                break
        self.close_connection = True

    def _head(self, answer: _Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if not any(name.lower() == "content-length" for name, _ in answer.headers):
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Write no log."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that go away."""
