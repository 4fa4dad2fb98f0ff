"""The whole way of an event: an upload in one workflow, Apple's webhook, the relay, GitHub, a second workflow."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from act.test_recipes import TEAM, Place, groups_of_47
from asc.webhooks.request import USUAL_EVENTS
from asc_sandbox.plans import Processing, Webhooks
from asc_sandbox.plans import Store as StorePlan
from asc_sandbox.server import Sandbox
from support.act import ActRun
from support.github import Dispatch, GitHub, github
from support.places import put_app, put_programs
from support.sandbox import app, build, key, seed, start_sandbox
from support.store import ready_version
from webhooks.app import ADDRESS, SECRET, webhook
from webhooks.receiver import until
from webhooks.relays import relay, settings

QUICK = Processing(seconds=0.1)
GH = """
import json, pathlib, sys
issues = pathlib.Path({issues!r})
known = json.loads(issues.read_text()) if issues.exists() else []
if sys.argv[1:3] == ["issue", "list"]:
    print("\\n".join(issue["title"] for issue in known))
else:
    options = dict(zip(sys.argv[3::2], sys.argv[4::2]))
    issues.write_text(json.dumps([*known, {{"title": options["--title"], "body": options["--body"]}}]))
"""


@contextmanager
def way(tmp_path: Path, house: Path, cache: Path, team: Any, **plans: Any) -> Iterator[tuple[Place, GitHub]]:
    """A repository, Apple with the app of `team`, the relay and GitHub, connected with each other."""
    put_app(tmp_path / "app")
    (tmp_path / "home").mkdir()
    path = put_programs(tmp_path / "bin")
    program = GH.format(issues=str(tmp_path / "issues.json"))
    (tmp_path / "bin/gh").write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, "-Ic", program])} "$@"\n')
    (tmp_path / "bin/gh").chmod(0o755)
    with github() as hub:
        # Each needs the address of the other: Apple gets that of the relay below.
        delivery = Webhooks(to="http://127.0.0.1:9/", attempts=5, retry=0.1)
        with (
            start_sandbox(team, webhooks=delivery, **plans) as apple,
            relay(settings(tmp_path, hub, apple)) as running,
        ):
            object.__setattr__(delivery, "to", f"{running.url}/events")
            apple.world  # noqa: B018 (the first look learns the states that there are)
            place = Place(tmp_path, apple, house, cache, path=path)
            place.secrets = {
                "ASC_ADMIN_KEY": json.dumps(apple.api_key()),
                "ASC_WEBHOOK_SECRET": SECRET,
            }
            yield place, hub


def arrived(hub: GitHub, event_type: str) -> Dispatch:
    """The dispatch of an event, as soon as it comes."""
    until(lambda: event_type in hub.types)
    return next(dispatch for dispatch in hub.dispatches if dispatch.event_type == event_type)


def start(place: Place, dispatch: Dispatch) -> ActRun:
    """What GitHub does with a dispatch."""
    payload = {"action": dispatch.event_type, "client_payload": dispatch.payload}
    return place.run("events.yml", "repository_dispatch", payload=payload)


def test_a_build_that_one_workflow_uploads_is_given_to_testers_by_another(
    tmp_path: Path, house: Path, cache: Path
) -> None:
    with way(tmp_path, house, cache, TEAM, processing=QUICK) as (place, hub):
        place.run("webhook.yml")
        place.run("upload-and-leave.yml")
        dispatch = arrived(hub, "buildUploads.COMPLETE")
        assert dispatch.payload["build-number"] == "47"
        start(place, dispatch)
        assert groups_of_47(place) == ["QA"]
    ids = [one.payload["event-id"] for one in hub.dispatches]
    assert len(ids) == len(set(ids))


def in_review() -> Any:
    """An app with a webhook, and a version that can be submitted."""
    version = ready_version("1.5.0")
    about = app(
        "com.example.app",
        builds=[build("1.5.0", "47", id="BUILD47", usesNonExemptEncryption=False)],
        appStoreVersions=[{**version, "build": "BUILD47", "releaseType": "MANUAL"}],
        webhooks=[webhook(ADDRESS, *USUAL_EVENTS)],
    )
    return seed(keys=[key("ADMIN00001")], apps=[about])


def submit(apple: Sandbox, state: str) -> None:
    """Let the review end."""
    (version,) = apple.world.all("appStoreVersions")
    apple.world.change(version, appVersionState=state)


def test_an_approved_version_is_released(tmp_path: Path, house: Path, cache: Path) -> None:
    with way(tmp_path, house, cache, in_review(), store=StorePlan(release=0.1)) as (place, hub):
        submit(place.apple, "PENDING_DEVELOPER_RELEASE")
        start(place, arrived(hub, "appStoreVersions.PENDING_DEVELOPER_RELEASE"))
        dispatch = arrived(hub, "appStoreVersions.READY_FOR_DISTRIBUTION")
    assert dispatch.payload["version"] == "1.5.0"


def test_a_rejected_version_becomes_one_issue(tmp_path: Path, house: Path, cache: Path) -> None:
    with way(tmp_path, house, cache, in_review()) as (place, hub):
        submit(place.apple, "REJECTED")
        dispatch = arrived(hub, "appStoreVersions.REJECTED")
        start(place, dispatch)
        start(place, dispatch)
    (issue,) = json.loads((tmp_path / "issues.json").read_text())
    assert issue["title"] == "App Review: version 1.5.0 is REJECTED"
    assert dispatch.payload["app-id"] in issue["body"]


def test_feedback_of_a_tester_is_downloaded(tmp_path: Path, house: Path, cache: Path) -> None:
    with way(tmp_path, house, cache, in_review()) as (place, hub):
        (own,) = place.apple.world.all("apps")
        place.apple.world.add(
            "betaFeedbackCrashSubmissions",
            {"comment": "It crashed", "createdDate": "1 minute ago"},
            {"app": own.id, "build": "BUILD47"},
        )
        done = start(place, arrived(hub, "betaFeedbackCrashSubmissions.CREATED"))
    assert "It crashed" in done.summary
