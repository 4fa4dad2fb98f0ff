"""The relay as a container: the one command of its page starts it, and it remembers over a restart."""

from __future__ import annotations

import re
import secrets
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from support.docker import docker
from support.github import github
from support.scratch import REPOSITORY
from webhooks.receiver import until
from webhooks.relays import Running, event, settings


def command(name: str, port: int, house: Path) -> str:
    """The command of the page. The engine of the tests has the network of this machine alone."""
    text = (REPOSITORY / "docs/webhooks.md").read_text("utf-8")
    (found,) = re.findall(r"^```sh\n(docker run .*?)^```$", text, re.MULTILINE | re.DOTALL)
    for old, new in (
        ("--name relay", f"--name {name}"),
        ("--volume relay:", f"--volume {name}:"),
        ("--publish 127.0.0.1:8080:8080", f"--network host --env PORT={port} --env RELAY_HOST=127.0.0.1"),
        (
            "docker build --quiet https://github.com/OWNER/REPO.git#v1",
            f"docker build -q --network host {house}",
        ),
    ):
        assert old in found
        found = found.replace(old, new)
    return found


@contextmanager
def started(name: str, port: int, house: Path, folder: Path) -> Iterator[Running]:
    subprocess.run(["bash", "-ec", command(name, port, house)], cwd=folder, check=True)
    running = Running(f"http://127.0.0.1:{port}")
    try:
        until(lambda: healthy(running), 60)
        yield running
    finally:
        docker("rm", "--force", name)
        docker("volume", "rm", name)


def healthy(running: Running) -> bool:
    try:
        return requests.get(f"{running.url}/health", timeout=2).ok
    except requests.ConnectionError:
        return False


def test_the_command_of_the_page_starts_a_relay_that_remembers(tmp_path: Path, house: Path) -> None:
    name = f"relay-{secrets.token_hex(4)}"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with github() as hub:
        lines = [f"{key}={value}\n" for key, value in settings(tmp_path, hub).items() if key != "RELAY_SEEN"]
        (tmp_path / "relay.env").write_text("".join(lines))
        with started(name, port, house, tmp_path) as running:
            assert running.send(event()).status_code == 200
            docker("restart", name)
            until(lambda: healthy(running), 60)
            assert running.send(event()).text == "handed on before\n"
            log = subprocess.run(["docker", "logs", name], capture_output=True, text=True, check=True)
        assert len(hub.dispatches) == 1
    assert "buildUploads.COMPLETE event-1: 200" in log.stderr
    assert "not-a-real" not in log.stdout + log.stderr
