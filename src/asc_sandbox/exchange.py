"""Send the answer to one request over its socket, whole or broken, and log the request."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web

from asc_sandbox.endpoints import Answer
from asc_sandbox.errors import Refusal
from asc_sandbox.requestlog import Entry, RequestLog

JSON_TYPE = "application/json"
# SO_LINGER with a time of zero: closing sends RST.
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

_PIECES = 20
"""Pieces that a slow body is sent in."""

_PIECE = 512 * 1024
"""Bytes of a large body that are handed to the socket at a time."""


@dataclass(frozen=True)
class Reply:
    """An answer as bytes. `headers` are added to the ones that every answer has."""

    status: int
    body: bytes | memoryview = b""
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, answer: Answer) -> Reply:
        """Return the reply that carries an endpoint's answer."""
        return cls(answer.status, b"" if answer.document is None else json.dumps(answer.document).encode())

    @classmethod
    def refusing(cls, refusal: Refusal, headers: Mapping[str, str] | None = None) -> Reply:
        """Return the reply that carries a refusal."""
        return cls(refusal.status, json.dumps(refusal.document()).encode(), headers=headers or {})


class Exchange:
    """One request: send exactly one reply or drop the connection, and log it.

    `headers` returns the headers of every answer. It is called when the answer is sent, because the request itself
    counts in X-Rate-Limit.
    """

    def __init__(
        self,
        request: web.BaseRequest,
        connection: int,
        log: RequestLog,
        headers: Callable[[], Mapping[str, str]],
    ) -> None:
        self.request = request
        self._connection = connection
        self._log = log
        self._headers = headers
        # The machine's time, not the sandbox's: the log shows how long requests really took.
        self._began = time.time()
        self._is_logged = False
        self.response: web.StreamResponse = web.Response()
        """The response that aiohttp gets from the handler; by then it is sent, or its connection is gone."""

    def finish(self, status: int | None) -> None:
        """Log how the request ended. Later calls do nothing."""
        if self._is_logged:
            return
        self._is_logged = True
        milliseconds = round((time.time() - self._began) * 1000, 2)
        path, _, query = self.request.raw_path.partition("?")
        self._log.add(
            Entry(self._began, self._connection, self.request.method, path, query, status, milliseconds)
        )

    async def send(self, reply: Reply) -> None:
        """Send a whole reply, large ones in pieces."""
        # Logged before the answer leaves, so that a client that has its answer finds it in the log.
        self.finish(reply.status)
        await self._begin(reply)
        # A large body goes out in pieces, so that other requests are served in between.
        if len(reply.body) <= _PIECE:
            await self.response.write_eof(bytes(reply.body))
            return
        for start in range(0, len(reply.body), _PIECE):
            await self.response.write(reply.body[start : start + _PIECE])
        await self.response.write_eof()

    async def send_slowly(self, reply: Reply, seconds: float) -> None:
        """Send the headers, then the body in pieces over this many seconds."""
        await self._begin(reply)
        size = len(reply.body) // _PIECES + 1
        for start in range(0, len(reply.body), size):
            await asyncio.sleep(seconds / _PIECES)
            await self.response.write(reply.body[start : start + size])
        self.finish(reply.status)
        await self.response.write_eof()

    async def send_half(self, reply: Reply) -> None:
        """Announce the whole body, send half of it, and close the connection."""
        await self._begin(reply)
        self.finish(reply.status)
        await self.response.write(reply.body[: len(reply.body) // 2])
        self.close()

    async def take(self, size: int) -> None:
        """Read this many bytes of the request's body, or all of it if it is shorter."""
        while size > 0 and (piece := await self.request.content.read(size)):
            size -= len(piece)

    def close(self) -> None:
        """Close the connection without sending another byte."""
        self.finish(None)
        if self.request.transport:
            self.request.transport.close()

    def reset(self) -> None:
        """Reset the connection: the client sees ECONNRESET instead of the end of a stream."""
        self.finish(None)
        if self.request.transport:
            # aiohttp has no reset of its own: a lingering time of zero makes `abort` send RST instead of FIN.
            self.request.transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE
            )
            self.request.transport.abort()

    async def _begin(self, reply: Reply) -> None:
        self.response = web.StreamResponse(status=reply.status, headers={**self._headers(), **reply.headers})
        if reply.body:
            self.response.content_type = reply.content_type
        self.response.content_length = len(reply.body)
        await self.response.prepare(self.request)
