"""A receiver of webhooks on a port of this machine, which answers as the test says."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from asc_sandbox.server import Sandbox


@dataclass
class Receiver:
    """What came: pairs of signature and body. `status` is the answer to the next requests."""

    url: str = ""
    status: int = 200
    came: list[tuple[str, bytes]] = field(default_factory=list)


@contextmanager
def receiver(status: int = 200) -> Iterator[Receiver]:
    """A receiver, for as long as the block lasts."""
    state = Receiver(status=status)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.came.append((self.headers["x-apple-signature"], body))
            self.send_response(state.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until a condition holds. Raises AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def states(sandbox: Sandbox) -> list[str]:
    """The states of all deliveries, the oldest first."""
    return [one.attributes["deliveryState"] for one in sandbox.world.all("webhookDeliveries")]
