"""What the small servers of the tests have in common: loopback, a store with versions, a token, faults on demand."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class World:
    """Objects and their versions, one call at a time. `fail` answers the next calls with a status each."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.objects: dict[str, tuple[bytes, int]] = {}
        self.numbers: Iterator[int] = itertools.count(1)
        self.calls: list[str] = []
        self.fail: list[int] = []
        self.read_only = False
        self.refused: tuple[str, ...] = ()
        """Names that nobody may write."""

    def put(self, name: str, data: bytes) -> int:
        with self.lock:
            version = next(self.numbers)
            self.objects[name] = (data, version)
            return version

    def contents(self) -> dict[str, bytes]:
        with self.lock:
            return {name: data for name, (data, _) in self.objects.items()}


class Handler(BaseHTTPRequestHandler):
    """One request; subclasses say what it does in `answer`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    world: World

    def handle_any(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.world.lock:
            self.world.calls.append(f"{self.command} {self.path}")
            if self.world.fail:
                self.say(self.world.fail.pop(0), b"trouble")
            else:
                self.answer()

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any  # noqa: N815

    def answer(self) -> None:
        raise NotImplementedError

    def say(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", headers.get("length", str(len(body))))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def serving(handler: type[Handler], world: World) -> Iterator[str]:
    """Serves `world` on loopback and yields the address."""
    bound = type(handler.__name__, (handler,), {"world": world})
    server = ThreadingHTTPServer(("127.0.0.1", 0), bound)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
