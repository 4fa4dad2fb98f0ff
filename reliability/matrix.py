"""Run cells and judge their outcomes."""

from __future__ import annotations

import shutil
import signal
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asc_sandbox.server import Sandbox
from core.running import Done
from reliability import leaks
from reliability.cells import Cell, Request, requests_of
from reliability.faults import APPLIED
from reliability.hurry import DEADLINE
from reliability.scenarios import Faulty, Json, Scenario
from reliability.steps import Step, start
from support.contract import contract
from support.forked import Forker
from support.step_environment import access_to

SUCCESS, FAILURE, ENDED, NOT_MET, WRONG = (
    "success",
    "clear failure",
    "ended",
    "not met",
    "wrong",
)
PROMPT = 5.0
"""Seconds in which a step has to end after a signal. It takes a few milliseconds, but the machine may be busy."""
PATIENT = {"retry-for": 20}
"""Inputs of steps without faults. They retry longer, because a busy machine must not look like a fault."""
MOMENT = 0.05
"""Seconds in which the sandbox applies a request."""


@dataclass(frozen=True)
class Outcome:
    """The result of a cell. `seconds` is the time of its first step, `details` say why it is wrong."""

    cell: Cell
    result: str
    seconds: float
    details: tuple[str, ...] = ()


@dataclass
class Bench:
    """A scenario with the sandbox and the machine of one cell, and the steps that ran on them."""

    scenario: Scenario
    sandbox: Sandbox
    machine: Path
    forker: Forker
    steps: list[Step] = field(default_factory=list)

    @property
    def faulty(self) -> Faulty:
        """Return the server that gets the fault of this cell."""
        return self.scenario.broken(self.sandbox)

    def start(self, **more: object) -> Step:
        """Start a step with the inputs of the scenario, and more."""
        env = {
            **access_to(self.sandbox),
            **self.scenario.env(self.sandbox),
        }
        inputs = {**self.scenario.inputs(self.machine, self.sandbox), **more}
        name = f"step{len(self.steps)}"
        self.steps.append(start(self.forker, self.machine, self.scenario.command, inputs, env, name))
        return self.steps[-1]

    def leaked(self, done: Done) -> Iterator[str]:
        """Yield the secrets in the output of this step and in the files on the machine."""
        secrets = [*leaks.of_key(self.sandbox.api_key()), *self.scenario.secrets()]
        yield from leaks.said(done, secrets)
        yield from leaks.left(self.machine, secrets)

    def facts(self, done: Done) -> Json:
        """Return the state after a step that succeeded."""
        return self.scenario.facts(self.machine, self.sandbox, done)

    def wrongs(self) -> Iterator[str]:
        """Yield each broken rule: those of the scenario, and those of Apple's OpenAPI document."""
        yield from self.scenario.wrongs(self.machine, self.sandbox)
        yield from (
            f"Apple's document was broken by the {violation.by}: {violation.problems}"
            for violation in self.sandbox.violations
        )


@contextmanager
def set_up(scenario: Scenario, forker: Forker, folder: Path) -> Iterator[Bench]:
    """Start a fresh sandbox and a fresh machine. At the end, kill the steps that still run."""
    own = Path(tempfile.mkdtemp(dir=folder))
    machine = own / "machine"
    (machine / "workspace").mkdir(parents=True)
    with (
        Sandbox(scenario.world, contract=contract(), **scenario.options) as sandbox,
        scenario.begun(machine) as begun,
    ):
        made = Bench(begun, sandbox, machine, forker)
        begun.prepare(machine, sandbox)
        try:
            yield made
        finally:
            for step in made.steps:
                step.process.kill_all()
    # At once, because thousands of cells would fill the disk.
    shutil.rmtree(own)


@dataclass(frozen=True)
class Course:
    """A run of a scenario without faults: its requests, and the state at the end."""

    scenario: Scenario
    requests: tuple[Request, ...]
    facts: Any

    def cells(self) -> list[Cell]:
        """Return the cells of the scenario: its part of the matrix."""
        return self.scenario.cells(self.requests)


def course_of(scenario: Scenario, forker: Forker, folder: Path) -> Course:
    """Run a scenario without faults. Raises AssertionError if that already goes wrong."""
    with set_up(scenario, forker, folder) as bench:
        assert bench.start(**PATIENT).wait(DEADLINE), "the step hangs without a fault"
        done = bench.steps[0].done()
        assert done.code == 0, done.everything
        wrong = [*bench.wrongs(), *bench.leaked(done)]
        assert not wrong, wrong
        return Course(scenario, tuple(requests_of(bench.faulty.requests)), bench.facts(done))


def run(
    course: Course, chosen: Iterable[Cell], forker: Forker, folder: Path, side_by_side: int
) -> Iterator[Outcome]:
    """Run cells, `side_by_side` at a time, and yield their outcomes in the order of the cells."""
    with ThreadPoolExecutor(side_by_side) as pool:
        yield from pool.map(lambda cell: run_cell(course, cell, forker, folder), chosen)


def run_cell(course: Course, cell: Cell, forker: Forker, folder: Path) -> Outcome:
    """Run one cell: the step with its fault, then the same step again without a fault."""
    began = time.monotonic()
    with set_up(course.scenario, forker, folder) as bench:
        for spec in cell.specs:
            bench.faulty.add_fault(spec)
        step = bench.start()
        details = _ended(bench, cell, step) if cell.signal else _waited(step)
        took = time.monotonic() - began
        if details:
            return Outcome(cell, WRONG, took, tuple(details))
        done, met = step.done(), bench.faulty.faults_hit > 0
        result, details = _judged(course, bench, cell, done)
        details += bench.wrongs()
        details += bench.leaked(done)
        # The second run meets no fault: it shows what the first one left behind.
        bench.faulty.end_faults()
        details += _again(course, bench)
    if details:
        return Outcome(cell, WRONG, took, tuple(details))
    return Outcome(cell, result if met else NOT_MET, took)


def _waited(step: Step) -> list[str]:
    return [] if step.wait(DEADLINE) else [f"it hangs: not ended after {DEADLINE:.0f} s"]


def _ended(bench: Bench, cell: Cell, step: Step) -> list[str]:
    """Send the signal once the request has arrived. Return the problems: a step that does not end in time."""
    # A step that never sends this request (its requests depend on time) ends by itself.
    until = time.monotonic() + DEADLINE
    while not bench.faulty.faults_hit and not step.wait(0.002):
        if time.monotonic() > until:
            return ["it neither sends the request nor ends"]
    # The fault counts as met when the request arrives; the sandbox needs a moment more to apply it.
    if cell.kind is APPLIED:
        time.sleep(MOMENT)
    step.process.send_signal(cell.signal)
    return [] if step.wait(PROMPT) else [f"it does not end within {PROMPT:.0f} s of {cell.what}"]


def _judged(course: Course, bench: Bench, cell: Cell, done: Done) -> tuple[str, list[str]]:
    """Return success, clear failure or ended, and the problems with that result."""
    if done.code == 0:
        facts = bench.facts(done)
        if course.scenario.is_right(cell.kind, facts, course.facts):
            return SUCCESS, []
        return SUCCESS, [f"it says success, and came to {_difference(facts, course.facts)}"]
    if cell.signal:
        allowed = (-signal.SIGKILL, 128 + signal.SIGTERM)
        return ENDED, [] if done.code in allowed else [f"it ended with {done.code}"]
    if course.scenario.is_clear(cell.kind, done):
        return FAILURE, []
    return FAILURE, list(_unclear(course.scenario, cell, done))


def _unclear(scenario: Scenario, cell: Cell, done: Done) -> Iterator[str]:
    """Yield the reasons why a failure is not clear: exit code, number of errors, missing remedy, traceback."""
    errors = done.log.messages("error")
    may_be_no = (
        scenario.may_refuse(cell.kind)
        or cell.requests[0].path.startswith(("/symbols/", "/uploads/"))  # what is broken there, stays broken
        or any("(timeout)" in error for error in errors)
    )
    if done.code not in ((1, 3) if may_be_no else (3,)):
        yield f"the exit code is {done.code}: {errors}"
    if len(errors) != 1:
        yield f"{len(errors)} errors: {errors}"
    if any(len(error.strip().splitlines()) < 2 for error in errors):
        yield f"an error without what to do: {errors}"
    if "Traceback" in done.stdout + done.stderr or "The action has a bug" in done.stdout:
        yield f"a traceback: {(done.stdout + done.stderr)[-1500:]}"
    if done.log.problems:
        yield f"the runner complains: {done.log.problems}"
    if done.stderr:
        yield f"standard error: {done.stderr[-500:]}"


def _again(course: Course, bench: Bench) -> list[str]:
    """Run the step again without a fault, and return the problems with that run."""
    step = bench.start(**PATIENT)
    if not step.wait(DEADLINE):
        return ["run again, it hangs"]
    done = step.done()
    if done.code:
        return [f"run again, it ends with {done.code}: {done.log.messages('error') or done.stderr[-500:]}"]
    facts, details = bench.facts(done), []
    if not course.scenario.is_finished(facts, course.facts):
        details.append(f"run again, it came to {_difference(facts, course.facts)}")
    details += (f"run again: {problem}" for problem in (*bench.wrongs(), *bench.leaked(done)))
    return details


def _difference(facts: Json, expected: Json) -> str:
    names = [name for name in {**expected, **facts} if facts.get(name) != expected.get(name)]
    return "; ".join(f"{name}: {facts.get(name)} instead of {expected.get(name)}" for name in names)


def wrong(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return the outcomes that must not be."""
    return [outcome for outcome in outcomes if outcome.result == WRONG]
