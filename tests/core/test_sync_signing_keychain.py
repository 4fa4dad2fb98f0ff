"""sync-signing with a keychain, and cleanup-signing, on a Mac that support/security.py plays."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from asc.signing.install import keychain
from asc.signing.install.placing import FOLDERS
from core.running import ENTRYPOINT, Done
from core.signing import (
    APP,
    P12_PASSWORD,
    WIDGET,
    Store,
    apple,
    clean_up,
    folder_store,
    inputs_for,
    step,
)
from signing.install.test_keychain import ORDER
from support.cheap_p12 import cheap_p12
from support.job_log import parse_file_command
from support.security import Mac, mac
from support.waiting import wait_until

KEYCHAIN = {"mode": "read-only", "install": "keychain", "bundle-ids": f"{APP}\n{WIDGET}"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """What a sync on another machine has stored."""
    folder = tmp_path_factory.mktemp("elsewhere")
    made = folder_store(folder)
    with apple() as sandbox:
        done = step(folder, sandbox, made, {**KEYCHAIN, "mode": "sync", "install": "none"})
    assert done.code == 0, done.stdout
    return made


@pytest.fixture(autouse=True)
def _cheap_p12(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keychain, "p12", cheap_p12)


@pytest.fixture
def machine(tmp_path: Path) -> Mac:
    made = mac(tmp_path / "mac")
    made.set(now=(datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)).isoformat())
    return made


def context(machine: Mac, folder: Path) -> dict[str, str]:
    return {"PATH": machine.path, "HOME": str(machine.home), "RUNNER_TEMP": str(folder / "temporary")}


@pytest.fixture
def job(tmp_path: Path, machine: Mac) -> dict[str, str]:
    (tmp_path / "temporary").mkdir()
    return context(machine, tmp_path)


def sign(folder: Path, store: Store, job: dict[str, str], **inputs: str) -> Done:
    return step(folder, None, store, {**KEYCHAIN, "p12-password": P12_PASSWORD, **inputs}, **job)


def left(machine: Mac, folder: Path) -> list[str]:
    """What a job may leave on the machine; empty when all is as it was."""
    found = [str(path) for path in (folder / "temporary").rglob("*")]
    found += [str(path) for each in FOLDERS for path in (machine.home / each).glob("*")]
    found += [each for each in machine.search_list() if each != machine.login]
    found += [each for each in machine.open_keychains() if each != machine.login]
    found += [str(path) for path in (folder / "signing").rglob("*")]
    found += [str(path) for path in machine.home.glob(".app-store-connect-actions/signing/*.json")]
    return found


def test_codesign_finds_the_identity_and_xcode_the_profiles(
    tmp_path: Path, machine: Mac, store: Store, job: dict[str, str]
) -> None:
    environment = tmp_path / "env"
    environment.write_text("")
    done = sign(tmp_path, store, {**job, "GITHUB_ENV": str(environment)}, **{"export-fastlane-env": "true"})
    assert done.code == 0, done.stdout
    assert machine.names() == ORDER
    assert machine.signs(done.outputs["certificate-sha1"])
    assert machine.search_list() == [done.outputs["keychain-path"], machine.login]
    assert Path(done.outputs["keychain-path"]).is_relative_to(tmp_path / "temporary")
    uuids = [each["uuid"] for each in json.loads(done.outputs["profiles"]).values()]
    for folder in FOLDERS:
        assert sorted(path.stem for path in (machine.home / folder).iterdir()) == sorted(uuids)
    shown = parse_file_command(environment.read_text())[f"sigh_{APP}_appstore_profile-path"]
    assert Path(shown).is_relative_to(machine.home / FOLDERS[0]), "where Xcode looks"
    assert Path(done.outputs["p12-path"]).exists(), "output-directory is filled on a Mac, too"


def test_no_secret_is_printed_or_handed_to_security(
    tmp_path: Path, machine: Mac, store: Store, job: dict[str, str]
) -> None:
    done = sign(tmp_path, store, {**job, "MATCH_PASSWORD": "a", "RUNNER_DEBUG": "1"})
    assert done.code == 0
    assert machine.variables() <= {"HOME", "PATH", "LC_ALL", "LC_CTYPE", "LANG", "PWD", "SHLVL", "_"}
    created = next(call for call in machine.calls() if call[0] == "create-keychain")
    printed = [line for line in done.stdout.splitlines() if not line.startswith("::add-mask::")]
    assert created[2] not in "\n".join(printed) + json.dumps(done.outputs)
    assert not any(P12_PASSWORD in call for call in machine.calls())


def test_cleaning_up_takes_all_of_it_away_and_twice_is_no_error(
    tmp_path: Path, machine: Mac, store: Store, job: dict[str, str]
) -> None:
    machine.put_search_list(["/theirs.keychain-db", machine.login])
    path = sign(tmp_path, store, job).outputs["keychain-path"]
    assert machine.search_list() == [path, "/theirs.keychain-db", machine.login]
    done = clean_up(tmp_path, **job)
    assert (done.code, done.outputs["removed"]) == (0, "1"), done.stdout
    assert f"Removed the keychain {path}" in done.stdout
    assert machine.search_list() == ["/theirs.keychain-db", machine.login]
    machine.put_search_list([machine.login])
    assert left(machine, tmp_path) == []
    assert Path(machine.login).exists()
    again = clean_up(tmp_path, **job)
    assert (again.code, again.outputs["removed"]) == (0, "0")


def test_a_clean_up_that_security_refuses_fails_and_is_made_up_for(
    tmp_path: Path, machine: Mac, store: Store, job: dict[str, str]
) -> None:
    keychain_path = Path(sign(tmp_path, store, job).outputs["keychain-path"])
    machine.set(fail="list-keychains", says="Not now.")
    done = clean_up(tmp_path, **job)
    assert done.code == 1
    assert "Not now." in done.error and "Run cleanup-signing again" in done.error
    assert not keychain_path.exists(), "the key is gone all the same"
    machine.set(fail=None)
    assert clean_up(tmp_path, **job).outputs["removed"] == "1"
    assert left(machine, tmp_path) == []


@pytest.mark.parametrize(
    ("number", "after"),
    [*((number, False) for number in range(1, len(ORDER) + 1)), (1, True), (4, True), (7, True)],
    ids=lambda each: ORDER[each - 1] if type(each) is int else ("done and failed" if each else "refused"),
)
def test_a_step_of_security_that_fails_leaves_nothing(
    tmp_path: Path, machine: Mac, store: Store, job: dict[str, str], number: int, after: bool
) -> None:
    machine.set(fail_at=number, after=after, says="Something is wrong.")
    done = sign(tmp_path, store, job)
    assert done.code == 1
    assert "Something is wrong" in done.error
    assert done.outputs.get("keychain-path", "") == ""
    assert left(machine, tmp_path) == []
    assert machine.search_list() == [machine.login]
    assert clean_up(tmp_path, **job).outputs["removed"] == "0"


def test_without_a_mac_the_error_says_what_to_do(tmp_path: Path, store: Store) -> None:
    done = sign(tmp_path, store, {"PATH": str(tmp_path), "HOME": str(tmp_path)})
    assert done.code != 0
    assert "needs macOS" in done.error
    assert not (tmp_path / "signing").exists()


def test_where_macos_does_not_trust_the_certificate_the_missing_one_is_named(
    tmp_path: Path, machine: Mac, store: Store, job: dict[str, str]
) -> None:
    machine.set(untrusted=True)
    done = sign(tmp_path, store, job)
    assert done.code == 1
    assert "intermediate certificate" in done.error and "apple.com/certificateauthority" in done.error
    assert left(machine, tmp_path) == []


def start_worker(folder: Path, store: Store, job: dict[str, str]) -> subprocess.Popen[bytes]:
    """A runner's worker that has run the step, and goes on with its job."""
    program, output = folder / "Runner.Worker", folder / "output"
    program.write_text('#!/bin/sh\n"$@"; echo $? >"$0.ended"; read -r _\n')
    program.chmod(0o755)
    output.touch()
    environment = {
        **job,
        "ASC_COMMAND": "sync-signing",
        "ASC_INPUTS": json.dumps(inputs_for(folder, store, KEYCHAIN)),
        "GITHUB_OUTPUT": str(output),
    }
    command = [program, sys.executable, "-I", ENTRYPOINT]
    with (folder / "log").open("wb") as log:
        worker = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=log, stderr=log)
    wait_until((folder / "Runner.Worker.ended").exists)
    assert (folder / "Runner.Worker.ended").read_text() == "0\n", (folder / "log").read_text()
    return worker


class TestAnotherJobOnTheMachine:
    """A self-hosted runner: what a job installed is its own as long as its worker lives, and swept after that."""

    @pytest.fixture
    def worker(self, tmp_path: Path, machine: Mac, store: Store) -> Iterator[subprocess.Popen[bytes]]:
        folder = tmp_path / "other"
        (folder / "temporary").mkdir(parents=True)
        process = start_worker(folder, store, {**context(machine, folder), "GITHUB_RUN_ID": "77"})
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def test_is_left_alone_while_it_runs(
        self,
        tmp_path: Path,
        machine: Mac,
        store: Store,
        job: dict[str, str],
        worker: subprocess.Popen[bytes],
    ) -> None:
        before = machine.search_list()
        assert len(before) == 2
        assert sign(tmp_path, store, job).code == 0
        assert clean_up(tmp_path, **job).outputs["removed"] == "1"
        assert machine.search_list() == before
        assert (tmp_path / "other" / "signing" / "manifest.json").exists()
        assert len(list((machine.home / FOLDERS[0]).iterdir())) == 2

    @pytest.mark.parametrize("by", ["sync-signing", "cleanup-signing"])
    def test_that_crashed_is_swept(
        self,
        tmp_path: Path,
        machine: Mac,
        store: Store,
        job: dict[str, str],
        worker: subprocess.Popen[bytes],
        by: str,
    ) -> None:
        worker.kill()
        worker.communicate()
        if by == "sync-signing":
            done = sign(tmp_path, store, job)
            assert machine.search_list() == [done.outputs["keychain-path"], machine.login]
            assert machine.signs(done.outputs["certificate-sha1"])
            assert clean_up(tmp_path, **job).outputs["removed"] == "1"
        else:
            done = clean_up(tmp_path, **job)
            assert done.outputs["removed"] == "1"
        assert done.code == 0, done.stdout
        assert "Removed the keychain and files of a job of" in done.stdout
        assert left(machine, tmp_path) == left(machine, tmp_path / "other") == []
