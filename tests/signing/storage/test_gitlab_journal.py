"""The journal among GitLab's secure files, which cannot be changed: the next one is there before the last one goes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from asc.signing.storage.buckets.gitlab import SecureFiles, open_gitlab
from asc.signing.storage.journal import NAME, Conflict, Journal
from asc.signing.storage.model import Changes, Files, StorageError
from signing.storage import places
from signing.storage.gitlab_server import GitLabWorld
from signing.storage.places import TEAM, Place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with ExitStack() as stack:
        yield stack.enter_context(places.place("gitlab", tmp_path, stack))


@pytest.fixture
def files(place: Place) -> SecureFiles:
    return open_gitlab(place.location, place.options)


def journals(place: Place) -> list[str]:
    return sorted(name for name in place.contents() if name.startswith(NAME))


def test_it_is_there_at_each_request_of_a_change(place: Place) -> None:
    world: GitLabWorld = place.more["world"]
    place.open().update(lambda files: Changes({"a": b"1"}), "Add")
    held = []

    class Calls(list[str]):
        def append(self, call: str) -> None:
            held.append(len(journals(place)))

    world.calls = Calls()
    place.open().update(lambda files: Changes({"a": b"2", "b": b"1"}, frozenset()), "Change")
    assert len(held) > 10 and 0 not in held


def test_one_is_left_after_each_change(place: Place) -> None:
    for number in range(3):
        place.open().update(lambda files, number=number: Changes({"a": b"%d" % number}), "Change")
        assert len(journals(place)) == 1


def test_a_change_that_was_made_from_an_older_one_is_made_anew(place: Place) -> None:
    seen: list[Files] = []

    def change(files: Files) -> Changes:
        seen.append(files)
        if len(seen) == 1:
            place.open().update(lambda files: Changes({"a": b"1"}), "Another job")
        return Changes({"b": b"1"})

    place.open().update(change, "Add")
    assert seen == [{}, {"a": b"1"}]
    assert place.assets() == {"a": b"1", "b": b"1"}


def test_a_job_that_looked_before_others_replaced_it_twice_is_refused(
    place: Place, files: SecureFiles
) -> None:
    first = files.create(NAME, b"1")
    third = files.replace(NAME, b"3", files.replace(NAME, b"2", first))
    with pytest.raises(Conflict):
        files.replace(NAME, b"late", first)
    with pytest.raises(Conflict):
        files.create(NAME, b"late")
    assert files.get(NAME, "") == (b"3", third)
    assert len(journals(place)) == 1


def test_of_those_that_killed_jobs_left_the_newest_counts_and_the_others_go(
    place: Place, files: SecureFiles
) -> None:
    for name, data in (("", b"plain"), (".9", b"9"), (".10", b"10")):
        place.write(NAME + name, data)
    data, version = files.get(NAME, "")
    assert data == b"10"
    files.replace(NAME, b"11", version)
    assert journals(place) == [f"{NAME}.11"]


def test_one_without_a_number_is_finished_and_gets_one(place: Place) -> None:
    place.write(NAME, Journal().following(Changes({"a": b"1"}), {}).encode())
    assert place.open().read() == {"a": b"1"}
    place.open().update(lambda files: Changes({"b": b"1"}), "Add")
    assert place.assets() == {"a": b"1", "b": b"1"}
    assert NAME not in journals(place)


def test_an_old_one_that_cannot_be_removed_does_not_undo_the_change(place: Place) -> None:
    world: GitLabWorld = place.more["world"]
    place.open().update(lambda files: Changes({"a": b"1"}), "Add")

    class Calls(list[str]):
        def append(self, call: str) -> None:
            world.fail = [403] if call.startswith("DELETE") else []

    world.calls = Calls()
    place.open().update(lambda files: Changes({"b": b"1"}), "Add")
    assert place.open().read() == {"a": b"1", "b": b"1"}


def test_other_teams_and_names_that_only_look_alike_are_no_journals(place: Place, files: SecureFiles) -> None:
    world: GitLabWorld = place.more["world"]
    world.put(f"OTHERTEAM1/{NAME}.5", b"x")
    for name in (f"{TEAM}/{NAME}.05", f"{TEAM}/{NAME}.", f"{TEAM}/{NAME}.x", f"{TEAM}/certs/{NAME}.7"):
        world.put(name, b"x")
    assert NAME not in files.list_objects()


def test_one_that_arrives_damaged_is_taken_back(place: Place, files: SecureFiles) -> None:
    world: GitLabWorld = place.more["world"]
    first = files.create(NAME, b"1")
    damaged = {"id": next(world.numbers) + 1, "name": NAME, "checksum": "0" * 64}
    world.says_of_new_files = json.dumps(damaged).encode()
    with pytest.raises(StorageError, match="damaged"):
        files.replace(NAME, b"2", first)
    assert files.get(NAME, "") == (b"1", first)


def test_of_two_that_are_created_at_once_the_later_one_in_the_list_goes_whatever_its_id(
    place: Place, files: SecureFiles
) -> None:
    """GitLab gives the id first. A job that is slow to commit has the lower one, and the other job was alone."""
    world: GitLabWorld = place.more["world"]
    slow = next(world.numbers)
    theirs = files.create(NAME, b"theirs")
    world.checks_names = False
    world.numbers = iter([slow])
    with pytest.raises(Conflict):
        files.create(NAME, b"ours")
    assert files.get(NAME, "") == (b"theirs", theirs)
    assert len(journals(place)) == 1


def test_a_project_that_a_change_fills_up_takes_later_changes(place: Place) -> None:
    for number in range(98):
        place.write(f"f{number}", b"x")
    storage = place.open()
    storage.update(lambda files: Changes({"f0": b"y"}), "Change")
    storage.update(lambda files: Changes({"last": b"1"}), "Fill up")
    assert len(place.contents()) == 100
    storage.update(lambda files: Changes({}, frozenset({"f1", "f2"})), "Make room")
    assert place.assets()["last"] == b"1"
    assert len(place.contents()) == 98
    assert place.open().read() == place.assets()


def test_files_that_move_between_pages_are_read(place: Place) -> None:
    world: GitLabWorld = place.more["world"]
    for number in range(30):
        place.write(f"f{number}", b"x")
    whole = place.open().read()
    world.put("OTHERTEAM1/newest", b"x")

    class Calls(list[str]):
        def append(self, call: str) -> None:
            super().append(call)
            if len(self) == 2:  # between the first and the second page
                del world.files[max(world.files)]

    world.calls = Calls()
    assert place.open().read() == whole
