"""Serve pictures and videos: `GET /pictures/<token>/…`, outside the API and without its tokens."""

from __future__ import annotations

import asyncio
import re

from aiohttp import web

from asc_sandbox.exchange import Reply
from asc_sandbox.pictures.gallery import EXPIRES, FOLDER, Gallery, plain, rewritten
from asc_sandbox.pictures.headers import PNG
from asc_sandbox.uploading.parts import refusal

_LARGEST = 8192
_PICTURE = re.compile(r"(\d{1,4})x(\d{1,4})[a-z]{0,2}\.(png|jpe?g)")
_KEPT = {"Cache-Control": "max-age=3600"}
_PLAYLIST = "#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:30,\nvideo.mp4\n#EXT-X-ENDLIST\n"


async def show(gallery: Gallery, request: web.BaseRequest, now: float) -> Reply:
    """Answer a request for a picture, or for a video and its list of pieces. `now` is in seconds since the epoch."""
    if request.method not in ("GET", "HEAD"):
        return refusal(405, "MethodNotAllowed", "Pictures are fetched with GET.")
    # S3 refuses a signed address with a second authorization: a client that sends its token there is found.
    if "Authorization" in request.headers:
        return refusal(400, "InvalidArgument", "Only one auth mechanism allowed")
    expires = request.query.get(EXPIRES, "")
    if expires.isdecimal() and float(expires) <= now:
        return refusal(403, "AccessDenied", "Request has expired")
    token, _, name = request.path.removeprefix(FOLDER).partition("/")
    if asked := _PICTURE.fullmatch(name):
        # In a thread, because packing a large picture would hold up other requests.
        return await asyncio.to_thread(_picture, gallery, token, (int(asked[1]), int(asked[2])), asked[3])
    if name == "playlist.m3u8":
        return Reply(200, _PLAYLIST.encode(), "application/vnd.apple.mpegurl")
    video = gallery.find(token) if name == "video.mp4" else None
    if video is None:
        return refusal(404, "NoSuchKey", "There is no such picture.")
    return Reply(200, await asyncio.to_thread(video.read_bytes), "video/mp4")


def _picture(gallery: Gallery, token: str, size: tuple[int, int], extension: str) -> Reply:
    """Return a picture in its own size; `size` counts only for a picture of one colour."""
    path = gallery.find(token)
    data = path.read_bytes() if path else b""
    # Nothing here decodes pictures: a JPEG that is requested as a PNG, and a picture that was never delivered, get one
    # colour.
    if extension == "png" and not data.startswith(PNG):
        if not (0 < size[0] <= _LARGEST and 0 < size[1] <= _LARGEST):
            return refusal(400, "InvalidArgument", "The picture is too large.")
        return Reply(200, plain(token, *size), "image/png", _KEPT)
    if not data:
        return refusal(404, "NoSuchKey", "There is no such picture.")
    return Reply(200, rewritten(data), "image/png" if data.startswith(PNG) else "image/jpeg", _KEPT)
