"""`make action NAME=…`: a new action works from the start."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.runner import Runner, checkout
from support.sandbox import app, seed, start_sandbox
from support.scratch import REPOSITORY, outside_a_job

NAME = "list-testers"


def run(tree: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", *command], cwd=tree, env=outside_a_job(), capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with a new action in it."""
    copy = checkout(REPOSITORY, tmp_path_factory.mktemp("tree") / "copy")
    (copy / ".cache").symlink_to(REPOSITORY / ".cache")  # where Apple's document is
    # `make check` has looked at most of the files already.
    if (known := REPOSITORY / ".mypy_cache").is_dir():
        shutil.copytree(known, copy / ".mypy_cache")
    made = run(copy, "tools/scaffold.py", NAME)
    assert made.returncode == 0, made.stderr
    generated = run(copy, "tools/generate.py")
    assert generated.returncode == 0, generated.stderr
    return copy


def test_nothing_is_stale(tree: Path) -> None:
    assert run(tree, "tools/generate.py", "--check").returncode == 0
    assert "| `greeting` |" in (tree / f"docs/{NAME}.md").read_text()
    assert f"(docs/{NAME}.md)" in (tree / "README.md").read_text()


def test_its_style_and_types_are_ours(tree: Path) -> None:
    files = [f"src/asc/commands/{NAME.replace('-', '_')}.py", f"tests/core/test_{NAME.replace('-', '_')}.py"]
    for check in (["ruff", "format", "--check", *files], ["ruff", "check", *files], ["mypy", files[0]]):
        done = run(tree, "-m", *check)
        assert done.returncode == 0, done.stdout + done.stderr


def test_its_test_passes_and_so_do_those_of_the_architecture(tree: Path) -> None:
    tests = [f"tests/core/test_{NAME.replace('-', '_')}.py", "tests/core/test_architecture.py"]
    done = run(tree, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", *tests)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_runs_as_an_action(tree: Path, tmp_path: Path, tools: Path) -> None:
    with start_sandbox(seed(apps=[app("com.example.app", name="Example")])) as sandbox:
        job = Runner(tmp_path, env={"ASC_RUNTIME": "native", "ASC_API_URL": sandbox.url})
        job.tool_cache = tools
        inputs = {"api-key": json.dumps(sandbox.api_key()), "bundle-id": "com.example.app"}
        done = job.run(tree / f"actions/{NAME}", inputs)
    assert done.exit_code == 0, done.log.text
    assert done.outputs["said"] == "Hello, Example"
    assert done.log.problems == []


@pytest.mark.parametrize(
    "name", ["", "Upper", "-x-", "sandbox", "doctor", "sync-signing", "../../x", "x" * 31]
)
def test_names_that_will_not_do(tmp_path: Path, name: str) -> None:
    copy = tmp_path / "copy"
    for folder in ("tools", "src/asc/commands"):
        shutil.copytree(REPOSITORY / folder, copy / folder)
    before = sorted(copy.rglob("*"))
    assert run(copy, "tools/scaffold.py", name).returncode == 2
    assert sorted(copy.rglob("*")) == before
