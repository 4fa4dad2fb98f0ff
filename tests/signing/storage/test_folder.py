"""Folders: modes, links, writers that were killed, folders that may only be read."""

from __future__ import annotations

import errno
import logging
import os
import resource
from pathlib import Path

import pytest

from asc.errors import writing_remedy
from asc.signing.storage import Changes, Options, Storage, StorageError, open_storage
from asc.signing.storage.journal import Journal
from signing.storage.places import options


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "new" / "store"


@pytest.fixture
def storage(root: Path) -> Storage:
    return open_storage(f"dir:{root}", options())


def test_a_full_disk_is_told_as_one_and_nothing_is_stored(tmp_path: Path) -> None:
    storage = open_storage(f"dir:{tmp_path / 'store'}", Options())
    storage.update(lambda files: Changes({"certs/a.p12": b"1"}), "Add")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (512 * 1024, limits[1]))  # as a disk with no more room
    try:
        with pytest.raises(StorageError) as raised:
            storage.update(lambda files: Changes({"certs/b.p12": bytes(1024 * 1024)}), "Add")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "Make room" in raised.value.remedy
    assert storage.read() == {"certs/a.p12": b"1"}


@pytest.mark.parametrize(
    ("number", "room"),
    [(errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EACCES, False), (errno.EROFS, False)],
)
def test_only_a_full_disk_is_told_to_need_room(number: int, room: bool) -> None:
    assert ("room" in writing_remedy(OSError(number, "no"), "Check its rights.")) is room


def test_files_and_folders_are_readable_by_their_owner_alone(root: Path, storage: Storage) -> None:
    storage.update(lambda files: Changes({"certs/a.p12": b"1"}), "Add")
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in [root, *root.rglob("*")]} == {
        "store": "0o700",
        "certs": "0o700",
        "a.p12": "0o600",
        ".asc-lock": "0o600",
    }


def test_a_folder_that_is_not_there(storage: Storage) -> None:
    with pytest.raises(StorageError, match="new/store"):
        storage.read()
    storage.prove_writable()


def test_killed_in_between(root: Path, storage: Storage) -> None:
    storage.update(lambda files: Changes({"a": b"1", "b": b"2"}), "Add")
    (root / "asc-journal.json").write_bytes(
        Journal(1, "x", Changes({"a": b"new", "c": b"3"}, frozenset({"b"}))).encode()
    )
    (root / ".asc-new-0011").write_bytes(b"half")
    assert storage.read() == {"a": b"new", "c": b"3"}
    assert (root / "b").exists()
    assert storage.update(lambda files: Changes({"d": b"4"}), "Go on") == {"a": b"new", "c": b"3", "d": b"4"}
    assert not (root / "b").exists()
    assert not (root / "asc-journal.json").exists()


def test_links_are_not_followed(root: Path, storage: Storage, caplog: pytest.LogCaptureFixture) -> None:
    outside = root.parent.parent / "outside"
    outside.mkdir()
    (outside / "secret").write_text("x")
    storage.update(lambda files: Changes({"a": b"1"}), "Add")
    (root / "folder").symlink_to(outside)
    (root / "file").symlink_to(outside / "secret")
    os.mkfifo(root / "pipe")
    with caplog.at_level(logging.WARNING):
        assert storage.read() == {"a": b"1"}
    for name in ("folder", "file", "pipe"):
        assert f"skipped “{name}”" in caplog.text
    with pytest.raises(StorageError, match="symbolic link"):
        storage.update(lambda files: Changes({"folder/new": b"1"}), "Add")
    assert [path.name for path in outside.iterdir()] == ["secret"]


def test_errors_of_the_system_are_explained(root: Path, storage: Storage) -> None:
    root.parent.mkdir()
    root.write_text("a file")
    with pytest.raises(StorageError) as caught:
        storage.update(lambda files: Changes({"a": b"1"}), "Add")
    assert "File exists" in caught.value.message
    assert caught.value.input == "storage"
