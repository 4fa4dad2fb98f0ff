"""What holds for every kind of storage, whatever it is made of."""

from __future__ import annotations

import logging
import multiprocessing
import threading
from dataclasses import replace
from typing import Any

import pytest

from asc.signing.storage import Changes, Files, Storage, StorageError, open_storage
from asc.signing.storage.names import problem
from signing.storage.places import Place

CER = "certs/distribution/ABC123.cer"
P12 = "certs/distribution/ABC123.p12"
WILD = "profiles/appstore/AppStore_com.exämple.*.mobileprovision"


def put(**files: bytes) -> Changes:
    return Changes(files)


def test_an_empty_place_has_no_files(place: Place) -> None:
    if place.kind == "dir":
        place.open().update(lambda files: Changes(), "")
    assert place.open().read() == {}


def test_files_come_back_byte_by_byte_and_lie_where_others_look_for_them(place: Place) -> None:
    content = {CER: bytes(range(256)), P12: b"\r\n--x\r\n\n\n", WILD: b"", "notes.md": b"x" * 100_000}
    after = place.open().update(lambda files: Changes(content), "Add")
    assert after == content == place.open().read() == place.assets()


def test_files_are_replaced_and_removed(place: Place) -> None:
    storage = place.open()
    storage.update(lambda files: Changes({CER: b"1", P12: b"2", WILD: b"3"}), "Add")
    after = storage.update(
        lambda files: Changes({CER: b"new", "a": b"4"}, frozenset({P12, "not there"})), "Change"
    )
    assert after == {"a": b"4", CER: b"new", WILD: b"3"} == storage.read() == place.assets()


def test_others_files_are_read_and_kept(place: Place) -> None:
    place.write("match_version.txt", b"2.220.0")
    place.write(CER, b"theirs")
    storage = place.open()
    storage.update(lambda files: Changes({P12: files[CER] + b"!"}), "Add")
    assert place.assets() == {"match_version.txt": b"2.220.0", CER: b"theirs", P12: b"theirs!"}


def test_nothing_is_written_when_nothing_changes(place: Place) -> None:
    storage = place.open()
    storage.update(lambda files: Changes({CER: b"1"}), "Add")
    before = place.contents()
    assert storage.update(lambda files: Changes({CER: b"1"}, frozenset({"gone"})), "Again") == {CER: b"1"}
    assert place.contents() == before


def test_proving_leaves_no_trace(place: Place) -> None:
    place.open().prove_writable()
    assert place.contents() == {}
    place.write(CER, b"1")
    before = place.contents()
    place.open().prove_writable()
    assert place.contents() == before


def test_reading_leaves_no_trace(place: Place) -> None:
    place.write(CER, b"1")
    before = place.contents()
    assert place.open().read() == {CER: b"1"}
    assert place.contents() == before


def test_a_change_that_fails_changes_nothing(place: Place) -> None:
    def fail(files: Files) -> Changes:
        raise ZeroDivisionError

    place.write(CER, b"1")
    with pytest.raises(ZeroDivisionError):
        place.open().update(fail, "Fail")
    assert place.assets() == {CER: b"1"}


def test_the_change_is_made_anew_when_someone_else_was_quicker(place: Place) -> None:
    """Someone without our journal, or with git alone, writes between our look and our write, to the same file."""
    if place.kind == "dir":
        pytest.skip("nobody is asked to heed the lock who does not know it")
    place.write(CER, b"1")
    seen = []

    def change(files: Files) -> Changes:
        seen.append(files[CER])
        if len(seen) == 1:
            place.write(CER, b"2")
        return Changes({CER: files[CER] + b"+", P12: b"key"})

    after = place.open().update(change, "Add")
    assert seen == [b"1", b"2"]
    assert after == {CER: b"2+", P12: b"key"} == place.assets()


def counting(storage: Storage, name: str, times: int) -> None:
    """Counts up in one file that all share, and writes one of its own, each time in one change."""

    def change(files: Files) -> Changes:
        number = int(files.get("counter", b"0"))
        own = f"profiles/{name}/{number}"
        return Changes(
            {"counter": str(number + 1).encode(), own: name.encode()}, frozenset({f"old-{number}"})
        )

    for _ in range(times):
        storage.update(change, f"Count in {name}")


def counted(place: Place, writers: int, times: int) -> None:
    files = place.open().read()
    assert files == place.assets()
    assert files["counter"] == str(writers * times).encode()
    assert sorted(int(name.rpartition("/")[2]) for name in files if "/" in name) == list(
        range(writers * times)
    )


def test_threads_lose_nothing(place: Place) -> None:
    writers, times = 4, 3
    failures: list[StorageError] = []

    def work(number: int) -> None:
        try:
            counting(place.open(), f"writer-{number}", times)
        except StorageError as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    counted(place, writers, times)


def in_a_process(location: str, options: Any, number: int) -> None:
    from signing.storage.places import QUICK

    counting(open_storage(location, replace(options, clock=QUICK)), f"process-{number}", 4)


def test_processes_lose_nothing(place: Place) -> None:
    if place.kind not in {"dir", "git"}:
        pytest.skip("the store serves one process as it serves another")
    context = multiprocessing.get_context("fork")
    from asc.api.clock import SYSTEM_CLOCK

    given = replace(place.options, clock=SYSTEM_CLOCK)
    workers = [
        context.Process(target=in_a_process, args=(place.location, given, number)) for number in range(3)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    counted(place, 3, 4)


HOSTILE = [
    "../up",
    "/abs",
    "a/../../b",
    "a//b",
    "a\\b",
    "-rf",
    "a/-x",
    ".git/config",
    "a/.GIT/x",
    "nul\0",
    "line\nbreak",
]
HOSTILE += ["a/./b", "", "x" * 600, "\x1b[31m", "C:/x", ".git ./x", "git~1/x", "‮gnp.exe", "\ud800"]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_hostile_names_are_told(name: str) -> None:
    assert problem(name)


def test_hostile_names_are_not_stored(place: Place) -> None:
    for name in [*HOSTILE, "asc-journal.json"]:
        with pytest.raises(StorageError, match="cannot be stored"):
            place.open().update(lambda files, name=name: Changes({name: b"x", CER: b"1"}), "Add")
    place.open().update(lambda files: Changes({CER: b"1"}), "Add")
    with pytest.raises(StorageError, match="case"):
        place.open().update(lambda files: Changes({CER.upper(): b"x"}), "Add")
    assert place.assets() == {CER: b"1"}


def test_names_that_differ_in_case_alone_are_read_once(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.write("certs/A", b"1")
    place.write("certs/a", b"2")
    with caplog.at_level(logging.WARNING):
        assert place.open().read() == {"certs/A": b"1"}
    assert "in case alone" in caplog.text


def test_names_that_could_be_options_are_left_out(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    place.write("certs/-rf", b"1")
    place.write(CER, b"2")
    with caplog.at_level(logging.WARNING):
        assert place.open().read() == {CER: b"2"}
    assert "skipped “certs/-rf”" in caplog.text


def test_too_much_is_not_read(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.write("a", b"x" * 11)
    place.write("b", b"x")
    monkeypatch.setattr("asc.signing.storage.names.LARGEST_FILE", 10)
    with pytest.raises(StorageError, match="11 bytes"):
        place.open().read()
    monkeypatch.setattr("asc.signing.storage.names.MOST_FILES", 1)
    with pytest.raises(StorageError, match="2 files"):
        place.open().read()


def test_a_place_that_may_only_be_read(place: Place) -> None:
    if place.kind not in {"az", "gs", "gitlab"}:
        pytest.skip("shown elsewhere, or not by this server")
    place.write(CER, b"1")
    place.lock_down()
    storage = place.open()
    assert storage.read() == {CER: b"1"}
    for call in (storage.prove_writable, lambda: storage.update(lambda files: Changes({P12: b"2"}), "Add")):
        with pytest.raises(StorageError) as caught:
            call()
        assert "could not be written" in str(caught.value) or "may not be written" in str(caught.value)
    assert place.contents() == {CER: b"1"}


def test_labels_and_errors_hold_no_secret(place: Place) -> None:
    storage = place.open()
    for secret in ("glpat", place.options.secret_key if place.kind == "az" else "glpat"):
        assert secret not in storage.label + repr(place.options)
