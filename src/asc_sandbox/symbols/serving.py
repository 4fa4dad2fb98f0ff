"""Serve archives: `GET /symbols/<id>/<file name>`, outside the API and without its tokens.

Behaves like a storage service with signed addresses: errors are XML, and Range and If-Range give parts of an
archive.
"""

from __future__ import annotations

import asyncio
import mmap
import re

from aiohttp import web

from asc_sandbox.exchange import Reply
from asc_sandbox.symbols.library import Archive, Library
from asc_sandbox.uploading.parts import refusal


async def hand_out(library: Library, request: web.BaseRequest) -> Reply:
    """Answer a request for an archive of symbols."""
    if request.method != "GET":
        return refusal(405, "MethodNotAllowed", "An archive is fetched with GET.")
    if "Authorization" in request.headers:
        return refusal(400, "InvalidArgument", "The address is signed; no Authorization belongs with it.")
    path = request.raw_path.partition("?")[0]
    archive = await asyncio.to_thread(library.addressed, path, request.query)
    if archive is None:
        return refusal(403, "AccessDenied", "The address is not signed, or it has expired.")
    return _span(archive, request)


def _span(archive: Archive, request: web.BaseRequest) -> Reply:
    """Return the archive, or the requested part of it."""
    content = _mapped(archive)
    size, tag = len(content), f'"{archive.tag}"'
    headers = {"ETag": tag, "Accept-Ranges": "bytes"}
    asked = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", ""))
    if not asked or request.headers.get("If-Range", tag) != tag:
        return Reply(200, content, "application/zip", headers)
    first, last = int(asked[1]), min(int(asked[2] or size), size - 1)
    if first > last:
        return Reply(416, headers={**headers, "Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return Reply(206, content[first : last + 1], "application/zip", headers)


def _mapped(archive: Archive) -> memoryview:
    """Return the bytes of an archive without reading them into memory."""
    with archive.path.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
