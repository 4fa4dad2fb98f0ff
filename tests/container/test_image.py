"""What the runtime image holds."""

from pathlib import Path

from support.docker import docker

SCRIPT = """
import importlib.util, jwt, requests, yaml, cryptography.hazmat.bindings._rust, zipfile
for module in (jwt, requests, yaml, zipfile):
    assert __import__("os").path.exists(importlib.util.cache_from_source(module.__file__)), module
"""


def in_image(image: str, *command: str) -> str:
    return docker(
        "run", "--rm", "--network", "host", "--user", "12345:12345", "--env", "HOME=/tmp", image, *command
    )


def test_the_packages_are_there_and_compiled(runtime_image: str) -> None:
    in_image(runtime_image, "python", "-I", "-c", SCRIPT)


def test_git_clones_commits_and_speaks_https(runtime_image: str) -> None:
    script = """
        set -e
        cd /tmp; git init -q a; cd a; git config user.email a@b; git config user.name a
        echo x >x; git add x; git commit -qm x
        git clone -q file:///tmp/a /tmp/b; cd /tmp/b; git push -q origin HEAD:other
        git -C /tmp/a log --oneline other | grep -q x
        git ls-remote https://127.0.0.1:9/none 2>&1 | grep -iE 'connect|refused'
    """
    assert "127.0.0.1" in in_image(runtime_image, "bash", "-c", script)


def test_the_code_is_not_in_it(runtime_image: str) -> None:
    """bin/run mounts the checkout: with code in the image, an old one could run by mistake."""
    assert in_image(runtime_image, "python", "-c", "import os; print(os.path.exists('/app'))") == "False"


def test_git_and_the_packages_stay_small(runtime_image: str) -> None:
    base = (Path(__file__).parents[2] / "Dockerfile").read_text().split("ARG BASE=")[1].split()[0]
    sizes = [
        int(docker("image", "inspect", "--format", "{{.Size}}", image)) for image in (runtime_image, base)
    ]
    assert sizes[0] - sizes[1] < 90_000_000


def test_it_needs_no_rights_and_no_file_to_write(runtime_image: str) -> None:
    """Nothing in it is written to, nobody in it is more than the caller."""
    confined = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
    docker("run", "--rm", "--user", "12345:12345", *confined, runtime_image, "python", "-I", "-c", SCRIPT)
