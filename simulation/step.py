"""One job in a process of its own: `python -m simulation.step FOLDER`, or forked from a process that has all imported.

The folder holds job.json; the log, the runner's files and outcome.json are put there.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

# What the commands import when they run, once for all that are forked.
import asc.builds.symbols.downloading
import asc.builds.waiting
import asc.signing.storage.buckets.obstores
import asc.signing.storage.git.storage
import asc.signing.sync.syncing  # noqa: F401
from asc.api import transport
from asc.api.clock import Clock
from asc.builds.upload import uploading
from asc.commands import NAMES, load
from asc.commands.main import main
from asc_sandbox import clock as sandbox_clock

for _name in NAMES:
    load(_name)


def play(folder: Path) -> int:
    """Runs the job of the folder and returns its exit code."""
    job = json.loads((folder / "job.json").read_text())
    there = sandbox_clock.Clock(**job["clock"])
    clock = Clock(now=there.now, monotonic=there.now, sleep=there.sleep)
    log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.clear()
    os.environ.update(job["environment"])
    os.chdir(folder)
    os.nice(5)  # App Store Connect is faster than those who ask it
    _do_not_hurry(there.speed)
    began = clock.now()
    code = main([], clock)
    outcome = {"code": code, "began": began, "ended": clock.now()}
    (folder / "outcome.json").write_text(json.dumps(outcome))
    return code


def _do_not_hurry(speed: float) -> None:
    """What says whether a server or another job is alive stays as long by the machine's clock: work is no faster."""
    transport.READ_TIMEOUT *= speed
    uploading.IDLE *= speed
    uploading.JUST_BEGUN *= speed


def forked(folder: Path) -> None:
    """The same as the target of a process."""
    sys.exit(play(folder))


if __name__ == "__main__":
    sys.exit(play(Path(sys.argv[1])))
