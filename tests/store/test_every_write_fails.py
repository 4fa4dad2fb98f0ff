"""Each write of update-app-store and submit-app-store is lost, fails or ends the step: the next run makes it right.

A scenario names its writes; the first test holds that they are all.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from asc_sandbox.plans import Store
from asc_sandbox.rules.age_rating import ANSWERED
from asc_sandbox.server import Sandbox
from core.running import in_job
from sandbox.store import png
from store.pages import BUNDLE_ID, write_files
from support import forked
from support.sandbox import app, build, seed, start_sandbox, store_version
from support.step_environment import access_to
from support.store import CONTACT, ready_version, texts
from support.waiting import wait_until

STORE = Store(media=0, cancel=0, review=0, verdict="never")
VOLATILE = {
    "assetToken",
    "createdDate",
    "submittedDate",
    "uploadOperations",
    "startDate",
    "uploadedDate",
    "expirationDate",
}


@dataclass(frozen=True)
class Scenario:
    """A step: its command, its inputs in a folder, and the kinds of its writes."""

    command: str
    inputs: Callable[[Path], dict[str, str]]
    writes: tuple[str, ...]


def _update(folder: Path) -> dict[str, str]:
    files = {
        "en-US/description.txt": "Better.",
        "en-US/subtitle.txt": "For notes",
        "de-DE/name.txt": "Beispiel",
        "de-DE/description.txt": "Gut.",
        "copyright.txt": "2026 Other",
        "primary_category.txt": "BOOKS",
        "review_information/first_name.txt": "Ada",
        "review_information/last_name.txt": "Example",
        "review_information/phone_number.txt": "+1 555 555 0100",
        "review_information/email_address.txt": "ada@example.com",
    }
    shots = folder / "shots/en-US"
    shots.mkdir(parents=True, exist_ok=True)
    (shots / "1.png").write_bytes(png(shade=1))
    (shots / "watch.png").write_bytes(png(416, 496))
    return {
        "version": "2.0",
        "metadata": str(write_files(folder / "metadata", files)),
        "screenshots": str(folder / "shots"),
        "age-rating": "gambling: true",
        "third-party-content": "true",
    }


def _submit(folder: Path) -> dict[str, str]:
    return {
        "version": "1.5",
        "build-id": "BUILD-9",
        "uses-non-exempt-encryption": "false",
        "release": "manual",
        "phased": "true",
        "in-app-purchases": "coins",
        "wait": "submitted",
    }


SCENARIOS = {
    "update": Scenario(
        "update-app-store",
        _update,
        (
            "PATCH /v1/appStoreVersions/*",
            "PATCH /v1/apps/*",
            "PATCH /v1/appInfos/*",
            "PATCH /v1/ageRatingDeclarations/*",
            "PATCH /v1/appStoreVersionLocalizations/*",
            "PATCH /v1/appInfoLocalizations/*",
            "POST /v1/appStoreVersionLocalizations",
            "POST /v1/appInfoLocalizations",
            "POST /v1/appStoreReviewDetails",
            "POST /v1/appScreenshotSets",
            "POST /v1/appScreenshots",
            "PATCH /v1/appScreenshots/*",
            "DELETE /v1/appScreenshots/*",
        ),
    ),
    "submit": Scenario(
        "submit-app-store",
        _submit,
        (
            "PATCH /v1/builds/*",
            "PATCH /v1/appStoreVersions/*/relationships/build",
            "PATCH /v1/appStoreVersions/*",
            "POST /v1/appStoreVersionPhasedReleases",
            "POST /v1/reviewSubmissions",
            "POST /v1/reviewSubmissionItems",
            "PATCH /v1/reviewSubmissions/*",
        ),
    ),
}
EVERY_WRITE = [(name, write) for name, scenario in SCENARIOS.items() for write in scenario.writes]
MAKING = [(name, write) for name, write in EVERY_WRITE if write.startswith("POST")]


def world() -> dict[str, Any]:
    """Version 1.0 is live, and 1.5 under way; it lacks nothing but what the steps give it."""
    version = ready_version(
        "1.5",
        copyright="2026 Example",
        appStoreVersionLocalizations=[texts(), texts("fr-FR")],
        appStoreReviewDetail=None,
    )
    candidate = {name: value for name, value in version.items() if value is not None}
    names = [
        {"locale": locale, "name": "Example", "privacyPolicyUrl": "https://example.com/privacy"}
        for locale in ("en-US", "fr-FR")
    ]
    infos = [
        {"state": state, "primaryCategory": "PRODUCTIVITY", "appInfoLocalizations": names}
        for state in ("READY_FOR_DISTRIBUTION", "PREPARE_FOR_SUBMISSION")
    ]
    return seed(
        apps=[
            app(
                BUNDLE_ID,
                id="1000000001",
                builds=[build("1.5", "9", id="BUILD-9", usesNonExemptEncryption=None)],
                versions=[store_version("1.0", createdDate="300 days ago"), candidate],
                appInfos=infos,
                inAppPurchasesV2=[{"name": "Coins", "productId": "coins"}],
            )
        ]
    )


def ready(name: str) -> dict[str, Any]:
    """The world of a scenario: a submission wants contacts and answers that an update can give."""
    found = world()
    if name == "submit":
        found["apps"][0]["appStoreVersions"][-1]["appStoreReviewDetail"] = dict(CONTACT)
        for info in found["apps"][0]["appInfos"]:
            info["ageRatingDeclaration"] = ANSWERED
    return found


def run(folder: Path, sandbox: Sandbox, scenario: Scenario) -> Any:
    given = {"bundle-id": BUNDLE_ID, "timeout": "30s", **scenario.inputs(folder)}
    return in_job(folder, given, sandbox=sandbox, command=scenario.command)


def state(sandbox: Sandbox) -> list[str]:
    """All that the App Store part of the world says, without ids and dates."""
    return sorted(
        f"{kind} {sorted((key, str(value)) for key, value in record.attributes.items() if key not in VOLATILE)}"
        for kind in TYPES
        for record in sandbox.world.all(kind)
    )


TYPES = (
    *("apps", "appStoreVersions", "appInfos", "ageRatingDeclarations", "appStoreVersionLocalizations"),
    *("appInfoLocalizations", "appStoreReviewDetails", "appScreenshotSets", "appScreenshots", "builds"),
    *("appStoreVersionPhasedReleases", "reviewSubmissions", "reviewSubmissionItems"),
)


def writes(sandbox: Sandbox) -> list[str]:
    return [f"{one.method} {one.path}" for one in sandbox.requests if one.method not in ("GET", "PUT")]


def kinds_of(requests: list[str]) -> set[str]:
    """Requests without their ids."""
    return {re.sub(r"^(\w+ /v1/\w+/)[^/]+", r"\1*", one) for one in requests}


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The state after a run that nothing disturbs, by scenario."""
    found = {}
    for name, scenario in SCENARIOS.items():
        with start_sandbox(ready(name), store=STORE) as sandbox:
            done = run(tmp_path_factory.mktemp(name), sandbox, scenario)
            assert done.code == 0, done.stdout
            assert kinds_of(writes(sandbox)) == set(scenario.writes)
            found[name] = state(sandbox)
    return found


@pytest.mark.parametrize(
    ("name", "write", "fault"),
    [
        *((name, write, "lost") for name, write in EVERY_WRITE),
        # Apple answers 500 without having done anything, too.
        *((name, write, "status=500") for name, write in MAKING if "Screenshots" not in write),
        ("update", "POST /v1/appScreenshots", "status=429 retry-after=0"),
        ("update", "POST /v1/appStoreVersionLocalizations", "status=503"),
    ],
)
def test_all_is_as_planned_after_a_fault_and_at_most_one_rerun(
    tmp_path: Path, planned: dict[str, list[str]], name: str, write: str, fault: str
) -> None:
    with start_sandbox(ready(name), store=STORE, faults=[f"{write} {fault}"]) as sandbox:
        done = run(tmp_path, sandbox, SCENARIOS[name])
        assert sandbox.faults_hit == 1
        if done.code:
            done = run(tmp_path, sandbox, SCENARIOS[name])
        assert (done.code, set(state(sandbox)) ^ set(planned[name])) == (0, set()), done.stdout
        assert len(state(sandbox)) == len(planned[name])
        before = writes(sandbox)
        assert (run(tmp_path, sandbox, SCENARIOS[name]).code, writes(sandbox)) == (0, before)


@pytest.mark.parametrize(("name", "write"), MAKING)
def test_a_run_after_one_that_was_stopped_makes_all_as_planned(
    tmp_path: Path, planned: dict[str, list[str]], name: str, write: str
) -> None:
    scenario = SCENARIOS[name]
    with start_sandbox(ready(name), store=STORE, faults=[f"{write} mute"]) as sandbox:
        given = {"bundle-id": BUNDLE_ID, **scenario.inputs(tmp_path)}
        arguments = [word for key, value in given.items() for word in (f"--{key}", value)]
        process = forked.start([scenario.command, *arguments], {**access_to(sandbox), "PATH": "/usr/bin"})
        wait_until(lambda: sandbox.faults_hit == 1)
        process.terminate()
        assert process.wait(20) != 0
        done = run(tmp_path, sandbox, scenario)
        assert (done.code, state(sandbox)) == (0, planned[name]), done.stdout
