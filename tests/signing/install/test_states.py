"""The records of what was made, and the sweep after jobs that crashed."""

from __future__ import annotations

import json
import os
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from asc.errors import SetupError
from asc.signing.install.cleanup import LONGEST_JOB, Process, holder_of, lives, processes, sweep
from asc.signing.install.ledger import Holder, Ledger, MachineState, Placed, read_state, write_state
from asc.signing.install.security import InstallError
from signing.install.samples import Job, job

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
PATH = os.environ["PATH"]
FULL = MachineState(
    "0" * 16,
    "run 1",
    NOW,
    Holder(7, 1234.5),
    "/k.keychain-db",
    ("/Jörg", "/\udc80"),
    "/work",
    (Placed("/p", "ab", True, "eA=="),),
    ("/o",),
)


@pytest.fixture
def here(tmp_path: Path) -> Job:
    return job(tmp_path)


@pytest.mark.parametrize("state", [FULL, MachineState("1" * 16, "", NOW)])
def test_a_state_is_read_as_it_was_written(state: MachineState) -> None:
    assert read_state(write_state(state)) == state


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b"\xff", b'{"version": 2}', b'{"version": 1, "id": "x"}', b"[" * 9999]
)
def test_what_is_no_state_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):
        read_state(content)


def test_a_ledger_is_private_and_passes_over_what_is_not_its_own(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = Ledger(tmp_path / "deep" / "ledger")
    (ledger.folder / "note.json").write_text("{")
    (ledger.folder / "copy.json").write_bytes(write_state(FULL))
    state = ledger.begin("me", NOW)
    assert ledger.states() == [state]
    assert "note.json is not a record" in caplog.text
    assert ledger.folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in ledger.folder.glob(f"{state.id}*")} == {0o600}
    assert (ledger.folder / "lock").stat().st_mode & 0o777 == 0o600


def test_a_ledger_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SetupError):
        Ledger(tmp_path / "file")


@pytest.mark.parametrize("identifier", ["../x", "", "x" * 16, "0" * 15])
def test_an_identifier_is_no_path(tmp_path: Path, identifier: str) -> None:
    with pytest.raises(InstallError):
        Ledger(tmp_path).find(identifier)


def test_a_state_that_is_gone_meanwhile(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    state = ledger.begin("me", NOW)
    ledger.forget(state.id)
    with pytest.raises(InstallError):
        ledger.change(state.id, lambda each: each)


def test_a_lock_that_another_holds(tmp_path: Path) -> None:
    with Ledger(tmp_path).locked(), pytest.raises(InstallError):
        Ledger(tmp_path, lock_timeout=0.1).begin("me", NOW)
    with Ledger(tmp_path).locked():
        pass


# The sweep


def worker(pid: int = 70, started: float = 1000) -> dict[int, Process]:
    """A runner's worker, a shell below it, and a program below that."""
    return {
        1: Process(1, 0, 0, "/sbin/launchd"),
        pid: Process(pid, 1, started, "/Users/runner/bin/Runner.Worker"),
        80: Process(80, pid, started + 1, "bash"),
        81: Process(81, 80, started + 2, "python3"),
    }


def test_the_holder_is_the_worker_above_us() -> None:
    assert holder_of(81, worker()) == Holder(70, 1000)
    assert holder_of(1, worker()) is holder_of(999, worker()) is holder_of(81, None) is None
    assert holder_of(5, {5: Process(5, 5, 0, "loop")}) is None


def test_only_jobs_that_are_over_are_swept(here: Job) -> None:
    running, late = worker(), NOW + timedelta(days=99)
    alive = here.ledger.begin("alive", NOW, Holder(70, 1001.0))
    gone = here.ledger.begin("gone", NOW, Holder(71, 1000))
    reborn = here.ledger.begin("another process with its id", NOW, Holder(80, 5000))
    old, young = here.ledger.begin("old", NOW), here.ledger.begin("young", late)
    swept = sweep(here.ledger, late, here.security, running)
    assert {each.id for each in swept} == {gone.id, reborn.id, old.id}
    assert {each.id for each in here.ledger.states()} == {alive.id, young.id}


def test_without_a_list_of_processes_age_counts(here: Job) -> None:
    here.ledger.begin("?", NOW, Holder(71, 1000))
    assert sweep(here.ledger, NOW + LONGEST_JOB, here.security) == []
    assert len(sweep(here.ledger, NOW + LONGEST_JOB + timedelta(seconds=1), here.security)) == 1


def test_what_a_crashed_job_left_is_gone_and_the_running_one_signs(here: Job, tmp_path: Path) -> None:
    other = job(tmp_path, here.mac, "other")
    crashed = here.ledger.begin("crashed", NOW, Holder(71, 1)).id
    alive = other.ledger.begin("alive", NOW, Holder(70, 1000)).id
    here.install(crashed)
    keychain = other.install(alive).keychain
    assert [each.id for each in sweep(other.ledger, NOW, other.security, worker())] == [crashed]
    assert here.mac.search_list() == [str(keychain), here.mac.login]
    assert list(here.temporary.iterdir()) == [] and len(here.profile_files()) == 2


def test_a_sweep_that_fails_stops_nothing(here: Job, caplog: pytest.LogCaptureFixture) -> None:
    state = here.begin()
    here.install(state, [])
    here.mac.set(fail="list-keychains")
    assert sweep(here.ledger, NOW + timedelta(days=9), here.security) == []
    assert "could not be removed" in caplog.text
    here.mac.set(fail=None)
    assert len(sweep(here.ledger, NOW + timedelta(days=9), here.security)) == 1
    assert here.left() == []


def test_a_sweep_that_cannot_open_the_lock_stops_nothing(here: Job, caplog: pytest.LogCaptureFixture) -> None:
    here.begin()
    lock = here.ledger.folder / "lock"
    lock.unlink()
    lock.symlink_to("elsewhere")
    assert sweep(here.ledger, NOW + timedelta(days=9), here.security) == []
    assert "could not be removed" in caplog.text


# Processes of this machine


def test_this_machine_lists_its_processes() -> None:
    began = time.time()
    child = subprocess.Popen(["sleep", "60"])
    try:
        found = processes(PATH)
        assert found and found[child.pid].parent == os.getpid()
        # ps counts in whole seconds.
        assert began - 2 <= found[child.pid].started <= time.time() + 2
        holder = holder_of(child.pid, found, "sleep")
        assert holder and lives(holder, found)
    finally:
        child.kill()
        child.wait()
    again = processes(PATH)
    assert again and not lives(holder, again)


def test_without_ps_nothing_is_known(tmp_path: Path) -> None:
    assert processes(str(tmp_path)) is None


def test_the_record_is_plain_json(here: Job) -> None:
    state = here.begin("run 1 job build")
    values = json.loads((here.ledger.folder / f"{state}.json").read_text())
    assert values["version"] == 1 and values["owner"] == "run 1 job build"
