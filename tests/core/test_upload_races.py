"""upload-testflight while the file changes, and two jobs that upload one number at once."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from asc.api import retry
from asc.api.object_store import ObjectStore
from asc.assets.source import Checksum
from asc.builds.upload import uploading
from asc_sandbox.samples import make_ipa
from core.uploading import (
    NUMBER,
    PART,
    SIZE,
    an_ipa,
    apple,
    assert_exactly_one,
    start,
    step,
    uploads,
)
from support.clock import clock_of
from support.job_log import parse_file_command, parse_log

# The file


def _append(file: Path) -> None:
    with file.open("ab") as out:
        out.write(b"more")


def _truncate(file: Path) -> None:
    os.truncate(file, SIZE // 2)


def _overwrite(file: Path) -> None:
    with file.open("r+b") as out:
        out.seek(SIZE - PART - 10)
        out.write(b"other bytes")


def _replace(file: Path) -> None:
    other = make_ipa(file.with_suffix(".new"), size=SIZE, seed=7, **NUMBER)
    other.replace(file)


def _remove(file: Path) -> None:
    file.unlink()


CHANGES = [_append, _truncate, _overwrite, _replace, _remove]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("after", ["the first part", "the last part", "the checksum"])
def test_a_file_that_changes_under_the_upload_is_not_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None], after: str
) -> None:
    file = an_ipa(tmp_path)
    left = [{"the first part": 1, "the last part": 4}.get(after, 0)]
    send, whole = ObjectStore.send, Checksum.hex

    def sending(self: ObjectStore, *given: Any) -> None:
        send(self, *given)
        left[0] -= 1
        if left[0] == 0:
            change(file)

    def hashing(self: Checksum) -> str:
        found = whole(self)
        change(file)
        return found

    with apple() as sandbox:
        with monkeypatch.context() as patched:
            if after == "the checksum":
                patched.setattr(Checksum, "hex", hashing)
            else:
                patched.setattr(ObjectStore, "send", sending)
            done = step(tmp_path, sandbox, {"file": str(file), "parallel-parts": "1"})
        assert (done.code, sandbox.delivered) == (1, ())
        assert "was changed while it was uploaded" in done.error or "cannot be read: No such" in done.error
        rebuilt = an_ipa(tmp_path, seed=9)
        again = step(tmp_path, sandbox, {"file": str(rebuilt)})
        assert again.code == 0, again.stdout
        assert_exactly_one(sandbox, rebuilt)


@pytest.mark.parametrize("after", [1, 5])
def test_a_disk_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """The one thing that cannot be made here is a broken disk: its error is put in the way of the system call."""
    file = an_ipa(tmp_path)
    reads, real = [0], os.pread

    def pread(*given: int) -> bytes:
        reads[0] += 1
        if reads[0] >= after:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(*given)

    with apple() as sandbox:
        with monkeypatch.context() as patched:
            patched.setattr(os, "pread", pread)
            done = step(tmp_path, sandbox, {"file": str(file)})
        assert (done.code, sandbox.delivered) == (1, ())
        assert "cannot be read: Input/output error" in done.error
        assert step(tmp_path, sandbox, {"file": str(file)}).code == 0
        assert_exactly_one(sandbox, file)


def test_a_file_that_vanishes_before_it_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = an_ipa(tmp_path)
    with apple(faults=["GET /v1/apps status=503"]) as sandbox:
        original = retry.Attempts.after

        def vanishing(*given: Any) -> None:
            file.unlink()
            original(*given)

        monkeypatch.setattr(retry.Attempts, "after", vanishing)
        done = step(tmp_path, sandbox, {"file": str(file)})
        assert sandbox.delivered == ()
    assert done.code == 1
    assert "No such file or directory" in done.error


# Two jobs at once


def test_a_slow_upload_that_another_job_took_for_dead_is_still_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a job that replaced the part that is there, when the first one comes to its end, then its file counts."""
    ours, theirs = an_ipa(tmp_path, size=PART // 2), an_ipa(tmp_path, "Theirs.ipa", size=PART // 2, seed=2)
    send = uploading.Sender.send
    replaced: list[int] = []

    def replacing(sender: Any, parts: Any, parallel: int) -> None:
        send(sender, parts, parallel)
        clock_of(sandbox).skip(uploading.IDLE + 1)
        if not replaced:
            replaced.append(
                requests.put(parts[0].url, theirs.read_bytes(), headers=parts[0].headers).status_code
            )

    monkeypatch.setattr(uploading.Sender, "send", replacing)
    with apple() as sandbox:
        done = step(tmp_path, sandbox, {"file": str(ours)})
        assert (done.code, replaced) == (0, [200]), done.stdout
        assert_exactly_one(sandbox, ours)


@pytest.mark.parametrize(
    ("fault", "size"),
    [
        ("PUT /uploads/*/* status=400 times=always", SIZE),
        ("PATCH /v1/buildUploadFiles/* status=403", SIZE + 1),
    ],
    ids=["while a job waits for it", "while a job takes it back itself"],
)
def test_an_upload_that_another_job_takes_back_is_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, size: int
) -> None:
    theirs, ours = an_ipa(tmp_path, "Theirs.ipa", seed=2), an_ipa(tmp_path, size=size)
    with apple(faults=[fault]) as sandbox:
        assert step(tmp_path, sandbox, {"file": str(theirs)}).code != 0
        sandbox.end_faults()
        ((begun, _),) = uploads(sandbox)
        taken: list[str] = []

        def take_back() -> None:
            if not taken:
                taken.append(begun)
                sandbox.world.remove(sandbox.world.find("buildUploads", begun))

        monkeypatch.setattr(clock_of(sandbox), "_at_pause", take_back)
        done = step(tmp_path, sandbox, {"file": str(ours)})
        assert (done.code, taken) == (0, [begun]), done.stdout
        assert_exactly_one(sandbox, ours)


def both(tmp_path: Path, sandbox: Any, first: Path, second: Path) -> list[tuple[int, str, dict[str, str]]]:
    """Two real processes at the same time: exit code, log and outputs of each."""
    running = [
        start(tmp_path, sandbox, {"file": str(file)}, name, quick=True)
        for name, file in (("one", first), ("two", second))
    ]
    ended = []
    for name, process in zip(("one", "two"), running, strict=True):
        code = process.wait(60)
        output = parse_file_command((tmp_path / f"{name}.output").read_text())
        ended.append((code, (tmp_path / f"{name}.log").read_text(), output))
    return ended


SLOW = {
    "parts": "PUT /uploads/*/* delay=0.2 times=always",
    "records": "POST /v1/buildUploads delay=0.3 times=always",
    "files": "POST /v1/buildUploadFiles delay=0.3 times=always",
    "ends": "PATCH /v1/buildUploadFiles/* delay=0.3 times=always",
    "nothing": "DELETE /v1/nothing status=500",
}


@pytest.mark.parametrize("slow", SLOW)
def test_two_jobs_with_the_same_file_both_succeed(tmp_path: Path, slow: str) -> None:
    file = an_ipa(tmp_path)
    with apple(faults=[SLOW[slow]]) as sandbox:
        ended = both(tmp_path, sandbox, file, file)
        for code, log, _ in ended:
            assert code == 0, log
        assert_exactly_one(sandbox, file)
    assert len({outputs["build-upload-id"] for _, _, outputs in ended}) == 1


@pytest.mark.parametrize("slow", SLOW)
def test_two_jobs_with_different_files_one_wins(tmp_path: Path, slow: str) -> None:
    first, second = an_ipa(tmp_path, "One.ipa"), an_ipa(tmp_path, "Two.ipa", size=SIZE + 4096)
    with apple(faults=[SLOW[slow]]) as sandbox:
        ended = both(tmp_path, sandbox, first, second)
        logs = "\n".join(log for _, log, _ in ended)
        assert sorted(code == 0 for code, _, _ in ended) == [False, True], logs
        (winner,) = [file for file, end in zip((first, second), ended, strict=True) if end[0] == 0]
        assert_exactly_one(sandbox, winner)
    (loser,) = [parse_log(log) for code, log, _ in ended if code]
    assert len(loser.messages("error")) == 1


@pytest.mark.parametrize("slow", SLOW)
def test_two_jobs_with_different_files_of_one_size_never_mix_them(tmp_path: Path, slow: str) -> None:
    """Nothing but their parts tells them apart: so who comes second waits for what the first one sends."""
    first, second = an_ipa(tmp_path, "One.ipa"), an_ipa(tmp_path, "Two.ipa", seed=2)
    with apple(faults=[SLOW[slow]]) as sandbox:
        ended = both(tmp_path, sandbox, first, second)
        logs = "\n".join(log for _, log, _ in ended)
        won = [file for file, end in zip((first, second), ended, strict=True) if end[0] == 0]
        assert len(won) == 1, logs
        assert_exactly_one(sandbox, won[0])
    (loser,) = [parse_log(log) for code, log, _ in ended if code]
    assert len(loser.messages("error")) == 1
