"""A whole store: laid out by hand as match does it, read, extended, damaged, and put under another passphrase."""

from __future__ import annotations

import base64
import os
import re
import threading

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from hypothesis import given, settings
from hypothesis import strategies as st

from asc.errors import Error
from asc.identity.certificate import Certificate
from asc.provisioning.kinds import CertificateType, Platform, ProfileType
from asc.signing.vault import opening
from asc.signing.vault.encryption import decrypt, encrypt, version_of
from asc.signing.vault.entries import new_identity, new_profile
from asc.signing.vault.errors import BadPassphrase, UnreadableFile, VaultError, WrongPassphrase
from asc.signing.vault.opening import change_passphrase, open_all
from asc.signing.vault.tree import Vault
from asc.signing.vault.trimmed import MOST_PROBES
from signing.test_vault_samples import by_match, issue, key, openssl, profile, traditional, unnamed
from support.waiting import LONGEST

PASSPHRASE = "Grüße an den Schlüssel"
CER, P12 = "certs/distribution/E7P4EE896K.cer", "certs/distribution/E7P4EE896K.p12"
APP = "profiles/appstore/AppStore_com.example.app.mobileprovision"
WILD = "profiles/development/Development_com.example.*.mobileprovision"
TV = "profiles/appstore/AppStore_com.example.app_tvos.mobileprovision"


def tree(seal=encrypt) -> dict[str, bytes]:  # type: ignore[no-untyped-def]
    """What match leaves after `match appstore` and `match development` of somebody who imported a real .p12."""
    files = {
        CER: issue(key()),
        P12: traditional(key()),
        "certs/development/My Mac.cer": issue(key(1), "Apple Development: Jo Doe (AAAA)"),
        "certs/development/My Mac.p12": openssl(
            *(
                "pkcs12",
                "-export",
                "-keypbe",
                "PBE-SHA1-3DES",
                "-certpbe",
                "PBE-SHA1-3DES",
                "-macalg",
                "sha1",
            ),
            *("-passout", "pass:"),
            stdin=traditional(key(1)) + pem(issue(key(1), "Apple Development: Jo Doe (AAAA)")),
        ),
        APP: profile(),
        TV: profile(uuid="tv", platform="tvOS"),
        WILD: profile("com.example.*", uuid="wild"),
    }
    sealed = {path: seal(plain, PASSPHRASE) for path, plain in files.items()}
    return sealed | {"match_version.txt": b"2.230.0", "README.md": b"## fastlane match\n"}


def pem(der: bytes) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"


def old(plain: bytes, passphrase: str) -> bytes:
    return by_match(plain, passphrase.encode())


def newer(plain: bytes, passphrase: str) -> bytes:
    return by_match(plain, passphrase.encode(), "sha256")


def as_it_is(plain: bytes, passphrase: str) -> bytes:
    return plain


@pytest.fixture(scope="module")
def store() -> dict[str, bytes]:
    return tree()


# Reading


@pytest.mark.parametrize("seal", [encrypt, old, newer, as_it_is])
def test_a_tree_as_match_leaves_it(seal) -> None:  # type: ignore[no-untyped-def]
    vault = Vault(tree(seal), PASSPHRASE if seal is not as_it_is else "")
    identities, profiles = vault.identities(), vault.profiles()
    assert not identities.faults and not profiles.faults
    mac, distribution = identities.entries
    assert (mac.certificate_id, mac.certificate_type) == ("My Mac", CertificateType.DEVELOPMENT)
    assert mac.key_file.startswith(b"\x30") and mac.key.private_numbers() == key(1).private_numbers()
    assert distribution.certificate.der == issue(key()) and distribution.key_file == traditional(key())
    assert [(each.bundle_id, each.platform, each.profile.uuid) for each in profiles.entries] == [
        ("com.example.app", Platform.IOS, "0a1b2c3d"),
        ("com.example.app", Platform.TVOS, "tv"),
        ("com.example.*", Platform.IOS, "wild"),
    ]


def test_what_is_asked_for_is_found(store: dict[str, bytes]) -> None:
    vault = Vault(store, PASSPHRASE)
    assert [each.certificate_id for each in vault.identities([CertificateType.DISTRIBUTION]).entries] == [
        "E7P4EE896K"
    ]
    assert [each.certificate_id for each in vault.identities(ids=["My Mac"]).entries] == ["My Mac"]
    for platforms in ([Platform.IOS], [Platform.VISIONOS]):
        found = vault.profiles([ProfileType.APP_STORE], ["com.example.app", "com.other"], platforms)
        assert [each.path for each in found.entries] == [APP]
    assert not vault.profiles([ProfileType.ENTERPRISE]).entries


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are decrypted in the test."""
    names: list[str] = []

    def watched(data: bytes, passphrase: str, looks_right, name: str) -> bytes:  # type: ignore[no-untyped-def]
        names.append(name)
        return decrypt(data, passphrase, looks_right, name)

    monkeypatch.setattr(opening, "decrypt", watched)
    return names


def test_nothing_is_decrypted_unasked(store: dict[str, bytes], opened: list[str]) -> None:
    vault = Vault(store, PASSPHRASE)
    assert len(vault.entries) == 7 and not opened
    for _ in range(2):
        vault.profiles([ProfileType.APP_STORE], platforms=[Platform.IOS])
    assert opened == [f"“{APP}”"]
    vault.identities([CertificateType.DISTRIBUTION])
    assert sorted(opened) == sorted([f"“{APP}”", f"“{CER}”", f"“{P12}”"])


def test_teams_in_folders_of_their_own(store: dict[str, bytes]) -> None:
    shared = {f"{team}/{path}": data for team in ("A1B2C3D4E5", "ZZZZZZZZZZ") for path, data in store.items()}
    assert len(Vault(shared, PASSPHRASE).identities().entries) == 4
    mine = Vault(shared, PASSPHRASE, team="ZZZZZZZZZZ")
    assert {each.team for each in mine.identities().entries} == {"ZZZZZZZZZZ"} and len(mine.entries) == 7


def test_no_secret_in_the_repr(store: dict[str, bytes]) -> None:
    vault = Vault(store, PASSPHRASE)
    text = repr((vault, vault.identities(), vault.profiles()))
    assert "PRIVATE" not in text and PASSPHRASE not in text and len(text) < 6000


# What is wrong with a store


def test_a_wrong_passphrase_is_one_clear_error(store: dict[str, bytes]) -> None:
    for ask in (lambda vault: vault.identities(), lambda vault: vault.profiles(bundle_ids=["com.example.*"])):
        with pytest.raises(WrongPassphrase) as caught:
            ask(Vault(store, "something else"))
        assert "passphrase" in caught.value.message and "something else" not in str(caught.value.args)
    with pytest.raises(WrongPassphrase) as caught:
        Vault(store, "something else\n").profiles()
    assert "line break" in caught.value.remedy


def test_a_wrong_passphrase_for_version_1(store: dict[str, bytes]) -> None:
    with pytest.raises(WrongPassphrase):
        Vault(tree(old), "something else").identities()


@pytest.mark.parametrize("passphrase", ["", "  "])
def test_a_missing_passphrase(store: dict[str, bytes], passphrase: str) -> None:
    with pytest.raises(BadPassphrase):
        Vault(store, passphrase).profiles()


def test_a_wrong_passphrase_is_found_by_a_few_of_2000_files(
    store: dict[str, bytes], opened: list[str]
) -> None:
    many = {APP.replace("app.", f"app{number}."): store[APP] for number in range(2000)}
    with pytest.raises(WrongPassphrase):
        Vault(many, "something else").profiles(bundle_ids=["com.example.app7"])
    assert 1 < len(opened) <= 1 + MOST_PROBES


def damage(store: dict[str, bytes], **changed: bytes) -> dict[str, bytes]:
    names = {"cer": CER, "p12": P12, "app": APP, "wild": WILD}
    return store | {names[name]: data for name, data in changed.items()}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"hello", "neither encrypted"),
        (base64.encodebytes(base64.b64decode(encrypt(profile(), PASSPHRASE))[:-99]), "opens other files"),
        (encrypt(profile(), PASSPHRASE).replace(b"\n", b"")[:2001], "cut off"),
        (encrypt(profile(), "of somebody else"), "opens other files"),
        (encrypt(b"not a profile", PASSPHRASE), "is not a provisioning profile"),
        (encrypt(profile()[:-500], PASSPHRASE), "is not a provisioning profile"),
        (encrypt(traditional(key()), PASSPHRASE), "is not a provisioning profile"),
    ],
    ids=unnamed,
)
def test_one_bad_profile_spoils_nothing_else(store: dict[str, bytes], content: bytes, reason: str) -> None:
    found = Vault(damage(store, app=content), PASSPHRASE).profiles()
    assert [each.path for each in found.entries] == [TV, WILD]
    (fault,) = found.faults
    assert fault.path == APP and APP in fault.message and fault.remedy
    assert re.search(reason, fault.message), fault.message
    alone = Vault(damage(store, app=content), PASSPHRASE).profiles(bundle_ids=["com.example.app"])
    assert [each.path for each in alone.faults] == [APP]


@pytest.mark.parametrize(
    ("changed", "blamed", "reason"),
    [
        ({"p12": encrypt(traditional(key(2)), PASSPHRASE)}, P12, "is not the private key of the certificate"),
        (
            {"p12": encrypt(b"-----BEGIN RSA PRIVATE KEY-----", PASSPHRASE)},
            P12,
            f"“{P12}” is a private key that",
        ),
        ({"p12": encrypt(issue(key()), PASSPHRASE)}, P12, f"“{P12}” is a certificate, not a private key"),
        ({"p12": b"junk"}, P12, "neither encrypted"),
        ({"cer": b"junk"}, CER, "neither encrypted"),
        (
            {"cer": encrypt(traditional(key()), PASSPHRASE)},
            CER,
            f"“{CER}” is a private key, not a certificate",
        ),
        ({"cer": encrypt(issue(key())[:-9], PASSPHRASE)}, CER, f"“{CER}” is .*damaged"),
    ],
)
def test_one_bad_identity_spoils_nothing_else(
    store: dict[str, bytes], changed: dict[str, bytes], blamed: str, reason: str
) -> None:
    found = Vault(damage(store, **changed), PASSPHRASE).identities()
    assert [each.certificate_id for each in found.entries] == ["My Mac"]
    (fault,) = found.faults
    assert fault.path == blamed and re.search(reason, fault.message), fault.message


def test_halves_without_their_other_half(store: dict[str, bytes]) -> None:
    for missing, left in ((CER, P12), (P12, CER)):
        files = {path: data for path, data in store.items() if path != missing}
        found = Vault(files, PASSPHRASE).identities()
        (fault,) = found.faults
        assert fault.path == left and missing in fault.remedy and len(found.entries) == 1


def test_foreign_files_are_left_alone(store: dict[str, bytes]) -> None:
    foreign = {"certs/old/X.cer": b"?", "x.mobileprovision": b"?", "notes.txt": b"?", "asc-journal": b"?"}
    vault = Vault(store | foreign, PASSPHRASE)
    assert not {entry.path for entry in vault.entries} & foreign.keys()
    assert not vault.profiles().faults and not vault.identities().faults


def test_a_file_that_anybody_could_have_put_there_is_named(
    store: dict[str, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    """Given an encrypted store, a file without encryption is read, for match leaves some so, but not silently."""
    vault = Vault({**store, APP: profile(), TV: profile()}, PASSPHRASE)
    vault.profiles()
    vault.profiles()
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert f"“{APP}”, “{TV}”" in record.getMessage()


def test_a_store_without_encryption_is_not_complained_of(caplog: pytest.LogCaptureFixture) -> None:
    assert Vault(tree(lambda plain, _: plain), "").profiles().entries
    assert caplog.records == []


def test_a_p12_with_a_password_of_its_own(store: dict[str, bytes]) -> None:
    made = pkcs12.serialize_key_and_certificates(
        None, key(), None, None, serialization.BestAvailableEncryption(b"own")
    )
    files = damage(store, p12=encrypt(made, PASSPHRASE))
    assert len(Vault(files, PASSPHRASE, p12_password="own").identities().entries) == 2
    (fault,) = Vault(files, PASSPHRASE).identities().faults
    assert "does not open without a password" in fault.message


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([CER, P12, APP, WILD, TV]),
        st.one_of(
            st.binary(max_size=200),
            st.binary(max_size=200).map(lambda plain: encrypt(plain, PASSPHRASE)),
            st.binary(max_size=200).map(lambda tail: encrypt(b"\x30\x82" + tail, PASSPHRASE, 1)),
        ),
    )
)
def test_garbage_raises_nothing_but_our_errors(changed: dict[str, bytes]) -> None:
    vault = Vault(changed, PASSPHRASE)
    try:
        found = len(vault.identities().entries) + len(vault.profiles().entries)
    except Error:
        return
    assert not found


# Writing


def test_an_extended_store_has_only_the_changes_that_belong_there(store: dict[str, bytes]) -> None:
    vault = Vault(store, PASSPHRASE)
    (held,) = vault.identities([CertificateType.DISTRIBUTION]).entries
    added = new_profile(ProfileType.AD_HOC, "com.example.app", Platform.IOS, profile(uuid="new"))
    replaced = new_profile(ProfileType.APP_STORE, "com.example.app", Platform.IOS, profile(uuid="other"))
    put = vault.put([held, *vault.profiles(bundle_ids=["com.example.*"]).entries, added, replaced])
    assert sorted(put) == ["profiles/adhoc/AdHoc_com.example.app.mobileprovision", APP]
    assert all(version_of(data) == 2 for data in put.values())
    after = Vault({**store, **put}, PASSPHRASE).profiles(bundle_ids=["com.example.app"])
    assert sorted(each.profile.uuid for each in after.entries) == ["new", "other", "tv"]
    assert vault.put([held]) == {}


def test_a_new_store_from_nothing() -> None:
    certificate = Certificate.from_der(issue(key()))
    identity = new_identity(CertificateType.DISTRIBUTION, "E7P4EE896K", certificate, key())
    put = Vault({}, PASSPHRASE).put(
        [identity, new_profile(ProfileType.APP_STORE, "*", Platform.MACOS, profile("*"))]
    )
    assert sorted(put) == [
        "README.md",
        CER,
        P12,
        "match_version.txt",
        "profiles/appstore/AppStore_*.provisionprofile",
    ]
    assert decrypt(put[P12], PASSPHRASE, lambda plain: True) == traditional(key())
    (back,) = Vault(put, PASSPHRASE).identities().entries
    assert (back.certificate_id, back.certificate) == (identity.certificate_id, identity.certificate)
    assert back.key.private_numbers() == key().private_numbers()
    assert sorted(Vault({}, PASSPHRASE).put([identity], docs=False)) == [CER, P12]


def test_version_1_and_no_encryption_on_request() -> None:
    entry = new_profile(ProfileType.APP_STORE, "com.example.app", Platform.IOS, profile())
    assert version_of(Vault({}, PASSPHRASE).put([entry], 1)[APP]) == 1
    assert Vault({}, "").put([entry], None)[APP] == profile()
    with pytest.raises(BadPassphrase):
        Vault({}, "").put([entry])


def test_a_store_is_not_mixed_up_with_another_passphrase(store: dict[str, bytes]) -> None:
    entry = new_profile(ProfileType.AD_HOC, "com.example.app", Platform.IOS, profile())
    with pytest.raises(WrongPassphrase):
        Vault(store, "something else").put([entry])


def test_an_imported_p12_is_kept_as_it_is(store: dict[str, bytes]) -> None:
    (held,) = Vault(store, PASSPHRASE).identities([CertificateType.DEVELOPMENT]).entries
    put = Vault({}, "another").put([held], docs=False)
    assert decrypt(put["certs/development/My Mac.p12"], "another", lambda plain: True) == held.key_file


def test_what_is_no_profile_is_not_stored() -> None:
    with pytest.raises(UnreadableFile, match="AdHoc_com"):
        new_profile(ProfileType.AD_HOC, "com.example.app", Platform.IOS, b"{}")


# Another passphrase


@pytest.mark.parametrize("seal", [encrypt, old, as_it_is])
def test_change_passphrase(seal) -> None:  # type: ignore[no-untyped-def]
    files = tree(seal) | {"elsewhere/x.cer": seal(issue(key(3)), PASSPHRASE)}
    put = change_passphrase(files, PASSPHRASE, "neu 🔑")
    assert set(put) == set(files) - {"README.md", "match_version.txt"}
    assert all(version_of(data) == 2 for data in put.values())
    assert open_all({**files, **put}, "neu 🔑") == open_all(files, PASSPHRASE)
    with pytest.raises(WrongPassphrase):
        Vault(put, PASSPHRASE).profiles()


def test_change_passphrase_changes_all_or_nothing(store: dict[str, bytes]) -> None:
    with pytest.raises(WrongPassphrase):
        change_passphrase(store, "something else", "new")
    with pytest.raises(BadPassphrase, match=r"^new-passphrase: "):
        change_passphrase(store, PASSPHRASE, " ")
    with pytest.raises(VaultError) as caught:
        change_passphrase(damage(store, app=b"junk", wild=b""), PASSPHRASE, "new")
    assert APP in caught.value.message and WILD in caught.value.message


def test_profiles_are_decrypted_side_by_side(
    store: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    two_at_once = threading.Barrier(2)

    def watched(*arguments) -> bytes:  # type: ignore[no-untyped-def]
        two_at_once.wait(LONGEST)
        return decrypt(*arguments)

    many = {APP.replace("app.", f"app{number}."): store[APP] for number in range(20)}
    monkeypatch.setattr(opening, "decrypt", watched)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert len(Vault(many, PASSPHRASE).profiles().entries) == 20


class TestBlanksAroundThePassphrase:
    @pytest.mark.parametrize("seal_version", [1, 2])
    def test_a_store_of_match_under_a_secret_with_a_line_break_opens(self, seal_version: int) -> None:
        files = tree(lambda plain, secret: encrypt(plain, f"{secret}\n", seal_version))  # type: ignore[arg-type]
        assert open_all(files, f"{PASSPHRASE}\n")[APP] == profile()

    @pytest.mark.parametrize("seal_version", [1, 2])
    def test_a_store_that_was_written_under_the_trimmed_secret_opens(self, seal_version: int) -> None:
        files = tree(lambda plain, secret: encrypt(plain, secret, seal_version))  # type: ignore[arg-type]
        assert open_all(files, f" {PASSPHRASE}\r\n")[APP] == profile()

    def test_what_is_added_to_a_trimmed_store_stands_under_the_trimmed_secret(self) -> None:
        files = tree()
        added = new_profile(
            ProfileType.APP_STORE, "com.example.other", Platform.IOS, profile("com.example.other")
        )
        put = Vault(files, f"{PASSPHRASE}\n").put([added])
        assert decrypt(put[added.path], PASSPHRASE, lambda _: True) == added.content

    def test_what_begins_a_store_stands_under_the_secret_as_it_was_given(self) -> None:
        added = new_profile(ProfileType.APP_STORE, "com.example.app", Platform.IOS, profile())
        put = Vault({}, f"{PASSPHRASE}\n").put([added])
        assert decrypt(put[added.path], f"{PASSPHRASE}\n", lambda _: True) == added.content
        with pytest.raises(WrongPassphrase):
            decrypt(put[added.path], PASSPHRASE, lambda _: True)

    def test_a_wrong_secret_is_wrong_in_both_forms(self) -> None:
        with pytest.raises(WrongPassphrase):
            open_all(tree(), "another\n")

    def test_change_passphrase_takes_a_trimmed_store_to_the_secret_as_it_is(self) -> None:
        secret = f"{PASSPHRASE}\n"
        changed = change_passphrase(tree(), secret, secret)
        assert decrypt(changed[APP], secret, lambda _: True) == profile()
