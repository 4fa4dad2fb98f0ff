"""The mode import of sync-signing: certificates and profiles of somebody else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from asc import limited_files
from asc.identity.keys import key_pem
from asc.identity.p12 import p12
from core.signing import (
    APP,
    DEVELOPMENT,
    P12_PASSWORD,
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
    folder_store,
    profile_file,
    step,
)
from support.p12 import p12_of_several


def mac_profile_imported(folder: Path, name: str, platform: str, *, code: int) -> Store:
    """Import a profile of a Mac with this name into the store of the test. Return the store."""
    store = Store(folder / "store")
    store.path.mkdir(exist_ok=True)
    with apple() as sandbox:
        certificate = certificate_of(at_apple(sandbox, a_key()))
    file = folder / "mac.provisionprofile"
    file.write_bytes(profile_file(certificate, name=name, platform="MAC_OS"))
    done = step(folder, None, store, {"mode": "import", "profile-files": str(file), "platform": platform})
    assert done.code == code, done.stdout
    return store


class TestImport:
    @pytest.mark.parametrize("form", ["p12", "cer and pem"])
    def test_stores_a_certificate_with_its_key_under_apples_id(self, tmp_path: Path, form: str) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            record = at_apple(sandbox, a_key())
            certificate = certificate_of(record)
            key_file, cer_file = tmp_path / "from the old mac.p12", None
            if form == "p12":
                key_file.write_bytes(p12(a_key(), certificate, P12_PASSWORD, "Old"))
            else:
                key_file, cer_file = tmp_path / "key.pem", tmp_path / "dist.cer"
                key_file.write_bytes(key_pem(a_key()))
                cer_file.write_bytes(certificate.der)
            inputs = {
                "mode": "import",
                "key-file": str(key_file),
                "certificate-file": str(cer_file) if cer_file else None,
                "p12-password": P12_PASSWORD,
                "bundle-ids": None,
            }
            done = step(tmp_path, sandbox, store, inputs)
            assert (done.code, done.outputs["changed"]) == (0, "true"), done.stdout
            assert calls(sandbox, *WRITES) == []
            identity = assert_one_certificate_with_its_key(sandbox, store)
            assert identity.certificate_id == record.id
            assert key_pem(identity.key) == key_pem(a_key())
            before = store.files()
            again = step(tmp_path, sandbox, store, inputs)
            assert (again.code, again.outputs["changed"]) == (0, "false"), "it is there already"
            assert store.files() == before
            synced = step(tmp_path, sandbox, store)
            assert (synced.code, synced.outputs["certificate-id"]) == (0, record.id)

    def test_needs_no_key_of_the_api(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            certificate = certificate_of(at_apple(sandbox, a_key()))
        file = tmp_path / "Old Mac.p12"
        file.write_bytes(p12(a_key(), certificate, P12_PASSWORD, "Old"))
        inputs = {"mode": "import", "key-file": str(file), "p12-password": P12_PASSWORD}
        done = step(tmp_path, None, store, inputs, ASC_API_KEY="")
        assert done.code == 0, done.stdout
        (identity,) = store.identities()
        assert identity.certificate_id == "OldMac"
        assert step(tmp_path, None, store, {"mode": "read-only", "bundle-ids": None}).code == 0

    def test_takes_the_type_from_the_certificate_and_not_from_the_input(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            record = at_apple(sandbox, a_key(), "DEVELOPMENT")
            file = tmp_path / "dev.p12"
            file.write_bytes(p12(a_key(), certificate_of(record), P12_PASSWORD, "Dev"))
            inputs = {"mode": "import", "key-file": str(file), "p12-password": P12_PASSWORD}
            done = step(tmp_path, sandbox, store, inputs)
            assert done.code == 0, done.stdout
            (identity,) = store.identities()
            assert (identity.certificate_type, identity.certificate_id) == (DEVELOPMENT, record.id)

    def test_stores_profiles_where_match_would(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            certificate = certificate_of(at_apple(sandbox, a_key()))
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "a.mobileprovision").write_bytes(profile_file(certificate))
        (tmp_path / "in" / "b.mobileprovision").write_bytes(
            profile_file(certificate, bundle_id=WIDGET, purpose="development", devices=(PHONE,), uuid="b")
        )
        (tmp_path / "in" / "c.mobileprovision").write_bytes(
            profile_file(certificate, bundle_id="com.example.*", purpose="ad-hoc", devices=(PHONE,), uuid="c")
        )
        given = str(tmp_path / "in" / "*.mobileprovision")
        done = step(tmp_path, None, store, {"mode": "import", "profile-files": given})
        assert done.code == 0, done.stdout
        assert sorted(path for path in store.files() if path.startswith("profiles/")) == [
            "profiles/adhoc/AdHoc_com.example.*.mobileprovision",
            f"profiles/appstore/AppStore_{APP}.mobileprovision",
            f"profiles/development/Development_{WIDGET}.mobileprovision",
        ]

    def test_of_two_profiles_for_one_app_the_newest_valid_one_is_stored_and_the_other_is_named(
        self, tmp_path: Path
    ) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            certificate = certificate_of(at_apple(sandbox, a_key()))
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "a.mobileprovision").write_bytes(profile_file(certificate, uuid="valid"))
        (tmp_path / "in" / "b.mobileprovision").write_bytes(profile_file(certificate, uuid="over", days=-1))
        given = str(tmp_path / "in" / "*.mobileprovision")
        done = step(tmp_path, None, store, {"mode": "import", "profile-files": given})
        assert done.code == 0, done.stdout
        assert [each.uuid for each in store.profiles().values()] == ["valid"]
        assert "Skipped b.mobileprovision" in done.stdout

    def test_a_p12_with_several_identities_names_those_that_are_left(self, tmp_path: Path) -> None:
        store, file = folder_store(tmp_path), tmp_path / "all.p12"
        with apple() as sandbox:
            first = certificate_of(at_apple(sandbox, a_key()))
            second = certificate_of(at_apple(sandbox, a_key(1), "DEVELOPMENT"))
        file.write_bytes(p12_of_several([(a_key(), first.der), (a_key(1), second.der)]))
        inputs = {"mode": "import", "key-file": str(file), "p12-password": P12_PASSWORD}
        done = step(tmp_path, None, store, inputs, ASC_API_KEY="")
        assert done.code == 0, done.stdout
        assert "::warning" in done.stdout and second.common_name in done.stdout
        assert [each.certificate.der for each in store.identities()] == [first.der]

        (tmp_path / "second.cer").write_bytes(second.der)
        other = {**inputs, "certificate-file": str(tmp_path / "second.cer")}
        refused = step(tmp_path, None, store, other, ASC_API_KEY="")
        assert refused.code == 1 and "several identities" in refused.error

    @pytest.mark.parametrize(
        ("name", "platform", "file"),
        [
            (f"match AppStore {APP} macos", "ios", f"AppStore_{APP}.provisionprofile"),
            (f"match AppStore {APP} catalyst", "ios", f"AppStore_{APP}_catalyst.provisionprofile"),
            ("Example Mac", "ios", f"AppStore_{APP}.provisionprofile"),
            ("Example Mac", "catalyst", f"AppStore_{APP}_catalyst.provisionprofile"),
        ],
    )
    def test_a_profile_of_a_mac_goes_where_its_name_or_the_platform_says(
        self, tmp_path: Path, name: str, platform: str, file: str
    ) -> None:
        store = mac_profile_imported(tmp_path, name, platform, code=0)
        assert list(store.profiles()) == [file]

    @pytest.mark.parametrize(
        ("name", "platform"),
        [(f"match AppStore {APP} catalyst", "macos"), ("Example Mac", "macos, catalyst")],
    )
    def test_a_profile_of_a_mac_that_fits_no_or_two_platforms_is_refused(
        self, tmp_path: Path, name: str, platform: str
    ) -> None:
        assert mac_profile_imported(tmp_path, name, platform, code=1).files() == {}

    def test_profiles_of_macos_and_catalyst_for_one_app_lie_side_by_side(self, tmp_path: Path) -> None:
        mac_profile_imported(tmp_path, f"match AppStore {APP} macos", "ios", code=0)
        store = mac_profile_imported(tmp_path, f"match AppStore {APP} catalyst", "ios", code=0)
        assert len(store.profiles()) == 2

    def test_a_name_from_an_import_without_a_key_becomes_apples_id_with_one(self, tmp_path: Path) -> None:
        store, file = folder_store(tmp_path), tmp_path / "Old Mac.p12"
        with apple() as sandbox:
            record = at_apple(sandbox, a_key())
            file.write_bytes(p12(a_key(), certificate_of(record), P12_PASSWORD, "Old"))
            inputs = {"mode": "import", "key-file": str(file), "p12-password": P12_PASSWORD}
            assert step(tmp_path, None, store, inputs, ASC_API_KEY="").code == 0
            done = step(tmp_path, sandbox, store, inputs)
            assert done.code == 0, done.stdout
        assert [each.certificate_id for each in store.identities()] == [record.id]

    @pytest.mark.parametrize(
        ("name", "content", "words"),
        [
            ("key-file", b"not a key at all", "nonsense.bin"),
            ("key-file", None, "cannot be read"),
            ("profile-files", b"not a profile", "is not a provisioning profile"),
            ("profile-files", None, "matches no file"),
        ],
    )
    def test_refuses_what_is_none(self, tmp_path: Path, name: str, content: bytes | None, words: str) -> None:
        store, file = folder_store(tmp_path), tmp_path / "nonsense.bin"
        if content is not None:
            file.write_bytes(content)
        done = step(tmp_path, None, store, {"mode": "import", name: str(file)})
        assert done.code != 0
        assert words in done.error
        assert store.files() == {}

    @pytest.mark.parametrize("name", ["key-file", "profile-files"])
    def test_gives_up_a_pipe_that_nobody_writes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        monkeypatch.setattr(limited_files, "PATIENCE", 0.0)
        os.mkfifo(tmp_path / "pipe")
        done = step(tmp_path, None, folder_store(tmp_path), {"mode": "import", name: str(tmp_path / "pipe")})
        assert done.code == 1
        assert "nobody wrote it" in done.error

    def test_refuses_a_certificate_that_does_not_belong_to_the_key(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            certificate = certificate_of(at_apple(sandbox, a_key(1)))
        (tmp_path / "key.pem").write_bytes(key_pem(a_key()))
        pem = x509.load_der_x509_certificate(certificate.der).public_bytes(Encoding.PEM)
        (tmp_path / "dist.pem").write_bytes(pem)
        inputs = {
            "mode": "import",
            "key-file": str(tmp_path / "key.pem"),
            "certificate-file": str(tmp_path / "dist.pem"),
        }
        done = step(tmp_path, None, store, inputs)
        assert done.code == 1
        assert store.files() == {}

    def test_refuses_a_p12_with_another_password(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            certificate = certificate_of(at_apple(sandbox, a_key()))
        (tmp_path / "old.p12").write_bytes(p12(a_key(), certificate, P12_PASSWORD, "Old"))
        inputs = {"mode": "import", "key-file": str(tmp_path / "old.p12"), "p12-password": "wrong"}
        done = step(tmp_path, None, store, inputs)
        assert done.code == 1
        assert "p12-password" in done.error
        assert store.files() == {}

    def test_does_not_mix_two_passphrases(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            step(tmp_path, sandbox, store)
            certificate = certificate_of(at_apple(sandbox, a_key()))
        (tmp_path / "a.mobileprovision").write_bytes(profile_file(certificate, bundle_id=WIDGET))
        before = store.files()
        inputs = {"mode": "import", "profile-files": str(tmp_path / "a.mobileprovision"), "passphrase": "x"}
        done = step(tmp_path, None, store, inputs)
        assert (done.code, store.files()) == (1, before)
