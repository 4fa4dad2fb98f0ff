"""The App Store: update-app-store, submit-app-store, release-app-store and download-app-store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from asc.partial_files import ENDING
from asc_sandbox.plans import Store
from asc_sandbox.server import Sandbox
from core.running import Done
from reliability.faults import Kind
from reliability.hurry import RETRY_FOR, TIMEOUT
from reliability.scenarios import Json, Scenario, sizes, twice, without, writes
from sandbox.store import png
from support.sandbox import app, build, seed, store_version
from support.store import ready_version, texts

APP = {"bundle-id": "com.example.app", "version": "2.0", "retry-for": RETRY_FOR}
AT_ONCE = Store(review=0, media=0, release=0, cancel=0)
PASSWORD = "not-a-real-password-of-a-demo-account"
BUILDS = [build("2.0", "8", id="BUILD-8", usesNonExemptEncryption=False)]


def world(**version: object) -> Json:
    """Return an app with version 1.0 live and version 2.0, which has `version` as attributes."""
    versions = [store_version("1.0", createdDate="300 days ago"), ready_version("2.0", **version)]
    return seed(apps=[app("com.example.app", id="1000000001", builds=BUILDS, appStoreVersions=versions)])


def texts_of(sandbox: Sandbox) -> list[Json]:
    """Return the texts of version 2.0 without ids, by locale."""
    found = [
        text
        for version in sandbox.world.all("appStoreVersions")
        if version.attributes["versionString"] == "2.0"
        for text in sandbox.world.related(version, "appStoreVersionLocalizations")
    ]
    return sorted((dict(text.attributes) for text in found), key=lambda text: str(text["locale"]))


def pictures(sandbox: Sandbox) -> list[tuple[str, str]]:
    """Return name and state of each screenshot, sorted."""
    found = sandbox.world.all("appScreenshots")
    return sorted((str(shot.attributes["fileName"]), str(_state(shot.attributes))) for shot in found)


def _state(attributes: Json) -> object:
    state = attributes.get("assetDeliveryState")
    return state.get("state") if isinstance(state, dict) else None


def versions(sandbox: Sandbox) -> list[tuple[str, str]]:
    """Return number and state of each version, sorted."""
    return sorted(
        (version.attributes["versionString"], version.attributes["appVersionState"])
        for version in sandbox.world.all("appStoreVersions")
    )


class _Versions(Scenario):
    """The invariants of all scenarios of the store."""

    def wrongs(self, machine: Path, sandbox: Sandbox) -> Iterator[str]:
        """Yield versions, locales, sets and submissions that exist twice."""
        yield from twice("the version", [number for number, _ in versions(sandbox)])
        yield from twice("the locale", [text["locale"] for text in texts_of(sandbox)])
        sets = sandbox.world.all("appScreenshotSets")
        yield from twice(
            "the set",
            [
                (record.references["appStoreVersionLocalization"], record.attributes["screenshotDisplayType"])
                for record in sets
            ],
        )
        # A draft does not count: Apple's API cannot delete it, and the next submission uses it.
        submitted = [
            submission
            for submission in sandbox.world.all("reviewSubmissions")
            if submission.attributes["state"] not in ("COMPLETE", "READY_FOR_REVIEW")
        ]
        yield from twice("an open submission", ["" for _ in submitted])


@dataclass(frozen=True)
class Update(_Versions):
    """Texts of two locales, of which one is new; review information with a password; two screenshots for one."""

    def prepare(self, machine: Path, sandbox: Sandbox) -> None:
        """Write the folders of fastlane with texts and screenshots."""
        files = {
            "metadata/en-US/description.txt": b"Another text.",
            "metadata/de-DE/name.txt": b"Beispiel",
            "metadata/de-DE/description.txt": b"Ein Text.",
            "metadata/review_information/demo_user.txt": b"demo",
            "metadata/review_information/demo_password.txt": PASSWORD.encode(),
            "screenshots/en-US/1.png": png(416, 496),
            "screenshots/en-US/2.png": png(416, 496, shade=9),
        }
        for name, content in files.items():
            path = machine / "workspace" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """Return the inputs that name both folders."""
        return {**APP, "metadata": "metadata", "screenshots": "screenshots", "timeout": TIMEOUT}

    def facts(self, machine: Path, sandbox: Sandbox, done: Done) -> Json:
        """Return the page as Apple has it."""
        details = [dict(detail.attributes) for detail in sandbox.world.all("appStoreReviewDetails")]
        return {
            "texts": texts_of(sandbox),
            "pictures": pictures(sandbox),
            "review": details,
            "versions": versions(sandbox),
        }


@dataclass(frozen=True)
class Submit(_Versions):
    """A build is attached, a phased release set, the version submitted, and approved at once."""

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """Return the inputs of a submission that waits for the reviewers."""
        given = {"build-id": "BUILD-8", "release": "manual", "phased": "true", "wait": "reviewed"}
        return {**APP, **given, "timeout": TIMEOUT}

    def facts(self, machine: Path, sandbox: Sandbox, done: Done) -> Json:
        """Return states of versions and submissions, and the phases."""
        submissions = sandbox.world.all("reviewSubmissions")
        phases = sandbox.world.all("appStoreVersionPhasedReleases")
        return {
            "versions": versions(sandbox),
            "submissions": sorted(str(submission.attributes["state"]) for submission in submissions),
            "phases": [phase.attributes["phasedReleaseState"] for phase in phases],
            "state": done.outputs["state"],
        }


@dataclass(frozen=True)
class Release(_Versions):
    """release-app-store: an approved version is released, and goes live."""

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """Return the inputs of a release that waits until customers have it."""
        return {**APP, "wait": "live", "timeout": TIMEOUT}

    def facts(self, machine: Path, sandbox: Sandbox, done: Done) -> Json:
        """Return states of versions, and the outputs without those that differ in each run."""
        return {
            "versions": versions(sandbox),
            "outputs": without(done.outputs, "changed", "released-at", "requests"),
        }


@dataclass(frozen=True)
class Download(_Versions):
    """The texts and pictures of the version in preparation."""

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """Return the inputs of a download into the workspace."""
        return {**APP, "directory": "fastlane"}

    def facts(self, machine: Path, sandbox: Sandbox, done: Done) -> Json:
        """Return the names and sizes of all files but hidden parts: a killed step leaves them for a day."""
        files = sizes(machine / "workspace" / "fastlane")
        return {"files": [file for file in files if not file[0].endswith(ENDING)]}


@dataclass(frozen=True)
class Check(_Versions):
    """check-app-store with a key: nothing is wrong with the version."""

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """Return the inputs of a check without files."""
        return {**APP, "metadata": "none", "screenshots": "none", "urls": "false"}

    def facts(self, machine: Path, sandbox: Sandbox, done: Done) -> Json:
        """Return all outputs: none depends on the run."""
        return dict(done.outputs)

    def is_right(self, kind: Kind, facts: Json, expected: Json) -> bool:
        """Return True also if Apple refused to show something: then a warning says that the key may not read it."""
        if "status=403" not in kind.words or facts["errors"] != "0":
            return facts == expected
        known = json.loads(expected["report"])
        more = [finding for finding in json.loads(facts["report"]) if finding not in known]
        return all(finding["message"] == "the key may not read it" for finding in more)

    def is_clear(self, kind: Kind, done: Done) -> bool:
        """Return True if a lasting 404 led to a finding: Apple answers so for a price that was never set."""
        return "status=404" in kind.words and done.code == 1 and done.outputs.get("errors") == "1"

    def wrongs(self, machine: Path, sandbox: Sandbox) -> Iterator[str]:
        """Yield each request that is not a GET, because a check only reads."""
        yield from writes(sandbox)


UPDATE = Update("update-app-store", "update-app-store", world(), {"store": AT_ONCE})
SUBMIT = Submit("submit-app-store", "submit-app-store", world(), {"store": AT_ONCE})
RELEASE = Release(
    "release-app-store",
    "release-app-store",
    world(appVersionState="PENDING_DEVELOPER_RELEASE", releaseType="MANUAL", build="BUILD-8"),
    {"store": AT_ONCE},
)
DOWNLOAD = Download(
    "download-app-store",
    "download-app-store",
    world(appStoreVersionLocalizations=[texts(), texts("de-DE")]),
    {"store": AT_ONCE},
)
CHECK = Check("check-app-store, online", "check-app-store", world(build="BUILD-8"), {"store": AT_ONCE})
