"""Changes of several objects as one: killed at every step, overtaken at every step, with others who know no journal."""

from __future__ import annotations

import json
import logging

import pytest

from asc.signing.storage import Changes, Files, StorageError, StorageUnreachable
from asc.signing.storage.journal import NAME, Journal, ObjectMissing, UnreadableJournal, decode
from asc.signing.storage.journaled import ObjectStorage
from asc.signing.storage.snapshot import MOST_STALE
from signing.storage.memory import Killed, Memory
from signing.storage.places import options

BEFORE = {"certs/a": b"old a", "certs/b": b"old b", "certs/c": b"old c"}
CHANGE = Changes({"certs/a": b"new a", "certs/d": b"new d", "certs/e": b"new e"}, frozenset({"certs/b"}))
AFTER = {"certs/a": b"new a", "certs/c": b"old c", "certs/d": b"new d", "certs/e": b"new e"}


def filled(*, two_steps: bool) -> tuple[Memory, ObjectStorage]:
    memory = Memory(two_steps=two_steps)
    storage = ObjectStorage(memory, options())
    storage.update(lambda files: Changes(BEFORE), "Begin")
    return memory, storage


def assets(memory: Memory) -> dict[str, bytes]:
    return {name: data for name, data in memory.contents().items() if name != NAME}


@pytest.mark.parametrize("two_steps", [False, True], ids=["replaces", "removes-and-creates"])
@pytest.mark.parametrize("step", range(12))
def test_killed_at_any_step(step: int, two_steps: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    # One at a time, so that the steps have an order.
    monkeypatch.setattr("asc.signing.storage.journaled.SIDE_BY_SIDE", 1)
    memory, storage = filled(two_steps=two_steps)
    left = step

    def kill(call: str, name: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed

    memory.before = kill
    try:
        storage.update(lambda files: CHANGE, "Change")
    except Killed:
        killed = True
    else:
        killed = False
    memory.before = lambda call, name: None
    seen = storage.read()
    assert seen in (BEFORE, AFTER)
    assert killed or seen == AFTER
    # Reading repairs nothing and needs no repair; the next writer finds all of one state.
    found: list[Files] = []

    def change(files: Files) -> Changes:
        found.append(dict(files))
        return Changes({"certs/z": b"z"})

    assert storage.update(change, "Go on") == seen | {"certs/z": b"z"}
    assert found == [seen]
    assert assets(memory) == seen | {"certs/z": b"z"}


@pytest.mark.parametrize("step", range(9))
def test_someone_else_writes_at_any_step(step: int) -> None:
    """A whole update of another writer comes before each call: nothing of either is lost."""
    memory, storage = filled(two_steps=False)
    other = ObjectStorage(memory, options())
    left = step

    def overtake(call: str, name: str) -> None:
        nonlocal left
        left -= 1
        if left == -1:
            other.update(lambda files: Changes({"shared": files.get("shared", b"") + b"other "}), "Other")

    memory.before = overtake
    ours = storage.update(
        lambda files: Changes({"shared": files.get("shared", b"") + b"ours ", "new": b"1"}), "Ours"
    )
    memory.before = lambda call, name: None
    if left >= 0:
        pytest.skip("there are fewer steps")
    files = storage.read()
    assert sorted(files["shared"].split()) == [b"other", b"ours"]
    assert files["new"] == b"1" == ours["new"]
    assert assets(memory) == files


def test_someone_without_a_journal_changes_what_we_are_about_to_write() -> None:
    memory, storage = filled(two_steps=False)
    calls: list[bytes] = []

    def meddle(call: str, name: str) -> None:
        if name == "certs/a" and len(calls) == 1:
            memory.write("certs/a", b"theirs")

    def change(files: Files) -> Changes:
        calls.append(files["certs/a"])
        return Changes({"certs/a": files["certs/a"] + b"+ours"})

    memory.before = meddle
    assert storage.update(change, "Change")["certs/a"] == b"theirs+ours"
    assert calls == [b"old a", b"theirs"]


def test_someone_without_a_journal_changes_what_we_are_about_to_remove() -> None:
    memory, storage = filled(two_steps=False)

    def meddle(call: str, name: str) -> None:
        if call == "delete" and memory.objects["certs/a"][0] == b"old a":
            memory.write("certs/a", b"theirs")

    memory.before = meddle
    keep = storage.update(
        lambda files: Changes(delete=frozenset({"certs/a"} if files["certs/a"] == b"old a" else ())), "Remove"
    )
    assert keep["certs/a"] == b"theirs" == memory.contents()["certs/a"]


def test_trouble_after_the_journal_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    """What the journal holds is stored: to say otherwise would make the caller revoke a certificate that is there."""
    memory, storage = filled(two_steps=False)

    def break_down(call: str, name: str) -> None:
        if name != NAME:
            raise StorageUnreachable("storage", "the network is gone", "")

    memory.before = break_down
    with caplog.at_level(logging.WARNING):
        assert storage.update(lambda files: CHANGE, "Change") == AFTER
    assert "is recorded in the journal" in caplog.text
    assert assets(memory) == BEFORE
    memory.before = lambda call, name: None
    assert storage.read() == AFTER
    storage.update(lambda files: Changes({"x": b""}), "Go on")
    assert assets(memory) == AFTER | {"x": b""}


def test_a_lost_answer_to_the_journal_is_understood() -> None:
    """Clients repeat a request whose answer was lost, and are told that its condition does not hold."""
    memory, storage = filled(two_steps=False)
    replace = memory.replace

    def twice(name: str, data: bytes, version: str) -> str:
        replace(name, data, version)
        return replace(name, data, version)

    memory.replace = twice  # type: ignore[method-assign]
    assert storage.update(lambda files: CHANGE, "Change") == AFTER == assets(memory)


def test_it_gives_up_after_its_attempts() -> None:
    memory = Memory()
    storage = ObjectStorage(memory, options(attempts=3))
    calls = []

    def always(call: str, name: str) -> None:
        if name == NAME:
            memory.objects[NAME] = (Journal(9, "other").encode(), f"w{len(calls)}")

    def change(files: Files) -> Changes:
        calls.append(1)
        return Changes({"a": b"1"})

    memory.before = always
    with pytest.raises(StorageError, match="3 attempts"):
        storage.update(change, "Change")
    assert len(calls) == 3
    assert assets(memory) == {}


@pytest.mark.parametrize("answer", ["missing", "other version"])
def test_an_object_that_is_listed_and_never_given_is_told_and_ends_the_reading_early(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    memory, storage = filled(two_steps=False)
    given, asked = memory.get, []

    def get(name: str, version: str) -> tuple[bytes, str]:
        if name != "certs/b":
            return given(name, version)
        asked.append(name)
        if answer == "missing":
            raise ObjectMissing
        return b"newer", "v999"

    monkeypatch.setattr(memory, "get", get)
    with caplog.at_level(logging.INFO), pytest.raises(StorageError, match="certs/b"):
        storage.read()
    assert len(asked) == MOST_STALE
    assert [record.levelname for record in caplog.records if "certs/b" in record.message] == ["INFO"]


def test_a_store_that_ignores_conditions_is_found_out() -> None:
    memory = Memory()
    memory.create = memory.write  # type: ignore[method-assign]
    with pytest.raises(StorageError, match="If-Match"):
        ObjectStorage(memory, options()).prove_writable()
    assert memory.contents() == {}
    memory = Memory()
    memory.replace = lambda name, data, version: memory.write(name, data)  # type: ignore[method-assign]
    with pytest.raises(StorageError, match="If-Match"):
        ObjectStorage(memory, options()).prove_writable()
    assert memory.contents() == {}


GOOD = json.loads(Journal(3, "id", CHANGE, {"certs/a": "v1"}).encode())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        Journal(1, "x", CHANGE).encode()[:-40],
        json.dumps(GOOD | {"format": 2}).encode(),
        json.dumps(GOOD | {"put": {"../x": ""}}).encode(),
        json.dumps(GOOD | {"put": {NAME: ""}}).encode(),
        json.dumps(GOOD | {"put": {"a": "not base64!"}}).encode(),
        json.dumps(GOOD | {"put": {"a": 1}}).encode(),
        json.dumps(GOOD | {"delete": ["-rf"]}).encode(),
        json.dumps(GOOD | {"generation": None}).encode(),
        json.dumps(GOOD | {"generation": float("inf")}).encode(),
        b"[" * 100_000,
    ],
)
def test_a_damaged_or_foreign_journal_stops_all(data: bytes) -> None:
    with pytest.raises(UnreadableJournal):
        decode(data)
    memory = Memory()
    memory.write(NAME, data)
    storage = ObjectStorage(memory, options())
    for call in (storage.read, lambda: storage.update(lambda files: CHANGE, "Change")):
        with pytest.raises(StorageError, match=r"asc-journal\.json"):
            call()
    assert memory.contents() == {NAME: data}


def test_a_journal_survives_its_writing() -> None:
    journal = Journal(3, "id", CHANGE, {"certs/a": "v1"})
    assert decode(journal.encode()) == journal
