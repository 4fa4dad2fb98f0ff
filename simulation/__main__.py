"""`python -m simulation`: runs the jobs, prints the figures. Exit code 1: something is not as it must be."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from pathlib import Path

from asc_sandbox.server import APPLES_RATE_LIMIT
from simulation import report
from simulation.organisation import KINDS
from simulation.scenario import Scenario, play


def main() -> int:
    """Plays one scenario."""
    options = _parser().parse_args()
    scenario = Scenario(**{name: value for name, value in vars(options).items() if name != "keep"})
    with tempfile.TemporaryDirectory(prefix="simulation-") as folder:
        print(_machine(), flush=True)
        with play(scenario, Path(folder)) as played:
            print(f"\n{scenario}.\n")
            print("\n".join(report.table(played.outcomes)), end="\n\n")
            print("\n".join(report.traffic(played.sandbox, played.outcomes)))
        for finding in played.findings:
            print(f"simulation: {finding}", file=sys.stderr)
        if options.keep:
            print(f"\nKept in {folder}")
    return 1 if played.findings else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    usual, add = Scenario(), parser.add_argument
    add("--jobs", type=int, default=usual.jobs, help="how many (%(default)s)")
    add("--arrival", type=float, default=usual.arrival, help="seconds in which they start (%(default)s)")
    add("--speed", type=float, default=usual.speed, help="how fast time passes (%(default)s)")
    add("--limit", type=int, default=APPLES_RATE_LIMIT, help="requests of the key an hour (%(default)s)")
    add("--spent", type=int, default=usual.spent, help="those sent in the hour before (%(default)s)")
    add("--processing", type=float, default=usual.processing, help="minutes of an upload (%(default)s)")
    add("--cold", type=int, default=usual.cold, help="every Nth job is a fresh Python (%(default)s)")
    add("--only", choices=tuple(KINDS), default="", help="all jobs of one kind")
    add("--keep", action="store_true", help="keep the folder with the logs of the jobs")
    return parser


def _machine() -> str:
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs for all, Python {platform.python_version()}, "
        f"load {os.getloadavg()[0]:.1f} at the start"
    )


if __name__ == "__main__":
    sys.exit(main())
