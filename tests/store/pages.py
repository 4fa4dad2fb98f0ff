"""A metadata folder, an app with a live version, and a run of update-app-store on both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from asc_sandbox.server import Sandbox
from core.running import Done, in_job
from support.sandbox import app, seed
from support.store import ready_version, texts

BUNDLE_ID = "com.example.app"


def write_files(folder: Path, files: Mapping[str, str]) -> Path:
    """Write a metadata folder: path → text."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def world(
    locales: Sequence[str] = ("en-US",),
    *,
    under_way: bool = True,
    state: str = "PREPARE_FOR_SUBMISSION",
    **rest: Any,
) -> dict[str, Any]:
    """An app with version 1.0 live and, unless told otherwise, version 2.0 under way."""
    pages = [texts(locale) for locale in locales]
    live = ready_version(
        "1.0",
        appVersionState="READY_FOR_DISTRIBUTION",
        createdDate="30 days ago",
        appStoreVersionLocalizations=pages,
    )
    versions = [live]
    if under_way:
        versions.append(ready_version("2.0", appVersionState=state, appStoreVersionLocalizations=pages))
    return seed(apps=[app(BUNDLE_ID, versions=versions, **rest)])


def update(folder: Path, sandbox: Sandbox, **inputs: object) -> Done:
    """Run update-app-store as a step of a job."""
    given = {"bundle-id": BUNDLE_ID, "metadata": "none"}
    given |= {name.replace("_", "-"): str(value) for name, value in inputs.items()}
    return in_job(folder, given, sandbox=sandbox, command="update-app-store")


def page_of(
    sandbox: Sandbox, number: str = "2.0", kind: str = "appStoreVersionLocalizations"
) -> dict[str, Any]:
    """Locale → attributes of the texts of a version."""
    (version,) = [
        version
        for version in sandbox.world.all("appStoreVersions")
        if version.attributes["versionString"] == number
    ]
    found: dict[str, Any] = {
        text.attributes["locale"]: dict(text.attributes) for text in sandbox.world.related(version, kind)
    }
    return found


def writes(sandbox: Sandbox) -> list[str]:
    """Every request that was no read."""
    return [f"{entry.method} {entry.path}" for entry in sandbox.requests if entry.method != "GET"]
