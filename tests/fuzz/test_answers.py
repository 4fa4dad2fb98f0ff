"""With any answer of App Store Connect a step succeeds or ends with our own error: no traceback, no injection."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asc.signing.sync import identities
from asc_sandbox.plans import Processing, Review, Store
from asc_sandbox.server import Sandbox
from core import signing, uploading
from core.running import Done, in_job
from fuzz.bounds import examples
from fuzz.misanswering import REMOVED, REPLACEMENTS, Change, misanswering
from support.sandbox import app, build, seed, store_version, upload
from support.store import ready_version

APP = "com.example.app"
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
            betaGroups=[uploading.QA, uploading.FRIENDS],
            betaAppReviewDetail=uploading.CONTACT,
            betaAppLocalizations=[uploading.DESCRIBED],
        )
    ],
    bundleIds=[{"id": "BUNDLE0001", "name": "Example", "identifier": APP}],
    devices=[signing.device(signing.PHONE)],
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
}
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
}


@contextmanager
def context(command: str, folder: Path) -> Iterator[dict[str, Any]]:
    """Return the inputs of a step, and make the file, the storage and the keys that they name."""
    given = dict(COMMANDS[command])
    if command == "upload-testflight":
        given["file"] = str(uploading.an_ipa(folder, size=60_000))
    elif command == "sync-signing":
        given |= {"storage": f"dir:{folder / 'store'}", "output-directory": str(folder / "signing")}
        (folder / "store").mkdir(exist_ok=True)
    elif command in ("download-dsyms", "download-app-store"):
        given["directory"] = str(folder / "files")
    keys = itertools.count(100)
    with patch.object(identities, "new_private_key", lambda: signing.a_key(next(keys))):
        yield given


def step(folder: Path, command: str, change: Change) -> Done:
    with ExitStack() as stack:
        sandbox = stack.enter_context(
            Sandbox(
                WORLD,
                processing=Processing(seconds=0),
                review=Review(seconds=0),
                store=Store(verdict="never"),
                part_size=30_000,
            )
        )
        url = stack.enter_context(misanswering(sandbox, change))
        inputs = stack.enter_context(context(command, folder))
        env = {"ASC_API_URL": url, "ASC_API_KEY": json.dumps(sandbox.api_key()), "ASC_DEBUG": "1"}
        return in_job(folder, {"retry-for": "0", **inputs}, command=command, **env, **signing.context(folder))


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_change_the_steps_do_their_work(command: str, tmp_path: Path) -> None:
    done = step(tmp_path, command, Change(1 << 30, 0, None))
    assert done.code == 0, done.everything


@pytest.mark.parametrize("command", COMMANDS)
@given(data=st.data())
@examples(5)
def test_an_answer_that_is_not_as_it_should_be(
    command: str, tmp_path_factory: Any, data: st.DataObject
) -> None:
    change = Change(
        data.draw(st.integers(0, MOST_REQUESTS[command] - 1)),
        data.draw(st.integers(0, 400)),
        data.draw(st.sampled_from([REMOVED, *REPLACEMENTS])),
    )
    done = step(tmp_path_factory.mktemp("step"), command, change)
    assert "The action has a bug" not in done.everything, done.everything
    assert done.log.problems == []
    assert not any(message in ("x", "y") for message in done.log.messages("error"))
