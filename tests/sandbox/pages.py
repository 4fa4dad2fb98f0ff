"""Asking the pages of a sandbox as a browser does."""

from __future__ import annotations

import html
import http.client
import re
from urllib.parse import urlencode, urlsplit

from asc_sandbox.server import Sandbox
from sandbox.client import Response
from support.waiting import LONGEST

SPEC = "GET /v1/apps status=503"


def ask(
    sandbox: Sandbox, path: str = "/", method: str = "GET", form: object = None, **headers: str
) -> Response:
    """What a browser is answered; `form` is a mapping or pairs."""
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=LONGEST)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = None
    if form is not None:
        body, named["Content-Type"] = urlencode(form), "application/x-www-form-urlencoded"  # type: ignore[call-overload]
    connection.request(method, path, body, named)
    answer = connection.getresponse()
    raw = answer.read()
    connection.close()
    return Response(answer.status, answer.headers, raw, None)


def post(sandbox: Sandbox, path: str, form: object, **headers: str) -> Response:
    return ask(sandbox, path, "POST", form, **{"Origin": sandbox.url, **headers})


def specs(sandbox: Sandbox) -> list[str]:
    """The faults that the page says are planned."""
    planned = ask(sandbox).body.decode().partition('id="planned"')[2].partition('class="forms"')[0]
    return [html.unescape(each) for each in re.findall(r'scope="row"[^>]*><code>(.*?)</code>', planned)]


HOSTILE = "<script>alert(1)</script>\"'&<img src=x onerror=alert(2)>"


def plain(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup.replace("<wbr>", ""))).split())


def words(sandbox: Sandbox, path: str = "/") -> str:
    """The text of a page, its tags as single spaces."""
    answer = ask(sandbox, path)
    assert answer.status == 200
    return plain(answer.body.decode())
