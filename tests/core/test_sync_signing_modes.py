"""The modes of sync-signing: plan, revoke, change-passphrase, migrate."""

from __future__ import annotations

from pathlib import Path

import pytest

from asc.identity.keys import key_pem
from core.signing import (
    APP,
    BOTH,
    PAD,
    PASSPHRASE,
    PHONE,
    READ_ONLY,
    WIDGET,
    WRITES,
    a_key,
    apple,
    assert_one_certificate_with_its_key,
    at_apple,
    calls,
    certificates,
    device,
    folder_store,
    git_store,
    identity_of,
    profiles_at_apple,
    refuse_pushes,
    step,
    take_pushes_again,
    team,
)

NEW = "the new passphrase"


class TestPlan:
    def test_says_what_sync_would_do_and_does_nothing(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        inputs = {
            "mode": "plan",
            "type": "app-store, development",
            "devices": f"A pad: {PAD}",
            "register-bundle-ids": "true",
            **BOTH,
        }
        with apple(team(bundle_ids=[APP], devices=[device(PHONE)])) as sandbox:
            done = step(tmp_path, sandbox, store, inputs)
            assert done.code == 0, done.stdout
            assert calls(sandbox, *WRITES) == []
            for line in (
                "register the device A pad",
                f"register the bundle id {WIDGET}",
                "create a distribution certificate: the storage has none",
                "create a development certificate: the storage has none",
                f"create the app-store profile for {APP}: its certificate is new",
                f"create the development profile for {WIDGET}: its certificate is new",
            ):
                assert f"Would {line}" in done.stdout
                assert line in done.summary
            assert done.outputs["changed"] == "false"
        assert store.files() == {}
        assert not (tmp_path / "signing").exists()

    def test_says_so_when_nothing_is_to_be_done(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            step(tmp_path, sandbox, store)
            writes = calls(sandbox, *WRITES)
            done = step(tmp_path, sandbox, store, {"mode": "plan"})
            assert (done.code, calls(sandbox, *WRITES)) == (0, writes)


class TestRevoke:
    def test_lists_and_revokes_nothing_without_confirm(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            made = step(tmp_path, sandbox, store, BOTH)
            writes, before = calls(sandbox, *WRITES), store.files()
            for confirm in (None, "yes", "1 certificate, 1 profile"):
                done = step(tmp_path, sandbox, store, {"mode": "revoke", "confirm": confirm})
                assert done.code == 1
                assert "give confirm: 1 certificate, 2 profiles" in done.error
                assert made.outputs["certificate-id"] in done.stdout
                assert f"delete the profile match AppStore {WIDGET}" in done.stdout
            assert (calls(sandbox, *WRITES), store.files()) == (writes, before)

    def test_takes_away_what_was_confirmed_at_apple_and_in_the_store(self, tmp_path: Path) -> None:
        store = git_store(tmp_path)
        with apple() as sandbox:
            step(tmp_path, sandbox, store, BOTH)
            inputs = {"mode": "revoke", "confirm": "1 certificate, 2 profiles"}
            done = step(tmp_path, sandbox, store, inputs)
            assert (done.code, done.outputs["changed"]) == (0, "true"), done.stdout
            assert certificates(sandbox) == []
            assert profiles_at_apple(sandbox) == {}
            assert sorted(store.files()) == ["README.md", "match_version.txt"]
            again = step(tmp_path, sandbox, store, inputs)
            assert (again.code, again.outputs["changed"]) == (0, "false")
            assert "There is nothing to revoke" in again.stdout

    def test_leaves_other_types_alone(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple(team(devices=[device(PHONE)])) as sandbox:
            step(tmp_path, sandbox, store, {"type": "app-store, development"})
            inputs = {"mode": "revoke", "type": "development", "confirm": "1 certificate, 1 profile"}
            assert step(tmp_path, sandbox, store, inputs).code == 0
            assert_one_certificate_with_its_key(sandbox, store)
            assert list(store.profiles()) == [f"AppStore_{APP}.mobileprovision"]

    def test_of_single_certificates_takes_their_profiles_along_and_no_others(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            other = at_apple(sandbox, a_key(1))
            made = step(tmp_path, sandbox, store)
            about = {"name": "Of the other one", "profileType": "IOS_APP_STORE", "profileState": "ACTIVE"}
            sandbox.world.add("profiles", about, {"bundleId": "BUNDLE0001", "certificates": [other.id]})
            inputs = {"mode": "revoke", "certificate-ids": other.id, "confirm": "1 certificate, 1 profile"}
            done = step(tmp_path, sandbox, store, inputs)
            assert done.code == 0, done.stdout
            assert certificates(sandbox) == [made.outputs["certificate-id"]]
            assert list(profiles_at_apple(sandbox)) == [f"match AppStore {APP}"]
            assert len(store.identities()) == len(store.profiles()) == 1

    @pytest.mark.parametrize("by_id", [True, False], ids=["of one certificate", "of the type"])
    def test_says_that_profiles_of_other_types_go_with_their_certificate(
        self, tmp_path: Path, by_id: bool
    ) -> None:
        store = folder_store(tmp_path)
        both = {"type": "app-store, ad-hoc, development", "platform": "ios, tvos"}
        devices = [device(PHONE), {**device("2" * 40, "A TV", deviceClass="APPLE_TV"), "id": "TV"}]
        with apple(team(devices=devices)) as sandbox:
            made = step(tmp_path, sandbox, store, both)
            assert made.code == 0, made.stdout
            ids = made.outputs["certificate-id"] if by_id else None
            inputs = {"mode": "revoke", "type": "app-store", "certificate-ids": ids}
            listed = step(tmp_path, sandbox, store, inputs)
            assert "give confirm: 1 certificate, 4 profiles" in listed.error
            for name in (f"match AdHoc {APP}", f"match AdHoc {APP} tvos", f"match AppStore {APP} tvos"):
                assert f"delete the profile {name} (" in listed.stdout
            done = step(tmp_path, sandbox, store, {**inputs, "confirm": "1 certificate, 4 profiles"})
            assert done.code == 0, done.stdout
            assert set(profiles_at_apple(sandbox)) == {
                f"match Development {APP}",
                f"match Development {APP} tvos",
            }
            assert set(store.profiles()) == {
                f"Development_{APP}.mobileprovision",
                f"Development_{APP}_tvos.mobileprovision",
            }

    def test_sees_a_certificate_among_more_than_a_list_shows(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple(team(devices=[device(PHONE)])) as sandbox:
            records = [at_apple(sandbox, a_key(), "DEVELOPMENT") for _ in range(52)]
            about = {"name": "Of all", "profileType": "IOS_APP_DEVELOPMENT", "profileState": "ACTIVE"}
            ids = [each.id for each in records]
            sandbox.world.add("profiles", about, {"bundleId": "BUNDLE0001", "certificates": ids})
            inputs = {"mode": "revoke", "type": "development", "certificate-ids": ids[-1]}
            done = step(tmp_path, sandbox, store, inputs)
            assert "give confirm: 1 certificate, 1 profile" in done.error

    def test_of_an_unknown_certificate_names_those_that_there_are(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            made = step(tmp_path, sandbox, store)
            done = step(tmp_path, sandbox, store, {"mode": "revoke", "certificate-ids": "ABCDE12345"})
            assert done.code == 1
        assert "ABCDE12345" in done.error and made.outputs["certificate-id"] in done.error

    def test_revokes_nothing_where_the_store_cannot_be_changed(self, tmp_path: Path) -> None:
        store = git_store(tmp_path)
        with apple() as sandbox:
            step(tmp_path, sandbox, store)
            writes = calls(sandbox, *WRITES)
            store.path.rename(tmp_path / "away.git")
            inputs = {"mode": "revoke", "confirm": "1 certificate, 1 profile"}
            assert step(tmp_path, sandbox, store, inputs).code != 0
            assert calls(sandbox, *WRITES) == writes

    @pytest.mark.parametrize("of", ["certificates", "profiles"])
    def test_is_not_fooled_by_a_404_for_what_is_there(self, tmp_path: Path, of: str) -> None:
        store = folder_store(tmp_path)
        inputs = {"mode": "revoke", "confirm": "1 certificate, 1 profile"}
        with apple(faults=[f"DELETE /v1/{of}/* status=404"]) as sandbox:
            step(tmp_path, sandbox, store)
            done = step(tmp_path, sandbox, store, inputs)
            assert done.code == 0, done.stdout
            assert (certificates(sandbox), profiles_at_apple(sandbox)) == ([], {})

    def test_of_what_is_answered_404_for_ever_keeps_its_key(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        inputs = {"mode": "revoke", "confirm": "1 certificate, 1 profile"}
        with apple(faults=["DELETE /v1/certificates/* status=404 times=always"]) as sandbox:
            step(tmp_path, sandbox, store)
            done = step(tmp_path, sandbox, store, inputs)
            assert done.code == 3
            assert "still exists" in done.error
            assert_one_certificate_with_its_key(sandbox, store)

    def test_that_apple_refuses_in_part_takes_the_rest_out_of_the_store(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        inputs = {"mode": "revoke", "confirm": "1 certificate, 2 profiles"}
        with apple(faults=["DELETE /v1/profiles/* status=409"]) as sandbox:
            step(tmp_path, sandbox, store, BOTH)
            done = step(tmp_path, sandbox, store, inputs)
            assert (done.code, "409" in done.error) == (1, True)
            (left,) = profiles_at_apple(sandbox)
            assert [f"AppStore_{left.split()[-1]}.mobileprovision"] == list(store.profiles())
            assert_one_certificate_with_its_key(sandbox, store)
            again = step(tmp_path, sandbox, store, {"mode": "revoke", "confirm": "1 certificate, 1 profile"})
            assert again.code == 0, again.stdout
            assert (certificates(sandbox), profiles_at_apple(sandbox)) == ([], {})
            assert store.profiles() == {}

    def test_finishes_when_the_store_refused_the_first_time(self, tmp_path: Path) -> None:
        store = git_store(tmp_path)
        with apple() as sandbox:
            step(tmp_path, sandbox, store)
            refuse_pushes(store, after=0)
            inputs = {"mode": "revoke", "confirm": "1 certificate, 1 profile"}
            assert step(tmp_path, sandbox, store, inputs).code != 0
            assert certificates(sandbox) == []
            take_pushes_again(store)
            done = step(tmp_path, sandbox, store, {"if-revoked": "replace"})
            assert done.code == 0, done.stdout
            assert len(certificates(sandbox)) == 1


class TestChangePassphrase:
    @pytest.mark.parametrize("git", [True, False], ids=["git", "folder"])
    def test_everything_opens_with_the_new_one_and_nothing_with_the_old(
        self, tmp_path: Path, git: bool
    ) -> None:
        store = git_store(tmp_path) if git else folder_store(tmp_path)
        with apple() as sandbox:
            step(tmp_path, sandbox, store, BOTH)
            asked = len(sandbox.requests)
            before = store.opened()
            inputs = {"mode": "change-passphrase", "new-passphrase": NEW}
            done = step(tmp_path, None, store, inputs)
            assert (done.code, done.outputs["changed"]) == (0, "true"), done.stdout
            assert store.opened(NEW) == before
            assert len(sandbox.requests) == asked
            assert step(tmp_path, None, store, {"mode": "read-only"}).code == 1
            assert step(tmp_path, None, store, {"mode": "read-only", "passphrase": NEW}).code == 0

    def test_again_finds_it_done_and_changes_nothing(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            step(tmp_path, sandbox, store)
        inputs = {"mode": "change-passphrase", "new-passphrase": NEW}
        assert step(tmp_path, None, store, inputs).outputs["changed"] == "true"
        before = store.files()
        again = step(tmp_path, None, store, inputs)
        assert (again.code, again.outputs["changed"]) == (0, "false"), again.stdout
        assert store.files() == before

    def test_files_that_another_job_stored_under_the_old_one_meanwhile_follow(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            step(tmp_path, sandbox, store, BOTH)
        before, opened = store.files(), store.opened()
        inputs = {"mode": "change-passphrase", "new-passphrase": NEW}
        step(tmp_path, None, store, inputs)
        changed = store.files()
        late = f"profiles/appstore/AppStore_{WIDGET}.mobileprovision"
        store.write({late: before[late]})
        again = step(tmp_path, None, store, inputs)
        assert (again.code, again.outputs["changed"]) == (0, "true"), again.stdout
        assert store.opened(NEW) == opened
        assert {path for path, data in store.files().items() if data != changed[path]} == {late}

    @pytest.mark.parametrize("passphrase", ["a third one", f"{NEW}\n"], ids=["neither", "trimmed"])
    def test_a_store_that_neither_opens_as_given_is_an_error(self, tmp_path: Path, passphrase: str) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            step(tmp_path, sandbox, store, {"passphrase": NEW})
        before = store.files()
        done = step(tmp_path, None, store, {"mode": "change-passphrase", "new-passphrase": passphrase})
        assert done.code == 1
        assert store.files() == before

    def test_the_passphrases_are_taken_with_the_blanks_around_them(self, tmp_path: Path) -> None:
        store, old, new = folder_store(tmp_path), f"{NEW}\n", f" {NEW}\r\n"
        with apple() as sandbox:
            assert step(tmp_path, sandbox, store, {"passphrase": old}).code == 0
        before = store.opened(old)
        inputs = {"mode": "change-passphrase", "passphrase": old, "new-passphrase": new}
        assert step(tmp_path, None, store, inputs).code == 0
        assert store.opened(new) == before
        assert step(tmp_path, None, store, {**READ_ONLY, "passphrase": NEW}).code == 1

    def test_a_store_under_the_trimmed_passphrase_is_read_with_a_warning(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            assert step(tmp_path, sandbox, store).code == 0
        done = step(tmp_path, None, store, {**READ_ONLY, "passphrase": f"{PASSPHRASE}\n"})
        assert done.code == 0, done.stdout
        assert "::warning" in done.stdout and "change-passphrase" in done.stdout

    @pytest.mark.parametrize("mode", ["read-only", "plan", "sync"])
    def test_the_warning_of_a_trimmed_passphrase_appears_once(self, tmp_path: Path, mode: str) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            assert step(tmp_path, sandbox, store).code == 0
            inputs = {"mode": mode, "passphrase": f"{PASSPHRASE}\n", **(BOTH if mode == "sync" else {})}
            done = step(tmp_path, sandbox, store, inputs)
        assert done.code == 0, done.stdout
        assert sum("::warning" in line for line in done.stdout.splitlines()) == 1

    def test_takes_a_key_put_aside_along(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path).put_aside(a_key())
        inputs = {"mode": "change-passphrase", "new-passphrase": NEW}
        assert step(tmp_path, None, store, inputs).code == 0
        (pending,) = store.pending()
        assert store.opened(NEW)[pending] == key_pem(a_key())

    def test_changes_nothing_where_a_file_would_be_lost(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            step(tmp_path, sandbox, store)
        path = next(path for path in store.files() if path.endswith(".cer"))
        store.write({path: store.files()[path][:-20]})
        before = store.files()
        done = step(tmp_path, None, store, {"mode": "change-passphrase", "new-passphrase": NEW})
        assert done.code == 1
        assert path in done.error
        assert store.files() == before

    def test_of_an_empty_place_is_refused(self, tmp_path: Path) -> None:
        inputs = {"mode": "change-passphrase", "new-passphrase": NEW}
        done = step(tmp_path, None, folder_store(tmp_path), inputs)
        assert done.code == 1
        assert "empty" in done.error

    def test_needs_the_new_one(self, tmp_path: Path) -> None:
        done = step(tmp_path, None, folder_store(tmp_path), {"mode": "change-passphrase"})
        assert done.code == 2
        assert "new-passphrase" in done.error


class TestMigrate:
    def test_copies_everything_from_a_folder_to_a_repository(self, tmp_path: Path) -> None:
        store, target = folder_store(tmp_path), git_store(tmp_path)
        with apple() as sandbox:
            step(tmp_path, sandbox, store, BOTH)
        before = store.files()
        inputs = {"mode": "migrate", "to-storage": target.location}
        done = step(tmp_path, None, store, inputs)
        assert (done.code, done.outputs["changed"]) == (0, "true"), done.stdout
        assert target.files() == store.files() == before
        assert step(tmp_path, None, target, {"mode": "read-only", **BOTH}).code == 0
        again = step(tmp_path, None, store, inputs)
        assert (again.code, again.outputs["changed"]) == (0, "false")

    def test_overwrites_nothing_that_differs(self, tmp_path: Path) -> None:
        store, target = folder_store(tmp_path), folder_store(tmp_path, "target")
        with apple() as sandbox:
            step(tmp_path, sandbox, store)
        path = f"profiles/appstore/AppStore_{APP}.mobileprovision"
        target.write({path: b"another"})
        done = step(tmp_path, None, store, {"mode": "migrate", "to-storage": target.location})
        assert done.code == 1
        assert str(path) in done.error
        assert target.files() == {path: b"another"}

    def test_encrypts_what_fastlane_left_without_encryption(self, tmp_path: Path) -> None:
        store, target = folder_store(tmp_path), git_store(tmp_path)
        with apple() as sandbox:
            identity = identity_of(at_apple(sandbox, a_key()), a_key())
        store.write(identity.files())
        inputs = {"mode": "migrate", "to-storage": target.location}
        done = step(tmp_path, None, store, {**inputs, "passphrase": None})
        assert done.code == 2 and "passphrase" in done.error
        assert target.files() == {}
        done = step(tmp_path, None, store, inputs)
        assert done.code == 0, done.stdout
        assert target.opened() == identity.files()
        assert not any(b"PRIVATE KEY" in content for content in target.files().values())
        again = step(tmp_path, None, store, inputs)
        assert (again.code, again.outputs["changed"]) == (0, "false")

    def test_of_an_empty_place_is_refused(self, tmp_path: Path) -> None:
        store, target = folder_store(tmp_path), folder_store(tmp_path, "target")
        done = step(tmp_path, None, store, {"mode": "migrate", "to-storage": target.location})
        assert done.code == 1
        assert "nothing to migrate" in done.error


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"type": "store"}, "store"),
        ({"platform": "android"}, "android"),
        ({"passphrase": None}, "passphrase"),
        ({"storage": None}, "storage"),
        ({"mode": "import"}, "key-file"),
        ({"mode": "migrate"}, "to-storage"),
        ({"devices": "A phone: xyz"}, "UDID"),
        ({"devices": "no-such-file.txt"}, "no-such-file.txt"),
        ({"bundle-ids": "../../etc"}, "bundle-ids"),
        ({"type": "ad-hoc", "platform": "macos"}, "ad-hoc"),
        ({"additional-certificates": "pass"}, "additional-certificates"),
        ({"storage": "ftp://example.com/certs"}, "storage"),
    ],
    ids=lambda each: "-".join(map(str, each.items())) if isinstance(each, dict) else "",
)
def test_wrong_inputs_are_told_before_anything_is_asked(
    tmp_path: Path, inputs: dict[str, str], words: str
) -> None:
    store = folder_store(tmp_path)
    with apple() as sandbox:
        done = step(tmp_path, sandbox, store, inputs)
        assert done.code == (1 if "ftp" in str(inputs) else 2), done.stdout
        assert words in done.error
        assert calls(sandbox) == []
    assert store.files() == {}
