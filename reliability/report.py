"""Write the results of the matrix: a line, and docs/reliability.md."""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from reliability.faults import EVERY, NOW_AND_THEN
from reliability.hurry import DEADLINE, RETRY_FOR, TIMEOUT
from reliability.matrix import ENDED, FAILURE, NOT_MET, SUCCESS, WRONG, Outcome, wrong

RESULTS = (SUCCESS, FAILURE, ENDED, NOT_MET, WRONG)
COMMAND = "make reliability"
TEMPLATE = Path(__file__).with_name("page.md")


def summary(outcomes: Sequence[Outcome], took: float) -> str:
    """Return one line: the number of cells by result, and the longest step."""
    longest = max((outcome.seconds for outcome in outcomes), default=0.0)
    return (
        f"{len(outcomes)} cells in {took:.0f} s: {_counted(outcomes)}; the longest step took {longest:.1f} s"
    )


def page(outcomes: Sequence[Outcome], requests: Mapping[str, int], took: float, one_in: int) -> str:
    """Return docs/reliability.md.

    `requests` has the number of requests of each scenario without a fault; one cell in `one_in` was run.
    """
    return TEMPLATE.read_text("utf-8").format(
        now=datetime.now(UTC),
        command=COMMAND if one_in == 1 else f"{COMMAND} ONE_IN={one_in}",
        sample="" if one_in == 1 else f" One cell in {one_in} was run, chosen by a checksum of its name.",
        machine=f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}",
        summary=summary(outcomes, took),
        scenarios=_table("Scenario", outcomes, lambda outcome: outcome.cell.scenario, requests),
        faults=_table("What goes wrong", outcomes, lambda outcome: outcome.cell.what),
        wrong=_wrong(outcomes),
        retry_for=RETRY_FOR,
        timeout=TIMEOUT,
        deadline=DEADLINE,
    )


def _counted(outcomes: Iterable[Outcome]) -> str:
    counts = Counter(outcome.result for outcome in outcomes)
    return ", ".join(f"{counts[result]} {result}" for result in RESULTS if counts[result])


def _table(
    first: str,
    outcomes: Sequence[Outcome],
    key: Callable[[Outcome], str],
    requests: Mapping[str, int] | None = None,
) -> str:
    """Return a table with the results counted by `key`, in the order of the scenarios or of the faults."""
    more = ["Requests"] if requests is not None else []
    head = [first, *more, "Cells", *(result.capitalize() for result in RESULTS)]
    rows = [head, ["---", *("--:" for _ in head[1:])]]
    order = requests or [str(kind) for kind in (*EVERY, *NOW_AND_THEN)]
    there = [key(outcome) for outcome in outcomes]
    # A scenario without cells has a row as well; a fault without cells has none.
    for name in dict.fromkeys([*(name for name in order if requests or name in there), *there]):
        counts = Counter(outcome.result for outcome in outcomes if key(outcome) == name)
        of_requests = [str(requests.get(name, 0))] if requests is not None else []
        rows.append([name, *of_requests, str(counts.total()), *(str(counts[result]) for result in RESULTS)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _wrong(outcomes: Sequence[Outcome]) -> str:
    found = wrong(outcomes)
    if not found:
        return "None."
    return "\n".join(f"* {outcome.cell}: {'; '.join(outcome.details)}" for outcome in found)
