"""The jobs of ci.yml that use the actions as a stranger would, under act on this machine."""

import os
import re
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from support.act import ActRun, run_act
from support.runner import actions_alone
from support.scratch import REPOSITORY
from support.security import Mac, mac

SETUP_PYTHON = re.compile(
    r"      - uses: actions/setup-python@.*\n        with:\n          python-version: .*\n"
)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs that a job finds first, and a home of its own."""
    programs = tmp_path / "programs"
    programs.mkdir()
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return programs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout in which `make setup` finds its work done."""
    setup = (".ci", "Makefile", "tools", "src/asc_sandbox")
    copy = actions_alone(REPOSITORY, tmp_path / "ours", *setup)
    (copy / ".venv").symlink_to(REPOSITORY / ".venv")
    return copy


def run(folder: Path, cache: Path, *options: str) -> ActRun:
    """One job of ci.yml, at a free port. Python is there already, which act would have to fetch."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    text, found = SETUP_PYTHON.subn("", (REPOSITORY / ".github/workflows/ci.yml").read_text("utf-8"))
    assert found
    return run_act(folder, text.replace("8080", port), *options, cache=cache, secrets={}, env={})


def test_the_job_that_uses_the_actions(folder: Path, machine: Path, cache: Path) -> None:
    done = run(
        folder,
        cache,
        *("--platform", "ubuntu-latest=-self-hosted", "--job", "later"),
        *("--matrix", "os:ubuntu-latest", "--matrix", "runtime:auto"),
    )
    assert done.exit_code == 0, done.everything
    assert done.job_result("later") == "success"


@pytest.fixture
def a_mac(tmp_path: Path, machine: Path) -> Mac:
    """The stand-in of macOS' security, which trusts no root until sudo lets it; codesign signs with what it finds."""
    made = mac(tmp_path / "mac", home=tmp_path / "home")
    (machine / "security").symlink_to(made.path.split(":")[0] + "/security")
    made.set(untrusted=True, now=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    return made


def program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/bash\n{text}\n")
    path.chmod(0o755)


@pytest.mark.parametrize("may_trust", [True, False])
def test_the_job_with_a_keychain(
    folder: Path, machine: Path, a_mac: Mac, cache: Path, may_trust: bool
) -> None:
    settings = a_mac.folder / "settings"
    trust = f"sed -i \"s/'untrusted': True/'untrusted': False/\" {settings}" if may_trust else "exit 1"
    program(machine / "sudo", f'echo "sudo $*"; [[ $2 != add-trusted-cert ]] || {trust}')
    program(machine / "codesign", 'echo "codesign $*"')
    before = a_mac.search_list()
    done = run(folder, cache, "--platform", "macos-latest=-self-hosted", "--job", "keychain")
    assert done.exit_code == 0, done.everything
    assert "probably missing on this machine" in done.commands("error")[0]["arg"]
    assert ("codesign --force" in done.printed) == may_trust
    assert any("Signing was not tried" in str(each) for each in done.commands("warning")) != may_trust
    assert a_mac.search_list() == before
    assert a_mac.open_keychains() == [a_mac.login]
