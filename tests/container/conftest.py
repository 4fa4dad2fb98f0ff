"""These tests need Docker: `make test-container` finds or starts one."""

import shutil
import subprocess
from pathlib import Path

import pytest

from support.act_fixtures import act, cache, house, sandbox, strangers_repository, tools
from support.docker import built_image
from support.runner import Runner
from support.scratch import Scratch, make_container_scratch

__all__ = ["act", "cache", "house", "sandbox", "strangers_repository", "tools"]


@pytest.fixture(scope="session", autouse=True)
def require_docker() -> None:
    if not shutil.which("docker") or subprocess.run(["docker", "info"], capture_output=True).returncode:
        pytest.exit("No Docker answers. Run `make test-container`.", returncode=2)


@pytest.fixture(scope="session")
def runtime_image(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The image that bin/run builds for an explicit ASC_RUNTIME=container."""
    scratch = make_container_scratch(tmp_path_factory.mktemp("image") / "checkout")
    cwd = tmp_path_factory.mktemp("elsewhere")
    done = scratch.launch(cwd=cwd, ASC_RUNTIME="container", ASC_PACKAGE="requests", RUNNER_TEMP=str(cwd))
    assert done.returncode == 0, done.stderr
    return built_image(scratch.root)


@pytest.fixture
def scratch(tmp_path: Path, runtime_image: str) -> Scratch:
    return make_container_scratch(tmp_path / "checkout")


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path / "job", env={"ASC_RUNTIME": "container", "ASC_PACKAGE": "requests"})
