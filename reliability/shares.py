"""Split the matrix into shares, one for each process."""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from asc.on_signal import undone_at_the_end
from reliability import matrix
from reliability.cells import sampled
from reliability.every import SCENARIOS
from reliability.matrix import Outcome
from reliability.steps import new_forker


@dataclass(frozen=True)
class Ran:
    """The outcomes of a share. `requests` counts the requests of the scenario without a fault."""

    scenario: str
    requests: int
    seconds: float
    outcomes: list[Outcome]


@dataclass(frozen=True)
class Share:
    """Every `of`-th cell of a scenario, from `number` on.

    `one_in` takes a sample; `containing` keeps the cells with this text in their names.
    """

    scenario: str
    number: int = 0
    of: int = 1
    one_in: int = 1
    containing: str = ""
    side_by_side: int = 6

    def run(self) -> Ran:
        """Run the cells of this share by a forker of its own, and return their outcomes."""
        began = time.monotonic()
        # One forker for a share: it imports all commands, which takes a second.
        with (
            tempfile.TemporaryDirectory(prefix="asc-matrix-") as folder,
            undone_at_the_end(lambda: shutil.rmtree(folder)),
            new_forker() as forker,
            undone_at_the_end(forker.close),
        ):
            course = matrix.course_of(SCENARIOS[self.scenario], forker, Path(folder))
            chosen = [cell for cell in course.cells() if self.containing in str(cell)]
            # Every nth, and not a block: neighbours take about as long, and all shares should end together.
            chosen = sampled(chosen, self.one_in)[self.number :: self.of]
            outcomes = list(matrix.run(course, chosen, forker, Path(folder), self.side_by_side))
        return Ran(self.scenario, len(course.requests), time.monotonic() - began, outcomes)
