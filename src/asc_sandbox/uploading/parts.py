"""Receive parts: `PUT /uploads/<token>/<part number>`, outside the API and without its tokens.

Behaves like a storage service with signed addresses: errors are XML, and the answer to a part is empty, with the
MD5 of the part as its ETag.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator
from xml.sax.saxutils import escape

from aiohttp import StreamReader, web

from asc_sandbox.exchange import Reply
from asc_sandbox.uploading.depot import Delivery, Depot, Part

_BATCH = 1024 * 1024
"""Bytes that are collected, then hashed and written while the next ones arrive."""


async def receive(depot: Depot, request: web.BaseRequest) -> Reply:
    """Answer a request that sends a part."""
    if request.method != "PUT":
        return refusal(405, "MethodNotAllowed", "A part is sent with PUT.")
    addressed = depot.addressed(request.path, request.query)
    if addressed is None:
        return refusal(403, "AccessDenied", "The address is not signed, or it has expired.")
    delivery, part = addressed
    if problem := _problem(request, delivery, part):
        return problem
    # Only now, so that a client never sends the bytes of a refused part.
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    # Removed before writing: a part that is half replaced must not count as arrived.
    delivery.tags.pop(part.number, None)
    tag = await _keep(request.content, delivery, part)
    if tag is None:
        return refusal(400, "IncompleteBody", f"The body has fewer than {part.length} bytes.")
    delivery.tags[part.number] = tag
    return Reply(200, headers={"ETag": f'"{tag}"'})


def _problem(request: web.BaseRequest, delivery: Delivery, part: Part) -> Reply | None:
    """Return the refusal for wrong headers, None if they are right."""
    # Storage services refuse a second kind of credentials beside the signature.
    if "Authorization" in request.headers:
        return refusal(400, "InvalidArgument", "The address is signed; no Authorization belongs with it.")
    for name, value in delivery.headers(part).items():
        if request.headers.get(name) != value:
            return refusal(403, "SignatureDoesNotMatch", f"The header {name} is missing or different.")
    if request.content_length is None:
        return refusal(411, "MissingContentLength", "The length of the body has to be announced.")
    if request.content_length < part.length:
        return refusal(400, "IncompleteBody", f"The part has {part.length} bytes.")
    if request.content_length > part.length:
        return refusal(400, "EntityTooLarge", f"The part has {part.length} bytes.")
    if delivery.committed:
        return refusal(409, "InvalidRequest", "The file is committed already.")
    return None


async def _keep(content: StreamReader, delivery: Delivery, part: Part) -> str | None:
    """Write a part to its place. Return its MD5, or None if the body ended early."""
    # Hashing and writing happen in another thread, one batch at a time: the network never waits for them as long as
    # they are faster, and memory stays small if they are not.
    digest = hashlib.md5(usedforsecurity=False)
    loop = asyncio.get_running_loop()
    turn = threading.Lock()
    writing: asyncio.Future[None] | None = None
    received = 0
    file = delivery.path.open("r+b")
    file.seek(part.offset)

    def write(batch: list[bytes]) -> None:
        with turn:
            if file.closed:
                return
            for piece in batch:
                digest.update(piece)
                file.write(piece)

    try:
        async for batch in _batches(content):
            if writing:
                await writing
            received += sum(map(len, batch))
            writing = loop.run_in_executor(None, write, batch)
        if writing:
            await writing
    finally:
        # The client may have gone in the middle of a write, and the file must not be closed under it.
        with turn:
            file.close()
    return digest.hexdigest() if received == part.length else None


async def _batches(content: StreamReader) -> AsyncIterator[list[bytes]]:
    pieces: list[bytes] = []
    size = 0
    while piece := await content.readany():
        pieces.append(piece)
        size += len(piece)
        if size >= _BATCH:
            yield pieces
            pieces, size = [], 0
    if pieces:
        yield pieces


def refusal(status: int, code: str, message: str) -> Reply:
    """Return the XML error of a storage service."""
    body = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return Reply(status, (declaration + body).encode(), "application/xml")
