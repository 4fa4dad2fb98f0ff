"""An app with a version that is ready for review, and the steps that submit and release it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from asc.api.client import Client
from asc.store.version import StoreVersion, choose_version, read_versions
from asc_sandbox.plans import Store
from asc_sandbox.server import Sandbox
from core.running import Done, in_job
from support.sandbox import app, build, seed, store_version
from support.store import ready_version

APP = "com.example.app"
QUICK = Store(review=0.2, release=0.1, cancel=0.1, lag=0.1)
NEVER = Store(review=0.1, verdict="never", release=0.1, cancel=0.1)


def world(*, live: bool = True, version: dict[str, Any] | None = None, **attributes: Any) -> dict[str, Any]:
    builds = [
        build("2.0", "8", id="BUILD-8", usesNonExemptEncryption=False),
        build("2.0", "9", id="BUILD-9", usesNonExemptEncryption=None),
        build("1.9", "7", id="BUILD-7", usesNonExemptEncryption=False),
        build("2.0", "6", id="BUILD-6", usesNonExemptEncryption=False, expired=True),
    ]
    versions = [version or ready_version("2.0", **attributes)]
    older = [store_version("1.0", createdDate="300 days ago")] if live else []
    return seed(apps=[app(APP, id="1000000001", builds=builds, appStoreVersions=[*older, *versions])])


def submit(folder: Path, sandbox: Sandbox, **inputs: object) -> Done:
    given = {"bundle-id": APP, "version": "2.0", "build-id": "BUILD-8", "timeout": "20s"}
    given |= {name.replace("_", "-"): str(value) for name, value in inputs.items()}
    return in_job(folder, given, sandbox=sandbox, command="submit-app-store")


def release(folder: Path, sandbox: Sandbox, **inputs: object) -> Done:
    given = {"bundle-id": APP, "version": "2.0", "timeout": "20s"}
    given |= {name.replace("_", "-"): str(value) for name, value in inputs.items()}
    return in_job(folder, given, sandbox=sandbox, command="release-app-store")


def writes(sandbox: Sandbox) -> list[str]:
    return [f"{entry.method} {entry.path}" for entry in sandbox.requests if entry.method != "GET"]


def submissions(sandbox: Sandbox) -> list[str]:
    return [str(one.attributes["state"]) for one in sandbox.world.all("reviewSubmissions")]


SOLD: dict[str, Any] = {
    "inAppPurchasesV2": [
        {"name": "Coins", "productId": "coins"},
        {"name": "Half", "productId": "half", "state": "MISSING_METADATA"},
        {"name": "Old", "productId": "old", "state": "APPROVED"},
    ],
    "subscriptionGroups": [
        {"referenceName": "Plus", "subscriptions": [{"name": "Monthly", "productId": "monthly"}]}
    ],
    "appEvents": [{"id": "race", "referenceName": "Race"}],
}


def with_sold(**attributes: Any) -> dict[str, Any]:
    found = world(**attributes)
    found["apps"][0] |= SOLD
    return found


def version_of(client: Client, number: str = "2.0") -> StoreVersion:
    """Return the version that the tests submit."""
    return choose_version(read_versions(client, "1000000001", "IOS"), number)
