"""fetch-build-number in containers: the composite by the runner's rules and under act, and the root Docker action."""

import json
import subprocess
from pathlib import Path

import pytest

from asc_sandbox.server import Sandbox
from support.act import Act
from support.docker import docker
from support.job_log import parse_log
from support.runner import Runner
from support.scratch import outside_a_job
from support.workflows import workflow

OURS = "owner/app-store-connect-actions"


@pytest.fixture
def job(tmp_path: Path, sandbox: Sandbox) -> Runner:
    """A job against the sandbox, with the API key as its secret."""
    return Runner(
        tmp_path / "job",
        secrets=[json.dumps(sandbox.api_key())],
        env={"ASC_RUNTIME": "container", "ASC_API_URL": sandbox.url},
    )


def inputs(sandbox: Sandbox, **others: str) -> dict[str, str]:
    return {"api-key": json.dumps(sandbox.api_key()), "bundle-id": "com.example.app", **others}


def test_the_composite_runs_in_the_image(
    house: Path, job: Runner, sandbox: Sandbox, runtime_image: str
) -> None:
    result = job.run(house / "actions/fetch-build-number", inputs(sandbox))
    assert result.exit_code == 0, result.log.text
    assert result.outputs["next-build-number"] == "42"
    assert "| 41 | 1.4.0 |" in result.summary
    assert result.log.problems == []


def test_clean_up_removes_what_another_container_installed(
    house: Path, job: Runner, sandbox: Sandbox, runtime_image: str
) -> None:
    job.env["HOME"] = str(job.folder)
    (job.workspace / "store").mkdir()
    given = {
        "mode": "sync",
        "storage": f"dir:{job.workspace}/store",
        "passphrase": "long",
        "install": "files",
    }
    given |= {"api-key": json.dumps(sandbox.api_key())}
    installed = job.run(house / "actions/sync-signing", given)
    assert installed.exit_code == 0, installed.log.text
    p12 = Path(installed.outputs["p12-path"])
    assert p12.exists()
    cleaned = job.run(house / "actions/cleanup-signing")
    assert cleaned.exit_code == 0, cleaned.log.text
    assert cleaned.outputs["removed"] == "1"
    assert not p12.exists()


def test_the_root_action(house: Path, job: Runner, sandbox: Sandbox) -> None:
    result = job.run(house, inputs(sandbox, command="fetch-build-number"))
    assert result.exit_code == 0, result.log.text
    assert result.outputs["next-build-number"] == "42"
    assert "| 41 | 1.4.0 |" in result.summary
    assert result.log.problems == []


def test_the_root_action_fails_as_the_composite_does(house: Path, job: Runner, sandbox: Sandbox) -> None:
    given = {**inputs(sandbox, command="fetch-build-number"), "bundle-id": "com.example.unknown"}
    result = job.run(house, given)
    assert result.exit_code == 1
    assert "com.example.unknown" in result.log.messages()[0]


@pytest.fixture(scope="session")
def act_options(house: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """act with Docker. It finds the image of the root action, which it would otherwise build without our network."""
    build = ("build", "--quiet", "--network", "host", str(house))
    tags = ("act-dockeraction:latest", f"act-{OURS.replace('/', '-')}-v1-dockeraction:latest")
    docker(*build[:-1], *(word for tag in tags for word in ("--tag", tag)), build[-1])
    base = (house / "Dockerfile").read_text().split("ARG BASE=")[1].split()[0]
    cache = str(tmp_path_factory.mktemp("act-actions"))
    options = ["--platform", f"ubuntu-latest={base}", "--pull=false", "--rebuild=false"]
    options += ["--container-daemon-socket", "-", "--action-cache-path", cache]
    return [*options, "--local-repository", f"{OURS}@v1={house}"]


@pytest.mark.parametrize(
    ("action", "command"),
    [
        (f"{OURS}/actions/fetch-build-number@v1", ""),
        (f"{OURS}@v1", "fetch-build-number"),
    ],
    ids=["composite", "root"],
)
def test_under_act_with_docker(
    act: Act, strangers_repository: Path, sandbox: Sandbox, act_options: list[str], action: str, command: str
) -> None:
    done = act(strangers_repository, workflow(action, command=command), *act_options)
    assert done.exit_code == 0, done.everything
    assert "a later step sees 42\n" in done.printed
    assert "a later job sees 42\n" in done.printed
    key = str(sandbox.api_key()["key"])
    assert not [line for line in key.splitlines()[1:-1] if line in done.printed]
    assert docker("ps", "--all", "--quiet") == ""


def test_a_runner_file_that_the_container_cannot_see_is_an_error(
    house: Path, runtime_image: str, tmp_path: Path
) -> None:
    """What a daemon that sees other files looks like from inside. Nothing may be lost silently."""
    env = {"GITHUB_OUTPUT": str(tmp_path / "nowhere/output"), "RUNNER_TEMP": str(tmp_path)}
    done = subprocess.run(
        [house / "bin/run", "fetch-build-number", "--bundle-id", "com.example.app"],
        env={**outside_a_job(), **env, "ASC_RUNTIME": "container"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert any("GITHUB_OUTPUT" in message for message in parse_log(done.stdout).messages())
