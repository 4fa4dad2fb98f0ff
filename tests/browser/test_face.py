"""The sandbox's pages in a real browser: on a phone and a desktop, light and dark, with and without scripts."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import DESKTOP, PHONE, Start
from browser.looking import PATIENCE, Looking, Viewport, brightness, overflow, poor_contrasts
from browser.sandboxes import ROOT, Running, running

expect.set_options(timeout=PATIENCE)

PAGES = ("/", "/sandbox/apps/1000000001")
HOSTILE = "<img src=x onerror=alert(1)>" + "W" * 120


def switch_on(page: Page, method: str, path: str, effect: str, times: str) -> None:
    page.get_by_label("Method").select_option(method)
    page.get_by_label("Path").fill(path)
    page.get_by_label("What goes wrong").select_option(label=effect)
    page.get_by_label("How often").select_option(label=times)
    page.locator(".chooser").get_by_role("button", name="Switch on").click()


def planned(page: Page) -> list[str]:
    return page.locator("#planned tbody th").all_inner_texts()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", [320, 390, 700, 768, 1280])
def test_nothing_is_wider_than_the_window(filled: Running, looking: Looking, path: str, width: int) -> None:
    page = looking.at(filled.url + path, Viewport(width, 844))
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert overflow(page) == 0


def test_a_release_can_be_followed(filled: Running, looking: Looking, viewport: Viewport) -> None:
    """Given a release that went through, then its build, its signing and its requests are on the page."""
    page = looking.at(filled.url, viewport)
    newest = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="Example 1.5.0 (47)"))
    expect(newest).to_contain_text("IN_BETA_TESTING")
    expect(newest).to_contain_text("QA, Beta testers")
    certificates = page.get_by_role("table", name="Certificates")
    expect(certificates.get_by_role("row")).to_have_count(4)
    profiles = page.get_by_role("table", name="Profiles")
    expect(profiles.get_by_role("rowheader", name="match AppStore com.example.app")).to_be_visible()
    requests = page.get_by_role("table", name="The last requests, newest first")
    expect(requests.get_by_role("row").nth(1)).to_contain_text("GET /v1/apps")
    page.get_by_role("table", name="Apps").get_by_role("link", name="Example").click()
    expect(page.get_by_role("heading", name="Example", exact=True)).to_be_visible()
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", name="API keys")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_store_page_shows_texts_and_pictures_in_every_language(
    filled: Running, looking: Looking, viewport: Viewport, scheme: Literal["light", "dark"]
) -> None:
    page = looking.at(f"{filled.url}/sandbox/apps/1000000001", viewport, color_scheme=scheme)
    page.get_by_role("link", name="1.4.0").click()
    section = page.locator("#locale-en-US")
    expect(section).to_contain_text("A new start page.")
    pictures = section.get_by_role("img")
    assert pictures.count() > 2
    for picture in pictures.all():
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("each => each.naturalWidth") > 0
    assert (overflow(page), poor_contrasts(page)) == (0, [])


@pytest.mark.parametrize("path", PAGES)
def test_light_and_dark_can_be_read(filled: Running, looking: Looking, path: str) -> None:
    light = looking.at(filled.url + path, DESKTOP, color_scheme="light")
    dark = looking.at(filled.url + path, PHONE, color_scheme="dark")
    assert brightness(light) > 200 > 50 > brightness(dark)
    assert poor_contrasts(light) == []
    assert poor_contrasts(dark) == []


def test_the_check_of_contrasts_finds_what_is_poor(filled: Running, looking: Looking) -> None:
    page = looking.at(filled.url, DESKTOP, color_scheme="light")
    page.evaluate("document.querySelector('footer').style.color = '#999'")
    assert len(poor_contrasts(page)) == 1


def test_faults_are_switched_on_and_off(looking: Looking, viewport: Viewport, start: Start) -> None:
    """When somebody chooses a fault and clears it again, then requests go wrong in between."""
    sandbox = start()
    page = looking.at(sandbox.url, viewport)
    switch_on(page, "GET", "/v1/users", "503 Service unavailable", "always")
    expect(page.locator("#planned")).to_contain_text("GET /v1/users status=503 times=always")
    assert sandbox.status("/v1/users") == 503
    switch_on(page, "*", "/v1/apps/*", "404 Not found", "twice")
    expect(page.locator("#planned tbody tr")).to_have_count(2)
    page.get_by_role("button", name="Remove GET /v1/users").click()
    expect(page.locator("#planned tbody tr")).to_have_count(1)
    assert planned(page) == ["* /v1/apps/* status=404 times=2"]
    assert sandbox.status("/v1/users") == 401
    page.get_by_role("button", name="Clear all faults").click()
    expect(page.locator("#planned")).to_contain_text("No faults")
    assert sandbox.status("/v1/apps/1") == 401


def test_a_misspelled_fault_can_be_mended(looking: Looking, start: Start) -> None:
    """Then the words are shown beside what was typed, which has the focus."""
    looking.expect("status of 400")
    page = looking.at(start().url, DESKTOP)
    page.get_by_text("In the words of --fault").click()
    page.get_by_label("Fault", exact=True).fill("PUT /uploads/*/* cuts=10")
    page.locator(".speller").get_by_role("button", name="Switch on").click()
    expect(page.get_by_role("alert")).to_contain_text("'cuts'")
    typed = page.get_by_label("Fault", exact=True)
    expect(typed).to_be_focused()
    expect(typed).to_have_value("PUT /uploads/*/* cuts=10")
    expect(page.get_by_text("cut=BYTES")).to_be_visible()
    typed.fill("PUT /uploads/*/* cut=10")
    typed.press("Enter")
    expect(page.locator("#planned")).to_contain_text("PUT /uploads/*/* cut=10")


def test_the_page_renews_itself_until_it_is_paused(looking: Looking, tmp_path: Path) -> None:
    """Then what somebody is typing stays, and a paused page stays as it is."""
    looking.expect("net::ERR_")  # the sandbox stops under its eyes
    with running(tmp_path) as sandbox:
        page = looking.at(sandbox.url, DESKTOP)
        expect(page.locator("#requests")).to_contain_text("No requests yet")
        page.get_by_label("Path").fill("/v1/half-typed")
        sandbox.status("/v1/apps/first")
        expect(page.locator("#requests")).to_contain_text("/v1/apps/first")
        expect(page.get_by_label("Path")).to_have_value("/v1/half-typed")
        page.get_by_role("button", name="Pause").click()
        sandbox.status("/v1/apps/second")
        page.wait_for_timeout(2500)  # longer than a round
        expect(page.locator("#requests")).not_to_contain_text("/v1/apps/second")
        page.get_by_role("button", name="Resume").click()
        expect(page.locator("#requests")).to_contain_text("/v1/apps/second")
    expect(page.get_by_role("status")).to_have_text("The sandbox has stopped")


def test_it_works_without_scripts(looking: Looking, start: Start) -> None:
    sandbox = start()
    page = looking.at(sandbox.url, PHONE, java_script_enabled=False)
    expect(page.get_by_role("button", name="Pause")).to_be_hidden()
    switch_on(page, "GET", "/v1/apps", "500 Unexpected error", "once")
    expect(page.locator("#planned")).to_contain_text("GET /v1/apps status=500 times=1")
    assert sandbox.status("/v1/apps") == 500


def test_a_keyboard_is_enough(looking: Looking, filled: Running) -> None:
    page = looking.at(filled.url, DESKTOP)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()


def test_names_cannot_do_anything(looking: Looking, viewport: Viewport, start: Start, tmp_path: Path) -> None:
    """Given names that are HTML, and endless, then they stand there as text, and the page keeps its width."""
    seed = tmp_path / "seed.yml"
    seed.write_text(
        f"apps: [{{id: '1', name: '{HOSTILE}', bundleId: '{HOSTILE}', betaGroups: [{{name: '{HOSTILE}'}}],"
        f" buildUploads: [{{cfBundleShortVersionString: '{HOSTILE}', cfBundleVersion: '{HOSTILE}'}}]}}]\n"
        f"devices: [{{name: '{HOSTILE}', udid: '{HOSTILE}', status: '{HOSTILE}'}}]\n"
        f"certificates: [{{name: '{HOSTILE}', certificateType: '{HOSTILE}'}}]\n"
    )
    sandbox = start("--seed", seed)
    for path in ("/", "/sandbox/apps/1"):
        page = looking.at(sandbox.url + path, viewport)
        expect(page.locator("main")).to_contain_text(HOSTILE)
        assert page.locator("img").count() == 0
        assert overflow(page) == 0


def test_another_site_cannot_switch_faults_on(looking: Looking, start: Start) -> None:
    """Given a page of somebody else with the same form, when a browser sends it, then nothing happens."""
    looking.expect("status of 403")
    sandbox = start()
    page = looking.window(DESKTOP)
    form = (
        f"<form method=post action='{sandbox.url}/sandbox/faults'>"
        "<input name=fault value='GET /v1/apps status=500'><button>Win</button></form>"
    )
    page.route("http://other.example/", lambda route: route.fulfill(body=form, content_type="text/html"))
    page.goto("http://other.example/")
    page.get_by_role("button").click()
    expect(page.get_by_text("from another site")).to_be_visible()
    page.goto(sandbox.url)
    expect(page.locator("#planned")).to_contain_text("No faults")


def test_an_empty_sandbox_says_what_to_do(
    looking: Looking, viewport: Viewport, start: Start, empty_seed: Path
) -> None:
    sandbox = start("--seed", empty_seed)
    page = looking.at(sandbox.url, viewport)
    expect(page.locator("#requests pre")).to_contain_text(f"export ASC_API_URL={sandbox.url} ")
    assert overflow(page) == 0
    assert poor_contrasts(page) == []


def test_what_the_page_says_to_run_runs(looking: Looking, start: Start, tmp_path: Path) -> None:
    """Given an app and nothing else, when the commands of the page are run as they stand, then it fills."""
    seed = tmp_path / "seed.yml"
    seed.write_text("apps: [{name: Example, bundleId: com.example.app}]\n")
    for name in (".venv", "entrypoint.py"):
        (tmp_path / name).symlink_to(ROOT / name)
    sandbox = start("--seed", seed)
    page = looking.at(sandbox.url, DESKTOP)
    run_as_written(page.locator("#requests pre, #builds pre, #signing pre").all_inner_texts(), tmp_path)
    page.reload()
    expect(page.locator("#builds")).to_contain_text("Example 1.0 (1)")
    expect(page.get_by_role("table", name="Profiles")).to_contain_text("com.example.app")
    assert page.locator("pre").count() == 0


def run_as_written(blocks: list[str], folder: Path) -> None:
    """Run lines in a shell."""
    script = "\n".join(blocks)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, f"{script}\n{done.stderr}"
