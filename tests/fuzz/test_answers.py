"""With any answer of App Store Connect a step succeeds or ends with our own error: no traceback, no injection."""

from __future__ import annotations

import itertools
import json
import plistlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asc.commands import NAMES
from asc.signing.sync import identities
from asc_sandbox.plans import Processing, Review, Store
from asc_sandbox.server import Sandbox
from core import signing, uploading
from core.running import Done, in_job
from fuzz.bounds import bounded, examples
from fuzz.misanswering import REMOVED, REPLACEMENTS, Change, misanswering
from sandbox.store import png
from store.made_media import movie
from support.sandbox import app, build, seed, store_version, upload
from support.store import ready_version

APP = "com.example.app"
SENT = {"app": "1000000001", "build": "BUILD-3", "createdDate": "2026-02-20T10:00:00Z"}
FRIENDS = {**uploading.FRIENDS, "betaTesters": ["TESTER-ada", "TESTER-bob"]}
WORLD = seed(
    apps=[
        app(
            APP,
            id="1000000001",
            builds=[
                build("1.4.0", "41", buildBundles=[{}]),
                build("1.5.0", "7", "PROCESSING"),
                build("1.6.0", "3", id="BUILD-3", usesNonExemptEncryption=False, buildBundles=[{}]),
            ],
            versions=[store_version("1.4.0", createdDate="90 days ago"), ready_version("1.6.0")],
            inAppPurchasesV2=[{"name": "Coins", "productId": "coins"}],
            subscriptionGroups=[
                {"referenceName": "Plus", "subscriptions": [{"name": "Plus", "productId": "plus"}]}
            ],
            uploads=[upload("1.5.0", "8", "PROCESSING"), upload("1.5.0", "9", "FAILED")],
            betaGroups=[uploading.QA, FRIENDS],
            betaAppReviewDetail=uploading.CONTACT,
            betaAppLocalizations=[uploading.DESCRIBED],
        )
    ],
    bundleIds=[{"id": "BUNDLE0001", "name": "Example", "identifier": APP}],
    devices=[signing.device(signing.PHONE)],
    profiles=[{"name": "Example", "bundleId": "BUNDLE0001", "profileType": "IOS_APP_STORE"}],
    betaTesters=[
        {"id": f"TESTER-{name}", "firstName": name, "email": f"{name}@example.com", "apps": ["1000000001"]}
        for name in ("ada", "bob")
    ],
    betaCrashLogs=[{"id": "LOG-1", "logText": "Incident"}],
    betaFeedbackCrashSubmissions=[{**SENT, "id": "CRASH-1", "crashLog": "LOG-1", "email": "ada@example.com"}],
    betaFeedbackScreenshotSubmissions=[{**SENT, "id": "SHOT-1", "pictures": 2, "comment": "Too small."}],
)
SIGN = {
    "mode": "sync",
    "bundle-ids": APP,
    "passphrase": signing.PASSPHRASE,
    "install": "files",
    "type": "app-store, development",
}
STORE = {"bundle-id": APP, "version": "1.6.0", "metadata": "none", "screenshots": "none"}
COMMANDS: dict[str, dict[str, Any]] = {
    "fetch-build-number": {"bundle-id": APP},
    "doctor": {},
    "download-dsyms": {"bundle-id": APP, "extract": "true"},
    "upload-testflight": {
        "groups": "QA, Beta testers",
        "whats-new": "Faster.",
        "testers": "a@example.com",
        "expire-previous-builds": "true",
    },
    "sync-signing": {**SIGN, "devices": f"Pad: {signing.PAD}", "register-bundle-ids": "true"},
    "register-bundle-ids": {
        "bundle-ids": f"{APP}\n{APP}.new",
        "capabilities": "MAPS\ndata-protection: complete",
        "disable": "IN_APP_PURCHASE",
    },
    "check-app-store": {**STORE, "urls": "false", "fail-on": "never"},
    "update-app-store": {
        **STORE,
        "texts": "en-US: {subtitle: Notes}\nde-DE: {description: Gut.}",
        "timeout": "2s",
    },
    "submit-app-store": {
        "bundle-id": APP,
        "version": "1.6.0",
        "build-id": "BUILD-3",
        "in-app-purchases": "all",
        "release": "manual",
        "phased": "true",
        "timeout": "2s",
    },
    "release-app-store": {"bundle-id": APP, "version": "1.4.0", "timeout": "2s"},
    "download-app-store": {"bundle-id": APP},
    "register-devices": {
        "devices": f"New name: {signing.PHONE}\nPad: {signing.PAD}",
        "rename": "true",
        "platform": "ios",
    },
    "update-app-store media": {
        **STORE,
        "review-info": "{first_name: Ada, notes: New.}",
        "age-rating": "{gambling: false}",
        "timeout": "2s",
    },
    "manage-testers add": {
        "bundle-id": APP,
        "testers": "Cy New <cy@example.com>\nada@example.com",
        "groups": "Beta testers",
        "exact": "true",
        "dry-run": "false",
    },
    "manage-testers remove": {
        "bundle-id": APP,
        "mode": "remove",
        "testers": "ada@example.com",
        "remove-from": "app",
    },
    "manage-testers prune": {"bundle-id": APP, "mode": "prune", "dry-run": "false"},
    "manage-testers export": {"bundle-id": APP, "mode": "export"},
    "manage-testers invite": {"bundle-id": APP, "mode": "invite", "testers": "ada@example.com"},
    "manage-group": {
        "bundle-id": APP,
        "group": "Beta testers",
        "public-link": "true",
        "public-link-limit": "500",
        "criteria": "{iphone: 18.0+}",
    },
    "download-feedback": {"bundle-id": APP},
    "verify-profiles": {"profiles": "apple"},
}
"""By the name of the command; a word behind it tells cases of one command apart."""
COMMANDS["sync-signing"]["bundle-ids"] = f"{APP}, {APP}.new"
MOST_REQUESTS = {
    "fetch-build-number": 5,
    "doctor": 9,
    "download-dsyms": 3,
    "upload-testflight": 30,
    "sync-signing": 20,
    "register-bundle-ids": 11,
    "register-devices": 4,
    "check-app-store": 12,
    "update-app-store": 12,
    "submit-app-store": 25,
    "release-app-store": 3,
    "download-app-store": 8,
    "update-app-store media": 40,
    "manage-testers add": 10,
    "manage-testers remove": 6,
    "manage-testers prune": 12,
    "manage-testers export": 6,
    "manage-testers invite": 6,
    "manage-group": 6,
    "download-feedback": 6,
    "verify-profiles": 3,
}


@contextmanager
def context(case: str, folder: Path) -> Iterator[dict[str, Any]]:
    """Return the inputs of a step, and make the files, the storage and the keys that they name."""
    given = dict(COMMANDS[case])
    command = case.split()[0]
    if command == "upload-testflight":
        given["file"] = str(uploading.an_ipa(folder, size=60_000))
    elif command == "sync-signing":
        given |= {"storage": f"dir:{folder / 'store'}", "output-directory": str(folder / "signing")}
        (folder / "store").mkdir(exist_ok=True)
    elif command in ("download-dsyms", "download-app-store", "download-feedback"):
        given["directory"] = str(folder / "files")
    elif case == "update-app-store media":
        for name, content in {"1.png": png(), "2.png": png(shade=7), "IPHONE_67.mp4": movie()}.items():
            path = folder / "en-US" / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        (folder / "notes.txt").write_text("How to sign in.")
        given |= {"screenshots": str(folder), "previews": str(folder)}
        given["review-attachments"] = str(folder / "notes.txt")
    elif case == "manage-testers export":
        given["file"] = str(folder / "testers.csv")
    elif command == "verify-profiles":
        path = folder / "Example.entitlements"
        path.write_bytes(plistlib.dumps({"get-task-allow": False}))
        given["entitlements"] = f"{APP}: {path}"
    keys = itertools.count(100)
    with patch.object(identities, "new_private_key", lambda: signing.a_key(next(keys))):
        yield given


def step(folder: Path, case: str, *changes: Change) -> Done:
    with ExitStack() as stack:
        sandbox = stack.enter_context(
            Sandbox(
                WORLD,
                processing=Processing(seconds=0),
                review=Review(seconds=0),
                store=Store(verdict="never", media=0),
                part_size=30_000,
            )
        )
        url = stack.enter_context(misanswering(sandbox, *changes))
        inputs = stack.enter_context(context(case, folder))
        key = sandbox.api_key()
        env = {
            "ASC_API_URL": url,
            "ASC_API_KEY": json.dumps(key),
            "ASC_DEBUG": "1",
            **signing.context(folder),
        }
        with bounded(seconds=60, memory=None):
            done = in_job(folder, {"retry-for": "0", **inputs}, command=case.split()[0], **env)
        body = str(key["key"]).split("\n")[1]
    # The runner reads the masks and shows none of them.
    shown = [line for line in done.everything.splitlines() if not line.startswith("::add-mask::")]
    assert not [line for line in shown if body in line or signing.PASSPHRASE in line]
    return done


def test_each_command_that_asks_apple_has_a_case() -> None:
    # The first asks nobody, and the second has its cases in test_webhooks.py.
    elsewhere = {"cleanup-signing", "manage-webhooks"}
    assert {case.split()[0] for case in COMMANDS} == set(NAMES) - elsewhere


@pytest.mark.parametrize("case", COMMANDS)
def test_without_a_change_the_steps_do_their_work(case: str, tmp_path: Path) -> None:
    done = step(tmp_path, case)
    assert done.code == 0, done.everything


@pytest.mark.parametrize("case", COMMANDS)
@given(data=st.data())
@examples(5)
def test_an_answer_that_is_not_as_it_should_be(case: str, tmp_path_factory: Any, data: st.DataObject) -> None:
    requests = st.integers(0, MOST_REQUESTS[case] - 1)
    values = st.sampled_from([REMOVED, *REPLACEMENTS])
    changes = data.draw(
        st.lists(st.builds(Change, requests, st.integers(0, 400), values), min_size=1, max_size=3)
    )
    done = step(tmp_path_factory.mktemp("step"), case, *changes)
    assert "The action has a bug" not in done.everything, done.everything
    assert done.log.problems == []
    assert not any(message in ("x", "y") for message in done.log.messages("error"))
