"""Run the jobs of one scenario and print the figures: `python -m simulation`. Exits with 1 if something is wrong."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from asc_sandbox.server import APPLES_RATE_LIMIT
from simulation import report
from simulation.organisation import KINDS
from simulation.scenario import Scenario, run_scenario
from support.arguments import above_zero, number_from


def main(arguments: Sequence[str]) -> int:
    """Run one scenario. Return 1 if anything is wrong afterwards, else 0."""
    options = vars(_parser().parse_args(arguments))
    # As an exception, so that it ends the jobs and the servers beside them as well.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _exit)
    keep = options.pop("keep")
    folder = Path(tempfile.mkdtemp(prefix="simulation-"))
    print(f"{_machine()}.\n", flush=True)
    try:
        findings = _run(Scenario(**options), folder)
    finally:
        if keep:
            print(f"\nKept: {folder}")
        else:
            shutil.rmtree(folder)
    for finding in findings:
        print(f"simulation: {finding}", file=sys.stderr)
    return 1 if findings else 0


def _exit(number: int, frame: object) -> NoReturn:
    # A second signal must not stop the end.
    for other in (signal.SIGTERM, signal.SIGINT):
        signal.signal(other, signal.SIG_IGN)
    sys.exit(128 + number)


def _run(scenario: Scenario, folder: Path) -> Sequence[str]:
    """Run a scenario, print the figures, and return everything that is wrong."""
    with run_scenario(scenario, folder) as result:
        print(f"{scenario}.\n")
        print("\n".join(report.table(result.outcomes)), end="\n\n")
        print("\n".join(report.traffic(result.sandbox, result.outcomes)))
        print(report.dispatches(result.events))
        return result.findings


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    usual, add = Scenario(), parser.add_argument
    add("--jobs", type=number_from(1), default=usual.jobs, help="number of jobs (%(default)s)")
    add(
        "--arrival",
        type=above_zero,
        default=usual.arrival,
        help="seconds in which all jobs start (%(default)s)",
    )
    add(
        "--speed",
        type=above_zero,
        default=usual.speed,
        help="speed of the clock, as a multiple of real time (%(default)s)",
    )
    add(
        "--limit",
        type=number_from(1),
        default=APPLES_RATE_LIMIT,
        help="requests that the key has in an hour (%(default)s)",
    )
    add(
        "--spent",
        type=number_from(0),
        default=usual.spent,
        help="requests that the key sent in the hour before (%(default)s)",
    )
    add(
        "--processing",
        type=above_zero,
        default=usual.processing,
        help="minutes that Apple takes to process an upload (%(default)s)",
    )
    add(
        "--cold",
        type=number_from(0),
        default=usual.cold,
        help="start a fresh Python for every Nth job, for none with 0 (%(default)s)",
    )
    add("--only", choices=tuple(KINDS), default="", help="run jobs of this kind only")
    add("--keep", action="store_true", help="keep the folder with the logs of the jobs")
    return parser


def _machine() -> str:
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs for all, Python {platform.python_version()}, "
        f"load {os.getloadavg()[0]:.1f} at the start"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
