"""The team's relay: the real one in a process of its own, on the sandbox's clock, with a stand-in for GitHub.

`python -m simulation.relay FOLDER` is that process: the folder holds relay.json, and the log is written there.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asc.webhooks.request import USUAL_EVENTS
from asc_relay import server, settings
from asc_sandbox import clock as sandbox_clock
from simulation.processes import become, clock_of
from simulation.servers import serving
from support.github import TOKEN, GitHub, github

if TYPE_CHECKING:
    from asc_sandbox.server import Sandbox

URL = "https://relay.example.com/events"
"""The address of the webhooks. The sandbox sends their events to the relay on this machine."""


@dataclass(frozen=True)
class Relay:
    """A running relay: the workflows that it started at GitHub, and its log."""

    hub: GitHub
    log: Path

    @property
    def answers(self) -> list[int]:
        """Return the status of each answer of App Store Connect to the relay."""
        return [int(status) for status in re.findall(r"GET /v\d/\S+ → (\d+)", self.log.read_text("utf-8"))]


def webhook(bundle_id: str) -> dict[str, Any]:
    """Return the seed of an app's webhook for the events that manage-webhooks asks for if no others are given."""
    return {"url": URL, "name": "relay", "secret": _secret(bundle_id), "eventTypes": list(USUAL_EVENTS)}


def repository(bundle_id: str) -> str:
    """Return the repository of an app at GitHub."""
    return f"example/{bundle_id.rpartition('.')[2]}"


def address(port: int) -> str:
    """Return the address to which the sandbox sends events."""
    return f"http://127.0.0.1:{port}{server.EVENTS}"


@contextmanager
def relay(folder: Path, port: int, bundle_ids: Iterable[str], sandbox: Sandbox) -> Iterator[Relay]:
    """Run the relay of these apps on a port. It shares the key of the jobs, and with it the budget."""
    folder.mkdir()
    apps = {
        bundle_id: {"repository": repository(bundle_id), "secret": _secret(bundle_id)}
        for bundle_id in bundle_ids
    }
    with github() as hub:
        running = Relay(hub, folder / "log")
        if not apps:
            # Jobs of some kinds name no app, so there are no events. The relay refuses to run without apps.
            running.log.touch()
            yield running
            return
        environment = {
            "RELAY_APPS": json.dumps(apps),
            "RELAY_GITHUB_TOKEN": TOKEN,
            "RELAY_SEEN": str(folder / "seen.sqlite"),
            "RELAY_HOST": "127.0.0.1",
            "PORT": str(port),
            "GITHUB_API_URL": hub.url,
            "ASC_API_KEY": json.dumps(sandbox.api_key()),
            "ASC_API_URL": sandbox.url,
        }
        content = {"environment": environment, "clock": asdict(sandbox.clock)}
        (folder / "relay.json").write_text(json.dumps(content))
        with serving([sys.executable, "-m", __name__, folder], port):
            yield running


def _secret(bundle_id: str) -> str:
    # Invented, and one for each app: the secret alone says whose an event is.
    return f"not-a-real-secret-of-{bundle_id}"


def _serve(folder: Path) -> int:
    """Run the relay until SIGTERM, and return its exit code."""
    content = json.loads((folder / "relay.json").read_text())
    sandbox_time = sandbox_clock.Clock(**content["clock"])
    become(content["environment"], folder / "log")
    # The relay logs no requests of its own accord; here they are counted.
    logging.getLogger("asc.api.transport").setLevel(logging.DEBUG)
    # Faults of the machine do not run faster with the sandbox.
    settings.ASK_FOR *= sandbox_time.speed
    settings.RETRY_FOR *= sandbox_time.speed
    return server.main([], clock_of(sandbox_time))


if __name__ == "__main__":
    sys.exit(_serve(Path(sys.argv[1])))
