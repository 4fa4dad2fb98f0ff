"""An app with webhooks, and the words to run manage-webhooks on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from asc_sandbox.server import Sandbox
from core.running import Done, in_job
from support.sandbox import Json, app, seed

APP = "com.example.app"
ADDRESS = "https://relay.example.com/events"
SECRET = "not-a-real-secret-0123456789"


def team(*webhooks: Json, **attributes: Any) -> Json:
    """A team with one app that has these webhooks."""
    return seed(apps=[app(APP, webhooks=list(webhooks), **attributes)])


def webhook(url: str = ADDRESS, *events: str, **attributes: Any) -> Json:
    """A webhook for an address."""
    return {"url": url, "name": "relay", "secret": SECRET, "eventTypes": list(events), **attributes}


def manage(folder: Path, sandbox: Sandbox, mode: object, **inputs: object) -> Done:
    """A step with manage-webhooks."""
    given = {name.replace("_", "-"): value for name, value in inputs.items()}
    return in_job(
        folder, {"bundle-id": APP, "mode": mode, **given}, sandbox=sandbox, command="manage-webhooks"
    )


def ensure(folder: Path, sandbox: Sandbox, **inputs: object) -> Done:
    """A step that makes the webhook."""
    return manage(folder, sandbox, **{"mode": "ensure", "url": ADDRESS, "secret": SECRET, **inputs})


def writes(sandbox: Sandbox) -> list[str]:
    """The requests that changed something."""
    return [f"{entry.method} {entry.path}" for entry in sandbox.requests if entry.method != "GET"]
