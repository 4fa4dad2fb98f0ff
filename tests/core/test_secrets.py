"""Secrets stay where they are: steps with debug logging, of all storages with a secret, whole or failing."""

from __future__ import annotations

import base64
import json
import os
import shlex
import shutil
import signal
import stat
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from reliability import leaks

from asc_sandbox.server import Sandbox
from core.running import Done, by_hand, in_job
from core.signing import APP, P12_PASSWORD, PASSPHRASE, apple, folder_store, git_store
from signing.storage import azure_server, gitlab_server, places
from signing.storage.git_server import WRITES, git_host
from support import forked
from support.waiting import LONGEST, wait_until

DEPLOY_KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAAplanted\n-----END OPENSSH PRIVATE KEY-----\n"
PLANTED = "b3BlbnNzaC1rZXktdjEAAAAAplanted"
NEW_PASSPHRASE = "another horse, and longer"
WATCHED = """#!/bin/sh
# Notes what any user of the machine could see of this process, then becomes the real one.
{{ printf 'ARGUMENT %s\\n' "$0" "$@"; env | sed 's/^/VARIABLE /'; }} >> {notes}
{run}
"""
AS_SSH = 'for last in "$@"; do :; done; exec sh -c "$last"'


@dataclass
class Machine:
    """Where steps run. `children` is what could be seen of the processes that they started."""

    folder: Path
    sandbox: Sandbox
    secrets: list[str]
    for_git: tuple[str, ...] = ()
    """What git needs in its environment, and its alone."""
    inputs: dict[str, object] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)

    @property
    def notes(self) -> Path:
        return self.folder.parent / "notes"

    def run(self, mode: str, **more: object) -> Done:
        """The step sync-signing in a process of its own, with all that is planted; nothing of it may be seen."""
        given = {
            "mode": mode,
            "bundle-ids": APP,
            "passphrase": PASSPHRASE,
            "p12-password": P12_PASSWORD,
            "install": "files",
            "output-directory": str(self.folder / "workspace/signing"),
            "retry-for": "1s",
            **self.inputs,
            **more,
        }
        done = in_job(
            self.folder.parent,
            given,
            sandbox=self.sandbox,
            command="sync-signing",
            process=True,
            run="support.clock:run_quickly",
            RUNNER_DEBUG="1",
            ASC_DEBUG="1",
            **self.env,
        )
        self.assert_nothing_is_seen(done)
        return done

    def assert_nothing_is_seen(self, done: Done) -> None:
        assert done.log.problems == []
        assert list(leaks.said(done, self.secrets)) == []
        assert list(leaks.left(self.folder, self.secrets)) == []
        children = self.notes.read_text() if self.notes.exists() else ""
        arguments = "\n".join(line for line in children.splitlines() if line.startswith("ARGUMENT "))
        assert leaks.in_words(arguments, self.secrets) == []
        assert leaks.in_words(children, set(self.secrets) - set(self.for_git)) == []
        for path in self.folder.rglob("signing/**/*"):
            assert path.is_dir() or stat.S_IMODE(path.stat().st_mode) == 0o600, path


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """One on which git, ssh and ps are watched."""
    folder = tmp_path / "machine"
    for name in ("home", "temp", "workspace", "tools", "bin"):
        (folder / name).mkdir(parents=True)
    with apple() as sandbox:
        secrets = [*leaks.of_key(sandbox.api_key()), PASSPHRASE, P12_PASSWORD, NEW_PASSPHRASE]
        one = Machine(folder, sandbox, secrets)
        for name in ("git", "ps", "ssh"):
            real = f'exec {shlex.quote(shutil.which(name) or name)} "$@"'
            program = folder / "bin" / name
            program.write_text(
                WATCHED.format(notes=shlex.quote(str(one.notes)), run=AS_SSH if name == "ssh" else real)
            )
            program.chmod(0o755)
        one.env = {
            "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder / "home"),
            "RUNNER_TEMP": str(folder / "temp"),
            "TMPDIR": str(folder / "temp"),
            "RUNNER_TOOL_CACHE": str(folder / "tools"),
        }
        yield one


def https(machine: Machine, stack: ExitStack) -> None:
    """A repository behind a token."""
    store = git_store(machine.folder.parent)
    host = stack.enter_context(git_host(store.path.parent, machine.folder.parent))
    credentials = base64.b64encode(f"x-access-token:{WRITES}".encode()).decode()
    machine.inputs = {"storage": f"{host.url}/{store.path.name}", "storage-token": WRITES}
    machine.env["SSL_CERT_FILE"] = str(host.authority)
    machine.secrets += (WRITES, credentials)
    machine.for_git = (credentials,)


def ssh(machine: Machine, stack: ExitStack) -> None:
    """A repository behind a deploy key."""
    store = git_store(machine.folder.parent)
    machine.inputs = {"storage": f"git@example.com:{store.path}", "deploy-key": DEPLOY_KEY}
    machine.secrets.append(PLANTED)


def gitlab(machine: Machine, stack: ExitStack) -> None:
    """Secure files behind a token."""
    place = stack.enter_context(places.place("gitlab", machine.folder.parent, stack))
    machine.inputs = {
        "storage": place.location,
        "storage-token": gitlab_server.TOKEN,
        "endpoint": place.options.endpoint,
        "team-id": places.TEAM,
    }
    machine.secrets.append(gitlab_server.TOKEN)


def azure(machine: Machine, stack: ExitStack) -> None:
    """A container behind an account's key."""
    place = stack.enter_context(places.place("az", machine.folder.parent, stack))
    machine.inputs = {"storage": place.location, "endpoint": place.options.endpoint}
    machine.env |= {
        "AZURE_STORAGE_ACCOUNT_NAME": azure_server.ACCOUNT,
        "AZURE_STORAGE_ACCOUNT_KEY": azure_server.KEY,
    }
    machine.secrets.append(azure_server.KEY)


@pytest.mark.parametrize("storage", [https, ssh, gitlab, azure], ids=lambda each: each.__name__)
def test_of_signing_are_nowhere(machine: Machine, storage: Any) -> None:
    with ExitStack() as stack:
        storage(machine, stack)
        machine.sandbox.add_fault("GET /v1/certificates status=503")
        machine.sandbox.add_fault("POST /v1/profiles lost")
        done = machine.run("sync")
        assert (done.code, done.outputs.get("p12-password")) == (0, P12_PASSWORD), done.everything
        assert "::debug::" in done.stdout
        assert machine.run("change-passphrase", **{"new-passphrase": NEW_PASSPHRASE}).code == 0
        assert machine.run("read-only").code == 1, "with the passphrase of before"
        assert machine.run("read-only", passphrase=NEW_PASSPHRASE).code == 0
        if storage in (https, ssh):
            assert "ARGUMENT fetch" in machine.notes.read_text()


@pytest.mark.parametrize("storage", [https, gitlab], ids=lambda each: each.__name__)
def test_of_signing_are_nowhere_where_the_storage_refuses_them(machine: Machine, storage: Any) -> None:
    wrong = "glpat-that-nobody-knows-0123"
    with ExitStack() as stack:
        storage(machine, stack)
        machine.secrets += (wrong, base64.b64encode(f"x-access-token:{wrong}".encode()).decode())
        machine.for_git = (machine.secrets[-1],)
        done = machine.run("sync", **{"storage-token": wrong})
        assert done.code != 0
        assert "storage-token" in done.error


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_deploy_key_does_not_outlive_a_step_that_is_cancelled(machine: Machine, number: int) -> None:
    """Nor does the ssh that it was for."""
    ssh(machine, ExitStack())
    at = machine.folder.parent / "pid"
    program = machine.folder / "bin" / "ssh"
    program.write_text(f"#!/bin/sh\necho $$ > {at}.new; mv {at}.new {at}; exec sleep 60\n")
    inputs = {"mode": "read-only", "bundle-ids": APP, "passphrase": PASSPHRASE, **machine.inputs}
    env = {**machine.env, "ASC_COMMAND": "sync-signing", "ASC_INPUTS": json.dumps(inputs)}
    step = forked.start([], env)
    try:
        wait_until(lambda: at.exists() or step.poll() is not None)
        assert list(leaks.left(machine.folder, machine.secrets)), "the key is there while ssh runs"
        step.send_signal(number)
        assert step.wait(LONGEST) == 128 + number
    finally:
        step.kill()
        step.wait()
    assert list(leaks.left(machine.folder, machine.secrets)) == []
    with pytest.raises(ProcessLookupError):
        wait_until(lambda: os.kill(int(at.read_text()), 0))


@pytest.mark.parametrize(
    "fault",
    [
        "* /v1/certificates status=401 times=always",
        "POST /v1/certificates garbage-json times=always",
        "GET /v1/* hang times=always",
        "POST /v1/profiles reset times=always",
    ],
)
def test_of_signing_are_nowhere_when_app_store_connect_fails(machine: Machine, fault: str) -> None:
    machine.inputs = {"storage": folder_store(machine.folder.parent).location}
    machine.sandbox.add_fault(fault)
    assert machine.run("sync").code in (1, 3)


@pytest.mark.parametrize("debug", [{}, {"ASC_DEBUG": "1"}], ids=["plain", "debug"])
@pytest.mark.parametrize("fault", ["GET /v1/apps delay=0", "GET /v1/apps status=401 times=always"])
def test_of_a_person_are_not_printed_either(debug: Mapping[str, str], fault: str) -> None:
    """There is no runner that would mask them."""
    with apple(faults=[fault]) as sandbox:
        key = sandbox.api_key()
        done = by_hand("--json", sandbox=sandbox, command="doctor", process=True, **debug)
        assert done.code == int("401" in fault)
        assert leaks.in_words(done.everything, leaks.of_key(key)) == []
        assert "::add-mask::" not in done.everything


def test_the_search_finds_what_it_looks_for(machine: Machine) -> None:
    """Else all of the above would say nothing."""
    token = "eyJhbGciOiJFUzI1NiIsImtpZCI6.eyJpc3MiOiJ0aGUtaXNzdWVyIiwi.c2lnbmF0dXJlLW9mLWl0"
    (machine.folder / "temp" / "left").write_text(f"x {PASSPHRASE}")
    done = Done(0, f"::add-mask::{P12_PASSWORD}\nthe token {token}\n", f"{P12_PASSWORD}\n", {"a": PASSPHRASE})
    found = list(leaks.said(done, machine.secrets)) + list(leaks.left(machine.folder, machine.secrets))
    assert [each.partition("… in the ")[2] for each in found] == [
        "standard output",
        "standard error",
        "outputs",
        "file temp/left",
    ]
    key = json.dumps(machine.sandbox.api_key())
    assert len(leaks.in_words(key, machine.secrets)) >= 4
