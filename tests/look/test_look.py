"""How runs look, success and failure, in a job and on a terminal: golden files keep it so.

A file in golden/ is a scenario: given this App Store Connect, when this step runs, then this is what people read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from asc.signing.sync import identities
from asc_sandbox.plans import Processing, Review, Store
from asc_sandbox.server import Sandbox
from core.running import Done, by_hand, in_job
from core.signing import a_key
from core.uploading import an_ipa, world
from look.rendering import page
from sandbox.store import png
from support.sandbox import app, build, seed, start_sandbox
from support.store import ready_version, texts

Json = dict[str, Any]
GOLDEN = Path(__file__).parent / "golden"
UPLOAD = {
    "file": "{job}/Example.ipa",
    "whats-new": "en-US: Faster start.",
    "groups": "QA, Beta testers",
    "uses-non-exempt-encryption": "false",
    "timeout": "1s",
}
SIGNING = {
    "mode": "sync",
    "bundle-ids": "com.example.app",
    "storage": "dir:{job}/store",
    "passphrase": "for the golden files",
    "output-directory": "{job}/signing",
    "install": "files",
}
SYMBOLS = {"bundle-id": "com.example.app", "directory": "{job}/dsyms", "parallel-downloads": "1"}
NEVER_REVIEWED = {"review": Review(outcome="never")}


@dataclass(frozen=True)
class Scenario:
    """A step; `before` are steps that ran earlier, in the same folder against the same App Store Connect."""

    title: str
    command: str
    inputs: Mapping[str, str]
    before: tuple[Mapping[str, str], ...] = ()
    given: Callable[[], Json | None] = lambda: None
    options: Json = field(default_factory=dict)
    own_key: Json = field(default_factory=dict)


STORE = {
    "bundle-id": "com.example.app",
    "screenshots": "{job}/screenshots",
    "texts": "en-US: {release_notes: Faster search.}",
    "metadata": "none",
    "parallel": "1",
}
SUBMIT = {
    "bundle-id": "com.example.app",
    "version": "2.0",
    "build-number": "8",
    "uses-non-exempt-encryption": "false",
    "in-app-purchases": "all",
    "release": "manual",
}
AT_ONCE = {"store": Store(media=0.0)}


def a_store_page() -> Json:
    """An app with a live version, and one under way with one picture."""
    live = ready_version("1.0", appVersionState="READY_FOR_DISTRIBUTION", createdDate="30 days ago")
    return seed(apps=[app("com.example.app", versions=[live, ready_version("2.0")])])


def an_unready_version() -> Json:
    """An app whose version under way lacks texts, a price and an answer, and has a purchase beside."""
    page = [texts(whatsNew=None, description="Coming soon on Android."), texts("de-DE", keywords=None)]
    versions = [
        ready_version("1.0", appVersionState="READY_FOR_DISTRIBUTION", createdDate="30 days ago"),
        ready_version("2.0", appStoreVersionLocalizations=page),
    ]
    builds = [build("2.0", "8", id="B8", usesNonExemptEncryption=None)]
    coins = {"name": "Coins", "productId": "coins"}
    return seed(
        apps=[
            app("com.example.app", versions=versions, builds=builds, priced=False, inAppPurchasesV2=[coins])
        ]
    )


def one_build() -> Json:
    return seed(apps=[app("com.example.app", builds=[build("1.4.0", "41", id="B41", buildBundles=[{}])])])


def taken() -> Json:
    return world(preReleaseVersions=[train("1.5.0", "42")])


def train(version: str, number: str) -> Json:
    return {"version": version, "platform": "IOS", "builds": [{"version": number}]}


SCENARIOS = {
    "build-number": Scenario("The next build number", "fetch-build-number", {"bundle-id": "com.example.app"}),
    "build-number-typo": Scenario(
        "A typo in the bundle id", "fetch-build-number", {"bundle-id": "com.example.ap"}
    ),
    "wrong-inputs": Scenario(
        "Several inputs are wrong", "fetch-build-number", {"source": "store", "platform": "phone"}
    ),
    "wrong-key": Scenario(
        "A key that Apple does not know",
        "fetch-build-number",
        {"bundle-id": "com.example.app"},
        own_key={"key_id": "AAAAAAAAAA"},
    ),
    "doctor": Scenario("A key is checked", "doctor", {}),
    "upload": Scenario(
        "A build goes to testers", "upload-testflight", UPLOAD, given=world, options=NEVER_REVIEWED
    ),
    "upload-only": Scenario(
        "A build is uploaded, the waiting left to another job",
        "upload-testflight",
        {"file": "{job}/Example.ipa", "wait": "none"},
        given=world,
    ),
    "upload-again": Scenario(
        "The same step once more", "upload-testflight", UPLOAD, (UPLOAD,), world, NEVER_REVIEWED
    ),
    "upload-plan": Scenario(
        "A dry run of an upload", "upload-testflight", {**UPLOAD, "dry-run": "true"}, given=world
    ),
    "upload-refused": Scenario(
        "Apple refuses the build",
        "upload-testflight",
        UPLOAD,
        given=world,
        options={"processing": Processing(seconds=0, outcome="invalid")},
    ),
    "upload-too-slow": Scenario(
        "Apple takes longer than the timeout",
        "upload-testflight",
        UPLOAD,
        given=world,
        options={"processing": Processing(seconds=0, outcome="never")},
    ),
    "upload-taken": Scenario("The build number is taken", "upload-testflight", UPLOAD, given=taken),
    "signing-missing": Scenario(
        "Read-only, and nothing is stored", "sync-signing", {**SIGNING, "mode": "read-only"}
    ),
    "signing-plan": Scenario("What sync would do", "sync-signing", {**SIGNING, "mode": "plan"}),
    "signing": Scenario("The first sync", "sync-signing", SIGNING),
    "signing-in-sync": Scenario("Nothing is to be done", "sync-signing", SIGNING, (SIGNING,)),
    "signing-read-only": Scenario(
        "Read-only, as in every build", "sync-signing", {**SIGNING, "mode": "read-only"}, (SIGNING,)
    ),
    "signing-wrong-passphrase": Scenario(
        "The passphrase is another", "sync-signing", {**SIGNING, "passphrase": "another"}, (SIGNING,)
    ),
    "signing-revoke": Scenario(
        "Revoke lists first", "sync-signing", {**SIGNING, "mode": "revoke"}, (SIGNING,)
    ),
    "cleanup": Scenario("What was installed is taken away", "cleanup-signing", {}, (SIGNING,)),
    "testers": Scenario(
        "Somebody new joins a group",
        "manage-testers",
        {"bundle-id": "com.example.app", "groups": "Friends", "testers": "Ada Example <ada@example.com>"},
    ),
    "testers-prune": Scenario(
        "Who would leave", "manage-testers", {"bundle-id": "com.example.app", "mode": "prune"}
    ),
    "group": Scenario(
        "A group with a public link",
        "manage-group",
        {
            "bundle-id": "com.example.app",
            "group": "Public beta",
            "kind": "external",
            "public-link": "true",
            "public-link-limit": "500",
            "criteria": "{iphone: 18.0+}",
        },
    ),
    "store-update": Scenario(
        "The store page follows the files", "update-app-store", STORE, given=a_store_page, options=AT_ONCE
    ),
    "store-update-again": Scenario(
        "The same step once more", "update-app-store", STORE, (STORE,), a_store_page, AT_ONCE
    ),
    "store-plan": Scenario(
        "A dry run makes a version",
        "update-app-store",
        {**STORE, "screenshots": "none", "version": "3.0", "dry-run": "true"},
        given=lambda: seed(
            apps=[
                app(
                    "com.example.app",
                    versions=[ready_version("1.0", appVersionState="READY_FOR_DISTRIBUTION")],
                )
            ]
        ),
    ),
    "store-files-refused": Scenario(
        "Files that Apple would refuse",
        "update-app-store",
        {
            **STORE,
            "texts": "en-US: {subtitle: A subtitle with more than 30 characters}",
            "screenshots": "{job}",
        },
        given=a_store_page,
    ),
    "store-picture-refused": Scenario(
        "Apple refuses a picture",
        "update-app-store",
        STORE,
        given=a_store_page,
        options={"store": Store(media=0.0, media_outcome="failed")},
    ),
    "store-check": Scenario(
        "A version that Apple would refuse",
        "check-app-store",
        {"bundle-id": "com.example.app", "metadata": "none", "screenshots": "none", "urls": "false"},
        given=an_unready_version,
    ),
    "store-submit": Scenario(
        "A version goes to review with a purchase",
        "submit-app-store",
        SUBMIT,
        given=lambda: seed(
            apps=[
                app(
                    "com.example.app",
                    versions=a_store_page()["apps"][0]["appStoreVersions"],
                    builds=[build("2.0", "8", id="B8", usesNonExemptEncryption=None)],
                    inAppPurchasesV2=[{"name": "Coins", "productId": "coins"}],
                )
            ]
        ),
        options={"store": Store(verdict="never")},
    ),
    "store-submit-refused": Scenario(
        "Apple refuses a version, and names each reason",
        "submit-app-store",
        {**SUBMIT, "checks": "false"},
        given=an_unready_version,
    ),
    "store-download": Scenario(
        "The store page comes into the repository",
        "download-app-store",
        {"bundle-id": "com.example.app", "directory": "{job}/fastlane"},
        given=a_store_page,
    ),
    "symbols": Scenario("Symbols of all builds", "download-dsyms", SYMBOLS),
    "symbols-again": Scenario("They are there already", "download-dsyms", SYMBOLS, (SYMBOLS,), one_build),
    "symbols-none": Scenario(
        "No build of this version", "download-dsyms", {**SYMBOLS, "version": "9.9"}, given=one_build
    ),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_run_looks_as_it_should(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    scenario = SCENARIOS[name]
    job, terminal = tmp_path / "job", tmp_path / "terminal"
    shown = page(
        f"{scenario.command}: {scenario.title}",
        job,
        run(scenario, job, in_a_job=True),
        run(scenario, terminal, in_a_job=False),
    ).replace(str(terminal), "/job")
    golden = GOLDEN / f"{name}.md"
    if request.config.getoption("--update-golden", default=False):
        golden.write_text(shown)
    assert shown == golden.read_text(), "make golden writes it anew; read the difference"


def test_every_golden_file_is_of_a_scenario() -> None:
    assert {file.stem for file in GOLDEN.iterdir()} == set(SCENARIOS)


def run(scenario: Scenario, folder: Path, *, in_a_job: bool) -> Done:
    (folder / "store").mkdir(parents=True)
    an_ipa(folder, encryption=None)
    picture = folder / "screenshots/en-US/1.png"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(png())
    options: Json = {"processing": Processing(seconds=0), **scenario.options}
    keys = iter(range(900, 950))
    with (
        start_sandbox(scenario.given(), **options) as sandbox,
        patch.object(identities, "new_private_key", lambda: a_key(next(keys))),
    ):
        for earlier in scenario.before:
            command = scenario.command if scenario.command != "cleanup-signing" else "sync-signing"
            assert in_job(folder, inside(folder, earlier), **around(sandbox, folder, {}, command)).code == 0
        about = around(sandbox, folder, scenario.own_key, scenario.command)
        inputs = inside(folder, scenario.inputs)
        if in_a_job:
            return in_job(folder, inputs, **about)
        return by_hand(*(word for name, value in inputs.items() for word in (f"--{name}", value)), **about)


def inside(folder: Path, inputs: Mapping[str, str]) -> dict[str, str]:
    return {name: value.replace("{job}", str(folder)) for name, value in inputs.items()}


def around(sandbox: Sandbox, folder: Path, own_key: Json, command: str) -> dict[str, Any]:
    """The job's folders and its key."""
    return {
        "command": command,
        "HOME": str(folder),
        "RUNNER_TEMP": str(folder),
        "ASC_API_URL": sandbox.url,
        "ASC_API_KEY": json.dumps({**sandbox.api_key(), **own_key}),
    }
