"""The stand-in for `security`, held against what is known of the real one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from asc.identity.p12 import p12
from signing.install.samples import identity
from signing.test_vault_samples import issue, key
from support.security import Mac, mac


@pytest.fixture
def machine(tmp_path: Path) -> Mac:
    return mac(tmp_path / "mac")


@pytest.fixture
def chain(machine: Mac, tmp_path: Path) -> str:
    path = str(tmp_path / "own.keychain-db")
    assert run(machine, "create-keychain", "-p", "pw", path) == (0, "", "")
    return path


def run(machine: Mac, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        ["security", *arguments], env={"PATH": machine.path}, capture_output=True, text=True
    )
    return done.returncode, done.stdout, done.stderr.strip()


def file(folder: Path, password: str = "x") -> str:
    path = folder / "identity.p12"
    path.write_bytes(p12(identity().key, identity().certificate, password, "me"))
    return str(path)


def test_a_keychain_is_made_once(machine: Mac, chain: str) -> None:
    code, _, said = run(machine, "create-keychain", "-p", "pw", chain)
    assert (code, said) == (
        48,
        f"security: SecKeychainCreate {chain}: A keychain with the same name already exists.",
    )


def test_wrong_passwords_and_unknown_keychains(machine: Mac, chain: str) -> None:
    assert run(machine, "unlock-keychain", "-p", "no", chain)[0] == 51
    assert run(machine, "unlock-keychain", "-p", "pw", chain + "x")[0] == 50
    assert run(machine, "set-keychain-settings", "-lut", "9", chain + "x")[0] == 50
    assert run(machine, "delete-keychain", chain + "x")[0] == 50


def test_a_locked_keychain_takes_nothing(machine: Mac, chain: str, tmp_path: Path) -> None:
    (machine.folder / "state").write_text("{'open': [], 'search': []}")
    code, _, said = run(machine, "import", file(tmp_path), "-k", chain, "-P", "x")
    assert code == 1 and "User interaction is not allowed" in said


def test_importing_twice(machine: Mac, chain: str, tmp_path: Path) -> None:
    call = ("import", file(tmp_path), "-k", chain, "-f", "pkcs12", "-P", "x", "-T", "/usr/bin/codesign")
    assert run(machine, *call) == (0, "1 identity imported.\n", "")
    assert run(machine, *call)[::2] == (
        1,
        "security: SecKeychainItemImport: The specified item already exists in the keychain.",
    )


def test_the_p12_of_openssl_3_and_wrong_passwords(machine: Mac, chain: str, tmp_path: Path) -> None:
    path = file(tmp_path)
    assert "MAC verification failed" in run(machine, "import", path, "-k", chain, "-P", "y")[2]
    certificate = x509.load_der_x509_certificate(issue(key()))
    modern = serialization.BestAvailableEncryption(b"x")
    Path(path).write_bytes(pkcs12.serialize_key_and_certificates(b"n", key(), certificate, None, modern))
    assert "MAC verification failed" in run(machine, "import", path, "-k", chain, "-P", "x")[2]
    Path(path).write_bytes(b"nothing")
    assert "Unknown format in import" in run(machine, "import", path, "-k", chain, "-P", "x")[2]


def test_the_partition_list_wants_a_key_and_the_password(machine: Mac, chain: str, tmp_path: Path) -> None:
    call = ("set-key-partition-list", "-S", "apple:,codesign:", "-s", "-k")
    assert run(machine, *call, "pw", chain)[0] == 1
    run(machine, "import", file(tmp_path), "-k", chain, "-P", "x")
    assert run(machine, *call, "no", chain)[0] == 51
    assert run(machine, *call, "pw", chain)[0] == 0


def test_it_lists_as_the_real_one_does(machine: Mac, chain: str, tmp_path: Path) -> None:
    odd = str(tmp_path / "Jörg’s.keychain-db")
    run(machine, "list-keychains", "-d", "user", "-s", chain, odd)
    plain, encoded = run(machine, "list-keychains", "-d", "user")[1].splitlines()
    assert plain == f'    "{chain}"'
    assert (
        encoded
        == f'    0x{odd.encode().hex().upper()}  "{tmp_path}/J\\303\\266rg\\342\\200\\231s.keychain-db"'
    )
    run(machine, "import", file(tmp_path), "-k", chain, "-P", "x")
    sha1, name = identity().certificate.sha1, identity().certificate.common_name
    assert run(machine, "find-identity", "-v", "-p", "codesigning", chain)[1] == (
        f'  1) {sha1} "{name}"\n     1 valid identities found\n\n'
    )
    machine.set(untrusted=True)
    assert run(machine, "find-identity", "-p", "codesigning", chain)[1] == (
        f'\nPolicy: Code Signing\n  Matching identities\n  1) {sha1} "{name}" (CSSMERR_TP_NOT_TRUSTED)\n'
        "     1 identities found\n\n  Valid identities only\n     0 valid identities found\n\n"
    )


@pytest.mark.parametrize(
    "arguments", [["create-keychain"], ["set-keychain-settings", "-q", "x"], ["import"], ["dance"], []]
)
def test_wrong_arguments(machine: Mac, arguments: list[str]) -> None:
    assert run(machine, *arguments)[0] == 2


def test_faults_on_demand(machine: Mac, chain: str) -> None:
    machine.set(fail_at=2, code=7)
    assert [run(machine, "list-keychains")[0] for _ in range(3)] == [0, 7, 0]
    machine.set(fail_at=0, fail="delete-keychain", after=True)
    assert run(machine, "delete-keychain", chain)[0] == 7 and not Path(chain).exists()
