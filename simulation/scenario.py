"""One run, from the empty stores to the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from asc_sandbox.plans import Processing, Review
from asc_sandbox.server import APPLES_RATE_LIMIT, Sandbox
from simulation import judging, organisation
from simulation.running import Outcome, run
from simulation.stores import stores


@dataclass(frozen=True)
class Scenario:
    """What is played. `arrival` is in seconds and `processing` in minutes of the sandbox's clock."""

    jobs: int = 200
    arrival: float = 120.0
    speed: float = 10.0
    limit: int = APPLES_RATE_LIMIT
    spent: int = 0
    processing: float = 10.0
    cold: int = 12
    only: str = ""
    longest: float = 2 * 3600

    def __str__(self) -> str:
        kind = f" ({self.only})" if self.only else ""
        return (
            f"{self.jobs} jobs{kind} within {self.arrival:.0f} s, {self.limit} requests an hour of which {self.spent} "
            f"are spent, {self.processing:g} min of processing, time at {self.speed:g}"
        )


@dataclass(frozen=True)
class Played:
    """What came of it."""

    sandbox: Sandbox
    outcomes: Sequence[Outcome]
    places: Mapping[str, Mapping[str, str]]
    findings: Sequence[str]


@contextmanager
def play(scenario: Scenario, folder: Path) -> Iterator[Played]:
    """Plays it below `folder`. The sandbox lives as long as the block."""
    with stores(folder) as places:
        jobs = organisation.jobs(scenario.jobs, folder, places, scenario.only)
        with Sandbox(
            organisation.seed(),
            clock_speed=scenario.speed,
            rate_limit=scenario.limit,
            rate_spent=scenario.spent,
            processing=Processing(scenario.processing * 60),
            review=Review(0),
        ) as sandbox:
            outcomes = run(
                jobs,
                sandbox,
                arrival=scenario.arrival / scenario.speed,
                cold=scenario.cold,
                limit=scenario.longest / scenario.speed,
            )
            found = judging.findings(outcomes, sandbox, places, scenario.longest)
            yield Played(sandbox, outcomes, places, found)
