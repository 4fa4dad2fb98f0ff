"""Answer a browser: find the page of a path, or take a form.

These pages are served before the API, and leave no trace in it.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import cast
from urllib.parse import parse_qs

from aiohttp import web

from asc_sandbox.context import Context
from asc_sandbox.endpoints import Call
from asc_sandbox.faults import FaultError, FaultPlan
from asc_sandbox.keys import Key
from asc_sandbox.pages import app_page, faultform, guard, overview, store_page
from asc_sandbox.pages.html import Html
from asc_sandbox.pages.page import FOLDER, HOME
from asc_sandbox.pages.parts import MOST_ROWS
from asc_sandbox.pages.views import apps, builds, signing, store, traffic
from asc_sandbox.plans import VERDICTS, Verdict
from asc_sandbox.ratelimit import RateLimit
from asc_sandbox.requestlog import RequestLog
from asc_sandbox.rules.reviewers import decide, versions_in, waiting
from asc_sandbox.updating import Updater
from asc_sandbox.world import World

_APPS = f"{FOLDER}apps/"
_ICON = "/favicon.ico"
"""The path that browsers request if no page with another icon is open."""

DECISIONS = tuple(verdict for verdict in VERDICTS if verdict != "never")

_LONGEST_NUMBER = 20
"""Digits of a fault's number; `int` raises ValueError for some thousands of digits."""

_FILES = {
    f"{FOLDER}style.css": ("style.css", "text/css"),
    f"{FOLDER}live.js": ("live.js", "text/javascript"),
    f"{FOLDER}icon.svg": ("icon.svg", "image/svg+xml"),
    _ICON: ("icon.svg", "image/svg+xml"),
}
# The pages run only their own script and style, and no other site may frame them or read them.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    # With no-referrer a browser would send no Origin with a form.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Pages:
    """The pages of one sandbox. `paths` are suggestions for the paths of faults."""

    world: World
    context: Context
    updater: Updater
    keys: Mapping[str, Key]
    budget: RateLimit
    log: RequestLog
    faults: FaultPlan
    paths: tuple[str, ...]
    key_file: Path | None

    @staticmethod
    def takes(path: str) -> bool:
        """Return True if a path belongs to these pages, not to Apple's API."""
        return path in (HOME, _ICON) or path.startswith(FOLDER)

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Answer one request of a browser: a page, a file, or a form."""
        if not guard.is_loopback(request.headers.get("Host", "")):
            return _plain(403, guard.ADVICE)
        if request.method in ("GET", "HEAD"):
            return self._show(request)
        if request.method == "POST" and request.path in (faultform.ADD, faultform.CLEAR, store_page.DECIDE):
            return await self._take(request)
        return _plain(
            405, "There are pages to look at, and forms for faults and verdicts.", Allow="GET, HEAD"
        )

    def _show(self, request: web.BaseRequest) -> web.Response:
        path = request.path
        if path in _FILES:
            name, content_type = _FILES[path]
            return _response(200, _file(name), content_type)
        if path == HOME:
            return _html(200, self._overview(request))
        if path in (faultform.ADD, faultform.CLEAR):
            return _see_faults()
        if path.startswith(_APPS) and (page := self._app(request, path.removeprefix(_APPS))):
            return _html(200, page)
        if path.startswith(store_page.VERSIONS) and (page := self._version(request)):
            return _html(200, page)
        return _plain(404, "There is no such page. The sandbox's first page is at /.")

    async def _take(self, request: web.BaseRequest) -> web.Response:
        """Add a fault, remove faults, or let reviewers decide, as a form says."""
        if not guard.is_own_form(request.headers):
            return _plain(403, guard.CROSS_SITE)
        form = parse_qs((await request.read()).decode(errors="replace"))
        if request.path == store_page.DECIDE:
            return self._decide("".join(form.get("version", ())), "".join(form.get("verdict", ())))
        if request.path == faultform.CLEAR:
            self._clear("".join(form.get("number", ())))
            return _see_faults()
        # The fields of a form that are called `fault` are the words of one spec.
        spec = " ".join(form.get("fault", ()))
        try:
            self.faults.add(spec)
        except FaultError as error:
            return _html(400, self._overview(request, faultform.Rejected(spec, error.problem)))
        return _see_faults()

    def _clear(self, number: str) -> None:
        if number.isdecimal() and len(number) < _LONGEST_NUMBER:
            self.faults.remove(int(number))
        elif not number:
            self.faults.clear()

    def _decide(self, version_id: str, verdict: str) -> web.Response:
        """Let reviewers decide on one version, or on all waiting ones if none is named."""
        if verdict not in DECISIONS:
            return _plain(400, f"A verdict is one of {', '.join(DECISIONS)}.")
        with self.world.lock:
            self.updater.catch_up()
            for submission in waiting(self.world):
                versions = versions_in(self.world, submission)
                if not version_id or version_id in [version.id for version in versions]:
                    decide(self.world, self.context, submission, cast(Verdict, verdict))
        place = (
            store_page.version_path(version_id) if self.world.find("appStoreVersions", version_id) else HOME
        )
        return _response(303, b"", "text/plain", Location=place)

    def _version(self, request: web.BaseRequest) -> Html | None:
        with self.world.lock:
            self.updater.catch_up()
            version = self.world.find("appStoreVersions", request.path.removeprefix(store_page.VERSIONS))
            view = store.store_page(Call(self.world, self.context, "", HOME), version) if version else None
            return store_page.render(view, _address(request)) if view else None

    def _overview(self, request: web.BaseRequest, rejected: faultform.Rejected | None = None) -> Html:
        with self.world.lock:
            self.updater.catch_up()
            call, records = Call(self.world, self.context, "", HOME), self.world.all("apps")
            view = overview.Overview(
                now=self._now(),
                address=_address(request),
                client=self._client(request),
                apps=apps.apps(call),
                newest=builds.newest(call, records, overview.MOST_BUILDS),
                deliveries=builds.count(self.world, records),
                groups=apps.groups(call, records),
                signing=signing.signing(self.world),
                keys=traffic.api_keys(self.keys.values(), self.budget, self.context.clock.now()),
                requests=traffic.requests(self.log.entries, overview.MOST_REQUESTS),
                faults=self.faults.planned(),
                paths=self.paths,
            )
        return overview.render(view, rejected)

    def _app(self, request: web.BaseRequest, app_id: str) -> Html | None:
        with self.world.lock:
            self.updater.catch_up()
            call, record = Call(self.world, self.context, "", HOME), self.world.find("apps", app_id)
            if record is None:
                return None
            view = app_page.AppPage(
                now=self._now(),
                address=_address(request),
                client=self._client(request),
                app=apps.app(call, record),
                newest=builds.newest(call, [record], MOST_ROWS),
                deliveries=builds.count(self.world, [record]),
                groups=apps.groups(call, [record]),
                testers=apps.testers(call, record),
                versions=apps.store_versions(call, record),
            )
        return app_page.render(view)

    def _client(self, request: web.BaseRequest) -> str:
        """Return the line of a shell that points a client at the sandbox."""
        key = shlex.quote(str(self.key_file or "sandbox-key.json"))
        return f"export ASC_API_URL={_address(request)} ASC_API_KEY_PATH={key}"

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.context.clock.now(), UTC)


@cache
def _file(name: str) -> bytes:
    return Path(__file__).with_name(name).read_bytes()


def _address(request: web.BaseRequest) -> str:
    return f"http://{request.headers['Host']}"


def _see_faults() -> web.Response:
    # 303 makes the browser load the page with GET, so that reloading it does not send the form again.
    return _response(303, b"", "text/plain", Location=f"{HOME}#faults")


def _html(status: int, page: Html) -> web.Response:
    return _response(status, page.encode(), "text/html")


def _plain(status: int, text: str, **headers: str) -> web.Response:
    return _response(status, f"{text}\n".encode(), "text/plain", **headers)


def _response(status: int, body: bytes, content_type: str, **headers: str) -> web.Response:
    return web.Response(
        status=status, body=body, content_type=content_type, charset="utf-8", headers={**_HEADERS, **headers}
    )
