"""A storage that others write into: every file, name and journal in it is read, refused or left out."""

from __future__ import annotations

import json
import subprocess
import zlib
from functools import cache
from hashlib import sha1
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization as form
from hypothesis import example, given
from hypothesis import strategies as st

from asc.identity.certificate import Certificate
from asc.identity.p12 import p12
from asc.signing.install.ledger import read_state
from asc.signing.storage import journal
from asc.signing.storage.model import Options
from asc.signing.storage.names import problem
from asc.signing.storage.opening import open_storage
from asc.signing.vault.encryption import decrypt, encrypt
from asc.signing.vault.layout import VaultEntry
from asc.signing.vault.tree import Vault
from asc.words import printable_name
from asc_sandbox.authority.issuing import Authority
from core.signing import PASSPHRASE, a_key, profile_file
from fuzz.bounds import bounded, examples, large
from fuzz.mutating import VALUES, damaged


@cache
def plain_files() -> dict[str, bytes]:
    key = a_key()
    certificate = Certificate.from_der(Authority().issue(key.public_key(), "DISTRIBUTION").der)
    pem = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    return {
        "certs/distribution/A.cer": certificate.der,
        "certs/distribution/A.p12": pem,
        "certs/distribution/B.cer": certificate.der,
        "certs/distribution/B.p12": p12(key, certificate, "password", "Name"),
        "profiles/appstore/AppStore_com.example.app.mobileprovision": profile_file(certificate),
    }


@cache
def sealed_files(version: Any = 2) -> dict[str, bytes]:
    return {path: encrypt(data, PASSPHRASE, version) for path, data in plain_files().items()}


PATHS = st.sampled_from(sorted(plain_files()))


@given(st.binary(max_size=2000), st.text(min_size=1).filter(str.strip), st.sampled_from([1, 2]))
@examples(12)
def test_what_is_encrypted_comes_back(plain: bytes, passphrase: str, version: Any) -> None:
    with bounded():
        assert decrypt(encrypt(plain, passphrase, version), passphrase, plain.__eq__) == plain


@given(PATHS, st.sampled_from([1, 2]), st.data())
@examples(10)
def test_a_damaged_file_is_a_fault_and_no_other_is_lost(path: str, version: Any, data: st.DataObject) -> None:
    sealed = sealed_files(version)
    outer = data.draw(damaged([sealed[path]]))
    inner = data.draw(damaged([plain_files()[path]]))
    content = data.draw(st.sampled_from([outer, inner, encrypt(inner, PASSPHRASE, version)]))
    vault = Vault({**sealed, path: content}, PASSPHRASE, p12_password="password")
    with bounded():
        assert len(vault.identities().entries) + len(vault.profiles().entries) >= 2


JOURNAL = {
    "format": 1,
    "generation": 3,
    "identity": "x",
    "put": {"a": "YQ=="},
    "delete": ["b"],
    "bases": {"a": ""},
}


@given(st.dictionaries(st.sampled_from(sorted(JOURNAL)), VALUES))
@example({"generation": float("inf")})
@example({"put": {"a": "ü"}})
@example({"delete": "ab"})
@examples(40)
def test_a_journal_is_read_or_refused(changed: dict[str, Any]) -> None:
    with bounded(journal.UnreadableJournal):
        read = journal.decode(json.dumps({**JOURNAL, **changed}).encode())
        assert journal.decode(read.encode()) == read


@given(damaged([json.dumps(JOURNAL).encode()]))
@large(b"[" * 100_000)
@large(b'{"format": 1, "identity": ' + b"[" * 900 + b"]" * 900 + b"}")
@examples(24)
def test_a_damaged_journal_is_read_or_refused(data: bytes) -> None:
    with bounded(journal.UnreadableJournal):
        journal.decode(data)
    with bounded(ValueError):
        read_state(data)


@given(st.text(max_size=60) | st.text(st.sampled_from("certsprofiles/._*~git\\:-ABC "), max_size=60))
@examples(60)
def test_a_name_is_taken_or_not(path: str) -> None:
    with bounded():
        VaultEntry.parse(path)
        reason = problem(path)
        printable_name(path).encode()
    assert reason or ".." not in path.split("/")


class Tree:
    """A bare repository with objects written by hand, because git itself refuses such trees."""

    def __init__(self, path: Path) -> None:
        self.path = path
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", path], check=True)

    def commit(self, entries: list[tuple[bytes, bytes, bytes]]) -> None:
        """Commit a tree with these entries of (mode, name, content)."""
        tree = b"".join(
            mode + b" " + name + b"\0" + self._write(b"blob", data) for mode, name, data in entries
        )
        who = b"T <t@example.com> 0 +0000"
        text = b"tree %s\nauthor %s\ncommitter %s\n\nx\n" % (
            self._write(b"tree", tree).hex().encode(),
            who,
            who,
        )
        (self.path / "refs/heads/main").write_text(self._write(b"commit", text).hex() + "\n")

    def _write(self, kind: bytes, content: bytes) -> bytes:
        data = b"%s %d\0%s" % (kind, len(content), content)
        name = sha1(data, usedforsecurity=False)
        path = self.path / "objects" / name.hexdigest()[:2] / name.hexdigest()[2:]
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(zlib.compress(data))
        return name.digest()


MODES = st.sampled_from([b"100644", b"100755", b"120000", b"160000", b"40000", b"100600", b"0", b"777777"])
NAMES = st.sampled_from(
    [
        b"..",
        b".",
        b".git",
        b"a\nb",
        b"a\tb",
        b"\xff\xfe",
        b"-x",
        b'"',
        b"GIT~1",
        b"\xe2\x80\xae",
        b"a" * 300,
        b"asc-journal.json",
    ]
)


@given(
    st.lists(
        st.tuples(
            MODES,
            NAMES | st.binary(min_size=1, max_size=9).filter(lambda name: not {0, 47} & set(name)),
            st.binary(max_size=20),
        ),
        max_size=6,
    )
)
@examples(5)
def test_a_tree_in_git_may_hold_anything(
    tmp_path_factory: pytest.TempPathFactory, entries: list[tuple[bytes, bytes, bytes]]
) -> None:
    folder = tmp_path_factory.mktemp("tree")
    tree = Tree(folder / "store.git")
    tree.commit(entries)
    with bounded():
        found = open_storage(f"git+file://{tree.path}", Options()).read()
        assert all(problem(path) is None for path in found)
    assert [path.name for path in folder.iterdir()] == ["store.git"]
