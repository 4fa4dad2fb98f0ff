"""Fixtures of the tests that run whole workflows."""

import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest

from asc_sandbox.server import Sandbox
from support.act import Act, run_act
from support.runner import actions_alone
from support.sandbox import app, build, seed, start_sandbox
from support.scratch import REPOSITORY


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this repository, as someone else has it."""
    return actions_alone(REPOSITORY, tmp_path_factory.mktemp("house") / "checkout")


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tool cache of all jobs, as a runner keeps it. The workers of one test run share it, as jobs do."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    return tools


@pytest.fixture(scope="session")
def cache(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache of act. Its tool cache is `tools`."""
    cache = tmp_path_factory.mktemp("cache")
    (cache / "act").mkdir()
    (cache / "act/tool_cache").symlink_to(tools)
    return cache


@pytest.fixture
def strangers_repository(tmp_path: Path) -> Path:
    """A repository that only uses the actions."""
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "README.md").write_text("An app.\n")
    return folder


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with one_app() as sandbox:
        yield sandbox


def one_app() -> AbstractContextManager[Sandbox]:
    """Return a sandbox that has one app with one build."""
    return start_sandbox(seed(apps=[app("com.example.app", builds=[build("1.4.0", "41")])]))


@pytest.fixture
def act(sandbox: Sandbox, cache: Path) -> Act:
    """Runs act against the sandbox."""
    return act_with(sandbox, cache)


def act_with(sandbox: Sandbox, cache: Path) -> Act:
    """Return an `Act` whose steps have the key and the address of a sandbox."""
    secrets = {"ASC_API_KEY": json.dumps(sandbox.api_key())}
    return partial(run_act, cache=cache, secrets=secrets, env={"ASC_API_URL": sandbox.url})
