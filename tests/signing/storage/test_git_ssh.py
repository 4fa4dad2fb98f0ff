"""Git over ssh: what ssh is told, the key and the known hosts, and how failures are told."""

from __future__ import annotations

import base64
import os
import shlex
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from asc.signing.storage import Changes, Files, Options, StorageError, StorageUnreachable, open_storage
from asc.signing.storage.git.deploykey import private_key
from signing.storage.places import Place, options

ADD = Changes({"certs/distribution/A.p12": b"key"})


def add(files: Files) -> Changes:
    return ADD


SSH = """#!/bin/sh
# Plays ssh: notes its arguments and its key, then runs what it was asked to, on this machine.
for word in "$@"; do
  printf '%s\\n' "$word" >> {notes}
  case $word in IdentityFile=*) key=${{word#IdentityFile=}};; esac
done
stat -c '%a' "$key" >> {notes}
cat "$key" >> {notes}
test -e {refuse} && {{ cat {refuse} >&2; exit 255; }}
for last in "$@"; do :; done
exec sh -c "$last"
"""


@pytest.fixture
def ssh(repository: Place, tmp_path: Path) -> Options:
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "ssh"
    program.write_text(SSH.format(notes=shlex.quote(str(tmp_path / "notes")), refuse=tmp_path / "refuse"))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(tmp_path), "SSH_AUTH_SOCK": "/agent"}
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\r\nsecret\r\n-----END OPENSSH PRIVATE KEY-----"
    return options(
        environment=environment, deploy_key=key, temporary=tmp_path, known_hosts="example.com ssh-rsa AA"
    )


def test_ssh_with_a_deploy_key(repository: Place, ssh: Options, tmp_path: Path) -> None:
    storage = open_storage(f"git@example.com:{repository.more['repository']}", ssh)
    storage.update(add, "Add")
    storage.prove_writable()
    assert repository.contents() == ADD.put
    notes = (tmp_path / "notes").read_text()
    for part in (
        "IdentitiesOnly=yes",
        "StrictHostKeyChecking=yes",
        "BatchMode=yes",
        "git@example.com",
        "\n600\n",
    ):
        assert part in notes
    assert "PRIVATE KEY-----\nsecret\n-----END OPENSSH PRIVATE KEY-----\n" in notes
    assert not list(tmp_path.rglob("ssh-*"))


@pytest.mark.parametrize(
    ("words", "input", "told"),
    [
        ("git@example.com: Permission denied (publickey).", "deploy-key", "did not accept the SSH key"),
        (
            "No ED25519 host key is known for example.com\nHost key verification failed.",
            "known-hosts",
            "unknown SSH key",
        ),
        (
            "ssh: Could not resolve hostname example.com: Name or service not known",
            "storage",
            "could not be reached",
        ),
        ("ERROR: Repository not found.", "deploy-key", "does not exist"),
    ],
)
def test_ssh_that_fails(
    repository: Place, ssh: Options, tmp_path: Path, words: str, input: str, told: str
) -> None:
    (tmp_path / "refuse").write_text(words + "\nfatal: Could not read from remote repository.\n")
    with pytest.raises(StorageError, match=told) as caught:
        open_storage("ssh://git@example.com/a.git", ssh).read()
    assert caught.value.input == input
    assert isinstance(caught.value, StorageUnreachable) == (input == "storage")
    assert not list(tmp_path.rglob("ssh-*"))


def test_a_deploy_key_that_may_only_read(repository: Place, ssh: Options, tmp_path: Path) -> None:
    storage = open_storage(f"git@example.com:{repository.more['repository']}", ssh)
    storage.read()
    (tmp_path / "refuse").write_text(
        "ERROR: The key you are authenticating with has been marked as read only.\n"
    )
    explainer = storage._remote.explainer  # type: ignore[attr-defined]
    error = explainer.writing((tmp_path / "refuse").read_text())
    assert (error.input, "Allow write access" in error.remedy) == ("deploy-key", True)


PEM = (
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    + f"{'A' * 70}\n{'B' * 30}"
    + "\n-----END OPENSSH PRIVATE KEY-----\n"
)


@pytest.mark.parametrize(
    "text",
    [
        PEM,
        PEM.replace("\n", "\r\n"),
        PEM.replace("\n", "\\n"),
        PEM.replace("\n", " "),
        PEM.replace("\n", ""),
        f'"{PEM}"',
        base64.encodebytes(PEM.encode()).decode(),
    ],
    ids=["file", "CRLF", "escaped", "blanks", "one line", "quoted", "base64"],
)
def test_a_deploy_key_is_read_in_the_forms_that_secrets_have(text: str) -> None:
    assert private_key(text) == PEM


@pytest.mark.parametrize("text", ["ssh-ed25519 AAAA me@example.com", "not-a-file", "c2VjcmV0"])
def test_a_deploy_key_that_is_no_private_key_is_told_as_that(text: str) -> None:
    with pytest.raises(StorageError, match="deploy-key") as caught:
        private_key(text)
    assert text not in str(caught.value)


def test_known_hosts_count_with_an_agent_too(repository: Place, ssh: Options, tmp_path: Path) -> None:
    agent = replace(ssh, deploy_key="")
    (tmp_path / "key").write_text("")
    open_storage(f"git@example.com:{repository.more['repository']}", agent).read()
    notes = (tmp_path / "notes").read_text()
    assert "GlobalKnownHostsFile=" in notes and "StrictHostKeyChecking=yes" in notes
    assert "IdentityFile" not in notes and not list(tmp_path.rglob("known_hosts-*"))


def test_ssh_is_advised_no_token_and_the_port_is_scanned(ssh: Options, tmp_path: Path) -> None:
    (tmp_path / "refuse").write_text("ERROR: Repository not found.\n")
    with pytest.raises(StorageError) as caught:
        open_storage("ssh://git@example.com:2222/a.git", ssh).read()
    assert "storage-token" not in caught.value.remedy and "deploy-key" in caught.value.remedy
    (tmp_path / "refuse").write_text("Host key verification failed.\n")
    with pytest.raises(StorageError) as caught:
        open_storage("ssh://git@example.com:2222/a.git", ssh).read()
    assert "ssh-keyscan -p 2222 example.com" in caught.value.remedy


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("CONNECT tunnel failed: Received HTTP code 407 from proxy after CONNECT", "the proxy refused"),
        ("detected dubious ownership in repository at '/srv/a.git'", "/srv/a.git"),
    ],
)
def test_what_git_says_of_proxies_and_owners_is_told_as_that(
    ssh: Options, tmp_path: Path, words: str, told: str
) -> None:
    (tmp_path / "refuse").write_text(f"fatal: {words}\n")
    with pytest.raises(StorageError, match=told):
        open_storage("ssh://git@example.com/srv/a.git", ssh).read()
