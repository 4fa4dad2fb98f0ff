"""Parts of the matrix for processes of their own."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from reliability import matrix
from reliability.cells import sampled
from reliability.every import SCENARIOS
from reliability.matrix import Outcome
from reliability.steps import Nursery


@dataclass(frozen=True)
class Ran:
    """What came of a share. `requests` are those of the scenario without a fault."""

    scenario: str
    requests: int
    seconds: float
    outcomes: list[Outcome]


@dataclass(frozen=True)
class Share:
    """Every `of`-th cell of a scenario, from `number` on; of a sample, and of those with a text in their names."""

    scenario: str
    number: int = 0
    of: int = 1
    one_in: int = 1
    containing: str = ""
    side_by_side: int = 6

    def run(self) -> Ran:
        """Runs these cells."""
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="asc-matrix-") as folder, Nursery() as nursery:
            course = matrix.course_of(SCENARIOS[self.scenario], nursery, Path(folder))
            chosen = [each for each in course.cells() if self.containing in str(each)]
            chosen = sampled(chosen, self.one_in)[self.number :: self.of]
            outcomes = list(matrix.run(course, chosen, nursery, Path(folder), self.side_by_side))
        return Ran(self.scenario, len(course.requests), time.monotonic() - began, outcomes)
