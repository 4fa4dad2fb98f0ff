"""These tests need a browser: `make test-browser` finds or installs one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from browser.looking import Looking, Viewport
from browser.sandboxes import Running, fill, running

PHONE, DESKTOP = Viewport(390, 844), Viewport(1280, 900)
_ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if "CHROMIUM" not in os.environ:
        pytest.exit("No browser is named. Run `make test-browser`.", returncode=2)
    as_root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=os.environ["CHROMIUM"], args=[*_ARGUMENTS, *as_root]
        )
        yield started
        started.close()


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A sandbox that a release has gone through: signing, an upload that broke twice, distribution."""
    folder = tmp_path_factory.mktemp("filled")
    with running(folder) as sandbox:
        fill(sandbox)
        yield sandbox


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def viewport(request: pytest.FixtureRequest) -> Viewport:
    found: Viewport = request.param
    return found


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a sandbox that ends with the test; what it is given are options of the command line."""
    with ExitStack() as stack:
        yield lambda *options: stack.enter_context(running(tmp_path, *options))


@pytest.fixture
def looking(browser: Browser, start: Start) -> Iterator[Looking]:
    """Opens pages, and closes them before the sandboxes stop. Whatever a browser complains about fails the test."""
    eyes = Looking(browser)
    yield eyes
    eyes.close()
    assert eyes.complaints == []


@pytest.fixture
def empty_seed(tmp_path: Path) -> Path:
    seed = tmp_path / "seed.yml"
    seed.write_text("keys: [{id: TESTKEY001, role: ADMIN}]\n")
    return seed
