"""The pages of the sandbox for a browser: what they show, who may ask for them, and what they leave alone."""

from __future__ import annotations

import html
import http.client
import re
import time
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from asc_sandbox.faults import EFFECTS, FaultPlan, parse
from asc_sandbox.pages.guard import is_loopback
from asc_sandbox.pages.html import Html, element, joined
from asc_sandbox.pages.routes import Pages
from asc_sandbox.plans import Processing
from asc_sandbox.resources import ENDPOINTS
from asc_sandbox.server import Sandbox
from sandbox import uploading
from sandbox.client import Client, Response
from support.sandbox import app, build, ipa, key, seed, start_sandbox, upload
from support.waiting import LONGEST

HOSTILE = "<script>alert(1)</script>\"'&<img src=x onerror=alert(2)>"
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


def words(sandbox: Sandbox, path: str = "/") -> str:
    """The text of a page, its tags as single spaces."""
    answer = ask(sandbox, path)
    assert answer.status == 200
    return plain(answer.body.decode())


def plain(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup.replace("<wbr>", ""))).split())


def specs(sandbox: Sandbox) -> list[str]:
    """The faults that the page says are planned."""
    planned = ask(sandbox).body.decode().partition('id="planned"')[2].partition('class="forms"')[0]
    return [html.unescape(each) for each in re.findall(r'scope="row"[^>]*><code>(.*?)</code>', planned)]


def test_the_overview_shows_the_demo() -> None:
    with start_sandbox() as sandbox:
        page = words(sandbox)
    assert "Example com.example.app 7" in page
    assert "Example 1.5.0 (45) iOS · 8 minutes ago Upload FAILED" in page
    assert "90683 Missing purpose string in Info.plist." in page
    assert "Apple Distribution: Example Team DISTRIBUTION 0A1B2C3D4E5F6071" in page
    assert "Example Development IOS_APP_DEVELOPMENT ACTIVE com.example.app CERTIFIC02 1 " in page
    assert "com.example.app Example UNIVERSAL IN_APP_PURCHASE, PUSH_NOTIFICATIONS" in page
    assert "Sold iPhone iPhone XS 00008020-000C1D2E3F405162 DISABLED" in page
    assert "Friends Example external 1.5.0 (43), 1.4.0 (41) Tess Example" in page
    assert "DEMODEVEL1 DEVELOPER team 3500 of 3500" in page


def test_an_upload_is_seen_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given an app, when a client uploads a build, then the page shows where it is, from its first part to its end."""
    machines_time, ahead = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: machines_time() + ahead[0])
    world, content = seed(apps=[app("com.example.app", id="1")]), ipa()
    with start_sandbox(world, processing=Processing(300), part_size=100) as sandbox:
        client = Client(sandbox)
        upload_id = uploading.announce(client).document["data"]["id"]
        assert "Upload AWAITING_UPLOAD no file yet Processing —" in words(sandbox)
        file = uploading.reserve(client, upload_id, len(content)).document["data"]
        first, *others = file["attributes"]["uploadOperations"]
        client.put(first, content)
        assert f"AWAITING_UPLOAD 1 of {len(others) + 1} parts" in words(sandbox)
        for operation in others:
            client.put(operation, content)
        uploading.commit(client, file["id"])
        assert "Upload PROCESSING Processing —" in words(sandbox)
        ahead[0] = 150
        assert "Upload PROCESSING Processing PROCESSING Internal testing PROCESSING" in words(sandbox)
        ahead[0] = 330
        settled = words(sandbox)
        assert "Upload COMPLETE Processing VALID Internal testing MISSING_EXPORT_COMPLIANCE" in settled
        assert "Beta review not submitted" in settled


def test_a_build_of_a_seed_without_an_upload_says_so() -> None:
    with start_sandbox(seed(apps=[app("com.example.app", id="1", builds=[build("1.0", "7")])])) as sandbox:
        assert "Upload not recorded Processing VALID" in words(sandbox, "/sandbox/apps/1")


def test_the_page_of_an_app() -> None:
    """Given a build with testers, groups and notes, then the page of its app tells who has it and what they read."""
    with start_sandbox() as sandbox:
        page = words(sandbox, "/sandbox/apps/1000000001")
        assert ask(sandbox, "/sandbox/apps/1000000009").status == 404
    assert "Example com.example.app · id 1000000001 · SKU EXAMPLE Uploads and builds 9" in page
    assert (
        "1.4.0 (41) iOS · 45 days ago Upload COMPLETE Processing VALID Internal testing IN_BETA_TESTING "
        "Beta review APPROVED External testing IN_BETA_TESTING Groups Friends "
        "What to test, en-US Try the new start page."
    ) in page
    assert "Tess Example tess@example.com ACCEPTED Friends Toni Example toni@example.com INVITED none" in page
    assert "1.4.0 iOS READY_FOR_DISTRIBUTION 1.4.0 (41)" in page


def test_the_last_requests_are_shown() -> None:
    with start_sandbox(faults=["GET /v1/builds reset"]) as sandbox:
        client = Client(sandbox)
        client.get("/v1/apps", filter__bundleId="com.example.app")
        with pytest.raises(ConnectionError):
            client.get("/v1/builds")
        page = words(sandbox)
    assert re.search(
        r"GET /v1/apps filter\[bundleId\]=com\.example\.app 200 [\d.]+ ms 1 \d\d:\d\d:\d\d", page
    )
    assert re.search(r"GET /v1/builds dropped [\d.]+ ms 1 ", page)
    assert "2 requests 1 failed" in page


def test_signatures_and_keys_stay_away() -> None:
    """Given an upload, then the page has no address that is good for anything, and of a key its id and role."""
    with start_sandbox(seed(apps=[app("com.example.app", id="1")])) as sandbox:
        uploading.upload(Client(sandbox), ipa())
        page = ask(sandbox).body.decode()
        private = sandbox.api_key()["key"].split("\n")[1]
    assert "PUT" in page
    assert "signature=" not in page
    assert private not in page and "PRIVATE" not in page


@pytest.mark.parametrize(
    ("world", "hint"),
    [
        (seed(), "No apps."),
        (seed(), "No builds, because there is no app."),
        (seed(), "entrypoint.py sandbox --seed FILE"),
        (seed(apps=[app("com.example.app")]), "sandbox make-ipa Example.ipa"),
        (seed(), "No groups."),
        (seed(), "entrypoint.py sync-signing --mode sync --bundle-ids com.example.app"),
        (seed(), "No profiles."),
        (seed(), "No bundle ids."),
        (seed(), "No devices."),
        (seed(), "No faults"),
    ],
)
def test_an_empty_section_says_how_to_fill_it(world: dict[str, object], hint: str) -> None:
    with start_sandbox(world) as sandbox:
        assert hint in words(sandbox)


def test_a_first_request_is_told_how(tmp_path: Path) -> None:
    key_file = tmp_path / "my key.json"
    with start_sandbox(key_file=key_file) as sandbox:
        assert f"export ASC_API_URL={sandbox.url} ASC_API_KEY_PATH='{key_file}'" in words(sandbox)


def test_an_app_without_builds_has_a_page() -> None:
    with start_sandbox() as sandbox:
        page = words(sandbox, "/sandbox/apps/1000000002")
    assert "sandbox make-ipa Example.ipa --bundle-id com.example.other" in page
    assert "No groups. Testers 0 No testers. App Store 0 No version in the App Store." in page


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


def test_all_that_a_page_refers_to_is_there() -> None:
    with start_sandbox() as sandbox:
        page = ask(sandbox).body.decode()
        targets = set(re.findall(r'(?:href|src)="([^"]+)"', page))
        assert {"/sandbox/style.css", "/sandbox/live.js", "/sandbox/icon.svg", "#faults"} <= targets
        for target in targets:
            if target.startswith("#"):
                assert f'id="{target[1:]}"' in page
            else:
                assert ask(sandbox, target).status == 200, target
        assert ask(sandbox, "/favicon.ico").headers["Content-Type"].startswith("image/svg+xml")


def test_the_face_leaves_no_trace_in_the_api(tmp_path: Path) -> None:
    """Given faults, a small budget and the contract, when a browser looks, then a client sees nothing of it."""
    log = tmp_path / "log"
    with start_sandbox(faults=["* /* reset"], rate_limit=1, log=log) as sandbox:
        client = Client(sandbox)
        for path in ("/", "/sandbox/apps/1000000001", "/sandbox/style.css", "/favicon.ico", "/sandbox/no"):
            assert ask(sandbox, path, Authorization=f"Bearer {client.token}").status in (200, 404)
        assert post(sandbox, "/sandbox/faults", {"fault": "GET /v1/users status=500"}).status == 303
        assert (sandbox.requests, log.read_text()) == ((), "")
        assert client.get("/v1/apps").headers["X-Rate-Limit"] == "user-hour-lim:1;user-hour-rem:0;"
        assert [(each.path, each.connection) for each in sandbox.requests] == [("/v1/apps", 1)]
        assert len(log.read_text().splitlines()) == 1
        assert sandbox.violations == ()


def test_no_path_of_apple_is_the_faces() -> None:
    assert not [endpoint.path for endpoint in ENDPOINTS if Pages.takes(endpoint.path)]
    others = ("/v1/sandbox", "/uploads/1/1", "/symbols/x/y.zip", "/sandboxes")
    assert not any(Pages.takes(path) for path in others)


def test_a_fault_is_switched_on_and_takes_effect() -> None:
    """When the form is posted, then the browser goes back to the list, and the next request goes wrong, once."""
    with start_sandbox() as sandbox:
        answer = post(
            sandbox,
            "/sandbox/faults",
            [
                ("fault", "GET"),
                ("fault", "/v1/apps"),
                ("fault", "status=429 retry-after=1"),
                ("fault", "times=1"),
            ],
        )
        assert (answer.status, answer.headers["Location"]) == (303, "/#faults")
        assert specs(sandbox) == ["GET /v1/apps status=429 retry-after=1 times=1"]
        assert "1 fault 1 to come" in words(sandbox)
        client = Client(sandbox)
        hit = client.get("/v1/apps")
        assert (hit.status, hit.headers["Retry-After"]) == (429, "1")
        assert client.get("/v1/apps").status == 200
        assert "spent after 1 hit" in words(sandbox)


def test_every_choice_of_the_form_is_a_fault() -> None:
    with start_sandbox() as sandbox:
        page = ask(sandbox).body.decode()
    choices = {
        name: re.findall(
            r'<option value="([^"]+)"', page.partition(f'id="fault-{name}"')[2].partition("</select>")[0]
        )
        for name in ("method", "effect", "times")
    }
    assert choices["method"] == ["GET", "POST", "PATCH", "PUT", "DELETE", "*"]
    made = [
        parse(f"{method} /v1/apps {effect} {times}")
        for method in choices["method"]
        for effect in choices["effect"]
        for times in choices["times"]
    ]
    assert {each.effect for each in made} == set(EFFECTS) - {"cut"}  # which needs a number of bytes
    for path in re.findall(r'<option value="(/[^"]+)">', page):
        parse(f"GET {path} reset")


def test_faults_are_removed_one_by_one_or_all() -> None:
    with start_sandbox(faults=["GET /v1/apps status=500", "GET /v1/builds reset", SPEC]) as sandbox:
        assert specs(sandbox) == ["GET /v1/apps status=500", "GET /v1/builds reset", SPEC]
        assert post(sandbox, "/sandbox/faults/clear", {"number": "1"}).status == 303
        assert specs(sandbox) == ["GET /v1/builds reset", SPEC]
        assert Client(sandbox).get("/v1/apps").status == 503
        post(sandbox, "/sandbox/faults/clear", {"number": "nonsense"})
        post(sandbox, "/sandbox/faults/clear", {"number": "99"})
        assert len(specs(sandbox)) == 2
        post(sandbox, "/sandbox/faults/clear", {})
        assert specs(sandbox) == []
        assert Client(sandbox).get("/v1/builds").status == 200


@pytest.mark.parametrize(
    ("words_", "outlook"),
    [
        ("reset", "1 time"),
        ("reset times=2 after=3", "after 3 requests more, 2 times"),
        ("reset times=always flaky=0.25", "until it is removed, each with 25% probability"),
    ],
)
def test_what_a_fault_is_still_going_to_do(words_: str, outlook: str) -> None:
    with start_sandbox(faults=[f"GET /v1/apps {words_}"]) as sandbox:
        assert f"GET /v1/apps {words_} {outlook} Remove" in words(sandbox)


def test_a_plan_counts_its_hits() -> None:
    plan = FaultPlan(["GET /v1/apps reset times=3 after=1", "GET /v1/apps empty times=always"])
    for _ in range(3):
        plan.pick("GET", "/v1/apps")
    first, second = plan.planned()
    assert (first.hits, first.left, first.to_pass) == (2, 1, 0)
    assert (second.hits, second.left) == (1, None)


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ("GET /v1/apps explode", "there is no 'explode'"),
        ("", "it begins with a method and a path"),
    ],
)
def test_a_wrong_fault_is_explained_in_place(spec: str, problem: str) -> None:
    """Then the page comes back with what was typed, why it cannot be, and nothing is planned."""
    with start_sandbox() as sandbox:
        answer = post(sandbox, "/sandbox/faults", {"fault": spec})
        assert answer.status == 400
        page = answer.body.decode()
        assert f'value="{spec}"' in page
        assert problem in html.unescape(page)
        assert specs(sandbox) == []


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


def test_a_number_of_a_fault_that_none_has_removes_none() -> None:
    with start_sandbox(faults=[SPEC]) as sandbox:
        assert ask(sandbox, "/sandbox/faults/clear", "POST", {"number": "9" * 5000}).status == 303
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


def test_the_latency_of_the_api_does_not_hold_up_the_pages() -> None:
    with start_sandbox(latency=10 * LONGEST) as sandbox:
        assert ask(sandbox).status == 200


def test_long_lists_are_cut_and_counted() -> None:
    """Given a large team, then the pages stay short and say how much is left out."""
    builds = [build("1.0", str(number), uploadedDate=f"{300 - number} hours ago") for number in range(1, 201)]
    world = seed(
        apps=[app("com.example.app", id="1", builds=builds)],
        devices=[{"name": f"Device {number}", "udid": f"U{number}"} for number in range(120)],
    )
    with start_sandbox(world) as sandbox:
        overview = words(sandbox)
        page = words(sandbox, "/sandbox/apps/1")
    assert overview.index("1.0 (200)") < overview.index("1.0 (196)")
    assert "1.0 (195)" not in overview and "195 older builds on the pages of the apps." in overview
    assert "Devices 120" in overview and "… and 70 more." in overview
    assert "1.0 (151)" in page and "1.0 (150)" not in page and "… and 150 more." in page


def test_what_is_over_is_marked() -> None:
    world = seed(certificates=[{"certificateType": "DISTRIBUTION", "expirationDate": "3 days ago"}])
    with start_sandbox(world) as sandbox:
        assert re.search(r'class="expiry warn">.*?3 days ago', ask(sandbox).body.decode())


def test_time_is_the_sandboxes() -> None:
    """Given a clock that runs a day ahead, then a build of an hour ago is a day old."""
    with start_sandbox(clock_offset=86400) as sandbox:
        assert "1.5.0 (43) iOS · 3 days ago" in words(sandbox)
