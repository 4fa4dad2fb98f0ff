"""Run the event loop of a sandbox in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial

from aiohttp import web

from asc_sandbox.service import Service
from asc_sandbox.webhooks.sending import EventSender

_READ_BUFFER = 512 * 1024
"""Bytes of a body that wait for the sandbox; more than aiohttp's default, because parts are large."""

_GRACE_AT_STOP = 0.2
"""Seconds that open requests may still take when the sandbox stops."""


class ServerThread(threading.Thread):
    """Run an event loop with the HTTP server in it."""

    def __init__(self, service: Service, sender: EventSender, host: str, port: int) -> None:
        # A daemon: a test that forgets to stop it does not hang.
        super().__init__(name="sandbox", daemon=True)
        self.host = host
        self.port = port
        self._service = service
        self._sender = sender
        self._settled = threading.Event()
        self._failure: OSError | None = None
        self._request_stop: Callable[[], object] = lambda: None

    def run(self) -> None:
        """Serve until `stop` is called. An OSError is stored for `wait_until_listening`."""
        try:
            asyncio.run(self._serve())
        except OSError as error:
            self._failure = error
        finally:
            # Set in any case, so that `start` never waits for ever.
            self._settled.set()

    def wait_until_listening(self) -> None:
        """Wait until the server listens. Raises OSError if it cannot."""
        self._settled.wait()
        if self._failure:
            raise self._failure

    def stop(self) -> None:
        """Ask the server to stop, and wait until it has."""
        if self.is_alive():
            self._request_stop()
            self.join()

    async def _serve(self) -> None:
        loop, stopping = asyncio.get_running_loop(), asyncio.Event()
        self._request_stop = partial(loop.call_soon_threadsafe, stopping.set)
        # handler_cancellation: a client that goes away ends its request, even one that hangs on purpose.
        server = web.Server(
            self._service.handle, handler_cancellation=True, access_log=None, read_bufsize=_READ_BUFFER
        )
        listener = await loop.create_server(server, self.host, self.port, backlog=128)
        try:
            self.port = listener.sockets[0].getsockname()[1]
            self._settled.set()
            working = asyncio.create_task(self._sender.work())
            await stopping.wait()
            working.cancel()
        finally:
            await _close(listener, server)


async def _close(listener: asyncio.Server, server: web.Server) -> None:
    # asyncio leaves open a connection that it has just accepted as its server closes. So accepting ends first, and two
    # rounds later each connection has its transport.
    for listening in listener.sockets:
        asyncio.get_running_loop().remove_reader(listening.fileno())
    for _ in range(2):
        await asyncio.sleep(0)
    listener.close()
    server.pre_shutdown()
    await server.shutdown(_GRACE_AT_STOP)
