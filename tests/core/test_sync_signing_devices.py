"""sync-signing and the team's devices: classes that are in no document, platforms, states, spellings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from asc_sandbox.authority.kinds import Limits
from asc_sandbox.server import Sandbox
from core.signing import (
    APP,
    OFF,
    PAD,
    PHONE,
    READ_ONLY,
    WRITES,
    Store,
    apple,
    calls,
    device,
    folder_store,
    step,
    team,
)

SILICON, INTEL = "00008112-00AA00BB00CC00DD", "11111111-2222-3333-4444-555555555555"
OLD = "a1" * 20
DEVELOPMENT = {"type": "development"}
ON_MACS = {"type": "development", "platform": "macos"}


def named(store: Store, file: str = f"Development_{APP}.mobileprovision") -> list[str]:
    return sorted(store.profiles()[file].devices)


def registered(sandbox: Sandbox) -> dict[str, str]:
    """UDID → platform."""
    return {each.attributes["udid"]: each.attributes["platform"] for each in sandbox.world.all("devices")}


def mac(udid: str, device_class: str, platform: str = "MAC_OS") -> Any:
    return device(udid, f"A Mac {udid[-4:]}", platform=platform, deviceClass=device_class)


class TestClasses:
    def test_of_macs_that_are_in_no_document_belong_into_profiles_of_macs(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        macs = [
            mac(SILICON, "APPLE_SILICON_MAC"),
            mac(INTEL, "INTEL_MAC"),
            mac("00008112-0000000000000001", "APPLE_SILICON_MAC", "IOS"),
            mac("00008112-0000000000000002", "MAC_OF_2030"),
        ]
        with apple(team(devices=[*macs, device(PHONE)])) as sandbox:
            done = step(tmp_path, sandbox, store, {**ON_MACS, "platform": "macos, ios"})
            assert done.code == 0, done.stdout
        assert named(store, f"Development_{APP}.provisionprofile") == sorted(each["udid"] for each in macs)
        assert named(store) == [PHONE]

    def test_that_nobody_knows_yet_fall_back_on_the_platform(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple(
            team(devices=[device(PHONE, deviceClass="IPHONE"), device(PAD, deviceClass="")])
        ) as sandbox:
            sandbox.world.change(sandbox.world.all("devices")[1], deviceClass="GLASSES")
            done = step(tmp_path, sandbox, store, {"type": "development", "platform": "macos"})
            assert done.code == 1 and "needs devices" in done.error

    def test_macs_with_apple_silicon_are_in_profiles_of_ios_where_that_is_wanted(
        self, tmp_path: Path
    ) -> None:
        store = folder_store(tmp_path)
        with apple(team(devices=[device(PHONE), mac(SILICON, "MAC"), mac(INTEL, "MAC")])) as sandbox:
            done = step(tmp_path, sandbox, store, {**DEVELOPMENT, "include-macs": "true"})
            assert (done.code, named(store)) == (0, sorted([PHONE, SILICON])), done.stdout
            again = step(tmp_path, sandbox, store, {**DEVELOPMENT, "include-macs": "true"})
            assert again.outputs["changed"] == "false"


class TestThePlatformOfANewDevice:
    @pytest.mark.parametrize(
        "devices",
        [
            f"Device ID\tDevice Name\tDevice Platform\n{SILICON}\tA Mac\tmac\n{PHONE}\tA phone\tios\n",
            f"A Mac: {{udid: {SILICON}, platform: mac}}\nA phone: {{udid: {PHONE}, platform: ios}}",
        ],
        ids=["file", "mapping"],
    )
    def test_is_the_one_that_the_user_said(self, tmp_path: Path, devices: str) -> None:
        with apple() as sandbox:
            done = step(tmp_path, sandbox, folder_store(tmp_path), {**DEVELOPMENT, "devices": devices})
            assert done.code == 0, done.stdout
            assert registered(sandbox) == {SILICON: "MAC_OS", PHONE: "IOS"}

    @pytest.mark.parametrize(
        ("platform", "udid", "expected"),
        [
            ("macos", SILICON, "MAC_OS"),
            ("catalyst", INTEL, "MAC_OS"),
            ("ios", PHONE, "IOS"),
            ("ios, macos", INTEL, "MAC_OS"),
            ("ios, macos", OLD, "IOS"),
        ],
    )
    def test_that_nobody_says_comes_of_the_form_and_of_what_is_signed(
        self, tmp_path: Path, platform: str, udid: str, expected: str
    ) -> None:
        inputs = {"type": "app-store", "platform": platform, "devices": f"One: {udid}"}
        with apple() as sandbox:
            done = step(tmp_path, sandbox, folder_store(tmp_path), inputs)
            assert done.code == 0, done.stdout
            assert registered(sandbox) == {udid: expected}

    def test_is_compared_with_what_apple_has(self, tmp_path: Path) -> None:
        devices = f"A Mac: {{udid: {SILICON}, platform: mac}}\nA phone: {{udid: {PHONE}, platform: ios}}"
        with apple(team(devices=[device(SILICON), device(PHONE)])) as sandbox:
            done = step(tmp_path, sandbox, folder_store(tmp_path), {**DEVELOPMENT, "devices": devices})
        assert "iOS" in done.stdout
        assert "The device A phone is given" not in done.stdout

    def test_is_asked_for_where_phones_and_macs_are_signed_for(self, tmp_path: Path) -> None:
        inputs = {"type": "development", "platform": "ios, macos", "devices": f"One: {SILICON}"}
        with apple() as sandbox:
            done = step(tmp_path, sandbox, folder_store(tmp_path), inputs)
            assert (done.code, calls(sandbox, *WRITES)) == (2, [])
            assert "One" in done.error and "platform: ios" in done.error


class TestTheInput:
    @pytest.mark.parametrize("spelling", [PHONE.lower(), PHONE.replace("-", "")])
    def test_finds_devices_in_another_spelling(self, tmp_path: Path, spelling: str) -> None:
        with apple(team(devices=[device(PHONE)])) as sandbox:
            inputs = {**DEVELOPMENT, "devices": f"A phone: {spelling}"}
            done = step(tmp_path, sandbox, folder_store(tmp_path), inputs)
            assert (done.code, list(registered(sandbox))) == (0, [PHONE]), done.stdout

    def test_finds_devices_that_apple_spells_otherwise(self, tmp_path: Path) -> None:
        store, inputs = folder_store(tmp_path), {**DEVELOPMENT, "devices": f"A phone: {PHONE}"}
        with apple(team(devices=[device(PHONE.replace("-", ""))])) as sandbox:
            assert step(tmp_path, sandbox, store, inputs).code == 0
            assert "POST /v1/devices" not in calls(sandbox)
            assert step(tmp_path, sandbox, store, inputs).outputs["changed"] == "false"

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    def test_skips_comments_of_a_file(self, tmp_path: Path, encoding: str) -> None:
        file = tmp_path / "devices.txt"
        text = f"# our devices\n\nDevice ID\tDevice Name\n# {OFF}\tSold\n{PHONE}\tA phone\n"
        file.write_text(text, encoding)
        with apple() as sandbox:
            done = step(tmp_path, sandbox, folder_store(tmp_path), {**DEVELOPMENT, "devices": str(file)})
            assert (done.code, list(registered(sandbox))) == (0, [PHONE]), done.stdout

    @pytest.mark.parametrize(
        ("devices", "named"),
        [
            (f"Device ID\tDevice Name\n{PHONE}    A phone\n", "line 2"),
            (f"{PHONE}    A phone\n{PAD}    A pad\n", "line 1"),
            (f"{PHONE}\tA phone\twindows\n", "windows"),
            (f"{INTEL}\tA phone\tios\n", "simulator"),
            (f"{OLD}\tA Mac\tmac\n", "no Mac"),
            (f"One: {PHONE}\nTwo: {PHONE.lower()}\n", "have one UDID"),
            (f"One: {{udid: {PHONE}, class: IPHONE}}\n", "class"),
            ("One: the-udid-of-my-phone\nTwo: x\n", "40 hex digits"),
        ],
    )
    def test_that_cannot_be_is_named_before_anything_is_sent(
        self, tmp_path: Path, devices: str, named: str
    ) -> None:
        with apple() as sandbox:
            done = step(tmp_path, sandbox, folder_store(tmp_path), {**DEVELOPMENT, "devices": devices})
            assert (done.code, calls(sandbox)) == (2, []), done.stdout
            assert named in done.error


class TestDevicesInAnotherState:
    DEVICES = f"A phone: {PHONE}\nA pad: {PAD}"

    def test_that_are_disabled_are_enabled_and_named(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        inputs = {**DEVELOPMENT, "devices": self.DEVICES}
        with apple(team(devices=[device(PHONE), device(PAD, "A pad", status="DISABLED")])) as sandbox:
            done = step(tmp_path, sandbox, store, inputs)
            assert (done.code, named(store)) == (0, sorted([PHONE, PAD])), done.stdout
            assert "enable the device A pad" in done.stdout
            assert step(tmp_path, sandbox, store, inputs).outputs["changed"] == "false"

    def test_that_are_disabled_end_the_step_where_that_is_wanted(self, tmp_path: Path) -> None:
        inputs = {**DEVELOPMENT, "devices": self.DEVICES, "if-disabled": "fail"}
        with apple(team(devices=[device(PHONE), device(PAD, "A pad", status="DISABLED")])) as sandbox:
            done = step(tmp_path, sandbox, folder_store(tmp_path), inputs)
            assert (done.code, calls(sandbox, *WRITES)) == (1, [])
            assert "A pad" in done.error

    @pytest.mark.parametrize(("state", "choice"), [("DISABLED", "leave"), ("PROCESSING", "enable")])
    def test_are_named_in_every_run_that_leaves_them_out(
        self, tmp_path: Path, state: str, choice: str
    ) -> None:
        store = folder_store(tmp_path)
        inputs = {**DEVELOPMENT, "devices": self.DEVICES, "if-disabled": choice}
        with apple(team(devices=[device(PHONE), device(PAD, "A pad", status=state)])) as sandbox:
            for _ in range(2):
                done = step(tmp_path, sandbox, store, inputs)
                assert (done.code, named(store)) == (0, [PHONE]), done.stdout
                assert "::warning" in done.stdout and f"A pad ({state})" in done.stdout
                assert f"A pad ({state})" in done.summary
            planned = step(tmp_path, sandbox, store, {**inputs, "mode": "plan"})
            assert f"A pad ({state})" in planned.stdout
            assert "PATCH" not in {call.split()[0] for call in calls(sandbox)}

    def test_are_named_where_no_device_is_left(self, tmp_path: Path) -> None:
        inputs = {**DEVELOPMENT, "devices": f"A pad: {PAD}"}
        with apple(team(devices=[device(PAD, "A pad", status="PROCESSING")])) as sandbox:
            done = step(tmp_path, sandbox, folder_store(tmp_path), inputs)
            assert done.code == 1 and "A pad (PROCESSING)" in done.error

    def test_and_absent_ones_are_named_when_apple_is_not_asked(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple(team(devices=[device(PHONE)])) as sandbox:
            assert step(tmp_path, sandbox, store, DEVELOPMENT).code == 0
        done = step(tmp_path, None, store, {**DEVELOPMENT, **READ_ONLY, "devices": self.DEVICES})
        assert done.code == 0 and "lacks requested devices: A pad." in done.stdout


@pytest.mark.parametrize("platform", ["ios, tvos", "ios, macos"])
def test_a_device_in_the_profile_of_another_platform_is_not_missing_when_apple_is_not_asked(
    tmp_path: Path, platform: str
) -> None:
    store = folder_store(tmp_path)
    other = device(SILICON, "Other", deviceClass="APPLE_TV") if "tvos" in platform else mac(SILICON, "MAC")
    inputs = {**DEVELOPMENT, "platform": platform}
    with apple(team(devices=[device(PHONE), other])) as sandbox:
        assert step(tmp_path, sandbox, store, inputs).code == 0
    wanted = {"devices": f"Phone: {PHONE}\nOther: {SILICON}"}
    done = step(tmp_path, None, store, {**inputs, **READ_ONLY, **wanted})
    assert (done.code, "lacks requested devices" in done.stdout) == (0, False), done.stdout
    wanted = {"devices": f"Phone: {PHONE}\nPad: {PAD}"}
    done = step(tmp_path, None, store, {**inputs, **READ_ONLY, **wanted})
    assert "lacks requested devices: Pad" in done.stdout, done.stdout


def test_a_team_without_a_place_for_a_device_is_told_when_there_is_one(tmp_path: Path) -> None:
    inputs = {**DEVELOPMENT, "devices": f"A phone: {PHONE}\nAnother: {PAD}"}
    with apple(limits=Limits(devices=1)) as sandbox:
        done = step(tmp_path, sandbox, folder_store(tmp_path), inputs)
        assert done.code == 1 and "membership year" in done.error
