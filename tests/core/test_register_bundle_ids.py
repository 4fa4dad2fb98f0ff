"""register-bundle-ids: given this team, a list of bundle ids and capabilities makes these changes and no others."""

from __future__ import annotations

import json
import plistlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from asc.job import summary
from asc_sandbox.server import Sandbox
from core.running import Done, in_job, kill_in_the_middle, side_by_side
from core.signing import Store, apple, folder_store, step, team
from support.sandbox import app, key, seed, start_sandbox
from support.waiting import wait_until

APP, WIDGET = "com.example.app", "com.example.app.widget"
GROUPS = "com.apple.security.application-groups"


def register(folder: Path, sandbox: Sandbox, bundle_ids: str = APP, **inputs: object) -> Done:
    given = {name.replace("_", "-"): value for name, value in inputs.items()}
    return in_job(folder, {"bundle-ids": bundle_ids, **given}, sandbox=sandbox, command="register-bundle-ids")


def capabilities(sandbox: Sandbox, identifier: str = APP) -> set[str]:
    (record,) = [one for one in sandbox.world.all("bundleIds") if one.attributes["identifier"] == identifier]
    return {one.attributes["capabilityType"] for one in sandbox.world.related(record, "bundleIdCapabilities")}


def writes(sandbox: Sandbox) -> list[str]:
    return [f"{entry.method} {entry.path}" for entry in sandbox.requests if entry.method != "GET"]


def out(done: Done, name: str) -> Any:
    return json.loads(done.outputs[name])


def written(folder: Path, values: dict[str, Any]) -> str:
    path = folder / "Example.entitlements"
    path.write_bytes(plistlib.dumps(values))
    return str(path)


def test_missing_bundle_ids_are_registered_with_their_capabilities_and_a_second_run_writes_nothing(
    tmp_path: Path,
) -> None:
    lines = f"{APP}: Example\n{WIDGET}"
    asked = "push-notifications\nAPP_GROUPS\nhealth_kit\ndata-protection: complete"
    with start_sandbox(team(bundle_ids=[])) as sandbox:
        done = register(tmp_path, sandbox, lines, capabilities=asked, platform="universal")
        assert (done.code, out(done, "created")) == (0, [APP, WIDGET]), done.stdout
        expected = {"IN_APP_PURCHASE", "PUSH_NOTIFICATIONS", "APP_GROUPS", "HEALTHKIT", "DATA_PROTECTION"}
        assert capabilities(sandbox) == capabilities(sandbox, WIDGET) == expected
        names = {one.attributes["name"] for one in sandbox.world.all("bundleIds")}
        assert names == {"Example", "com example app widget"}
        before = len(sandbox.requests), len(writes(sandbox))
        again = register(tmp_path, sandbox, lines, capabilities=asked, platform="universal")
        assert (again.code, again.outputs["changed"], len(writes(sandbox))) == (0, "false", before[1])
        assert len(sandbox.requests) - before[0] == 1


def test_nothing_is_turned_off_unless_it_is_named(tmp_path: Path) -> None:
    with start_sandbox(team(bundle_ids=[APP])) as sandbox:
        register(tmp_path, sandbox, capabilities="MAPS, SIRIKIT")
        register(tmp_path, sandbox, capabilities="MAPS")
        assert {"MAPS", "SIRIKIT"} <= capabilities(sandbox)
        done = register(tmp_path, sandbox, disable="siri_kit")
        assert out(done, "disabled") == {APP: ["SIRIKIT"]}
        assert "SIRIKIT" not in capabilities(sandbox)


def test_a_setting_that_differs_is_changed(tmp_path: Path) -> None:
    with start_sandbox(team(bundle_ids=[APP])) as sandbox:
        for level, key in (("unlessopen", "PROTECTED_UNLESS_OPEN"), ("complete", "COMPLETE_PROTECTION")):
            assert register(tmp_path, sandbox, capabilities=f"data_protection: {level}").code == 0
            (record,) = [
                one
                for one in sandbox.world.all("bundleIdCapabilities")
                if one.attributes["capabilityType"] == "DATA_PROTECTION"
            ]
            assert record.attributes["settings"][0]["options"][0]["key"] == key


@pytest.mark.parametrize("fault", [[], ["PATCH /v1/bundleIds/* lost"]])
def test_a_registered_bundle_id_is_renamed_only_if_asked(tmp_path: Path, fault: list[str]) -> None:
    with start_sandbox(team(bundle_ids=[APP]), faults=fault) as sandbox:
        assert register(tmp_path, sandbox, f"{APP}: Example").outputs["changed"] == "false"
        done = register(tmp_path, sandbox, f"{APP}: Example", rename="true")
        assert (done.code, out(done, "renamed")) == (0, [APP])
        assert [one.attributes["name"] for one in sandbox.world.all("bundleIds")] == ["Example"]
        assert register(tmp_path, sandbox, f"{APP}: Example", rename="true").outputs["changed"] == "false"


def test_the_summary_says_which_changes_failed(tmp_path: Path) -> None:
    with start_sandbox(
        team(bundle_ids=[APP]), faults=["POST /v1/bundleIdCapabilities status=409"]
    ) as sandbox:
        done = register(tmp_path, sandbox, capabilities="MAPS\nSIRIKIT")
    cells = [line.split("|") for line in done.summary.splitlines() if APP in line]
    states = {change.strip(): state.strip() for _, _, change, state, _ in cells}
    assert states == {
        summary.escape(f"enable MAPS for {APP}"): "failed",
        summary.escape(f"enable SIRIKIT for {APP}"): "done",
    }


def test_a_connection_that_breaks_in_the_middle_leaves_outputs_that_say_what_was_done(tmp_path: Path) -> None:
    faults = ["POST /v1/bundleIdCapabilities status=503 times=always after=1"]
    with start_sandbox(team(bundle_ids=[]), faults=faults) as sandbox:
        done = register(tmp_path, sandbox, capabilities="MAPS\nSIRIKIT", retry_for="0")
    assert (done.code, out(done, "created")) == (3, [APP])


def test_an_entitlements_file_brings_the_capabilities_that_it_needs(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {
            "aps-environment": "production",
            GROUPS: ["group.$(BUNDLE)"],
            "com.apple.developer.applesignin": ["Default"],
            "keychain-access-groups": [],
            "com.apple.developer.new-thing": True,
        },
    )
    with start_sandbox(team(bundle_ids=[APP])) as sandbox:
        done = register(tmp_path, sandbox, entitlements=path)
        assert capabilities(sandbox) >= {"PUSH_NOTIFICATIONS", "APP_GROUPS", "APPLE_ID_AUTH"}
        assert "com.apple.developer.new-thing" in done.log.messages("warning")[0]
        assert register(tmp_path, sandbox, entitlements=path, if_unknown="fail").code == 2
        assert register(tmp_path, sandbox, entitlements=path, if_unknown="pass").log.messages("warning") == []


@pytest.mark.parametrize(
    ("bundle_ids", "inputs"),
    [
        ("com.example.*", {"capabilities": "push-notifications"}),
        ("com..example", {}),
        ("com.*.example", {}),
        (f"{APP}\n{APP.upper()}", {}),
        (f"{APP}: One\n{APP}: Another", {}),
        (f"{APP}: A & B", {}),
        (APP, {"capabilities": "maps: on"}),
        (APP, {"capabilities": "data-protection: sometimes"}),
        (APP, {"capabilities": "push-notificatoins"}),
        (APP, {"capabilities": "MAPS", "disable": "MAPS"}),
        (APP, {"entitlements": "/nowhere/at.all"}),
        (APP, {"entitlements": f"{WIDGET}: some.entitlements"}),
        (f"{APP}\n{WIDGET}", {"entitlements": "some.entitlements"}),
        (APP, {"verify-profiles": "true"}),
    ],
)
def test_an_input_that_cannot_be_is_refused_before_anything_is_sent(
    tmp_path: Path, bundle_ids: str, inputs: dict[str, str]
) -> None:
    with start_sandbox(team(bundle_ids=[])) as sandbox:
        done = in_job(
            tmp_path, {"bundle-ids": bundle_ids, **inputs}, sandbox=sandbox, command="register-bundle-ids"
        )
        assert (done.code, list(sandbox.requests)) == (2, [])


def test_a_bundle_id_of_another_team_is_told_as_that(tmp_path: Path) -> None:
    ours = {"name": "Ours", "identifier": "com.example.ours", "takenIdentifiers": [APP]}
    with start_sandbox(seed(bundleIds=[ours])) as sandbox:
        done = register(tmp_path, sandbox, f"{APP}\n{WIDGET}")
    assert (done.code, out(done, "created")) == (1, [WIDGET])
    assert "another team" in done.error


def test_a_bundle_id_that_the_team_has_in_other_capitals_is_told_as_that(tmp_path: Path) -> None:
    with start_sandbox(team(bundle_ids=["com.example.App"])) as sandbox:
        done = register(tmp_path, sandbox)
    assert done.code == 1
    assert "com.example.App" in done.error


def test_a_bundle_id_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    with start_sandbox(team(bundle_ids=[]), faults=["POST /v1/bundleIds status=409"]) as sandbox:
        done = register(tmp_path, sandbox, f"{APP}\n{WIDGET}", capabilities="MAPS")
        assert done.code == 1
        assert len(out(done, "created")) == 1


def test_a_capability_that_is_refused_does_not_stop_the_others_of_its_bundle_id(tmp_path: Path) -> None:
    fault = "POST /v1/bundleIdCapabilities status=409"
    with start_sandbox(team(bundle_ids=[APP]), faults=[fault]) as sandbox:
        done = register(tmp_path, sandbox, capabilities="MAPS\nSIRIKIT")
        assert (done.code, out(done, "enabled")) == (1, {APP: ["SIRIKIT"]})
        assert register(tmp_path, sandbox, capabilities="MAPS\nSIRIKIT").code == 0


def test_an_unknown_type_in_capitals_is_tried_and_apples_words_are_shown(tmp_path: Path) -> None:
    with start_sandbox(team(bundle_ids=[APP]), expect_violations=True) as sandbox:
        done = register(tmp_path, sandbox, capabilities="FAMILY_CONTROLS")
    assert done.code == 1
    assert done.log.messages("warning")
    assert "FAMILY_CONTROLS" in done.error


@pytest.mark.parametrize(
    ("request_", "bundle_ids", "inputs", "named", "changed"),
    [
        (
            "POST /v1/bundleIdCapabilities",
            [APP],
            {"capabilities": "PUSH_NOTIFICATIONS"},
            "PUSH_NOTIFICATIONS",
            "false",
        ),
        # The bundle id itself is registered.
        ("DELETE /v1/bundleIdCapabilities/*", [], {"disable": "IN_APP_PURCHASE"}, "IN_APP_PURCHASE", "true"),
        ("POST /v1/bundleIds", [], {}, APP, "false"),
    ],
)
def test_a_write_that_is_answered_and_changes_nothing_fails_the_step(
    tmp_path: Path, request_: str, bundle_ids: list[str], inputs: dict[str, str], named: str, changed: str
) -> None:
    with start_sandbox(team(bundle_ids=bundle_ids), faults=[f"{request_} ignored times=always"]) as sandbox:
        done = register(tmp_path, sandbox, **inputs)
    assert (done.code, done.outputs["changed"]) == (1, changed)
    assert named in done.error


@pytest.mark.parametrize(
    "fault",
    [
        "POST /v1/bundleIds lost",
        "POST /v1/bundleIdCapabilities lost",
        "DELETE /v1/bundleIdCapabilities/* lost",
        "GET /v1/bundleIds status=503",
    ],
)
def test_a_passing_fault_leaves_what_was_asked_for(tmp_path: Path, fault: str) -> None:
    with start_sandbox(team(bundle_ids=[]), faults=[fault]) as sandbox:
        done = register(tmp_path, sandbox, capabilities="MAPS", disable="IN_APP_PURCHASE")
        assert done.code == 0, done.stdout
        assert capabilities(sandbox) == {"MAPS"}
        assert len(sandbox.world.all("bundleIds")) == 1


def test_a_hundred_bundle_ids_that_are_as_asked_for_need_one_request(tmp_path: Path) -> None:
    types = ["ICLOUD", "MAPS", "PUSH_NOTIFICATIONS", "SIRIKIT", "WALLET"]
    many = [f"com.example.app{number}" for number in range(100)]
    records = [{"id": f"ID{number}", "name": one, "identifier": one} for number, one in enumerate(many)]
    enabled = [
        {"id": f"{record['id']}_{kind}", "capabilityType": kind, "bundleId": record["id"]}
        for record in records
        for kind in types
    ]
    with start_sandbox(seed(bundleIds=records, bundleIdCapabilities=enabled)) as sandbox:
        done = register(tmp_path, sandbox, "\n".join(many), capabilities="\n".join(types))
        assert (done.code, done.outputs["changed"]) == (0, "false"), done.stdout
        assert [entry.path for entry in sandbox.requests] == ["/v1/bundleIds"]


def test_capabilities_beyond_those_that_apple_includes_are_listed(tmp_path: Path) -> None:
    enabled = [{"capabilityType": f"NEW_{number}", "bundleId": "ID"} for number in range(60)]
    world = seed(bundleIds=[{"id": "ID", "name": "One", "identifier": APP}], bundleIdCapabilities=enabled)
    with start_sandbox(world, expect_violations=True) as sandbox:
        done = register(tmp_path, sandbox, capabilities="NEW_59")
        assert (done.code, done.outputs["changed"]) == (0, "false"), done.stdout
        assert len(sandbox.requests) == 2


def test_a_capability_that_another_job_disables_first_is_no_error(tmp_path: Path) -> None:
    faults = ["DELETE /v1/bundleIdCapabilities/* delay=2"]
    with start_sandbox(team(bundle_ids=[APP]), faults=faults) as sandbox, ThreadPoolExecutor() as pool:
        register(tmp_path, sandbox, capabilities="MAPS, SIRIKIT")
        inputs = {"bundle-ids": APP, "disable": "SIRIKIT"}
        # A process of its own, because a command needs the main thread.
        running = pool.submit(
            in_job, tmp_path, inputs, sandbox=sandbox, command="register-bundle-ids", process=True
        )
        wait_until(lambda: sandbox.faults_hit or running.done())
        # The request has arrived, and Apple looks for the capability only after the delay.
        (siri,) = [
            record
            for record in sandbox.world.all("bundleIdCapabilities")
            if record.attributes["capabilityType"] == "SIRIKIT"
        ]
        sandbox.world.remove(siri)
        done = running.result()
        assert done.code == 0, done.stdout
        assert [request.status for request in sandbox.requests if request.method == "DELETE"] == [404]
        assert capabilities(sandbox) == {"IN_APP_PURCHASE", "MAPS"}


def test_two_jobs_at_once_register_a_bundle_id_and_its_capabilities_once(tmp_path: Path) -> None:
    faults = ["POST /v1/bundleIds delay=0.3 times=2", "POST /v1/bundleIdCapabilities delay=0.3 times=2"]
    with start_sandbox(team(bundle_ids=[]), faults=faults) as sandbox:
        inputs = {"bundle-ids": APP, "capabilities": "MAPS\nSIRIKIT"}
        done = side_by_side(tmp_path, sandbox, "register-bundle-ids", inputs)
        assert [job.code for job in done] == [0, 0], done
        assert len(sandbox.world.all("bundleIds")) == 1
        kinds = [one.attributes["capabilityType"] for one in sandbox.world.all("bundleIdCapabilities")]
        assert sorted(kinds) == ["IN_APP_PURCHASE", "MAPS", "SIRIKIT"]


def test_a_run_that_was_killed_is_finished_by_the_next(tmp_path: Path) -> None:
    inputs = {"bundle-ids": APP, "capabilities": "MAPS\nSIRIKIT"}
    with start_sandbox(team(bundle_ids=[]), faults=["POST /v1/bundleIdCapabilities hang after=1"]) as sandbox:
        kill_in_the_middle(tmp_path, sandbox, "register-bundle-ids", inputs)
        assert capabilities(sandbox) == {"IN_APP_PURCHASE", "MAPS"}
        done = register(tmp_path, sandbox, capabilities="MAPS\nSIRIKIT")
        assert (done.code, out(done, "enabled")) == (0, {APP: ["SIRIKIT"]})


def test_a_role_that_may_not_change_bundle_ids_is_told_which_one_may(tmp_path: Path) -> None:
    with start_sandbox(team(bundle_ids=[APP], keys=[key("DEVELOPER1", "DEVELOPER")])) as sandbox:
        done = register(tmp_path, sandbox, capabilities="MAPS")
    assert done.code == 1
    assert "App Manager or Admin" in done.error


def test_a_dry_run_prints_the_plan_and_writes_nothing(tmp_path: Path) -> None:
    with start_sandbox(team(bundle_ids=[])) as sandbox:
        done = register(tmp_path, sandbox, capabilities="MAPS", dry_run="true")
        assert (done.code, done.outputs["changed"], writes(sandbox)) == (0, "true", [])
    assert "MAPS" in done.summary


@pytest.mark.parametrize("dry_run", ["false", "true"])
def test_a_missing_app_is_told_with_what_to_type(tmp_path: Path, dry_run: str) -> None:
    with start_sandbox(team(bundle_ids=[APP])) as sandbox:
        done = register(tmp_path, sandbox, require_app="true", dry_run=dry_run)
    assert done.code == 1
    assert f"choose the bundle id {APP}" in done.error


def test_an_extension_needs_no_app_of_its_own(tmp_path: Path) -> None:
    with start_sandbox(team(apps=[app(APP, id="1000000001")])) as sandbox:
        done = register(tmp_path, sandbox, f"{APP}\n{WIDGET}\ncom.example.*", require_app="true")
        assert (done.code, done.outputs["app-id"]) == (0, "1000000001"), done.stdout
        alone = register(tmp_path, sandbox, WIDGET, require_app="true")
    assert alone.code == 1


class TestProfiles:
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return folder_store(tmp_path)

    def test_that_changes_made_invalid_are_an_output(self, tmp_path: Path, store: Store) -> None:
        with apple(team(bundle_ids=[APP])) as sandbox:
            assert step(tmp_path, sandbox, store).code == 0
            done = register(tmp_path, sandbox, capabilities="MAPS")
            assert len(out(done, "invalidated-profiles")) == 1
            renewed = step(tmp_path, sandbox, store)
            assert (renewed.code, renewed.outputs["changed"]) == (0, "true")
            states = {one.attributes["profileState"] for one in sandbox.world.all("profiles")}
        assert "ACTIVE" in states

    def test_that_lack_an_app_group_fail_the_check(self, tmp_path: Path, store: Store) -> None:
        path = written(tmp_path, {GROUPS: ["group.com.example.app", "group.$(X)"]})
        with apple(team(bundle_ids=[APP])) as sandbox:
            assert register(tmp_path, sandbox, entitlements=path).code == 0
            assert step(tmp_path, sandbox, store).code == 0
            done = register(tmp_path, sandbox, entitlements=path, verify_profiles="true")
        assert (done.code, out(done, "missing-by-hand")) == (
            1,
            {APP: {"app group": ["group.com.example.app"]}},
        )

    def test_that_hold_all_that_is_asked_for_pass_the_check(self, tmp_path: Path, store: Store) -> None:
        path = written(tmp_path, {"aps-environment": "production", "com.apple.developer.maps": True})
        with apple(team(bundle_ids=[APP])) as sandbox:
            assert register(tmp_path, sandbox, entitlements=path).code == 0
            assert step(tmp_path, sandbox, store).code == 0
            done = register(tmp_path, sandbox, entitlements=path, verify_profiles="true")
        assert (done.code, out(done, "missing-by-hand")) == (0, {}), done.stdout
