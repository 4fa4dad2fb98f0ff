"""The results in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from reliability.matrix import ENDED, FAILURE, NOT_MET, SUCCESS, WRONG, Outcome

RESULTS = (SUCCESS, FAILURE, ENDED, NOT_MET, WRONG)


def summary(outcomes: Sequence[Outcome], took: float) -> str:
    """A line."""
    counts = Counter(each.result for each in outcomes)
    told = ", ".join(f"{counts[result]} {result}" for result in RESULTS if counts[result])
    longest = max((each.seconds for each in outcomes), default=0.0)
    return f"{len(outcomes)} cells in {took:.0f} s: {told}; the longest took {longest:.1f} s"


def page(outcomes: Sequence[Outcome], took: float) -> str:
    """docs/reliability.md."""
    return summary(outcomes, took)
