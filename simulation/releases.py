"""The releases of the team: apps whose version 2.0 lacks nothing, and the check that each was submitted once."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulation.job import Job, Step

if TYPE_CHECKING:
    from asc_sandbox.server import Sandbox
    from simulation.running import Outcome

RIVALS = 2
"""Jobs that release the same version: the second one is a rerun while the first one may still run."""
VERSION, BUILD = "2.0", "7"
NOTES = {"en-US": "Faster start.", "de-DE": "Startet schneller.", "fr-FR": "Démarre plus vite."}

# A rival may end with an error only if it looked while the other job submitted, and the error says so.
LOST = re.compile(r"Another job is submitting")


def bundle_id(index: int) -> str:
    """Return the app that the job with this index among the releases submits, from 0."""
    return f"com.example.release{index // RIVALS + 1}"


def app(bundle_id: str) -> dict[str, Any]:
    """Return the seed of an app with a live version and one that can be submitted."""
    build = {"version": BUILD, "usesNonExemptEncryption": False}
    return {
        "name": _name(bundle_id),
        "bundleId": bundle_id,
        "preReleaseVersions": [{"version": VERSION, "platform": "IOS", "builds": [build]}],
        "appStoreVersions": [
            {**_version("1.0"), "appVersionState": "READY_FOR_DISTRIBUTION", "createdDate": "90 days ago"},
            _version(VERSION),
        ],
    }


def release(folder: Path, bundle_id: str) -> Job:
    """Return a job that writes names and release notes in all locales, and submits the version."""
    for locale, notes in NOTES.items():
        texts = folder / "metadata" / locale
        texts.mkdir(parents=True)
        (texts / "release_notes.txt").write_text(f"{notes}\n", "utf-8")
        # A locale that is submitted needs these two, and the seed has them in one locale only.
        (texts / "name.txt").write_text(f"{_name(bundle_id)}\n", "utf-8")
        (texts / "privacy_url.txt").write_text("https://example.com/privacy\n", "utf-8")
    version = {"bundle-id": bundle_id, "version": VERSION}
    return Job(
        folder,
        "release",
        (
            Step("update-app-store", {**version, "metadata": "metadata", "screenshots": "none"}),
            Step("submit-app-store", {**version, "build-number": BUILD}),
        ),
    )


def lost_the_race(outcome: Outcome) -> bool:
    """Return True if the job failed because another one submitted its version, and its error says so."""
    return outcome.job.kind == "release" and outcome.code == 1 and bool(LOST.search(outcome.error))


def findings(outcomes: Iterable[Outcome], sandbox: Sandbox) -> Iterator[str]:
    """Yield the versions without exactly one submission, the notes, or a job that succeeded."""
    rivals: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.job.kind == "release":
            rivals[outcome.job.inputs["bundle-id"]].append(outcome)
    submissions: dict[str, list[str]] = defaultdict(list)
    for submission in sandbox.world.all("reviewSubmissions"):
        (owner,) = sandbox.world.related(submission, "app")
        # Apple's API cannot delete a draft, and a rival that came second may leave an empty one: the next uses it.
        if sandbox.world.related(submission, "items"):
            submissions[owner.attributes["bundleId"]].append(submission.attributes["state"])
    for bundle_id, group in rivals.items():
        # However many jobs submit one version, Apple holds one submission, and at least one job says that it is done.
        if submissions[bundle_id] != ["WAITING_FOR_REVIEW"]:
            yield f"{bundle_id} has the submissions {submissions[bundle_id]}"
        if not any(outcome.code == 0 for outcome in group):
            yield f"no job says that it submitted {bundle_id}"
        if (notes := _notes(sandbox, bundle_id)) != NOTES:
            yield f"{bundle_id} has the release notes {notes}"


def _notes(sandbox: Sandbox, bundle_id: str) -> Mapping[str, str]:
    versions: Sequence[Any] = [
        version
        for version in sandbox.world.all("appStoreVersions")
        for owner in sandbox.world.related(version, "app")
        if owner.attributes["bundleId"] == bundle_id and version.attributes["versionString"] == VERSION
    ]
    return {
        text.attributes["locale"]: text.attributes["whatsNew"]
        for version in versions
        for text in sandbox.world.related(version, "appStoreVersionLocalizations")
    }


def _name(bundle_id: str) -> str:
    return bundle_id.rpartition(".")[2].capitalize()


def _version(number: str) -> dict[str, Any]:
    return {
        "versionString": number,
        "platform": "IOS",
        "appVersionState": "PREPARE_FOR_SUBMISSION",
        "createdDate": "1 day ago",
        "copyright": "2026 Example",
        "appStoreReviewDetail": {
            "contactFirstName": "Ada",
            "contactLastName": "Example",
            "contactPhone": "+15555550100",
            "contactEmail": "ada@example.com",
        },
        "appStoreVersionLocalizations": [_texts(locale) for locale in NOTES],
    }


def _texts(locale: str) -> dict[str, Any]:
    shot = {"screenshotDisplayType": "APP_IPHONE_67", "appScreenshots": [{"fileName": "1.png"}]}
    return {
        "locale": locale,
        "description": "An example.",
        "keywords": "example",
        "supportUrl": "https://example.com/support",
        "whatsNew": "Something new.",
        "appScreenshotSets": [shot],
    }
