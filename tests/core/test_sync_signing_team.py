"""sync-signing and the team: devices, large teams, bundle ids and their capabilities."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from asc.api import lists
from asc.api.lists import chunks
from asc.signing.vault import encryption
from asc.signing.vault.encryption import open_v2
from asc_sandbox.server import Sandbox
from core.signing import (
    APP,
    BOTH,
    DEVELOPMENT,
    OFF,
    PAD,
    PHONE,
    WIDGET,
    WRITES,
    a_key,
    apple,
    at_apple,
    calls,
    certificates,
    device,
    folder_store,
    profiles_at_apple,
    start,
    step,
    team,
    uuids,
)
from support.waiting import wait_until

TYPES = {"type": "app-store, ad-hoc, development"}


def capabilities(sandbox: Sandbox, bundle_id: Any) -> set[str]:
    found = sandbox.world.related(bundle_id, "bundleIdCapabilities")
    return {each.attributes["capabilityType"] for each in found}


class TestDevices:
    def test_that_are_new_replace_the_profiles_that_name_devices(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple(team(devices=[device(PHONE)])) as sandbox:
            assert step(tmp_path, sandbox, store, TYPES).code == 0
            before = uuids(store)
            sandbox.world.add("devices", {"name": "A pad", "udid": PAD})
            done = step(tmp_path, sandbox, store, TYPES)
            assert done.code == 0, done.stdout
            after = uuids(store)
            assert {name.partition("_")[0] for name in after if after[name] != before[name]} == {
                "AdHoc",
                "Development",
            }
            named = store.profiles()[f"AdHoc_{APP}.mobileprovision"].devices
            assert sorted(named) == [PHONE, PAD]
            assert "1 of the team's devices" in done.summary
            assert len(sandbox.world.all("profiles")) == 3
            again = step(tmp_path, sandbox, store, TYPES)
            assert again.outputs["changed"] == "false"

    def test_that_were_disabled_leave_the_profiles(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple(team(devices=[device(PHONE), device(OFF, "Sold")])) as sandbox:
            assert step(tmp_path, sandbox, store, {"type": "ad-hoc"}).code == 0
            (sold,) = [each for each in sandbox.world.all("devices") if each.attributes["udid"] == OFF]
            sandbox.world.change(sold, status="DISABLED")
            done = step(tmp_path, sandbox, store, {"type": "ad-hoc"})
            assert done.code == 0, done.stdout
            assert list(store.profiles()[f"AdHoc_{APP}.mobileprovision"].devices) == [PHONE]

    def test_of_the_input_are_registered_once(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        inputs = {"type": "development", "devices": f"A phone: {PHONE}\nA pad: {PAD}"}
        with apple(team(devices=[device(PHONE)])) as sandbox:
            done = step(tmp_path, sandbox, store, inputs)
            assert done.code == 0, done.stdout
            assert calls(sandbox, "POST").count("POST /v1/devices") == 1
            assert sorted(store.profiles()[f"Development_{APP}.mobileprovision"].devices) == [PHONE, PAD]
            again = step(tmp_path, sandbox, store, inputs)
            assert again.outputs["changed"] == "false"

    @pytest.mark.parametrize(
        "content",
        [
            f"A phone: {PHONE}\nA pad: {PAD}\n",
            f'{{"A phone": "{PHONE}", "A pad": "{PAD}"}}',
            f"Device ID\tDevice Name\tDevice Platform\n{PHONE}\tA phone\tios\n{PAD}\tA pad\tios\n",
            f"\ufeff{PHONE}\tA pad\r\n{PAD}\tA pad\r\n",
        ],
        ids=["yaml", "json", "fastlane", "the same name twice"],
    )
    def test_of_a_file_are_registered(self, tmp_path: Path, content: str) -> None:
        store, file = folder_store(tmp_path), tmp_path / "devices.txt"
        file.write_text(content, "utf-8")
        with apple() as sandbox:
            done = step(tmp_path, sandbox, store, {"type": "ad-hoc", "devices": str(file)})
            assert done.code == 0, done.stdout
            assert sorted(e.attributes["udid"] for e in sandbox.world.all("devices")) == sorted([PHONE, PAD])
        (profile,) = store.profiles().values()
        assert set(profile.devices) == {PHONE, PAD}

    def test_of_the_input_that_were_added_later_replace_the_profile(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple(team(devices=[device(PHONE)])) as sandbox:
            assert step(tmp_path, sandbox, store, {"type": "development"}).code == 0
            also = {"type": "development", "devices": f"A pad: {PAD}"}
            done = step(tmp_path, sandbox, store, also)
            assert done.code == 0, done.stdout
            assert sorted(store.profiles()[f"Development_{APP}.mobileprovision"].devices) == [PHONE, PAD]
            assert step(tmp_path, sandbox, store, also).outputs["changed"] == "false"

    def test_of_other_platforms_are_no_reason_for_a_new_profile(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple(team(devices=[device(PHONE)])) as sandbox:
            assert step(tmp_path, sandbox, store, {"type": "development"}).code == 0
            before = uuids(store)
            sandbox.world.add("devices", {"name": "TV", "udid": "9" * 40, "deviceClass": "APPLE_TV"})
            mac = {"name": "Mac", "udid": "1" * 36, "deviceClass": "MAC", "platform": "MAC_OS"}
            sandbox.world.add("devices", mac)
            done = step(tmp_path, sandbox, store, {"type": "development"})
            assert (done.code, done.outputs["changed"], uuids(store)) == (0, "false", before)

    def test_that_a_team_lacks_are_asked_for(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            done = step(tmp_path, sandbox, store, {"type": "ad-hoc"})
            assert done.code == 1
        assert "needs devices" in done.error

    def test_three_hundred_are_all_compared(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        devices = [device(f"00008110-{number:016d}", id=f"D{number}") for number in range(300)]
        with apple(team(devices=devices)) as sandbox:
            assert step(tmp_path, sandbox, store, {"type": "ad-hoc"}).code == 0
            assert len(store.profiles()[f"AdHoc_{APP}.mobileprovision"].devices) == 300
            asked = len(sandbox.requests)
            again = step(tmp_path, sandbox, store, {"type": "ad-hoc"})
            assert again.outputs["changed"] == "false"
            assert len(sandbox.requests) - asked <= 4, "devices come in pages of 200"
            sandbox.world.add("devices", {"name": "One more", "udid": "00008110-9999999999999999"})
            assert step(tmp_path, sandbox, store, {"type": "ad-hoc"}).code == 0
            assert len(store.profiles()[f"AdHoc_{APP}.mobileprovision"].devices) == 301


class TestALargeTeam:
    def test_of_450_profiles_costs_no_more_requests(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            record = at_apple(sandbox, a_key(1))
            for number in range(450):
                about = {"name": f"match AppStore com.other.app{number}", "profileType": "IOS_APP_STORE"}
                sandbox.world.add("profiles", about, {"bundleId": "BUNDLE0001", "certificates": [record.id]})
            done = step(tmp_path, sandbox, store)
            assert done.code == 0, done.stdout
            assert len(sandbox.requests) == 7
            asked = len(sandbox.requests)
            assert step(tmp_path, sandbox, store).outputs["changed"] == "false"
            assert len(sandbox.requests) - asked == 2

    def test_of_many_bundle_ids_costs_no_more_in_sync(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        many = [f"com.example.app{number:02d}" for number in range(20)]
        with apple(team(bundle_ids=many)) as sandbox:
            done = step(tmp_path, sandbox, store, {"bundle-ids": "\n".join(many)})
            assert done.code == 0, done.stdout
            assert len(sandbox.requests) == 6 + len(many)
            asked = len(sandbox.requests)
            assert step(tmp_path, sandbox, store, {"bundle-ids": "\n".join(many)}).code == 0
            assert len(sandbox.requests) - asked == 2
        assert len(store.profiles()) == len(many)

    def test_of_150_bundle_ids_fits_into_one_address(self) -> None:
        names = [f"match AppStore com.example.app{number:03d}.widget" for number in range(150)]
        assert list(chunks(names)) == [names]
        assert len(quote(",".join(names), safe=",")) < 7500
        many = [f"{name}.{part}" for name in names for part in "abc"]
        assert [each for group in chunks(many) for each in group] == many
        assert all(len(quote(",".join(group), safe=",")) < 7500 for group in chunks(many))

    def test_of_more_bundle_ids_than_fit_into_an_address_is_asked_for_side_by_side(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lists, "LONGEST", 200)
        many = [f"com.example.app{number:02d}" for number in range(12)]
        with apple(team(bundle_ids=many), latency=0.2) as sandbox:
            done = step(
                tmp_path, sandbox, folder_store(tmp_path), {"bundle-ids": "\n".join(many), "mode": "plan"}
            )
            assert done.code == 0, done.stdout
            for path in ("/v1/profiles", "/v1/bundleIds"):
                asked = [each for each in sandbox.requests if each.path == path]
                assert len(asked) in (2, 3, 4)
                assert max(each.t for each in asked) < min(each.t + each.ms / 1000 for each in asked)

    def test_does_not_open_every_profile_to_find_a_certificate(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A profile takes 3 ms to open. Twice is enough: to judge it, and to see that the new one differs."""
        store, opened = folder_store(tmp_path), list[bytes]()
        monkeypatch.setattr(encryption, "open_v2", lambda *given: opened.append(given[0]) or open_v2(*given))
        many = [f"com.example.app{number:02d}" for number in range(20)]
        wanted = {"bundle-ids": "\n".join(many), "if-revoked": "replace"}
        with apple(team(bundle_ids=many)) as sandbox:
            assert step(tmp_path, sandbox, store, wanted).code == 0
            sandbox.world.remove(sandbox.world.all("certificates")[0])
            opened.clear()
            assert step(tmp_path, sandbox, store, wanted).code == 0
        assert len(opened) < 3 * len(many)


class TestBundleIds:
    def test_that_the_team_lacks_are_reported_before_anything_is_made(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple(team(bundle_ids=[APP, "com.example.appendix"])) as sandbox:
            wanted = {"bundle-ids": f"{APP}\n{WIDGET}\ncom.example.append"}
            done = step(tmp_path, sandbox, store, wanted)
            assert done.code == 1
            assert f"{WIDGET}, com.example.append" in done.error
            assert "register-bundle-ids: true" in done.error
            assert calls(sandbox, *WRITES) == []
        assert store.files() == {}

    def test_are_registered_with_capabilities(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        inputs = {"register-bundle-ids": "true", "capabilities": "PUSH_NOTIFICATIONS, APP_GROUPS", **BOTH}
        with apple(team(bundle_ids=[APP])) as sandbox:
            done = step(tmp_path, sandbox, store, inputs)
            assert done.code == 0, done.stdout
            made = {each.attributes["identifier"]: each for each in sandbox.world.all("bundleIds")}
            assert set(made) == {APP, WIDGET}
            assert capabilities(sandbox, made[WIDGET]) >= {"PUSH_NOTIFICATIONS", "APP_GROUPS"}
            assert calls(sandbox, "POST").count("POST /v1/bundleIds") == 1
        assert len(store.profiles()) == 2
        warnings = [line for line in done.stdout.splitlines() if "::warning" in line and "app group" in line]
        assert len(warnings) == 2, "a key cannot associate a group, so each new profile is warned of"

    def test_take_capabilities_by_fastlanes_names_and_with_settings(self, tmp_path: Path) -> None:
        inputs = {
            "register-bundle-ids": "true",
            "capabilities": "push_notification\ndata_protection: complete",
        }
        with apple(team(bundle_ids=[])) as sandbox:
            assert step(tmp_path, sandbox, folder_store(tmp_path), inputs).code == 0
            (made,) = sandbox.world.all("bundleIds")
            assert capabilities(sandbox, made) >= {"PUSH_NOTIFICATIONS", "DATA_PROTECTION"}

    @pytest.mark.parametrize(
        ("bundle_id", "names"), [("com.example.*", "PUSH_NOTIFICATIONS"), (APP, "push-notificatoins")]
    )
    def test_refuse_capabilities_that_cannot_be_before_anything_is_sent(
        self, tmp_path: Path, bundle_id: str, names: str
    ) -> None:
        inputs = {"bundle-ids": bundle_id, "register-bundle-ids": "true", "capabilities": names}
        with apple(team(bundle_ids=[])) as sandbox:
            done = step(tmp_path, sandbox, folder_store(tmp_path), inputs)
            assert (done.code, list(sandbox.requests)) == (2, [])

    @pytest.mark.parametrize("fault", ["lost", "status=503"])
    def test_capabilities_are_enabled_though_an_answer_is_lost(self, tmp_path: Path, fault: str) -> None:
        store = folder_store(tmp_path)
        wanted = {"register-bundle-ids": "true", "capabilities": "IN_APP_PURCHASE, PUSH_NOTIFICATIONS"}
        with apple(team(bundle_ids=[]), faults=[f"POST /v1/bundleIdCapabilities {fault} after=1"]) as sandbox:
            done = step(tmp_path, sandbox, store, wanted)
            assert done.code == 0, done.stdout
            kinds = [e.attributes["capabilityType"] for e in sandbox.world.all("bundleIdCapabilities")]
            assert sorted(kinds) == ["IN_APP_PURCHASE", "PUSH_NOTIFICATIONS"]

    def test_without_their_capabilities_fail_the_step_and_get_them_from_the_next(
        self, tmp_path: Path
    ) -> None:
        store = folder_store(tmp_path)
        faults = ["POST /v1/bundleIdCapabilities status=403"]
        wanted = {"register-bundle-ids": "true", "capabilities": "PUSH_NOTIFICATIONS"}
        with apple(team(bundle_ids=[]), faults=faults) as sandbox:
            done = step(tmp_path, sandbox, store, wanted)
            assert done.code == 1
            assert certificates(sandbox) == []
            assert step(tmp_path, sandbox, store, wanted).code == 0
            kinds = [e.attributes["capabilityType"] for e in sandbox.world.all("bundleIdCapabilities")]
            assert "PUSH_NOTIFICATIONS" in kinds

    def test_registered_by_a_killed_run_get_their_capabilities_from_the_next(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        wanted = {"register-bundle-ids": "true", "capabilities": "PUSH_NOTIFICATIONS, APP_GROUPS", **BOTH}
        with apple(team(bundle_ids=[]), faults=["POST /v1/bundleIdCapabilities hang after=1"]) as sandbox:
            killed = start(tmp_path, sandbox, store, wanted)
            wait_until(lambda: sandbox.faults_hit)
            killed.kill()
            killed.wait()
            planned = step(tmp_path, sandbox, store, {"mode": "plan", **wanted})
            assert f"Would enable APP_GROUPS for {APP}" in planned.stdout
            done = step(tmp_path, sandbox, store, wanted)
            assert done.code == 0, done.stdout
            for each in sandbox.world.all("bundleIds"):
                assert capabilities(sandbox, each) >= {"PUSH_NOTIFICATIONS", "APP_GROUPS"}
            asked = len(sandbox.requests)
            assert step(tmp_path, sandbox, store, wanted).outputs["changed"] == "false"
            assert len(sandbox.requests) - asked == 2

    def test_that_get_capabilities_get_all_of_their_profiles_anew(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple(team(devices=[device(PHONE)])) as sandbox:
            step(tmp_path, sandbox, store)
            before = uuids(store)
            more = {"type": "app-store, ad-hoc", "capabilities": "PUSH_NOTIFICATIONS"}
            done = step(tmp_path, sandbox, store, {**more, "register-bundle-ids": "true"})
            assert done.code == 0, done.stdout
            after = uuids(store)
            assert not set(before.values()) & set(after.values())
            assert set(profiles_at_apple(sandbox).values()) == set(after.values()), "and all are valid"
            again = step(tmp_path, sandbox, store, {**more, "register-bundle-ids": "true"})
            assert again.outputs["changed"] == "false"

    def test_stay_as_they_are_where_none_shall_be_registered(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            assert step(tmp_path, sandbox, store, {"capabilities": "PUSH_NOTIFICATIONS"}).code == 0
            assert "POST /v1/bundleIdCapabilities" not in calls(sandbox)

    def test_a_wildcard(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        phones = [device(PHONE)]
        with apple(team(bundle_ids=[], devices=phones)) as sandbox:
            inputs = {"bundle-ids": "com.example.*", "type": "development", "register-bundle-ids": "true"}
            done = step(tmp_path, sandbox, store, inputs)
            assert done.code == 0, done.stdout
            assert list(store.profiles()) == ["Development_com.example.*.mobileprovision"]
            again = step(tmp_path, sandbox, store, inputs)
            assert again.outputs["changed"] == "false"
        assert [each.certificate_type for each in store.identities()] == [DEVELOPMENT]
