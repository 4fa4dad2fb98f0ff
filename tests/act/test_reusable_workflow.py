"""A stranger's workflow that calls release-testflight.yml, under act with the sandbox."""

import json
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from asc_sandbox.plans import Processing
from asc_sandbox.server import Sandbox
from support.act import ActRun, run_act
from support.runner import Runner
from support.sandbox import start_sandbox
from support.scratch import REPOSITORY

WORKFLOW = REPOSITORY / ".github/workflows/release-testflight.yml"
PAGE = "docs/reusable-workflow.md"
OURS = "owner/app-store-connect-actions"
SECRETS = ("ASC_API_KEY", "MATCH_PASSWORD", "CERTS_TOKEN")

# Stand-ins of GitHub's own two actions: a folder for each artifact.
UPLOAD = """
name: upload
description: Keeps files.
inputs:
  name: {description: n}
  path: {description: p}
  if-no-files-found: {description: i}
  retention-days: {description: r}
runs:
  using: composite
  steps:
    - run: mkdir "$ARTIFACTS/$NAME" && cp -r $FILES "$ARTIFACTS/$NAME"
      shell: bash
      env: {NAME: "${{ inputs.name }}", FILES: "${{ inputs.path }}"}
"""
DOWNLOAD = """
name: download
description: Brings files.
inputs: {name: {description: n}, path: {description: p}}
runs:
  using: composite
  steps:
    - run: cp -r "$ARTIFACTS/$NAME" "$FOLDER"
      shell: bash
      env: {NAME: "${{ inputs.name }}", FOLDER: "${{ inputs.path }}"}
"""


def example(number: int) -> str:
    """One of the page's examples, as it stands there."""
    return re.findall(r"^```yaml\n(.*?)^```$", (REPOSITORY / PAGE).read_text("utf-8"), re.M | re.S)[number]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with start_sandbox(processing=Processing(seconds=0.2)) as sandbox:
        yield sandbox


@pytest.fixture
def storage(house: Path, tmp_path: Path, sandbox: Sandbox, tools: Path) -> Path:
    """Where the team keeps its certificate and profile."""
    folder = tmp_path / "storage"
    folder.mkdir()
    job = Runner(tmp_path / "first", env={"ASC_RUNTIME": "native", "ASC_API_URL": sandbox.url})
    job.tool_cache = tools
    inputs = {
        "mode": "sync",
        "api-key": json.dumps(sandbox.api_key()),
        "bundle-ids": "com.example.app",
        "storage": f"dir:{folder}",
        "passphrase": "a passphrase",
        "install": "none",
    }
    done = job.run(house / "actions/sync-signing", inputs)
    assert done.exit_code == 0, done.log.text
    return folder


@pytest.fixture
def app(strangers_repository: Path) -> Path:
    """A repository with an app whose build script shows what it was given."""
    make = shlex.join([sys.executable, "-I", str(REPOSITORY / "entrypoint.py"), "sandbox", "make-ipa"])
    script = strangers_repository / "build.sh"
    script.write_text(
        "#!/usr/bin/env bash\nset -euo pipefail\nmkdir build\n"
        '[[ -z $CERTIFICATE_NAME || -s $EXPORT_OPTIONS_PLIST ]]\necho "certificate: $CERTIFICATE_NAME"\n'
        f'{make} build/Example.ipa --version 1.5.0 --build-number "$BUILD_NUMBER"\n'
    )
    script.chmod(0o755)
    return strangers_repository


def call(caller: str, app: Path, house: Path, tmp_path: Path, sandbox: Sandbox, cache: Path) -> ActRun:
    """Runs a caller. act knows neither "$/" nor a Mac, and the artifacts lie in a folder."""
    called = app / ".github/workflows/release-testflight.yml"
    called.parent.mkdir(parents=True)
    called.write_text(re.sub(r"\$/(actions/[a-z-]+)", rf"{OURS}/\1@v1", WORKFLOW.read_text("utf-8")))
    text = re.sub(r"OWNER/REPO/(\.github/workflows/release-testflight\.yml)@v1", r"./\1", caller)
    options = ["--local-repository", f"{OURS}@v1={house}"]
    for system in ("ubuntu-latest", "macos-latest"):
        options += ["--platform", f"{system}=-self-hosted"]
    for name, action in (("upload", UPLOAD), ("download", DOWNLOAD)):
        (pin,) = set(re.findall(rf"actions/{name}-artifact@[0-9a-f]+", WORKFLOW.read_text("utf-8")))
        stand_in = tmp_path / name
        stand_in.mkdir()
        (stand_in / "action.yml").write_text(action)
        options += ["--local-repository", f"{pin}={stand_in}"]
    (tmp_path / "artifacts").mkdir(exist_ok=True)
    secrets = {
        "ASC_API_KEY": json.dumps(sandbox.api_key()),
        "MATCH_PASSWORD": "a passphrase",
        "CERTS_TOKEN": "unused",
    }
    env = {"ASC_API_URL": sandbox.url, "ARTIFACTS": str(tmp_path / "artifacts"), "ASC_RUNTIME": "native"}
    return run_act(app, text, *options, cache=cache, secrets=secrets, env=env)


def when_asked(text: str) -> str:
    """An example of the page, started by hand."""
    return text.replace('on:\n  push:\n    tags: ["v*"]', "on: workflow_dispatch")


def test_from_signing_to_symbols(
    app: Path, house: Path, tmp_path: Path, sandbox: Sandbox, storage: Path, cache: Path
) -> None:
    assert len(example(0).splitlines()) <= 15
    caller = when_asked(example(0)).replace("https://github.com/example/certificates.git", f"dir:{storage}")
    done = call(caller, app, house, tmp_path, sandbox, cache)
    assert done.exit_code == 0, done.everything
    assert "certificate: Apple Distribution: " in done.printed
    (delivered,) = sandbox.delivered
    assert delivered.file_name == "Example.ipa"
    (build,) = [each for each in sandbox.world.all("builds") if each.attributes["version"] == "47"]
    (group,) = [each for each in sandbox.world.all("betaGroups") if each.attributes["name"] == "QA"]
    assert build in sandbox.world.related(group, "builds")
    assert list((tmp_path / "artifacts/dsyms-com.example.app-ios").rglob("*.dSYM*"))
    assert "a passphrase" not in done.printed


def test_a_built_app_needs_no_mac_and_no_storage(
    app: Path, house: Path, tmp_path: Path, sandbox: Sandbox, cache: Path
) -> None:
    from asc_sandbox.samples import make_ipa

    built = tmp_path / "artifacts/app"
    built.mkdir(parents=True)
    make_ipa(built / "Example.ipa", bundle_id="com.example.app", version="1.5.0", build_number="47")
    job = example(1).replace("    needs: my-own-build\n", "")
    done = call(f"on: workflow_dispatch\njobs:\n{job}", app, house, tmp_path, sandbox, cache)
    assert done.exit_code == 0, done.everything
    assert len(sandbox.delivered) == 1


def test_a_build_that_fails_uploads_nothing(
    app: Path, house: Path, tmp_path: Path, sandbox: Sandbox, cache: Path
) -> None:
    caller = when_asked(example(0))
    caller = re.sub(r", storage: .*}", "}", caller).replace("./build.sh", "exit 3")
    done = call(caller, app, house, tmp_path, sandbox, cache)
    assert done.exit_code != 0
    assert sandbox.delivered == ()


def called() -> Any:
    return yaml.load(WORKFLOW.read_text("utf-8"), yaml.BaseLoader)


def test_no_expression_stands_in_a_script() -> None:
    scripts = [step["run"] for job in called()["jobs"].values() for step in job["steps"] if "run" in step]
    assert scripts
    assert not [script for script in scripts if "${{" in script]


def test_what_it_names_is_there() -> None:
    uses = [step.get("uses", "") for job in called()["jobs"].values() for step in job["steps"]]
    ours = [name.removeprefix("$/") for name in uses if name.startswith("$/")]
    assert len(ours) == 5
    for action in ours:
        assert (REPOSITORY / action / "action.yml").exists()


def test_each_job_has_the_least_permissions() -> None:
    workflow = called()
    assert workflow["permissions"] == {}
    assert {name: job["permissions"] for name, job in workflow["jobs"].items()} == {
        "build": {"contents": "read"},
        "testflight": {},
    }
    assert tuple(workflow["on"]["workflow_call"]["secrets"]) == SECRETS
