"""What the storages of sync-signing need in a container: their libraries, ssh, an agent and known hosts."""

import os
import socket
from pathlib import Path

import pytest

from support.docker import built_image, docker, run_as
from support.runner import Runner
from support.scratch import Scratch, read_report

NOBODY = 65534
STORES = "requirements-object-stores.lock"

# Says what ssh would do, reads the known hosts where it would, and asks the agent.
SSH = """
import json, os, socket, subprocess
settings = subprocess.run(["ssh", "-TG", "host.example"], capture_output=True, text=True)
line = [line for line in settings.stdout.splitlines() if line.startswith("globalknownhostsfile ")][0]
found = [open(path).read() for path in line.split()[1:] if os.path.exists(path)]
agent = socket.socket(socket.AF_UNIX)
agent.connect(os.environ["SSH_AUTH_SOCK"])
agent.sendall(b"hello")
with open(os.environ["GITHUB_OUTPUT"], "a") as file:
    print("report=" + json.dumps({"error": settings.stderr, "known": found}), file=file)
"""
FROM_STDIN = """
import os, sys
os.environ.update(pair.split("=", 1) for pair in sys.stdin.read().split("\\0") if pair)
"""


def test_the_image_gets_the_libraries_of_the_storage(scratch: Scratch, runner: Runner) -> None:
    runner.env["ASC_PACKAGE"] = "obstore.store"
    first = runner.run(scratch.action, {"storage": "s3://bucket"})
    assert first.exit_code == 0, first.log.text
    assert read_report(first.outputs)["package"].startswith("/opt/asc/")
    assert "Build the runtime image" not in runner.run(scratch.action, {"storage": "az://x"}).log.text
    runner.env["ASC_PACKAGE"] = "requests"
    assert runner.run(scratch.action).exit_code == 0
    sizes = [
        int(docker("image", "inspect", "--format", "{{.Size}}", built_image(scratch.root, lock)))
        for lock in (STORES, "requirements.lock")
    ]
    assert 0 < sizes[0] - sizes[1] < 30_000_000


@pytest.mark.parametrize("user", [None, NOBODY])
def test_ssh_works_for_whoever_runs_the_job(scratch: Scratch, runner: Runner, user: int | None) -> None:
    home = runner.folder / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh/known_hosts").write_text("host.example ssh-ed25519 AAAA\n")
    (scratch.root / "entrypoint.py").write_text(FROM_STDIN + SSH)
    with socket.socket(socket.AF_UNIX) as agent:
        address = runner.folder / "agent"
        agent.bind(str(address))
        agent.listen()
        if user and os.getuid() == 0:
            run_as(runner, user)
        runner.env |= {"HOME": str(home), "SSH_AUTH_SOCK": str(address)}
        result = runner.run(scratch.action)
        assert result.exit_code == 0, result.log.text
        agent.settimeout(1)
        with agent.accept()[0] as connection:
            assert connection.recv(5) == b"hello"
    report = read_report(result.outputs)
    assert report["error"] == ""
    assert "host.example ssh-ed25519 AAAA\n" in report["known"]


def test_the_root_action_says_how_to_get_what_it_lacks(house: Path) -> None:
    image = docker("build", "--quiet", "--network", "host", str(house))
    script = """
import sys; sys.path.insert(0, "/app/src")
from asc.signing.storage import Options, StorageError, open_storage
for location in ("s3://bucket", "az://container", "gs://bucket"):
    try:
        open_storage(location, Options())
    except StorageError as error:
        print(error.message, error.remedy)
"""
    told = docker(
        "run", "--rm", "--network", "host", "--entrypoint", "python", image, "-I", "-c", script
    ).splitlines()
    assert len(told) == 3
    for line in told:
        assert "is not installed here. Use the composite action (actions/sync-signing)" in line
