"""One run, from the empty storages to the findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from asc_sandbox.plans import Processing, Review, Store, Webhooks
from asc_sandbox.server import APPLES_RATE_LIMIT, Sandbox
from simulation import events, judging, organisation
from simulation.events import Events
from simulation.relay import address, relay
from simulation.running import Outcome, run
from simulation.servers import free_port
from simulation.stores import stores

HOURS = 3
"""The most runs of the hourly workflow that asks for lost events."""


@dataclass(frozen=True)
class Scenario:
    """The settings of a run. `arrival` is in seconds and `processing` in minutes of the sandbox's clock.

    `limit` and `spent` are requests per hour of the key. Every `cold`th job is a fresh Python. `only` is one kind
    of jobs, and `longest` the number of seconds that a job may take.
    """

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
            f"{self.jobs} jobs{kind} within {self.arrival:.0f} s, {self.limit} requests an hour ({self.spent} of them "
            f"spent before), {self.processing:g} min of processing, clock speed {self.speed:g}"
        )


@dataclass(frozen=True)
class Result:
    """The sandbox after a run, the outcomes of its jobs, its events, and everything that is wrong."""

    sandbox: Sandbox
    outcomes: Sequence[Outcome]
    events: Events
    places: Mapping[str, Mapping[str, str]]
    findings: Sequence[str]


@contextmanager
def run_scenario(scenario: Scenario, folder: Path) -> Iterator[Result]:
    """Run a scenario below `folder`, and yield its result. The sandbox runs until the block ends."""
    port = free_port()
    with stores(folder) as places:
        jobs = organisation.jobs(scenario.jobs, folder, places, scenario.only)
        with (
            Sandbox(
                organisation.seed(jobs),
                clock_speed=scenario.speed,
                rate_limit=scenario.limit,
                rate_spent=scenario.spent,
                processing=Processing(scenario.processing * 60),
                # The groups of the jobs are internal, so nothing waits for beta review.
                review=Review(0),
                # A submitted version stays in review, so that the check sees how often it was submitted.
                store=Store(verdict="never"),
                webhooks=Webhooks(to=address(port)),
            ) as sandbox,
            relay(folder / "relay", port, organisation.apps(jobs), sandbox) as running,
        ):
            outcomes = run(
                jobs,
                sandbox,
                arrival=scenario.arrival / scenario.speed,
                cold=scenario.cold,
                limit=scenario.longest / scenario.speed,
            )
            _send_lost_events(scenario, folder, sandbox)
            happened = events.summary(running, sandbox)
            found = judging.findings(outcomes, sandbox, running, places, scenario.longest)
            yield Result(sandbox, outcomes, happened, places, found)


def _send_lost_events(scenario: Scenario, folder: Path, sandbox: Sandbox) -> None:
    """Run the workflow that asks for lost events, for each app that lost one."""
    # It runs every hour, so events may need it more than once if the budget stays used up.
    for hour in range(HOURS):
        jobs = [
            events.redelivery(folder / f"hour-{hour}-{index}", bundle_id)
            for index, bundle_id in enumerate(sorted(events.lost(sandbox)))
        ]
        if not jobs:
            return
        if hour:
            sandbox.skip(3600)
        run(
            jobs,
            sandbox,
            arrival=scenario.arrival / scenario.speed,
            cold=0,
            limit=scenario.longest / scenario.speed,
        )
