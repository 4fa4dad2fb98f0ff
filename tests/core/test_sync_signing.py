"""sync-signing: a team that has nothing can sign after one step, and what will do stays as it is."""

from __future__ import annotations

import hashlib
import json
import plistlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import pkcs12

from asc.formats.mobileprovision import read_profile
from asc.identity.keys import same_key
from core.running import Done
from core.signing import (
    APP,
    BOTH,
    DEVELOPMENT,
    P12_PASSWORD,
    PASSPHRASE,
    READ_ONLY,
    WIDGET,
    WRITES,
    a_key,
    apple,
    assert_one_certificate_with_its_key,
    at_apple,
    calls,
    certificates,
    clean_up,
    folder_store,
    git_store,
    identity_of,
    profiles_at_apple,
    step,
    stored_profile,
    team,
)
from support.job_log import parse_file_command


def listing(folder: Path) -> dict[str, str]:
    """The files below a folder with what they hold."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def opened_p12(done: Done) -> pkcs12.PKCS12KeyAndCertificates:
    content = Path(done.outputs["p12-path"]).read_bytes()
    return pkcs12.load_pkcs12(content, done.outputs["p12-password"].encode())


class TestTheFirstSync:
    def test_makes_a_certificate_and_the_profiles_in_six_requests_and_one_for_each(
        self, tmp_path: Path
    ) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            done = step(tmp_path, sandbox, store, BOTH)
            assert done.code == 0, done.stdout
            assert sorted(calls(sandbox)) == [
                "GET /v1/bundleIds",
                # Before, and to see what Apple made of the requests.
                *("GET /v1/certificates", "GET /v1/certificates"),
                *("GET /v1/profiles", "GET /v1/profiles"),
                "POST /v1/certificates",
                "POST /v1/profiles",
                "POST /v1/profiles",
            ]
            identity = assert_one_certificate_with_its_key(sandbox, store)
            assert same_key(identity.certificate, identity.key)
            assert {path: each.uuid for path, each in store.profiles().items()} == {
                f"AppStore_{APP}.mobileprovision": profiles_at_apple(sandbox)[f"match AppStore {APP}"],
                f"AppStore_{WIDGET}.mobileprovision": profiles_at_apple(sandbox)[f"match AppStore {WIDGET}"],
            }
        assert sorted(store.files()) == [
            "README.md",
            f"certs/distribution/{identity.certificate_id}.cer",
            f"certs/distribution/{identity.certificate_id}.p12",
            "match_version.txt",
            f"profiles/appstore/AppStore_{APP}.mobileprovision",
            f"profiles/appstore/AppStore_{WIDGET}.mobileprovision",
        ]

    def test_names_what_later_steps_need(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            outputs = step(tmp_path, sandbox, store, BOTH).outputs
            uuids = profiles_at_apple(sandbox)
        (identity,) = store.identities()
        assert outputs["certificate-id"] == identity.certificate_id
        assert outputs["certificate-name"] == identity.certificate.common_name
        assert outputs["certificate-name"].startswith("Apple Distribution: ")
        assert outputs["certificate-sha1"] == hashlib.sha1(identity.certificate.der).hexdigest().upper()
        assert outputs["team-id"] in outputs["certificate-name"]
        assert (outputs["changed"], outputs["keychain-path"], outputs["unsaved-key-path"]) == ("true", "", "")
        assert json.loads(outputs["profile-mapping"]) == {
            each: f"match AppStore {each}" for each in (APP, WIDGET)
        }
        profiles = json.loads(outputs["profiles"])
        assert list(profiles) == [APP, WIDGET]
        for bundle_id, facts in profiles.items():
            profile = read_profile(Path(facts["path"]).read_bytes())
            assert (facts["name"], facts["uuid"]) == (profile.name, profile.uuid)
            assert facts["uuid"] == uuids[f"match AppStore {bundle_id}"]
            assert (facts["type"], facts["platform"], facts["bundle_id"]) == ("app-store", "ios", bundle_id)
            assert profile.expires and facts["expires"] == f"{profile.expires:%Y-%m-%dT%H:%M:%SZ}"

    def test_writes_files_for_this_user_alone(self, tmp_path: Path) -> None:
        store, folder = folder_store(tmp_path), tmp_path / "signing"
        with apple() as sandbox:
            done = step(tmp_path, sandbox, store, BOTH)
        assert folder.stat().st_mode & 0o777 == 0o700
        assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
        assert sorted(path.name for path in folder.iterdir()) == [
            f"AppStore_{APP}.mobileprovision",
            f"AppStore_{WIDGET}.mobileprovision",
            "ExportOptions.plist",
            f"distribution_{done.outputs['certificate-id']}.p12",
            "manifest.json",
        ]

    def test_makes_folders_for_this_user_alone_and_takes_them_away(self, tmp_path: Path) -> None:
        store, there = folder_store(tmp_path), tmp_path / "build"
        there.mkdir(mode=0o755)
        with apple() as sandbox:
            done = step(tmp_path, sandbox, store, {"output-directory": str(there / "a" / "b" / "signing")})
        assert done.code == 0, done.stdout
        made = [there / "a", there / "a" / "b", there / "a" / "b" / "signing"]
        assert {path.stat().st_mode & 0o777 for path in made} == {0o700}
        assert there.stat().st_mode & 0o777 == 0o755, "what is there stays as it is"
        assert clean_up(tmp_path).code == 0
        assert list(there.iterdir()) == []

    @pytest.mark.parametrize("password", [None, P12_PASSWORD])
    def test_the_p12_opens_with_the_password_and_holds_the_key(
        self, tmp_path: Path, password: str | None
    ) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            done = step(tmp_path, sandbox, store, {"p12-password": password})
        (identity,) = store.identities()
        assert password in (None, done.outputs["p12-password"])
        assert f"::add-mask::{done.outputs['p12-password']}" in done.stdout
        opened = opened_p12(done)
        assert opened.key and opened.cert
        assert opened.key.private_numbers() == identity.key.private_numbers()  # type: ignore[union-attr]
        assert opened.cert.certificate.fingerprint(SHA1()).hex().upper() == identity.certificate.sha1

    def test_describes_it_in_a_manifest_and_for_xcodebuild(self, tmp_path: Path) -> None:
        store, folder = folder_store(tmp_path), tmp_path / "signing"
        with apple() as sandbox:
            outputs = step(tmp_path, sandbox, store, BOTH).outputs
        manifest = json.loads((folder / "manifest.json").read_text())
        assert [each["p12"] for each in manifest["identities"]] == [outputs["p12-path"]]
        assert [each["id"] for each in manifest["identities"]] == [outputs["certificate-id"]]
        profiles = json.loads(outputs["profiles"])
        assert manifest["profiles"] == list(profiles.values())
        assert outputs["p12-password"] not in json.dumps(manifest)
        options = plistlib.loads(Path(outputs["export-options-plist"]).read_bytes())
        assert options["method"] == "app-store-connect"
        assert options["teamID"] == outputs["team-id"]
        assert options["signingCertificate"] == outputs["certificate-sha1"]
        assert options["provisioningProfiles"] == {each: profiles[each]["uuid"] for each in (APP, WIDGET)}

    def test_says_in_the_summary_what_is_valid_until_when_and_what_changed(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            done = step(tmp_path, sandbox, store)
        (identity,) = store.identities()
        assert f"{identity.certificate.not_after:%Y-%m-%d}" in done.summary
        assert "distribution certificate" in done.summary

    def test_without_bundle_ids_it_makes_a_certificate_alone(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            done = step(tmp_path, sandbox, store, {"bundle-ids": None})
            assert done.code == 0, done.stdout
            assert calls(sandbox) == [
                "GET /v1/certificates",
                "POST /v1/certificates",
                "GET /v1/certificates",
            ]
            assert_one_certificate_with_its_key(sandbox, store)

    def test_several_types_in_one_step(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        phones = [{"id": "PHONE", "name": "A phone", "udid": "00008110-0000000000000001"}]
        with apple(team(devices=phones)) as sandbox:
            done = step(tmp_path, sandbox, store, {"type": "app-store, ad-hoc, development"})
            assert done.code == 0, done.stdout
            assert sorted(profiles_at_apple(sandbox)) == [
                f"match AdHoc {APP}",
                f"match AppStore {APP}",
                f"match Development {APP}",
            ]
            assert sorted(each.certificate_type for each in store.identities()) == [
                "development",
                "distribution",
            ]
            before = len(sandbox.requests)
            assert step(tmp_path, sandbox, store, {"type": "app-store, ad-hoc, development"}).code == 0
            assert len(sandbox.requests) - before == 3
            assert calls(sandbox, *WRITES)[-1] == "POST /v1/profiles"

    def test_fills_a_git_repository(self, tmp_path: Path) -> None:
        store = git_store(tmp_path)
        with apple() as sandbox:
            done = step(tmp_path, sandbox, store, BOTH)
            assert done.code == 0, done.stdout
            assert_one_certificate_with_its_key(sandbox, store)
        assert len(store.profiles()) == 2


class TestWhatWillDoStays:
    def test_a_second_sync_asks_two_questions_and_changes_nothing(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            first = step(tmp_path, sandbox, store, {**BOTH, "p12-password": P12_PASSWORD})
            before, asked = store.files(), len(sandbox.requests)
            second = step(tmp_path, sandbox, store, {**BOTH, "p12-password": P12_PASSWORD})
            assert second.code == 0
            assert sorted(calls(sandbox)[asked:]) == ["GET /v1/certificates", "GET /v1/profiles"]
        assert store.files() == before
        assert second.outputs == {**first.outputs, "changed": "false"}
        assert "Nothing had to be changed" in second.summary

    def test_read_only_asks_nothing_and_needs_no_key(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            first = step(tmp_path, sandbox, store, {**BOTH, "p12-password": P12_PASSWORD})
            before, asked = store.files(), len(sandbox.requests)
            again = step(tmp_path, None, store, {**BOTH, **READ_ONLY, "p12-password": P12_PASSWORD})
            assert again.code == 0, again.stdout
            with_key = step(tmp_path, sandbox, store, {**BOTH, **READ_ONLY})
            assert with_key.code == 0
            assert len(sandbox.requests) == asked
        assert store.files() == before
        assert again.outputs == {**first.outputs, "changed": "false"}

    def test_read_only_is_the_default(self, tmp_path: Path) -> None:
        done = step(tmp_path, None, folder_store(tmp_path), {"mode": None})
        assert done.code == 1
        assert "mode: sync" in done.error


class TestReadOnlyFails:
    def test_where_nothing_is_stored(self, tmp_path: Path) -> None:
        done = step(tmp_path, None, folder_store(tmp_path), READ_ONLY)
        assert done.code == 1
        assert "distribution certificate" in done.error
        assert "mode: sync" in done.error
        assert not (tmp_path / "signing").exists()

    def test_naming_all_that_is_missing_at_once(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            step(tmp_path, sandbox, store)
        before = store.files()
        wanted = {"bundle-ids": f"{APP}, {WIDGET}, com.example.more", "type": "app-store, development"}
        done = step(tmp_path, None, store, {**READ_ONLY, **wanted})
        assert done.code == 1
        for name in (
            "The development certificate is not stored.",
            f"The app-store profile for {WIDGET}: it is not stored.",
            "The app-store profile for com.example.more: it is not stored.",
            f"Stored for app-store are profiles for {APP}.",
        ):
            assert name in done.error
        assert f"profile for {APP}:" not in done.error, "that one is there"
        assert store.files() == before

    def test_naming_what_expired_and_when(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            record = at_apple(sandbox, a_key(), days=100)
            over = at_apple(sandbox, a_key(1), "DEVELOPMENT", days=-2)
        identity = identity_of(record, a_key())
        ended = stored_profile(identity.certificate, days=-3)
        good = stored_profile(identity.certificate, bundle_id=WIDGET, uuid="2" * 8)
        development = identity_of(over, a_key(1), DEVELOPMENT)
        store.put(identity, development, ended, good)
        done = step(tmp_path, None, store, {**READ_ONLY, **BOTH, "type": "app-store, development"})
        assert done.code == 1
        assert (
            f"The development certificate expired on {development.certificate.not_after:%Y-%m-%d}."
            in done.error
        )
        assert ended.profile.expires
        assert f"profile for {APP}: it expired on {ended.profile.expires:%Y-%m-%d}." in done.error
        assert WIDGET not in done.error

    def test_where_the_profile_was_made_with_another_certificate(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            record, other = at_apple(sandbox, a_key()), at_apple(sandbox, a_key(1))
        store.put(identity_of(record, a_key()), stored_profile(identity_of(other, a_key(1)).certificate))
        done = step(tmp_path, None, store, READ_ONLY)
        assert done.code == 1
        assert "another certificate" in done.error

    def test_what_ends_soon_will_do_in_read_only(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            identity = identity_of(at_apple(sandbox, a_key(), days=1), a_key())
        store.put(identity, stored_profile(identity.certificate, days=1))
        assert step(tmp_path, None, store, {**READ_ONLY, "renew-before": "30d"}).code == 0


class TestAWrongPassphrase:
    @pytest.mark.parametrize(
        "inputs",
        [
            READ_ONLY,
            {"mode": "sync"},
            {"mode": "sync", "bundle-ids": "com.example.app.widget"},
            {"mode": "sync", "type": "development", "bundle-ids": None},
            {"mode": "plan"},
            {"mode": "change-passphrase", "new-passphrase": "another"},
            {"mode": "revoke", "confirm": "1 certificate, 1 profile"},
            {"mode": "migrate"},
        ],
        ids=lambda each: "-".join(map(str, each.values())),
    )
    def test_changes_nothing(self, tmp_path: Path, inputs: dict[str, str]) -> None:
        store, other = folder_store(tmp_path), folder_store(tmp_path, "other")
        with apple() as sandbox:
            assert step(tmp_path, sandbox, store).code == 0
            before, writes = store.files(), calls(sandbox, *WRITES)
            also = {"to-storage": other.location} if inputs["mode"] == "migrate" else {}
            done = step(tmp_path, sandbox, store, {**inputs, **also, "passphrase": "not it"})
            assert done.code == 1
            assert "passphrase" in done.error
            assert "MATCH_PASSWORD" in done.error
            assert calls(sandbox, *WRITES) == writes
            assert len(certificates(sandbox)) == 1
        assert store.files() == before
        assert other.files() == {}


class TestCleaningUp:
    def test_removes_exactly_what_was_made(self, tmp_path: Path) -> None:
        store, folder = folder_store(tmp_path), tmp_path / "signing"
        folder.mkdir()
        (folder / "mine.txt").write_text("mine")
        with apple() as sandbox:
            done = step(tmp_path, sandbox, store, BOTH)
        assert len(listing(folder)) == 6
        before = store.files()
        cleaned = clean_up(tmp_path)
        assert (cleaned.code, cleaned.outputs["removed"]) == (0, "1"), cleaned.stdout
        assert listing(folder) == {"mine.txt": hashlib.sha256(b"mine").hexdigest()}
        assert not Path(done.outputs["p12-path"]).exists()
        assert store.files() == before

    def test_twice_is_no_error(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            step(tmp_path, sandbox, store)
        assert clean_up(tmp_path).outputs["removed"] == "1"
        assert not (tmp_path / "signing").exists(), "the folder was made by the step, too"
        again = clean_up(tmp_path)
        assert (again.code, again.outputs["removed"]) == (0, "0")
        assert "There is nothing to clean up" in again.stdout

    def test_where_nothing_was_ever_installed(self, tmp_path: Path) -> None:
        done = clean_up(tmp_path)
        assert (done.code, done.outputs["removed"]) == (0, "0")

    def test_after_two_steps_of_one_job_and_not_those_of_another(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        here, there = {"output-directory": str(tmp_path / "one")}, {"output-directory": str(tmp_path / "two")}
        with apple() as sandbox:
            step(tmp_path, sandbox, store, here)
            step(tmp_path, sandbox, store, {**there, **READ_ONLY})
            step(tmp_path, sandbox, store, READ_ONLY, GITHUB_RUN_ID="2")
        assert clean_up(tmp_path).outputs["removed"] == "2"
        assert not (tmp_path / "one").exists() and not (tmp_path / "two").exists()
        assert (tmp_path / "signing" / "manifest.json").exists()
        assert clean_up(tmp_path, GITHUB_RUN_ID="2").outputs["removed"] == "1"


def test_variables_that_lanes_read(tmp_path: Path) -> None:
    store, env = folder_store(tmp_path), tmp_path / "env"
    env.write_text("")
    with apple() as sandbox:
        done = step(tmp_path, sandbox, store, {"export-fastlane-env": "true"}, GITHUB_ENV=str(env))
        assert done.code == 0, done.stdout
        uuid = profiles_at_apple(sandbox)[f"match AppStore {APP}"]
    assert parse_file_command(env.read_text()) == {
        f"sigh_{APP}_appstore": uuid,
        f"sigh_{APP}_appstore_team-id": done.outputs["team-id"],
        f"sigh_{APP}_appstore_certificate-name": done.outputs["certificate-name"],
        f"sigh_{APP}_appstore_profile-name": f"match AppStore {APP}",
        f"sigh_{APP}_appstore_profile-path": json.loads(done.outputs["profiles"])[APP]["path"],
    }


def test_nothing_is_installed_where_nothing_shall_be(tmp_path: Path) -> None:
    store = folder_store(tmp_path)
    with apple() as sandbox:
        done = step(tmp_path, sandbox, store, {"install": "none"})
        assert done.code == 0
    assert done.outputs["certificate-id"] == store.identities()[0].certificate_id
    assert not (tmp_path / "signing").exists()
    assert "p12-password" not in done.outputs or done.outputs["p12-password"] == ""


class TestSecrets:
    @pytest.mark.parametrize("mode", ["sync", "read-only", "change-passphrase", "wrong"])
    def test_are_never_printed(self, tmp_path: Path, mode: str) -> None:
        store = folder_store(tmp_path)
        phrase, fresh = "a-passphrase-that-is-unique", "another-one-that-is-new"
        with apple() as sandbox:
            given = {"passphrase": phrase, "p12-password": P12_PASSWORD}
            done = step(tmp_path, sandbox, store, given, RUNNER_DEBUG="1")
            assert done.code == 0
            if mode == "wrong":
                done = step(tmp_path, sandbox, store, {"passphrase": fresh}, RUNNER_DEBUG="1")
                assert done.code == 1
            elif mode != "sync":
                given = {**given, "mode": mode, "new-passphrase": fresh}
                done = step(tmp_path, sandbox, store, given, RUNNER_DEBUG="1")
                assert done.code == 0, done.stdout
        printed = "\n".join(
            line
            for line in (done.stdout + done.stderr + done.summary).splitlines()
            if not line.startswith("::add-mask::")
        )
        found = store.vault(fresh if mode == "change-passphrase" else phrase).identities().entries
        assert len(found) == 1
        pem = found[0].key_file.decode()
        secrets = [phrase, fresh, P12_PASSWORD, "PRIVATE KEY", *pem.splitlines()[1:-1]]
        assert [each for each in secrets if each in printed] == []
        others = {name: value for name, value in done.outputs.items() if name != "p12-password"}
        assert [each for each in secrets if each in json.dumps(others)] == []


def test_the_passphrase_of_the_environment_that_match_reads(tmp_path: Path) -> None:
    store = folder_store(tmp_path)
    with apple() as sandbox:
        given = {"passphrase": None, "bundle-ids": None, "storage": None}
        named = {"MATCH_PASSWORD": PASSPHRASE, "MATCH_APP_IDENTIFIER": APP, "MATCH_GIT_URL": store.location}
        done = step(tmp_path, sandbox, store, given, **named)
        assert done.code == 0, done.stdout
    assert list(store.profiles()) == [f"AppStore_{APP}.mobileprovision"]
