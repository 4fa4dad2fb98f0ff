"""The progress of an upload: lines in a job, a bar on a terminal, and nothing on standard output but the outputs."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from itertools import pairwise
from pathlib import Path

import pytest

from asc.job.progress import ProgressLines
from core.running import ENTRYPOINT
from core.uploading import SIZE, an_ipa, apple, step

MIB = 1024 * 1024
LINE = re.compile(r"Uploaded: (\d+) of (\d+) MiB \((\d+)%\), [\d.]+ MiB/s")


class Told:
    """ProgressLines of a transfer, with the second at which each was told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, total: int, there: int = 0) -> None:
        self.now = 0.0
        self.lines: list[tuple[float, str]] = []
        logger = logging.getLogger("asc.job.progress")
        monkeypatch.setattr(logger, "info", lambda text, *given: self.lines.append((self.now, text % given)))
        self.display = ProgressLines("Uploaded", total, there, lambda: self.now)

    def goes_on(self, seconds: float, count: int) -> None:
        self.now += seconds
        self.display.advance(count)


def test_a_slow_transfer_is_told_of_every_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch, 1000 * MIB)
    for _ in range(60):
        told.goes_on(1, MIB)
    assert [when for when, _ in told.lines] == [10, 20, 30, 40, 50, 60]
    assert told.lines[0][1] == "Uploaded: 10 of 1000 MiB (1%), 1.0 MiB/s"


def test_a_quick_one_at_every_tenth(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch, 128 * MIB)
    for _ in range(128):
        told.goes_on(0.25, MIB)
    assert [when for when, _ in told.lines] == [3.25 * count for count in range(1, 10)]


def test_but_never_more_than_one_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch, 100 * MIB)
    for _ in range(1000):
        told.goes_on(0.003, MIB // 10)
    assert len(told.lines) == 2
    assert all(later - earlier >= 1 for (earlier, _), (later, _) in pairwise(told.lines))


def test_what_was_there_counts_but_not_for_the_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch, 100 * MIB, there=50 * MIB)
    told.goes_on(10, 10 * MIB)
    assert [line for _, line in told.lines] == ["Uploaded: 60 of 100 MiB (60%), 1.0 MiB/s"]


def test_what_goes_again_is_counted_off(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch, 100 * MIB)
    told.goes_on(2, 30 * MIB)
    told.goes_on(2, -30 * MIB)
    told.goes_on(6, 5 * MIB)
    told.goes_on(1, 25 * MIB)
    told.goes_on(2, 25 * MIB)
    assert [when for when, _ in told.lines] == [2, 13]


def test_the_lines_of_a_job(tmp_path: Path) -> None:
    file = an_ipa(tmp_path)
    slow = ["PUT /uploads/*/* delay=0.2 times=always"]
    with apple(faults=slow, part_size=SIZE // 16) as sandbox:
        done = step(tmp_path, sandbox, {"file": str(file), "parallel-parts": "1", "wait": "none"})
    shares = [int(found[3]) for line in done.log.lines if (found := LINE.fullmatch(line))]
    assert done.code == 0
    assert 2 <= len(shares) <= 3
    assert shares == sorted(shares)
    assert done.stderr == ""


def screen(raw: str) -> list[str]:
    """What a terminal shows after all that was written to it: of carriage returns, moves up and clearing, what is
    used by bars."""
    lines, row, column = [""], 0, 0
    for token in re.findall(r"\x1b\[[0-9;]*[A-Za-z]|.|\n|\r", raw):
        if token == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif token == "\r":
            column = 0
        elif token == "\x1b[A":
            row = max(0, row - 1)
        elif token.startswith("\x1b[") and token.endswith("K"):
            lines[row] = lines[row][:column]
        elif not token.startswith("\x1b"):
            line = lines[row].ljust(column)
            lines[row] = line[:column] + token + line[column + 1 :]
            column += 1
    return [line.rstrip() for line in lines]


def test_a_bar_on_a_terminal_leaves_the_lines_alone(tmp_path: Path) -> None:
    file = an_ipa(tmp_path)
    trouble = ["PUT /uploads/*/5 status=503 times=2", "PUT /uploads/*/* delay=0.1 times=always"]
    with apple(faults=trouble, part_size=SIZE // 16) as sandbox:
        env = {
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm",
            "ASC_API_URL": sandbox.url,
            "ASC_API_KEY": json.dumps(sandbox.api_key()),
        }
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        process = subprocess.Popen(
            [
                sys.executable,
                "-I",
                ENTRYPOINT,
                "upload-testflight",
                "--file",
                str(file),
                "--parallel-parts",
                "1",
            ],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=slave,
        )
        os.close(slave)
        written = bytearray()
        while True:
            try:
                block = os.read(master, 65536)
            except OSError:  # the other end is closed
                break
            if not block:
                break
            written += block
        stdout, _ = process.communicate(timeout=20)
        os.close(master)
    raw = written.decode()
    assert process.returncode == 0, raw
    assert re.search(r"Uploaded: +[0-9]+%\|", raw), raw
    shown = [line for line in screen(raw) if line]
    assert not any("%|" in line for line in shown), "it is gone in the end"
    assert (
        len([line for line in shown if re.fullmatch(r"Part 5 of 16: the store answered 503; .* UTC\)", line)])
        == 2
    ), "\n".join(shown)
    assert "App Store Connect has received all of Example.ipa" in shown
    assert all("=" in line for line in stdout.decode().splitlines()), "outputs and nothing else"
