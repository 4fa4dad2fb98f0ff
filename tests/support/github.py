"""A stand-in for GitHub's API on a port of this machine: takes `repository_dispatch`, as GitHub does."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "not-a-real-token"


@dataclass(frozen=True)
class Dispatch:
    """One accepted dispatch."""

    repository: str
    event_type: str
    payload: dict[str, Any]


@dataclass
class GitHub:
    """What was dispatched. `status` decides on each request by its number, from 1: 204 lets it pass."""

    url: str = ""
    dispatches: list[Dispatch] = field(default_factory=list)
    requests: int = 0
    status: Callable[[int], int] = lambda number: 204
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def types(self) -> list[str]:
        return [dispatch.event_type for dispatch in self.dispatches]

    def take(self, path: str, authorization: str, body: bytes) -> int:
        """The status of GitHub's answer to a request."""
        found = re.fullmatch(r"/repos/([^/]+/[^/]+)/dispatches", path)
        if not found:
            return 404
        if authorization != f"Bearer {TOKEN}":
            return 401
        content = json.loads(body)
        event_type, payload = content["event_type"], content["client_payload"]
        # https://docs.github.com/en/rest/repos/repos#create-a-repository-dispatch-event
        if len(event_type) > 100 or len(payload) > 10:
            return 422
        with self.lock:
            self.requests += 1
            status = self.status(self.requests)
            if status == 204:
                self.dispatches.append(Dispatch(found[1], event_type, payload))
        return status


@contextmanager
def github() -> Iterator[GitHub]:
    """GitHub, for as long as the block lasts."""
    state = GitHub()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = state.take(self.path, self.headers.get("Authorization", ""), body)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 1024
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
