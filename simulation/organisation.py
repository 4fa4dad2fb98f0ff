"""The team: its apps, the seed of its sandbox, and its jobs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from asc_sandbox.samples import make_ipa
from simulation import people, relay, releases
from simulation.job import Job, Step

SIGNED = tuple(f"com.example.app{number}" for number in range(1, 7))
"""The apps of all jobs but uploads and releases, which have more."""
PASSPHRASE = "a passphrase of the team"
VERSION = "1.5.0"
WITH_SYMBOLS = ("1.4.0", "41")
SIZE = 256 * 1024

PATTERN = (
    *("fetch", "upload", "git", "fetch", "upload", "symbols", "s3", "upload", "fetch", "git"),
    *("upload", "fetch", "symbols", "upload", "s3", "fetch", "git", "upload", "symbols", "fetch"),
    *("release", "testers", "release", "testers", "devices"),
)
"""The mixture: of 25 jobs, 6 fetch a build number, 6 upload, 5 sync signing, 3 download symbols, 2 release a version,
2 sync testers, 1 registers devices."""

RACES = 5
"""Every fifth upload uses the build number of the upload before it."""

KINDS = {
    "fetch": "fetch-build-number",
    "upload": "upload-testflight",
    "git": "sync-signing, git",
    "s3": "sync-signing, S3",
    "symbols": "download-dsyms",
    "release": "update- and submit-app-store",
    "testers": "manage-testers",
    "devices": "register-devices",
}


def seed(jobs: Sequence[Job]) -> dict[str, Any]:
    """Return the seed: the apps of the jobs, bundle ids and a device, but no certificates or profiles."""
    return {
        "apps": [
            {
                **(releases.app(bundle_id) if kind == "release" else _app(bundle_id)),
                "id": str(1000000001 + index),
                "webhooks": [relay.webhook(bundle_id)],
            }
            for index, (bundle_id, kind) in enumerate(apps(jobs).items())
        ],
        "bundleIds": [
            {"id": f"BUNDLE{index:04d}", "name": app.replace(".", " "), "identifier": app}
            for index, app in enumerate(SIGNED)
        ],
        "devices": [{"name": "A phone", "udid": "00008110-0000000000000001"}],
    }


def apps(jobs: Sequence[Job]) -> dict[str, str]:
    """Return the bundle ids of the apps of the jobs, each with the kind of one of its jobs."""
    found = {job.number[0]: job.kind for job in jobs if job.number}
    return found | {job.inputs["bundle-id"]: job.kind for job in jobs if "bundle-id" in job.inputs}


def _app(bundle_id: str) -> dict[str, Any]:
    """Return the seed of an app with one build and two groups."""
    version, number = WITH_SYMBOLS
    build = {"version": number, "uploadedDate": "3 days ago", "buildBundles": [{}]}
    return {
        "name": bundle_id.rpartition(".")[2].capitalize(),
        "bundleId": bundle_id,
        "preReleaseVersions": [{"version": version, "platform": "IOS", "builds": [build]}],
        "betaGroups": [
            {"name": "QA", "isInternalGroup": True, "hasAccessToAllBuilds": False},
            {"name": people.GROUP},
        ],
    }


def jobs(count: int, root: Path, stores: Mapping[str, Mapping[str, str]], only: str = "") -> list[Job]:
    """Return `count` jobs of all kinds, or of the kind `only`, each with a folder below `root`.

    `stores` are the inputs for each kind of storage.
    """
    uploads = _uploads(root)
    counts = {kind: itertools.count() for kind in KINDS}
    made = []
    for index, kind in zip(range(count), itertools.cycle([only] if only else PATTERN), strict=False):
        folder, app = root / f"job-{index:03d}", SIGNED[index % len(SIGNED)]
        folder.mkdir()
        if kind == "upload":
            made.append(_upload(folder, *next(uploads)))
        elif kind == "fetch":
            made.append(Job(folder, kind, (Step("fetch-build-number", {"bundle-id": app}),)))
        elif kind == "symbols":
            version, number = WITH_SYMBOLS
            inputs = {"bundle-id": app, "version": version, "build-number": number}
            made.append(Job(folder, kind, (Step("download-dsyms", inputs),)))
        elif kind == "release":
            made.append(releases.release(folder, releases.bundle_id(next(counts[kind]))))
        elif kind == "testers":
            made.append(people.testers(folder, next(counts[kind]), SIGNED[0]))
        elif kind == "devices":
            made.append(people.devices(folder, next(counts[kind])))
        else:
            made.append(_signing(folder, kind, app, stores[kind]))
    return made


def _uploads(root: Path) -> Iterator[tuple[str, str, Path]]:
    """Yield bundle id, build number and file of each upload."""
    app, number = 0, ""
    for index in itertools.count(1):
        # Two jobs that race for one number bring different files, so that the check can tell which one won.
        # Otherwise each upload has an app of its own: with the `concurrency` of docs/ship-to-testflight.md the uploads
        # of one app come one after the other. Without it a higher number may come first, and Apple refuses the lower.
        if index % RACES:
            app, number = app + 1, str(100 + index)
        path, bundle_id = root / f"{index}.ipa", f"com.example.app{app}"
        yield bundle_id, number, make_ipa(path, bundle_id, VERSION, number, size=SIZE, seed=index)


def _upload(folder: Path, app: str, number: str, file: Path) -> Job:
    inputs = {"file": str(file), "groups": "QA", "whats-new": "Faster start."}
    return Job(folder, "upload", (Step("upload-testflight", inputs),), (app, number))


def _signing(folder: Path, kind: str, app: str, inputs: Mapping[str, str]) -> Job:
    usual = {"mode": "sync", "bundle-ids": app, "passphrase": PASSPHRASE, "install": "files"}
    return Job(folder, kind, (Step("sync-signing", {**usual, **inputs}),))
