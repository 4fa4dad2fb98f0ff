"""Workflows under the real act in host mode, that is without Docker, against the sandbox."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from asc_sandbox.server import Sandbox
from support.act import Act, ActRun
from support.act_fixtures import act_with, one_app
from support.workflows import workflow

OURS = "owner/app-store-connect-actions"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with one_app() as sandbox:
        yield sandbox


@pytest.fixture(scope="module", params=["local", "remote"])
def run(
    request: pytest.FixtureRequest,
    sandbox: Sandbox,
    house: Path,
    cache: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Act:
    """Run the workflow in our own checkout (`uses: ./actions/…`), or in a repository that names ours at a ref."""
    act = act_with(sandbox, cache)
    folder = tmp_path_factory.mktemp(request.param)

    def run_local(**options: str) -> ActRun:
        repository = shutil.copytree(house, folder, symlinks=True, dirs_exist_ok=True)
        return act(repository, workflow("./actions/fetch-build-number", **options))

    def run_remote(**options: str) -> ActRun:
        text = workflow(f"{OURS}/actions/fetch-build-number@v1", **options)
        on_this_machine = ("--platform", "ubuntu-latest=-self-hosted")
        return act(folder, text, *on_this_machine, "--local-repository", f"{OURS}@v1={house}")

    return run_local if request.param == "local" else run_remote


@pytest.fixture(scope="module")
def done(run: Act) -> ActRun:
    """Return a run that succeeds."""
    return run()


def test_outputs_reach_later_steps_and_later_jobs(done: ActRun) -> None:
    assert done.exit_code == 0, done.everything
    assert "a later step sees 42\n" in done.printed
    assert "a later job sees 42\n" in done.printed


def test_the_summary_tells_the_builds(done: ActRun) -> None:
    assert "| 41 | 1.4.0 |" in done.summary


def test_no_secret_is_in_the_log(done: ActRun, sandbox: Sandbox) -> None:
    key = str(sandbox.api_key()["key"])
    secrets = {key, json.dumps(key), *(line for line in key.splitlines() if "PRIVATE KEY" not in line)}
    assert not [secret for secret in secrets if secret in done.printed + done.summary]
    tokens = [record["arg"] for record in done.commands("add-mask") if record["arg"].startswith("eyJ")]
    assert len(tokens) == 1
    assert tokens[0] not in done.printed


def test_groups_are_closed(done: ActRun) -> None:
    assert "::endgroup::" not in done.printed
    assert len(done.commands("group")) == len(done.commands("endgroup"))


def test_a_failure_is_annotated_and_fails_the_job(run: Act) -> None:
    done = run(app="com.example.unknown")
    assert done.exit_code != 0
    assert done.job_result("number") == "failure"
    assert "a later job sees" not in done.printed
    [error] = done.commands("error")
    assert error["kvPairs"]["title"]
    assert "com.example.unknown" in error["arg"]
    assert "com.example.app" in error["arg"], "the apps that the key can see are named"
