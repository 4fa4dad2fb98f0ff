"""register-devices: given these devices of the team, a list makes these changes and no others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from asc_sandbox.authority.kinds import Limits
from asc_sandbox.server import Sandbox
from core.running import Done, in_job, kill_in_the_middle, side_by_side
from core.signing import PAD, PHONE, device, team
from support.sandbox import start_sandbox

SILICON = "00008112-00AA00BB00CC00DD"
OLD = "a1" * 20


def register(folder: Path, sandbox: Sandbox, devices: str = "", **inputs: object) -> Done:
    given = {name.replace("_", "-"): value for name, value in inputs.items()}
    return in_job(folder, {"devices": devices, **given}, sandbox=sandbox, command="register-devices")


def states(sandbox: Sandbox) -> dict[str, tuple[str, str]]:
    """Name → platform and status."""
    return {
        record.attributes["name"]: (record.attributes["platform"], record.attributes["status"])
        for record in sandbox.world.all("devices")
    }


def writes(sandbox: Sandbox) -> list[str]:
    return [f"{entry.method} {entry.path}" for entry in sandbox.requests if entry.method != "GET"]


def named(done: Done, output: str) -> Any:
    return json.loads(done.outputs[output])


def test_new_devices_are_registered_and_a_second_run_writes_nothing(tmp_path: Path) -> None:
    lines = f"Device ID\tDevice Name\tDevice Platform\n{OLD}\tOld phone\n{SILICON}\tA Mac\tmac\n"
    with start_sandbox(team(devices=[])) as sandbox:
        done = register(tmp_path, sandbox, lines)
        assert (done.code, named(done, "registered")) == (0, ["Old phone", "A Mac"]), done.stdout
        assert states(sandbox) == {"Old phone": ("IOS", "ENABLED"), "A Mac": ("MAC_OS", "ENABLED")}
        before = len(writes(sandbox))
        again = register(tmp_path, sandbox, lines)
    assert (again.code, again.outputs["changed"], named(again, "existing")) == (
        0,
        "false",
        ["Old phone", "A Mac"],
    )
    assert len(writes(sandbox)) == before


def test_a_udid_that_fits_phones_and_macs_takes_the_platform_of_the_step(tmp_path: Path) -> None:
    with start_sandbox(team(devices=[])) as sandbox:
        unclear = register(tmp_path, sandbox, f"A Mac: {SILICON}")
        assert (unclear.code, writes(sandbox)) == (2, [])
        assert register(tmp_path, sandbox, f"A Mac: {SILICON}", platform="mac").code == 0
        assert states(sandbox)["A Mac"][0] == "MAC_OS"


@pytest.mark.parametrize(
    ("rule", "code", "status"), [("enable", 0, "ENABLED"), ("leave", 0, "DISABLED"), ("fail", 1, "DISABLED")]
)
def test_a_listed_device_that_is_disabled_is_treated_as_if_disabled_says(
    tmp_path: Path, rule: str, code: int, status: str
) -> None:
    with start_sandbox(team(devices=[device(PHONE, "Phone", status="DISABLED")])) as sandbox:
        done = register(tmp_path, sandbox, f"Phone: {PHONE}", if_disabled=rule)
        assert done.code == code
        assert states(sandbox)["Phone"][1] == status


def test_names_follow_the_list_only_if_asked(tmp_path: Path) -> None:
    with start_sandbox(team(devices=[device(PHONE, "Before")])) as sandbox:
        register(tmp_path, sandbox, f"After: {PHONE}")
        assert list(states(sandbox)) == ["Before"]
        done = register(tmp_path, sandbox, f"After: {PHONE}", rename="true")
        assert (named(done, "renamed"), list(states(sandbox))) == (["After"], ["After"])


def test_devices_are_disabled_by_name_or_udid(tmp_path: Path) -> None:
    with start_sandbox(team(devices=[device(PHONE, "Phone"), device(PAD, "Pad")])) as sandbox:
        done = register(tmp_path, sandbox, disable=f"Phone\n{PAD.lower().replace('-', '')}")
        assert (done.code, named(done, "disabled")) == (0, ["Phone", "Pad"]), done.stdout
        assert {status for _, status in states(sandbox).values()} == {"DISABLED"}


@pytest.mark.parametrize("disable", ["Nobody's", "Twin", PHONE])
def test_what_to_disable_has_to_be_one_device_that_is_not_listed(tmp_path: Path, disable: str) -> None:
    with start_sandbox(team(devices=[device(PHONE, "Twin"), device(PAD, "Twin")])) as sandbox:
        done = register(tmp_path, sandbox, f"Phone: {PHONE}", disable=disable)
        assert (done.code, writes(sandbox)) == (2, [])


@pytest.mark.parametrize(
    ("devices", "inputs"),
    [
        ("", {}),
        ("Simulator: 01234567-89AB-CDEF-0123-456789ABCDEF", {"platform": "ios"}),
        ("Simulator: {udid: 01234567-89AB-CDEF-0123-456789ABCDEF, platform: ios}", {}),
        (f"Phone: {OLD}", {"platform": "mac"}),
        (f"Phone: {'0' * 40}", {}),
        ("Phone: 00008110-XXXXXXXXXXXXXXXX", {}),
        (f'"": {OLD}', {}),
        (f"{'n' * 51}: {OLD}", {}),
        (f"One: {OLD}\nAnother: {OLD.upper()}", {}),
        (f"Phone: {{udid: {OLD}, platform: tvos}}", {}),
        (f"{OLD} Phone\n", {}),
        ("devices-that-are-not-there.txt", {}),
    ],
)
def test_an_input_that_cannot_be_is_refused_before_anything_is_sent(
    tmp_path: Path, devices: str, inputs: dict[str, str]
) -> None:
    with start_sandbox(team(devices=[])) as sandbox:
        done = register(tmp_path, sandbox, devices, **inputs)
        assert (done.code, list(sandbox.requests)) == (2, []), done.stdout


@pytest.mark.parametrize("there", [PHONE.replace("-", ""), PHONE.lower()])
def test_a_device_that_apple_spells_otherwise_is_there(tmp_path: Path, there: str) -> None:
    with start_sandbox(team(devices=[device(there, "Phone")])) as sandbox:
        done = register(tmp_path, sandbox, f"Phone: {PHONE}")
        assert (done.code, done.outputs["changed"], writes(sandbox)) == (0, "false", [])


def test_a_device_that_is_listed_twice_is_registered_once(tmp_path: Path) -> None:
    with start_sandbox(team(devices=[])) as sandbox:
        done = register(tmp_path, sandbox, f"{OLD}\tPhone\n{OLD.upper()}\tPhone\n")
        assert (done.code, writes(sandbox)) == (0, ["POST /v1/devices"])


def test_a_thousand_devices_that_are_there_need_five_requests(tmp_path: Path) -> None:
    udids = {f"Phone {number}": f"{number:040x}" for number in range(1, 1001)}
    with start_sandbox(team(devices=[device(udid, name) for name, udid in udids.items()])) as sandbox:
        done = register(tmp_path, sandbox, json.dumps(udids))
        assert (done.code, done.outputs["changed"]) == (0, "false"), done.stdout
        assert [entry.path for entry in sandbox.requests] == ["/v1/devices"] * 5


def test_two_jobs_at_once_register_a_device_once(tmp_path: Path) -> None:
    with start_sandbox(team(devices=[]), faults=["POST /v1/devices delay=0.3 times=2"]) as sandbox:
        inputs = {"devices": f"Phone: {OLD}"}
        done = side_by_side(tmp_path, sandbox, "register-devices", inputs)
        assert [job.code for job in done] == [0, 0], done
        assert list(states(sandbox)) == ["Phone"]


def test_a_run_that_was_killed_is_finished_by_the_next(tmp_path: Path) -> None:
    inputs = {"devices": f"One: {OLD}\nTwo: {'b2' * 20}"}
    with start_sandbox(team(devices=[]), faults=["POST /v1/devices hang after=1"]) as sandbox:
        kill_in_the_middle(tmp_path, sandbox, "register-devices", inputs)
        assert list(states(sandbox)) == ["One"]
        done = register(tmp_path, sandbox, inputs["devices"])
        assert (done.code, named(done, "registered")) == (0, ["Two"])


@pytest.mark.parametrize("change", ["PATCH /v1/devices/*", "POST /v1/devices"])
def test_a_change_that_is_answered_and_not_made_fails_the_step(tmp_path: Path, change: str) -> None:
    faults = [f"{change} ignored times=always"]
    with start_sandbox(team(devices=[device(PHONE, "Phone", status="DISABLED")]), faults=faults) as sandbox:
        done = register(tmp_path, sandbox, f"Old phone: {OLD}\nPhone: {PHONE}")
    assert done.code == 1
    assert ("Phone" if change.startswith("PATCH") else "Old phone") in done.error


def test_a_dry_run_prints_the_plan_and_writes_nothing(tmp_path: Path) -> None:
    with start_sandbox(team(devices=[])) as sandbox:
        done = register(tmp_path, sandbox, f"Old phone: {OLD}", dry_run="true")
        assert (done.code, done.outputs["changed"], writes(sandbox)) == (0, "true", [])
    assert "Old phone" in done.summary


def test_a_class_without_a_place_fails_the_step_and_the_others_are_registered(tmp_path: Path) -> None:
    with start_sandbox(team(devices=[device(PHONE, "Phone")]), limits=Limits(devices=1)) as sandbox:
        done = register(tmp_path, sandbox, f"Second phone: {OLD}\nAn iPad: {'b2' * 20}")
        assert (done.code, named(done, "registered")) == (1, ["An iPad"])


def test_places_left_count_disabled_devices(tmp_path: Path) -> None:
    with start_sandbox(team(devices=[device(PHONE, "Phone", status="DISABLED")])) as sandbox:
        done = register(tmp_path, sandbox, f"Phone: {PHONE}", if_disabled="leave")
    assert named(done, "slots-left") == {"IPHONE": 99}


def test_udids_are_in_no_log_and_no_summary(tmp_path: Path) -> None:
    with start_sandbox(team(devices=[device(PHONE, "Phone")])) as sandbox:
        done = register(tmp_path, sandbox, f"Old phone: {OLD}\nPhone: {PHONE}")
    shown = "\n".join(line for line in done.stdout.splitlines() if not line.startswith("::add-mask::"))
    assert not [udid for udid in (OLD, PHONE) if udid in shown + done.summary]


@pytest.mark.parametrize(
    ("devices", "disable"),
    [
        (f"{PHONE} = Phone", ""),
        (f"{PHONE}: Phone", ""),
        (f"Phone: {PHONE}", PAD),
        (f"Phone: {PHONE}", PHONE.lower()),
    ],
)
def test_no_wrong_input_shows_a_udid(tmp_path: Path, devices: str, disable: str) -> None:
    with start_sandbox(team(devices=[])) as sandbox:
        done = register(tmp_path, sandbox, devices, disable=disable)
    assert done.code == 2
    shown = (done.error + done.summary).lower()
    assert not [udid for udid in (PHONE, PAD) if udid.lower() in shown]


@pytest.mark.parametrize(
    "fault", ["POST /v1/devices lost", "PATCH /v1/devices/* lost", "GET /v1/devices status=503"]
)
def test_a_passing_fault_leads_to_no_second_write(tmp_path: Path, fault: str) -> None:
    with start_sandbox(team(devices=[device(PHONE, "Phone", status="DISABLED")]), faults=[fault]) as sandbox:
        done = register(tmp_path, sandbox, f"Old phone: {OLD}\nPhone: {PHONE}")
        assert done.code == 0, done.stdout
        assert len(writes(sandbox)) == 2
        assert {status for _, status in states(sandbox).values()} == {"ENABLED"}
