"""The pages of the sandbox for a browser: what they show, and the faults that they switch on."""

from __future__ import annotations

import html
import re
import time
from pathlib import Path

import pytest

from asc_sandbox.faults import EFFECTS, FaultPlan, parse
from asc_sandbox.pages.routes import Pages
from asc_sandbox.plans import Processing
from asc_sandbox.resources import ENDPOINTS
from sandbox import uploading
from sandbox.client import Client
from sandbox.pages import SPEC, ask, post, specs, words
from support.sandbox import app, build, ipa, seed, start_sandbox
from support.waiting import LONGEST


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
        ("GET /v1/apps explode", "'explode' is neither an effect"),
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


def test_a_number_of_a_fault_that_none_has_removes_none() -> None:
    with start_sandbox(faults=[SPEC]) as sandbox:
        assert ask(sandbox, "/sandbox/faults/clear", "POST", {"number": "9" * 5000}).status == 303
        assert specs(sandbox) == [SPEC]


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
