"""The guard of the pages of the sandbox: hostile names, other hosts, posts from elsewhere."""

from __future__ import annotations

import html
import http.client
import re
from urllib.parse import urlsplit

import pytest

from asc_sandbox.pages.guard import is_loopback
from asc_sandbox.pages.html import Html, element, joined
from sandbox import uploading
from sandbox.client import Client
from sandbox.pages import HOSTILE, SPEC, ask, post, specs
from support.sandbox import app, build, ipa, key, seed, start_sandbox, upload
from support.waiting import LONGEST


def test_signatures_and_keys_stay_away() -> None:
    """Given an upload, then the page has no address that is good for anything, and of a key its id and role."""
    with start_sandbox(seed(apps=[app("com.example.app", id="1")])) as sandbox:
        uploading.upload(Client(sandbox), ipa())
        page = ask(sandbox).body.decode()
        private = sandbox.api_key()["key"].split("\n")[1]
    assert "PUT" in page
    assert "signature=" not in page
    assert private not in page and "PRIVATE" not in page


def test_hostile_names_stay_text() -> None:
    """Given names that are HTML everywhere a name can be, then no page has an element or attribute of theirs."""
    world = seed(
        keys=[key(HOSTILE)],
        apps=[
            app(
                HOSTILE,
                id='1"><script>',
                name=HOSTILE,
                sku=HOSTILE,
                builds=[
                    build(
                        HOSTILE,
                        HOSTILE,
                        id="b",
                        platform=HOSTILE,
                        betaBuildLocalizations=[{"locale": HOSTILE, "whatsNew": HOSTILE}],
                    ),
                    build("1", "2", HOSTILE),
                ],
                uploads=[
                    upload(
                        "1",
                        HOSTILE,
                        {"state": HOSTILE, "errors": [{"code": HOSTILE, "description": HOSTILE}]},
                    )
                ],  # type: ignore[arg-type]
                betaGroups=[{"name": HOSTILE, "builds": ["b"], "betaTesters": ["t"]}],
                betaTesters=[{"id": "t", "firstName": HOSTILE, "email": HOSTILE, "state": HOSTILE}],
                appStoreVersions=[{"versionString": HOSTILE, "appVersionState": HOSTILE, "build": "b"}],
            )
        ],
        bundleIds=[{"id": "i", "identifier": HOSTILE, "name": HOSTILE, "platform": HOSTILE}],
        certificates=[{"name": HOSTILE, "certificateType": HOSTILE, "serialNumber": HOSTILE}],
        devices=[{"name": HOSTILE, "udid": HOSTILE, "status": HOSTILE, "model": HOSTILE}],
        profiles=[{"name": HOSTILE, "profileType": HOSTILE, "profileState": HOSTILE, "bundleId": "i"}],
    )
    with start_sandbox(
        world, faults=[f"GET '/{HOSTILE.replace(chr(39), '')}' reset"], contract=None
    ) as sandbox:
        ask(sandbox, "/v1/<script>?<script>=<img%20src=x>")
        link = re.search(r'href="(/sandbox/apps/[^"]+)"', ask(sandbox).body.decode())
        assert link
        pages = [
            ask(sandbox),
            ask(sandbox, link[1]),
            post(sandbox, "/sandbox/faults", {"fault": HOSTILE}),
        ]
        assert [page.status for page in pages] == [200, 200, 400]
    for page in pages:
        markup = page.body.decode()
        assert html.escape(HOSTILE) in markup
        assert "<img" not in markup
        assert re.findall(r"<script[^>]*>", markup) == ['<script src="/sandbox/live.js" defer>']


def test_html_is_only_what_elements_made() -> None:
    assert element("a", "<b>", Html("<i>"), href='"x"') == '<a href="&quot;x&quot;">&lt;b&gt;<i></a>'
    assert element("input", required=True, value=None, aria_label=1) == '<input required aria-label="1">'
    assert joined(["a", (None, 2)], "&") == "a2&amp;"


def test_every_page_is_strict_about_what_it_loads() -> None:
    with start_sandbox() as sandbox:
        for path in ("/", "/sandbox/apps/1000000001", "/sandbox/nothing", "/sandbox/style.css"):
            headers = ask(sandbox, path).headers
            policy = dict(each.split(" ", 1) for each in headers["Content-Security-Policy"].split("; "))
            assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
            assert set(policy.values()) == {"'none'", "'self'"}
            assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-store")
        page = ask(sandbox).body.decode()
    assert not re.search(
        r"\sstyle=|\son\w+=|<style|javascript:|//(?!127\.0\.0\.1)", page.replace("<!DOCTYPE", "")
    )


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"fault=\xff%ff", 400), (b"", 400), (b"\0", 400), (b"fault=" + b"x" * 2_000_000, 413)],
)
def test_a_body_that_is_no_form_is_refused(body: bytes, status: int) -> None:
    with start_sandbox() as sandbox:
        connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=LONGEST)
        connection.request("POST", "/sandbox/faults", body)
        assert connection.getresponse().status == status
        connection.close()
        assert specs(sandbox) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:1"},  # another program of this machine
        {"Origin": "null"},  # a sandboxed frame, a file
        {"Origin": "", "Sec_Fetch_Site": "cross-site"},
        {"Origin": "", "Sec_Fetch_Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/sandbox/faults", "/sandbox/faults/clear"])
def test_posts_from_elsewhere_are_refused(headers: dict[str, str], path: str) -> None:
    with start_sandbox(faults=[SPEC]) as sandbox:
        sent = {name: value for name, value in headers.items() if value}
        answer = ask(sandbox, path, "POST", {"fault": "GET /v1/apps reset"}, **sent)
        assert answer.status == 403
        assert b"from another site" in answer.body
        assert specs(sandbox) == [SPEC]


def test_a_tool_without_a_browser_may_post() -> None:
    with start_sandbox() as sandbox:
        assert ask(sandbox, "/sandbox/faults", "POST", {"fault": SPEC}).status == 303
        assert specs(sandbox) == [SPEC]


@pytest.mark.parametrize("path", ["/", "/sandbox/apps/1000000001", "/sandbox/style.css", "/favicon.ico"])
def test_a_name_of_somebody_else_sees_nothing(path: str) -> None:
    """Given a page whose own name has been led to this machine, then it can read nothing here."""
    with start_sandbox() as sandbox:
        answer = ask(sandbox, path, Host="evil.example:8080")
        assert answer.status == 403
        assert b"http://127.0.0.1" in answer.body
        assert b"com.example.app" not in answer.body


def test_a_name_of_somebody_else_cannot_post() -> None:
    with start_sandbox() as sandbox:
        headers = {"Host": "evil.example", "Origin": "http://evil.example"}
        assert ask(sandbox, "/sandbox/faults", "POST", {"fault": SPEC}, **headers).status == 403
        assert specs(sandbox) == []


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1:8080", True),
        ("127.0.0.2", True),
        ("localhost:8080", True),
        ("LOCALHOST", True),
        ("[::1]:8080", True),
        ("", False),
        ("0.0.0.0:8080", False),
        ("192.0.2.1", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("evil.example@127.0.0.1", False),
        ("127.0.0.1@evil.example", False),
        ("[::1", False),
        ("127.0.0.1/;id", False),
        ("localhost?x", False),
        ("localhost#x", False),
    ],
)
def test_which_hosts_are_this_machine(host: str, *, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_other_methods_and_pages() -> None:
    with start_sandbox() as sandbox:
        head = ask(sandbox, "/", "HEAD")
        assert (head.status, head.body) == (200, b"")
        assert int(head.headers["Content-Length"]) > 1000
        for method, path in (
            ("POST", "/"),
            ("PUT", "/sandbox/faults"),
            ("DELETE", "/sandbox/apps/1000000001"),
        ):
            answer = ask(sandbox, path, method)
            assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
        assert ask(sandbox, "/sandbox/faults").headers["Location"] == "/#faults"
        assert ask(sandbox, "/sandbox/../../etc/passwd").status == 404
