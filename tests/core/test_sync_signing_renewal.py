"""sync-signing: what is over or does not fit any more is replaced, and nothing else."""

from __future__ import annotations

import base64
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
    Store,
    a_key,
    apple,
    assert_one_certificate_with_its_key,
    at_apple,
    calls,
    certificate_of,
    certificates,
    device,
    folder_store,
    git_store,
    identity_of,
    profile_file,
    profiles_at_apple,
    refuse_pushes,
    start,
    step,
    stored_profile,
    team,
)
from support.waiting import wait_until

THEIRS = "0a0b0c0d-1111-4222-8333-555555555555"
TYPES = {"type": "app-store, ad-hoc, development"}


def uuids(store: Store) -> dict[str, str]:
    return {name: profile.uuid for name, profile in store.profiles().items()}


def writes(sandbox: Sandbox) -> list[str]:
    return [each.rpartition("/v1/")[0] + each.rpartition("/v1/")[2] for each in calls(sandbox, *WRITES)]


def capabilities(sandbox: Sandbox, bundle_id: Any) -> set[str]:
    found = sandbox.world.related(bundle_id, "bundleIdCapabilities")
    return {each.attributes["capabilityType"] for each in found}


def profile_at_apple(sandbox: Sandbox, record: Any, content: bytes, name: str, uuid: str) -> None:
    """A profile of the app that Apple has, too."""
    sandbox.world.add(
        "profiles",
        {
            "name": name,
            "uuid": uuid,
            "profileType": "IOS_APP_STORE",
            "profileState": "ACTIVE",
            "profileContent": base64.b64encode(content).decode(),
        },
        {"bundleId": "BUNDLE0000", "certificates": [record.id]},
    )


class TestACertificate:
    def test_that_was_revoked_is_named_with_what_to_do(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            assert step(tmp_path, sandbox, store).code == 0
            before = store.files()
            sandbox.world.remove(sandbox.world.all("certificates")[0])
            asked = calls(sandbox, *WRITES)
            done = step(tmp_path, sandbox, store)
            assert done.code == 1
            (identity,) = store.identities()
            assert f"Apple does not list: {identity.certificate_id}" in done.error
            assert "if-revoked: replace" in done.error
            assert (store.files(), calls(sandbox, *WRITES)) == (before, asked)

    def test_that_was_revoked_is_replaced_where_that_is_wanted(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            first = step(tmp_path, sandbox, store)
            old = uuids(store)
            sandbox.world.remove(sandbox.world.all("certificates")[0])
            for profile in sandbox.world.all("profiles"):
                sandbox.world.change(profile, profileState="INVALID")
            done = step(tmp_path, sandbox, store, {"if-revoked": "replace"})
            assert done.code == 0, done.stdout
            assert done.outputs["certificate-id"] != first.outputs["certificate-id"]
            assert certificates(sandbox) == [done.outputs["certificate-id"]]
            assert uuids(store).keys() == old.keys() and uuids(store) != old
            read = step(tmp_path, None, store, {"mode": "read-only"})
            assert read.outputs["certificate-id"] == done.outputs["certificate-id"]
            again = step(tmp_path, sandbox, store, {"if-revoked": "fail"})
            assert (again.code, again.outputs["changed"]) == (0, "false")

    @pytest.mark.parametrize("days", [-1, 3], ids=["over", "about to end"])
    def test_that_is_over_or_about_to_end_is_replaced_with_its_profiles(
        self, tmp_path: Path, days: int
    ) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            record = at_apple(sandbox, a_key(), days=days)
            identity = identity_of(record, a_key())
            profile = stored_profile(identity.certificate, days=days)
            store.put(identity, profile)
            profile_at_apple(sandbox, record, profile.content, profile.profile.name, profile.profile.uuid)
            done = step(tmp_path, sandbox, store)
            assert done.code == 0, done.stdout
            assert done.outputs["certificate-id"] != record.id
            assert (
                f"expire{'d' if days < 0 else 's'} on {identity.certificate.not_after:%Y-%m-%d}"
                in done.summary
            )
            assert profile.profile.uuid not in uuids(store).values()
            assert profiles_at_apple(sandbox) == {
                f"match AppStore {APP}": uuids(store)[f"AppStore_{APP}.mobileprovision"]
            }
            again = step(tmp_path, sandbox, store)
            assert again.outputs["changed"] == "false"
            assert again.outputs["certificate-id"] == done.outputs["certificate-id"]

    @pytest.mark.parametrize("days", [-1, 3], ids=["over", "due"])
    def test_goes_from_the_store_once_it_is_replaced_for_match_takes_the_last_by_name(
        self, tmp_path: Path, days: int
    ) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            record = at_apple(sandbox, a_key(), days=days, identifier="ZZZZZZZZZZ")
            development = at_apple(sandbox, a_key(1), "DEVELOPMENT", days=days, identifier="YYYYYYYYYY")
            store.put(identity_of(record, a_key()), identity_of(development, a_key(1), DEVELOPMENT))
            done = step(tmp_path, sandbox, store)
            assert done.code == 0, done.stdout
            there = {each.certificate_id for each in store.identities()}
            assert there == {done.outputs["certificate-id"], "YYYYYYYYYY"}  # of the wanted type alone
            assert "ZZZZZZZZZZ" in certificates(sandbox), "nothing is revoked"

    def test_that_is_due_stays_while_a_profile_of_another_app_names_it(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            record = at_apple(sandbox, a_key(), days=3, identifier="ZZZZZZZZZZ")
            identity = identity_of(record, a_key())
            store.put(identity, stored_profile(identity.certificate, bundle_id=WIDGET, days=3))
            done = step(tmp_path, sandbox, store)
            assert done.code == 0, done.stdout
            assert len(store.identities()) == 2
            assert (
                f'certificate_id("{done.outputs["certificate-id"]}")' in done.stdout and WIDGET in done.stdout
            )
            both = step(tmp_path, sandbox, store, BOTH)
            assert both.code == 0, both.stdout
            step(tmp_path, sandbox, store, BOTH)
            assert [each.certificate_id for each in store.identities()] == [done.outputs["certificate-id"]]

    def test_that_is_due_and_stays_is_told_once_though_a_push_was_refused(self, tmp_path: Path) -> None:
        store = git_store(tmp_path)
        with apple() as sandbox:
            distribution = at_apple(sandbox, a_key(), days=3, identifier="ZZZZZZZZZZ")
            other = at_apple(sandbox, a_key(1), days=3, identifier="YYYYYYYYYY")
            kept = identity_of(distribution, a_key())
            store.put(kept, identity_of(other, a_key(1)))
            store.put(stored_profile(kept.certificate, bundle_id=WIDGET, days=3))
            refuse_pushes(store, after=3)
            hook = store.path / "hooks" / "pre-receive"
            hook.write_text(hook.read_text().replace("-lt 3", "-ne 3"))  # the removal of the other pair, once
            done = step(tmp_path, sandbox, store)
            assert done.code == 0, done.stdout
        assert "trying again" in done.stdout
        assert done.stdout.count("certificate_id(") == 1

    def test_that_was_renewed_in_time_goes_from_the_store_by_the_run_that_finds_it_over(
        self, tmp_path: Path
    ) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            assert step(tmp_path, sandbox, store).code == 0
            (new,) = store.identities()
            record = at_apple(sandbox, a_key(), days=-1, identifier="ZZZZZZZZZZ")
            store.put(identity_of(record, a_key()))
            plan = step(tmp_path, sandbox, store, {"mode": "plan"})
            assert "remove ZZZZZZZZZZ from the storage: this certificate has expired" in plan.stdout
            assert len(store.identities()) == 2
            done = step(tmp_path, sandbox, store)
            assert (done.code, done.outputs["changed"]) == (0, "true"), done.stdout
            assert [each.certificate_id for each in store.identities()] == [new.certificate_id]
            assert set(certificates(sandbox)) == {"ZZZZZZZZZZ", new.certificate_id}  # Apple keeps its list
            assert step(tmp_path, sandbox, store).outputs["changed"] == "false"

    def test_ends_later_than_renew_before_and_stays(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            record = at_apple(sandbox, a_key(), days=20)
            identity = identity_of(record, a_key())
            profile = stored_profile(identity.certificate, days=20)
            store.put(identity, profile)
            profile_at_apple(sandbox, record, profile.content, profile.profile.name, profile.profile.uuid)
            assert step(tmp_path, sandbox, store).outputs["changed"] == "false"
            renewed = step(tmp_path, sandbox, store, {"renew-before": "30d"})
            assert renewed.code == 0, renewed.stdout
            assert renewed.outputs["certificate-id"] != record.id

    def test_of_a_key_that_was_imported_under_another_name_is_used(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            record = at_apple(sandbox, a_key())
            identity = identity_of(record, a_key())
            store.put(type(identity)(**{**vars(identity), "certificate_id": "from-the-old-mac"}))
            done = step(tmp_path, sandbox, store)
            assert done.code == 0, done.stdout
            assert writes(sandbox) == ["POST profiles"]
            # match (not readonly) asks Apple for the certificate by the name of its file.
            assert [each.certificate_id for each in store.identities()] == [record.id]
            assert done.outputs["certificate-id"] == record.id
            assert step(tmp_path, sandbox, store).outputs["changed"] == "false"


class TestAProfile:
    @pytest.mark.parametrize("days", [-1, 3], ids=["over", "about to end"])
    def test_that_is_over_or_about_to_end_is_replaced_alone(self, tmp_path: Path, days: int) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            record = at_apple(sandbox, a_key())
            identity = identity_of(record, a_key())
            old = stored_profile(identity.certificate, days=days)
            store.put(identity, old)
            profile_at_apple(sandbox, record, old.content, old.profile.name, old.profile.uuid)
            done = step(tmp_path, sandbox, store)
            assert done.code == 0, done.stdout
            assert certificates(sandbox) == [record.id]
            assert uuids(store)[f"AppStore_{APP}.mobileprovision"] != old.profile.uuid
            assert len(sandbox.world.all("profiles")) == 1

    def test_that_apple_calls_invalid_is_replaced_and_others_stay(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            assert step(tmp_path, sandbox, store, BOTH).code == 0
            before = uuids(store)
            (invalid,) = [e for e in sandbox.world.all("profiles") if e.attributes["name"].endswith("widget")]
            sandbox.world.change(invalid, profileState="INVALID")
            done = step(tmp_path, sandbox, store, BOTH)
            assert done.code == 0, done.stdout
            after = uuids(store)
            assert {name for name in after if after[name] != before[name]} == {
                f"AppStore_{WIDGET}.mobileprovision"
            }
            assert "Apple calls it invalid" in done.summary
            assert len(sandbox.world.all("profiles")) == 2

    def test_that_was_deleted_at_apple_is_made_again(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            assert step(tmp_path, sandbox, store).code == 0
            sandbox.world.remove(sandbox.world.all("profiles")[0])
            done = step(tmp_path, sandbox, store)
            assert (done.code, "Apple does not list it" in done.summary) == (0, True)
            assert set(uuids(store).values()) == set(profiles_at_apple(sandbox).values())

    def test_is_made_anew_by_force(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            assert step(tmp_path, sandbox, store).code == 0
            before = uuids(store)
            assert step(tmp_path, sandbox, store, {"force": "true"}).code == 0
            assert uuids(store) != before
            assert set(uuids(store).values()) == set(profiles_at_apple(sandbox).values())
            assert_one_certificate_with_its_key(sandbox, store)

    def test_at_apple_but_not_in_the_store_is_taken_over_with_its_uuid(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            record = at_apple(sandbox, a_key())
            identity = identity_of(record, a_key())
            uuid, name = "0a0b0c0d-1111-4222-8333-444444444444", f"match AppStore {APP}"
            store.put(identity)
            profile_at_apple(sandbox, record, profile_file(identity.certificate, uuid=uuid), name, uuid)
            done = step(tmp_path, sandbox, store)
            assert done.code == 0, done.stdout
            assert calls(sandbox, *WRITES) == []
        assert uuids(store) == {f"AppStore_{APP}.mobileprovision": uuid}

    def test_whose_name_another_one_has_gets_a_number(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            record = at_apple(sandbox, a_key(1), "DEVELOPMENT")
            sandbox.world.add(
                "profiles",
                {
                    "name": f"match AppStore {APP}",
                    "profileType": "IOS_APP_DEVELOPMENT",
                    "profileState": "ACTIVE",
                },
                {"bundleId": "BUNDLE0000", "certificates": [record.id]},
            )
            done = step(tmp_path, sandbox, store)
            assert done.code == 0, done.stdout
            assert sorted(profiles_at_apple(sandbox)) == [f"match AppStore {APP}", f"match AppStore {APP} 2"]
            assert done.outputs["profile-mapping"] == f'{{"{APP}": "match AppStore {APP} 2"}}'
            before = uuids(store)
            again = step(tmp_path, sandbox, store)
            assert (again.code, again.outputs["changed"], uuids(store)) == (0, "false", before)

    def test_of_another_store_is_left_alone(self, tmp_path: Path) -> None:
        store, name = folder_store(tmp_path), f"match AppStore {APP}"
        with apple() as sandbox:
            theirs = at_apple(sandbox, a_key(1))
            content = profile_file(certificate_of(theirs), uuid=THEIRS)
            profile_at_apple(sandbox, theirs, content, name, THEIRS)
            planned = step(tmp_path, sandbox, store, {"mode": "plan"})
            assert f"leave the profile {name} ({THEIRS}) as it is" in planned.stdout
            done = step(tmp_path, sandbox, store)
            assert done.code == 0, done.stdout
            assert profiles_at_apple(sandbox)[name] == THEIRS
            before = uuids(store)
            again = step(tmp_path, sandbox, store)
            assert (again.outputs["changed"], uuids(store)) == ("false", before)
            assert step(tmp_path, sandbox, store, {"force": "true"}).code == 0
            after = profiles_at_apple(sandbox)
            assert (len(after), after[name]) == (2, THEIRS), "its own is replaced, the other stays"
            assert set(uuids(store).values()) == set(after.values()) - {THEIRS}

    def test_of_another_store_that_took_the_name_meanwhile_is_left_alone(self, tmp_path: Path) -> None:
        store, name = folder_store(tmp_path), f"match AppStore {APP}"
        with apple() as sandbox:
            theirs = at_apple(sandbox, a_key(1))
            for each, uuid in ((name, THEIRS), (f"{name} 2", THEIRS.replace("0a", "1a"))):
                content = profile_file(certificate_of(theirs), uuid=uuid)
                profile_at_apple(sandbox, theirs, content, each, uuid)
            done = step(tmp_path, sandbox, store)
            assert done.code == 0, done.stdout
            after = profiles_at_apple(sandbox)
            assert len(after) == 3 and after[name] == THEIRS

    @pytest.mark.parametrize("why", ["Apple calls it invalid", "Apple lists none of its certificates"])
    def test_that_serves_nobody_any_more_goes_for_its_name(self, tmp_path: Path, why: str) -> None:
        store, name = folder_store(tmp_path), f"match AppStore {APP}"
        with apple() as sandbox:
            theirs = at_apple(sandbox, a_key(1))
            content = profile_file(certificate_of(theirs), uuid=THEIRS)
            profile_at_apple(sandbox, theirs, content, name, THEIRS)
            if "invalid" in why:
                sandbox.world.change(sandbox.world.all("profiles")[0], profileState="INVALID")
            else:
                sandbox.world.remove(theirs)
            planned = step(tmp_path, sandbox, store, {"mode": "plan"})
            assert f"delete the profile {name} ({THEIRS}): {why}" in planned.stdout
            assert step(tmp_path, sandbox, store).code == 0
            assert list(profiles_at_apple(sandbox)) == [name]
            assert profiles_at_apple(sandbox)[name] != THEIRS


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
            assert "it lacks 1 of the team's devices" in done.summary
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
        assert "needs devices, but the team has none that are enabled" in done.error

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
            assert len(sandbox.requests) == 5
            asked = len(sandbox.requests)
            assert step(tmp_path, sandbox, store).outputs["changed"] == "false"
            assert len(sandbox.requests) - asked == 2

    def test_of_many_bundle_ids_costs_no_more_in_sync(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        many = [f"com.example.app{number:02d}" for number in range(20)]
        with apple(team(bundle_ids=many)) as sandbox:
            done = step(tmp_path, sandbox, store, {"bundle-ids": "\n".join(many)})
            assert done.code == 0, done.stdout
            assert len(sandbox.requests) == 4 + len(many)
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
            assert f"The team has no bundle id {WIDGET}, com.example.append." in done.error
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
