"""What sync-signing renews: certificates and profiles that end, are revoked, or do not fit any more."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from asc_sandbox.server import Sandbox
from core.signing import (
    APP,
    BOTH,
    DEVELOPMENT,
    WIDGET,
    WRITES,
    a_key,
    apple,
    assert_one_certificate_with_its_key,
    at_apple,
    calls,
    certificate_of,
    certificates,
    folder_store,
    git_store,
    identity_of,
    profile_file,
    profiles_at_apple,
    refuse_pushes,
    step,
    stored_profile,
    uuids,
)

THEIRS = "0a0b0c0d-1111-4222-8333-555555555555"


def writes(sandbox: Sandbox) -> list[str]:
    return [each.rpartition("/v1/")[0] + each.rpartition("/v1/")[2] for each in calls(sandbox, *WRITES)]


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
            assert identity.certificate_id in done.error
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
            assert "invalid" in done.summary
            assert len(sandbox.world.all("profiles")) == 2

    def test_that_was_deleted_at_apple_is_made_again(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            assert step(tmp_path, sandbox, store).code == 0
            sandbox.world.remove(sandbox.world.all("profiles")[0])
            done = step(tmp_path, sandbox, store)
            assert (done.code, "not list" in done.summary) == (0, True)
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
