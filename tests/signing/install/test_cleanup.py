"""Nothing is left: when a step fails, when the process is killed, when others work on the same machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from asc.signing.install.cleanup import CleanupResult, cleanup, undone_on_failure
from asc.signing.install.files import write_files
from asc.signing.install.ledger import Ledger, MachineState
from asc.signing.install.placing import FOLDERS, place
from asc.signing.install.security import CleanupError, InstallError
from signing.install.samples import Job, identity, job, profile
from signing.install.test_keychain import ORDER
from signing.test_vault_samples import issue, key, traditional
from support import forked
from support.forked import ForkedStep


@pytest.fixture
def here(tmp_path: Path) -> Job:
    return job(tmp_path)


def test_everything_goes_and_only_once(here: Job) -> None:
    state = here.begin()
    keychain = here.install(state).keychain
    assert cleanup(here.ledger, state, here.security) == CleanupResult(True, str(keychain), 2, 0)
    assert here.left() == []
    assert cleanup(here.ledger, state, here.security) == CleanupResult(False)
    assert here.mac.search_list() == [here.mac.login] and Path(here.mac.login).exists()


@pytest.mark.parametrize(
    ("number", "after"),  # macOS refused; or it did it, and failed then: for what makes or lists something
    [*((number, False) for number in range(1, len(ORDER) + 1)), (1, True), (4, True), (7, True)],
)
def test_no_step_that_fails_leaves_anything(here: Job, number: int, after: bool) -> None:
    here.mac.set(fail_at=number, after=after)
    state = here.begin()
    out, note = here.temporary / "out", here.ledger.note(state)
    with (
        pytest.raises(InstallError, match="Something is wrong"),
        undone_on_failure(here.ledger, state, here.security),
    ):
        write_files(out, [identity()], [profile()], before=note)
        assert any(out.iterdir())
        here.install(state)
    assert here.left() == []
    assert here.mac.search_list() == [here.mac.login]


def test_a_profile_that_cannot_be_placed_leaves_nothing(here: Job) -> None:
    (here.mac.home / "Library/MobileDevice").touch()
    with pytest.raises(Exception, match="Not a directory"):
        here.install(here.begin())
    assert here.left() == []


def test_a_failing_clean_up_says_so_in_the_log_and_is_made_up_for(
    here: Job, caplog: pytest.LogCaptureFixture
) -> None:
    here.mac.set(fail="list-keychains")
    state = here.begin()
    with pytest.raises(InstallError, match="search list"):
        here.install(state)
    assert "Not everything" in caplog.text
    assert [each for each in here.left() if not each.startswith("state")] == []
    with pytest.raises(CleanupError, match="search list"):
        cleanup(here.ledger, state, here.security)
    here.mac.set(fail=None)
    assert cleanup(here.ledger, state, here.security).found
    assert here.left() == []


def test_a_delete_that_macos_refuses_still_removes_the_file(here: Job) -> None:
    state = here.begin()
    keychain = here.install(state, []).keychain
    here.mac.set(fail="delete-keychain")
    cleanup(here.ledger, state, here.security)
    assert not keychain.exists() and here.mac.search_list() == [here.mac.login]


def test_a_temporary_folder_that_the_runner_emptied(here: Job) -> None:
    state = here.begin()
    keychain = here.install(state, []).keychain
    keychain.unlink()
    keychain.parent.rmdir()
    cleanup(here.ledger, state, here.security)
    assert here.mac.search_list() == [here.mac.login]


def test_what_others_did_to_the_search_list_stays(here: Job) -> None:
    state = here.begin()
    keychain = str(here.install(state, []).keychain)
    here.mac.put_search_list(["/new", keychain, "/other"])
    cleanup(here.ledger, state, here.security)
    assert here.mac.search_list() == ["/new", "/other"]


def test_a_search_list_with_odd_paths_is_kept_as_it_was(here: Job) -> None:
    odd = ["/Jörg’s 家/a b.keychain-db", "/back\\slash", here.mac.login]
    here.mac.put_search_list(odd)
    state = here.begin()
    installed = here.install(state, [])
    assert here.mac.search_list() == [str(installed.keychain), *odd]
    found = here.ledger.find(state)
    assert found and found.search_list == tuple(odd)
    cleanup(here.ledger, state, here.security)
    assert here.mac.search_list() == odd


def test_a_macos_that_lists_a_keychain_when_it_is_made(here: Job) -> None:
    here.mac.set(lists=True)
    state = here.begin()
    keychain = str(here.install(state, []).keychain)
    assert here.mac.search_list() == [keychain, here.mac.login]
    cleanup(here.ledger, state, here.security)
    assert here.left() == []


def test_an_empty_search_list(here: Job) -> None:
    here.mac.put_search_list([])
    state = here.begin()
    here.install(state, [])
    cleanup(here.ledger, state, here.security)
    assert here.mac.search_list() == [] and here.left() == []


def test_files_of_the_output_directory_go_and_those_of_others_stay(here: Job, tmp_path: Path) -> None:
    state, out = here.begin(), tmp_path / "out"
    written = write_files(out, [identity()], [profile()], before=here.ledger.note(state))
    (out / "theirs").touch()
    (
        out / f".{written.identities[0].p12.name}.999"
    ).touch()  # what a killed process leaves of an unfinished write
    cleanup(here.ledger, state)
    assert [path.name for path in out.iterdir()] == ["theirs"]
    (out / "theirs").unlink()
    again = here.begin()
    write_files(out / "new", [identity()], [], before=here.ledger.note(again))
    cleanup(here.ledger, again)
    assert out.is_dir() and not (out / "new").exists()


def test_a_keychain_needs_a_mac_to_go(here: Job) -> None:
    state = here.begin()
    here.install(state, [])
    with pytest.raises(CleanupError, match=r"\.keychain-db"):
        cleanup(here.ledger, state)
    assert here.ledger.find(state)


# Profiles that others have, too


def both(here: Job, name: str = f"{profile().profile.uuid}.mobileprovision") -> list[Path]:
    return [here.mac.home / folder / name for folder in FOLDERS]


def test_a_profile_that_was_there_stays(here: Job) -> None:
    for path in both(here):
        path.parent.mkdir(parents=True)
        path.write_bytes(profile().content)
    state = here.begin()
    here.install(state, [])
    assert cleanup(here.ledger, state, here.security).profiles == 0
    assert here.profile_files() == both(here)


def test_another_file_of_that_name_comes_back(here: Job) -> None:
    old = both(here)[0]
    old.parent.mkdir(parents=True)
    old.write_bytes(b"damaged")
    state = here.begin()
    here.install(state, [])
    assert old.read_bytes() == profile().content
    here.install(here.begin(), [])
    cleanup(here.ledger, state, here.security)
    assert old.read_bytes() == profile().content  # the second still uses it
    for each in here.ledger.states():
        cleanup(here.ledger, each.id, here.security)
    assert old.read_bytes() == b"damaged" and here.profile_files() == [old]


@pytest.mark.parametrize("first", [0, 1])
def test_two_jobs_with_different_files_of_that_name(here: Job, first: int) -> None:
    old = both(here)[0]
    old.parent.mkdir(parents=True)
    old.write_bytes(b"damaged")
    for content in (profile(), profile(signer=1)):
        here.install(here.begin(), [], [content])
    states = here.ledger.states()
    for state in (states[first], states[1 - first]):
        cleanup(here.ledger, state.id, here.security)
    assert old.read_bytes() == b"damaged" and here.profile_files() == [old]


def test_a_profile_that_was_changed_since_is_somebody_elses(here: Job) -> None:
    state = here.begin()
    here.install(state, [])
    both(here)[0].write_bytes(b"newer")
    cleanup(here.ledger, state, here.security)
    assert here.profile_files() == both(here)[:1]


def test_two_jobs_share_profiles_and_the_last_one_removes_them(here: Job, tmp_path: Path) -> None:
    other = job(tmp_path, here.mac, "other")
    mine, theirs = here.begin("mine"), other.begin("theirs")
    first, second = here.install(mine), other.install(theirs)
    assert here.mac.search_list() == [str(second.keychain), str(first.keychain), here.mac.login]
    cleanup(here.ledger, mine, here.security)
    assert here.mac.search_list() == [str(second.keychain), here.mac.login]
    assert here.mac.signs(identity().certificate.sha1)
    assert here.profile_files() == both(here)
    cleanup(other.ledger, theirs, other.security)
    assert here.left() == other.left() == []


def test_two_steps_of_one_job(here: Job) -> None:
    for _ in range(2):
        here.install(here.begin("job 7"), [])
    here.begin("job 8")
    states = here.ledger.of_owner("job 7")
    assert len(states) == 2
    for state in states:
        cleanup(here.ledger, state.id, here.security)
    assert [each.owner for each in here.ledger.states()] == ["job 8"]


# Processes of their own


def start(here: Job, files: Path, owner: str) -> ForkedStep:
    files.mkdir(exist_ok=True)
    (files / "cer").write_bytes(issue(key()))
    (files / "key").write_bytes(traditional(key()))
    (files / "profile").write_bytes(profile().content)
    values = {
        "files": str(files),
        "home": str(here.mac.home),
        "path": here.mac.path,
        "temporary": str(here.temporary),
        "ledger": str(here.ledger.folder),
        "owner": owner,
    }
    with (files / "log").open("wb") as log:
        return forked.start([json.dumps(values)], {}, stderr=log, run="signing.install.job:main")


@pytest.mark.parametrize("number", range(1, len(ORDER) + 1), ids=ORDER)
def test_a_process_that_is_killed_after_any_step(here: Job, tmp_path: Path, number: int) -> None:
    here.mac.set(kill_at=number)
    process = start(here, tmp_path / "files", "killed")
    assert process.wait(30) == -9
    here.mac.set(kill_at=0)
    (state,) = here.ledger.of_owner("killed")
    cleanup(here.ledger, state.id, here.security)
    assert here.left() == []


def test_jobs_at_once_on_one_machine(here: Job, tmp_path: Path) -> None:
    jobs = [replace(here, temporary=tmp_path / f"temporary {number}") for number in range(3)]
    running = []
    for number, each in enumerate(jobs):
        each.temporary.mkdir()
        running.append(start(each, tmp_path / f"files {number}", f"job {number}"))
    for number, process in enumerate(running):
        assert process.wait(60) == 0, (tmp_path / f"files {number}/log").read_text()
    states = here.ledger.states()
    listed = here.mac.search_list()
    assert (
        sorted(listed[:-1]) == sorted(str(each.keychain) for each in states) and listed[-1] == here.mac.login
    )
    for state in states:
        assert here.profile_files() == both(here)
        cleanup(here.ledger, state.id, here.security)
    assert here.left() == [] and not any(path.exists() for path in both(here))


class CountedLedger(Ledger):
    """Counts how often a record is written anew: each time costs as much as everything that is in it."""

    changes = 0

    def change(self, identifier: str, change: Callable[[MachineState], MachineState]) -> MachineState:
        self.changes += 1
        return super().change(identifier, change)


def test_many_profiles_are_noted_and_handed_on_at_once(here: Job) -> None:
    many = [
        profile(f"com.example.app{number}", f"0A1B2C3D-0000-4000-8000-{number:012d}") for number in range(5)
    ]
    ledger = CountedLedger(here.ledger.folder)
    first, second = here.begin("first"), here.begin("second")
    place(ledger, first, here.mac.home, many)
    assert ledger.changes == 1
    place(ledger, second, here.mac.home, many)
    assert cleanup(ledger, first).profiles == 10
    assert ledger.changes == 3
    assert len(here.profile_files()) == 10
    assert cleanup(ledger, second).profiles == 10
    assert here.left() == []
