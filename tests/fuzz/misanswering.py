"""A proxy before the sandbox that changes some values in its answers, so that they are not quite JSON:API."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from asc_sandbox.server import Sandbox
from fuzz.mutating import nested

REPLACEMENTS: tuple[Any, ...] = (
    None,
    "",
    "x",
    "ü\u202e::error::x\r\n##[error]y",
    "\ud800",
    0,
    -1,
    1e300,
    10**40,
    True,
)
REPLACEMENTS += (
    [],
    {},
    [None],
    [[]],
    ["x"],
    {"x": "y"},
    [{"type": "x"}],
    {"type": "x", "id": "y"},
    "9" * 5000,
)
REPLACEMENTS += (
    "2026-01-31T10:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "../../x",
    "https://x.example/y",
)
REPLACEMENTS += (nested(40), nested(900), nested(900, "dict"))
REMOVED = object()


@dataclass
class Change:
    """A change of the answer number `request` to a call: the value number `place` in it is `new` from then on."""

    request: int
    place: int
    new: Any

    def applied(self, document: Any) -> Any:
        places = list(_places(document, lambda value: None))
        if not places:
            return document
        box = [document]
        at = list(_places(document, lambda value: box.__setitem__(0, value)))[self.place % len(places)]
        at(self.new)
        return box[0]


def _places(value: Any, replace: Callable[[Any], None]) -> Iterator[Callable[[Any], None]]:
    """Yield a function for each value of a document. It replaces or removes that value."""
    yield replace
    if isinstance(value, dict):
        for name in list(value):
            yield from _places(value[name], _setter(value, name))
    elif isinstance(value, list):
        for index in range(len(value)):
            yield from _places(value[index], _setter(value, index))


def _setter(parent: Any, key: Any) -> Callable[[Any], None]:
    def put(new: Any) -> None:
        if new is REMOVED:
            del parent[key]
        else:
            parent[key] = new

    return put


@contextmanager
def misanswering(sandbox: Sandbox, *changes: Change) -> Iterator[str]:
    """Run a server that passes everything on and makes the changes. Yield its address."""
    there, counted, lock = urlsplit(sandbox.url), iter(range(1 << 30)), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            connection = http.client.HTTPConnection(there.hostname or "", there.port, timeout=10)
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            content = answer.read()
            connection.close()
            if content and answer.headers.get_content_type() == "application/json":
                with lock:
                    number = next(counted)
                    for change in changes:
                        if change.request == number:
                            content = json.dumps(change.applied(json.loads(content))).encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in (
                    "content-length",
                    "transfer-encoding",
                    "connection",
                    "server",
                    "date",
                ):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = pass_on  # noqa: N815 (http.server's names)

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
