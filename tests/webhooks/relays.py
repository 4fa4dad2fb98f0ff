"""A running relay, with the stand-in for GitHub behind it, and events as Apple would send them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from asc_relay.server import RelayServer
from asc_relay.settings import open_relay
from asc_sandbox.server import Sandbox
from asc_sandbox.webhooks.sending import sign
from support.github import TOKEN, GitHub
from webhooks.app import APP, SECRET

REPOSITORY = "example/app"


def settings(folder: Path, hub: GitHub, apple: Sandbox | None = None, **variables: str) -> dict[str, str]:
    """The environment of a relay for one app. With `apple` it asks for details."""
    return {
        "RELAY_APPS": json.dumps({APP: {"repository": REPOSITORY, "secret": SECRET}}),
        "RELAY_GITHUB_TOKEN": TOKEN,
        "RELAY_SEEN": str(folder / "seen.sqlite"),
        "GITHUB_API_URL": hub.url,
        **({"ASC_API_KEY": json.dumps(apple.api_key()), "ASC_API_URL": apple.url} if apple else {}),
        **variables,
    }


@dataclass
class Running:
    """The address of a relay that listens."""

    url: str

    def send(self, body: bytes, signature: str | None = None, *, secret: str = SECRET) -> requests.Response:
        """Send a body as Apple does, signed with the secret unless a signature is given."""
        signature = sign(secret, body) if signature is None else signature
        return requests.post(
            f"{self.url}/events", data=body, headers={"x-apple-signature": signature}, timeout=30
        )


@contextmanager
def relay(environment: dict[str, str], **about: Any) -> Iterator[Running]:
    """A relay that listens on a free port for as long as the block lasts."""
    server = RelayServer(("127.0.0.1", 0), open_relay(environment))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield Running(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def event(
    identifier: str = "event-1",
    state: str = "COMPLETE",
    resource: tuple[str, str] | None = ("buildUploads", "UPLOAD1"),
    name: str = "buildUploadStateUpdated",
) -> bytes:
    """The body of an event."""
    data: dict[str, Any] = {"type": name, "id": identifier, "version": 1, "attributes": {}}
    if state:
        data["attributes"] = {"oldState": "PROCESSING", "newState": state}
    if resource:
        data["relationships"] = {"instance": {"data": dict(zip(("type", "id"), resource, strict=True))}}
    return json.dumps({"data": data}).encode()
