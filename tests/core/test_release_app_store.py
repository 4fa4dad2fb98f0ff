"""release-app-store: an approved version goes to the store, and its phases."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.app_store_review import APP, NEVER, QUICK, release, submit, world, writes
from core.running import in_job
from support.sandbox import start_sandbox
from support.store import ready_version


def test_an_approved_version_is_released_once(tmp_path: Path) -> None:
    with start_sandbox(world(), store=QUICK) as sandbox:
        assert submit(tmp_path, sandbox, wait="reviewed", release="manual", phased="true").code == 0
        done = release(tmp_path, sandbox, wait="live")
        assert (done.code, done.outputs["version-state"], done.outputs["changed"]) == (
            0,
            "READY_FOR_DISTRIBUTION",
            "true",
        )
        before = len(sandbox.requests)
        again = release(tmp_path, sandbox)
        assert (again.code, again.outputs["changed"], len(sandbox.requests) - before) == (0, "false", 2)
        for action, state in (
            ("pause", "PAUSED"),
            ("resume", "ACTIVE"),
            ("complete", "COMPLETE"),
            ("complete", "COMPLETE"),
        ):
            steered = release(tmp_path, sandbox, action=action)
            assert (steered.code, steered.outputs["phased-state"]) == (0, state), steered.stdout


@pytest.mark.parametrize(
    ("state", "changed"), [("PENDING_DEVELOPER_RELEASE", "true"), ("READY_FOR_DISTRIBUTION", "false")]
)
def test_a_dry_run_says_if_the_release_would_change_anything(
    tmp_path: Path, state: str, changed: str
) -> None:
    version = ready_version("2.0", build="BUILD-8", appVersionState=state)
    with start_sandbox(world(version=version), store=QUICK) as sandbox:
        done = release(tmp_path, sandbox, dry_run="true")
        assert (done.code, done.outputs["changed"], writes(sandbox)) == (0, changed, [])


def test_a_dry_run_refuses_a_release_that_is_not_possible(tmp_path: Path) -> None:
    with start_sandbox(world(), store=QUICK) as sandbox:
        assert release(tmp_path, sandbox, dry_run="true").code == 1


def test_a_pause_that_comes_after_the_end_of_the_phased_release_is_an_error(tmp_path: Path) -> None:
    with start_sandbox(world(), store=QUICK) as sandbox:
        submit(tmp_path, sandbox, wait="reviewed", release="manual", phased="true")
        release(tmp_path, sandbox, wait="live")
        release(tmp_path, sandbox, action="complete")
        before = len(writes(sandbox))
        late = release(tmp_path, sandbox, action="pause")
        assert (late.code, len(writes(sandbox))) == (1, before)


@pytest.mark.parametrize("action", ["release", "pause"])
def test_a_version_that_is_not_approved_is_not_released(tmp_path: Path, action: str) -> None:
    with start_sandbox(world(), store=QUICK) as sandbox:
        done = release(tmp_path, sandbox, action=action)
        assert (done.code, writes(sandbox)) == (1, [])


@pytest.mark.parametrize(
    "fault",
    [
        "POST /v1/appStoreVersionReleaseRequests lost",
        "POST /v1/appStoreVersionReleaseRequests status=500",
        "GET /v1/appStoreVersions/* status=503",
    ],
)
def test_a_lost_release_is_looked_up(tmp_path: Path, fault: str) -> None:
    version = ready_version("2.0", build="BUILD-8", appVersionState="PENDING_DEVELOPER_RELEASE")
    with start_sandbox(world(version=version), store=QUICK, faults=[fault]) as sandbox:
        done = release(tmp_path, sandbox, wait="live")
        assert (done.code, len(sandbox.world.all("appStoreVersionReleaseRequests"))) == (0, 1), done.stdout


@pytest.mark.parametrize("action", ["release", "pause"])
def test_a_release_without_effect_fails_the_step(tmp_path: Path, action: str) -> None:
    state = "PENDING_DEVELOPER_RELEASE" if action == "release" else "READY_FOR_DISTRIBUTION"
    phased = {"appStoreVersionPhasedRelease": {"phasedReleaseState": "ACTIVE"}} if action == "pause" else {}
    version = ready_version("2.0", build="BUILD-8", appVersionState=state, releaseType="MANUAL", **phased)
    faults = [
        f"{write} ignored times=always"
        for write in ("POST /v1/appStoreVersionReleaseRequests", "PATCH /v1/appStoreVersionPhasedReleases/*")
    ]
    with start_sandbox(world(version=version), store=QUICK, faults=faults) as sandbox:
        done = release(tmp_path, sandbox, action=action)
    assert (done.code, "Apple accepted" in done.error) == (1, True), done.stdout


def test_phased_false_takes_the_phased_release_away_also_if_the_answer_is_lost(tmp_path: Path) -> None:
    with start_sandbox(world(), store=NEVER) as sandbox:
        assert submit(tmp_path, sandbox, phased="true").code == 0
        inputs = {"bundle-id": APP, "version": "2.0", "action": "withdraw", "timeout": "20s"}
        assert in_job(tmp_path, inputs, sandbox=sandbox, command="submit-app-store").code == 0
        sandbox.add_fault("DELETE /v1/appStoreVersionPhasedReleases/* lost")
        done = submit(tmp_path, sandbox, phased="false")
        left = sandbox.world.all("appStoreVersionPhasedReleases")
    assert (done.code, list(left)) == (0, []), done.stdout
