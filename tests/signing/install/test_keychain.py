"""The keychain: what is called in which order, and what happens when macOS is not as it should be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from asc.errors import SetupError
from asc.provisioning.kinds import CertificateType, Platform
from asc.signing.install.keychain import Keychain
from asc.signing.install.security import (
    InstallError,
    KeychainIdentity,
    Security,
    SecurityError,
    identities,
    keychains,
    same_path,
)
from signing.install.samples import Job, identity, job, profile
from signing.test_vault_samples import NOW, TEAM
from support.security import mac
from support.security_program import shown

ORDER = [
    "create-keychain",
    "set-keychain-settings",
    "unlock-keychain",
    "import",
    "set-key-partition-list",
    "list-keychains",
    "list-keychains",
    "find-identity",
]


@pytest.fixture
def here(tmp_path: Path) -> Job:
    return job(tmp_path)


def test_codesign_may_use_the_key_afterwards(here: Job) -> None:
    installed = here.install(here.begin())
    assert here.mac.names() == ORDER
    assert here.mac.signs(identity().certificate.sha1)
    assert here.mac.search_list() == [str(installed.keychain), here.mac.login]


def test_the_arguments(here: Job) -> None:
    path = str(here.install(here.begin()).keychain)
    calls = {each[0]: each[1:] for each in here.mac.calls()}
    password = calls["create-keychain"][1]
    assert len(password) >= 32
    assert calls["create-keychain"] == ["-p", password, path]
    assert calls["set-keychain-settings"] == ["-lut", "21600", path]
    assert calls["unlock-keychain"] == ["-p", password, path]
    assert calls["set-key-partition-list"] == [
        "-S",
        "apple-tool:,apple:,codesign:",
        "-s",
        "-k",
        password,
        path,
    ]
    assert calls["find-identity"] == ["-v", "-p", "codesigning", path]
    _, *rest = calls["import"]
    assert rest[:4] == ["-k", path, "-f", "pkcs12"] and rest[4] == "-P"
    tools = ("codesign", "security", "pkgbuild", "productbuild", "productsign")
    assert rest[6:] == [part for tool in tools for part in ("-T", f"/usr/bin/{tool}")]


def test_passwords_are_used_once_and_only_where_they_must_be(here: Job) -> None:
    here.install(here.begin(), [identity(), identity(1, "Apple Development: Jo (X)")], [])
    calls = here.mac.calls()
    imports = [call[call.index("-P") + 1] for call in calls if call[0] == "import"]
    created = calls[0][2]
    assert len({*imports, created}) == 3
    assert all(created not in call for call in calls if call[0] not in (*ORDER[:3], ORDER[4]))


def test_security_sees_no_variable_of_the_job(here: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ASC_API_KEY", "MATCH_PASSWORD"):
        monkeypatch.setenv(name, "secret")
    here.security.run("list-keychains", "-d", "user")
    assert {"HOME", "PATH"} <= here.mac.variables()
    assert not {"ASC_API_KEY", "MATCH_PASSWORD"} & here.mac.variables()


def test_no_p12_and_no_key_stays(here: Job) -> None:
    installed = here.install(here.begin())
    assert list(installed.keychain.parent.iterdir()) == [installed.keychain]
    assert installed.keychain.parent.stat().st_mode & 0o777 == 0o700


def test_identities_that_come_twice_are_imported_once(here: Job) -> None:
    here.install(here.begin(), [identity(), identity()])
    assert here.mac.names().count("import") == 1


def test_that_an_identity_is_there_already_is_fine(here: Job) -> None:
    here.mac.set(
        fail="import", after=True, says="SecKeychainItemImport: The specified item already exists in …"
    )
    here.install(here.begin())
    assert here.mac.names() == ORDER


def test_a_mac_that_does_not_read_the_p12_gets_key_and_certificate(here: Job) -> None:
    here.mac.set(reads_p12=False)
    installed = here.install(here.begin())
    _, key, certificate = [call for call in here.mac.calls() if call[0] == "import"]
    assert key[4:8] == ["-t", "priv", "-f", "openssl"] and "-P" not in key
    assert certificate[4:8] == ["-t", "cert", "-f", "x509"]
    assert here.mac.signs(identity().certificate.sha1)
    assert list(installed.keychain.parent.iterdir()) == [installed.keychain]


def test_only_profiles(here: Job) -> None:
    here.install(here.begin(), [], [profile()])
    assert "set-key-partition-list" not in here.mac.names()


def test_certificates_of_installers_are_looked_for_where_they_are_listed(here: Job) -> None:
    installer = identity(
        1, "3rd Party Mac Developer Installer: E", CertificateType.MAC_INSTALLER_DISTRIBUTION, "I"
    )
    here.install(here.begin(), [identity(), installer])
    assert [call[3] for call in here.mac.calls() if call[0] == "find-identity"] == ["codesigning", "basic"]


@pytest.mark.parametrize("annotates", [False, True])
def test_a_missing_intermediate_certificate_is_named(here: Job, annotates: bool) -> None:
    here.mac.set(untrusted=True, annotates=annotates)
    with pytest.raises(InstallError) as caught:
        here.install(here.begin())
    assert "CSSMERR_TP_NOT_TRUSTED" in caught.value.message and "intermediate" in caught.value.message
    assert f"Apple Distribution: Example Ltd ({TEAM}) ({TEAM})" in caught.value.message  # the sample's issuer
    assert "apple.com/certificateauthority" in caught.value.remedy
    assert here.left() == []


def test_a_clock_that_is_wrong(here: Job) -> None:
    here.mac.set(now="2031-01-01T00:00:00+00:00")
    with pytest.raises(InstallError, match="CSSMERR_TP_CERT_EXPIRED") as caught:
        here.install(here.begin())
    assert "clock" in caught.value.remedy


def test_errors_hold_no_password(here: Job) -> None:
    here.mac.set(fail="create-keychain", says="bad password topsecret", code=51)
    with pytest.raises(SecurityError) as caught:
        Keychain(here.security, here.temporary / "k.keychain-db", "topsecret").create()
    assert caught.value.code == 51
    assert caught.value.message.endswith("security ended with 51 (bad password ***).")


def test_a_program_that_waits_for_a_dialog_is_ended(tmp_path: Path) -> None:
    slow = replace(job(tmp_path), timeout=0.7)
    slow.mac.set(hang="set-key-partition-list")
    with pytest.raises(SecurityError, match="124"):
        slow.install(slow.begin())
    assert slow.left() == []


def test_a_keychain_needs_the_program_security(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="macOS"):
        Security.find(str(tmp_path), tmp_path)


@pytest.mark.parametrize("name", ["Jörg’s 家", 'quo"te', "-back\\slash"])
def test_paths_of_all_kinds(tmp_path: Path, name: str) -> None:
    machine = mac(tmp_path / "mac", tmp_path / name)
    odd = job(tmp_path, machine, f"temporary {name}")
    state = odd.begin()
    installed = odd.install(state)
    assert machine.search_list() == [str(installed.keychain), machine.login]
    assert machine.signs(identity().certificate.sha1)


def test_a_temporary_folder_behind_a_link_is_named_as_macos_names_it(tmp_path: Path) -> None:
    real = job(tmp_path)
    (tmp_path / "link").symlink_to(real.temporary)
    linked = Job(real.mac, real.ledger, tmp_path / "link")
    assert linked.install(linked.begin()).keychain.is_relative_to(real.temporary)


def test_profiles_lie_where_both_old_and_new_xcode_look(here: Job) -> None:
    mobile, desktop = profile(), profile("com.example.mac", "D", platform=Platform.MACOS)
    installed = here.install(here.begin(), [], [mobile, desktop])
    uuid = mobile.profile.uuid
    names = ["D.provisionprofile", f"{uuid}.mobileprovision"]
    assert sorted(path.name for path in here.profile_files()) == sorted(names * 2)
    assert installed.profiles[uuid] == (
        here.mac.home / f"Library/Developer/Xcode/UserData/Provisioning Profiles/{uuid}.mobileprovision"
    )
    assert installed.profiles[uuid].read_bytes() == mobile.content


@pytest.mark.parametrize("uuid", ["../../x", "", "-x", "a/b"])
def test_a_uuid_that_is_none_goes_nowhere(here: Job, uuid: str) -> None:
    with pytest.raises(InstallError, match="UUID"):
        here.install(here.begin(), [], [profile(uuid=uuid)])
    assert here.left() == []


# What security prints


@pytest.mark.parametrize(
    "path", ["/a/login.keychain-db", "/a b/x.keychain", "/Jörg/家.keychain-db", 'q"q', "b\\134", "/ends "]
)
def test_search_lists_are_read_as_they_are_printed(path: str) -> None:
    output = f"    {shown(path)}\n    {shown('/second')}\n\n".encode()
    assert keychains(output) == [path, "/second"]


def test_only_the_escaped_form() -> None:
    assert keychains(b'    "/J\\303\\266rg"\n') == ["/Jörg"]
    assert keychains('    "/Jörg"\nwarning: something\n\n'.encode()) == ["/Jörg"]


def test_identities_are_read_as_they_are_printed() -> None:
    one, other = "A" * 40, "0" * 40
    output = f'  1) {one} "Apple: E (X)"\n  2) {other} "Q" (CSSMERR_TP_NOT_TRUSTED)\n     1 valid identities found\n'
    assert identities(output.encode()) == [
        KeychainIdentity(one, "Apple: E (X)", ""),
        KeychainIdentity(other, "Q", "CSSMERR_TP_NOT_TRUSTED"),
    ]


def test_one_keychain_however_its_umlauts_are_written() -> None:
    assert same_path("/J\u00f6rg/x", "/Jo\u0308rg/x") and not same_path("/x", "/y")


def test_the_time_of_the_samples_is_that_of_the_stand_in() -> None:
    assert datetime(2026, 5, 1, 12, tzinfo=UTC) == NOW
