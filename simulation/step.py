"""Run one job: `python -m simulation.step FOLDER`, or forked from a process that has everything imported.

The folder holds job.json; the log, the runner's files and outcome.json are written there.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

# Modules that the commands import when they run: imported here once for all forked jobs.
import asc.builds.symbols.downloading
import asc.builds.waiting
import asc.signing.storage.buckets.obstores
import asc.signing.storage.git.storage
import asc.signing.sync.syncing  # noqa: F401
from asc.api import transport
from asc.builds.upload import uploading
from asc.commands import NAMES, load
from asc.commands.main import main
from asc_sandbox import clock as sandbox_clock
from simulation.processes import become, clock_of

for _name in NAMES:
    load(_name)


def run(folder: Path) -> int:
    """Run the steps of the job of the folder until one fails, and return the last exit code."""
    job = json.loads((folder / "job.json").read_text())
    sandbox_time = sandbox_clock.Clock(**job["clock"])
    clock = clock_of(sandbox_time)
    become(job["environment"], folder / "log")
    os.chdir(folder)
    # App Store Connect is faster than its clients: the sandbox's process comes first.
    os.nice(5)
    _stretch_timeouts(sandbox_time.speed)
    began = clock.now()
    code = 0
    for variables in job["steps"]:
        os.environ.update(variables)
        if code := main([], clock):
            break
    outcome = {"code": code, "began": began, "ended": clock.now()}
    (folder / "outcome.json").write_text(json.dumps(outcome))
    return code


def _stretch_timeouts(speed: float) -> None:
    """Keep timeouts that detect a dead server or job as long as usual by the machine's clock."""
    # The work itself is no faster, only the clock is.
    transport.READ_TIMEOUT *= speed
    uploading.IDLE *= speed
    uploading.JUST_BEGUN *= speed


def forked(folder: Path) -> None:
    """Run the job of the folder as the target of a process, and exit with its code."""
    sys.exit(run(folder))


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1])))
