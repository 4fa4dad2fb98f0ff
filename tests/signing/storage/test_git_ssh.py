"""Git over ssh: what ssh is told, the key and the known hosts, and how failures are told."""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path

import pytest

from asc.signing.storage import Changes, Files, Options, StorageError, StorageUnreachable, open_storage
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
        ("git@example.com: Permission denied (publickey).", "deploy-key", "did not let the SSH key in"),
        (
            "No ED25519 host key is known for example.com\nHost key verification failed.",
            "known-hosts",
            "not known here",
        ),
        (
            "ssh: Could not resolve hostname example.com: Name or service not known",
            "storage",
            "could not be reached",
        ),
        ("ERROR: Repository not found.", "deploy-key", "is not there"),
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
