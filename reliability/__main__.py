"""Run the fault matrix, or a sample of it. The exit code is 1 if a cell is wrong."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from asc.on_signal import ended_by
from reliability import ROOT, matrix, report
from reliability.ending import SIGNALS, follow_the_program
from reliability.every import SCENARIOS
from reliability.shares import Share
from support.arguments import number_from

PAGE = ROOT / "docs" / "reliability.md"


def main(arguments: Sequence[str]) -> int:
    """Run the chosen cells and print the wrong ones. With --write also write the page. Return the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    chosen = [name for name in SCENARIOS if options.only in name]
    if not chosen:
        parser.error(f"--only: no scenario has {options.only!r} in its name. Give a part of one: {_names()}")
    began = time.monotonic()
    shares = [
        Share(name, number, options.processes, options.one_in, options.cell, options.side_by_side)
        for name in chosen
        for number in range(options.processes)
    ]
    # Spawned, not forked: a fork of a process with threads may hang.
    spawning = get_context("spawn")
    with (
        ended_by(*SIGNALS),
        ProcessPoolExecutor(options.processes, spawning, initializer=follow_the_program) as pool,
    ):
        reports = []
        for ran in pool.map(Share.run, shares):
            print(f"{ran.scenario}: {len(ran.outcomes)} cells, {ran.seconds:.0f} s", file=sys.stderr)
            reports.append(ran)
    outcomes = [outcome for ran in reports for outcome in ran.outcomes]
    if not outcomes:
        parser.error("no cell was chosen. Give another part of a name with --cell, or a smaller --one-in")
    for outcome in matrix.wrong(outcomes):
        print(
            f"{outcome.cell}\n  {outcome.cell.specs[0]}\n"
            + "".join(f"  - {detail}\n" for detail in outcome.details)
        )
    took = time.monotonic() - began
    print(report.summary(outcomes, took))
    if options.write:
        requests = {ran.scenario: ran.requests for ran in reports}
        PAGE.write_text(report.page(outcomes, requests, took, options.one_in), encoding="utf-8")
    return 1 if matrix.wrong(outcomes) else 0


def _names() -> str:
    """Return the actions of all scenarios, with which their names begin."""
    return ", ".join(dict.fromkeys(name.partition(",")[0] for name in SCENARIOS))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m reliability", description=__doc__)
    parser.add_argument("--only", default="", help="scenarios with this in their names")
    parser.add_argument("--cell", default="", help="cells with this in their names")
    parser.add_argument("--one-in", type=number_from(1), default=1, help="a sample: one cell in so many")
    parser.add_argument("--processes", type=number_from(1), default=2, help="worker processes (%(default)s)")
    parser.add_argument(
        "--side-by-side", type=number_from(1), default=6, help="cells at a time in each process (%(default)s)"
    )
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
