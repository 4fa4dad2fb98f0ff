"""The docker command, and the image that bin/run builds with it."""

import hashlib
import os
import subprocess
from pathlib import Path

from support.runner import Runner


def docker(*arguments: str) -> str:
    """What a docker command prints; it has to succeed."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def built_image(checkout: Path, lock: str = "requirements.lock") -> str:
    """The name that bin/run gives to the image which it builds with a lock."""
    sources = (checkout / "Dockerfile").read_bytes() + (checkout / lock).read_bytes()
    return "app-store-connect-actions:" + hashlib.sha256(sources).hexdigest()[:24]


def run_as(runner: Runner, user: int) -> None:
    """As an ordinary user, who may use Docker, owns the job's folders, and has to be able to reach them."""
    endpoint = docker("context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
    runner.user = user
    runner.groups = (Path(endpoint.removeprefix("unix://")).stat().st_gid,)
    for path in (runner.folder, *runner.folder.rglob("*")):
        os.chown(path, user, user)
    for parent in runner.folder.parents:
        if "pytest-of" in str(parent):
            parent.chmod(0o755)
