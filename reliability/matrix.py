"""Runs cells, and judges what came of them."""

from __future__ import annotations

import json
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
from reliability.cells import Cell, Request, broken, ended, requests_of
from reliability.faults import APPLIED
from reliability.hurry import DEADLINE
from reliability.scenarios import Json, Scenario
from reliability.steps import Nursery, Step
from support.contract import contract

SUCCESS, FAILURE, ENDED, NOT_MET, WRONG = (
    "success",
    "clear failure",
    "ended",
    "not met",
    "wrong",
)
PROMPT = 5.0
"""Seconds in which a step ends that is asked to. It takes a few milliseconds; the machine may be busy."""
PATIENT = {"retry-for": 20}
"""Of steps without faults: a busy machine must not look like one."""
MOMENT = 0.05
"""Seconds in which the sandbox plays a request."""


@dataclass(frozen=True)
class Outcome:
    """What came of a cell. `details` say what is wrong."""

    cell: Cell
    result: str
    seconds: float
    details: tuple[str, ...] = ()


@dataclass
class Bench:
    """A scenario with its sandbox and its machine, for one cell."""

    scenario: Scenario
    sandbox: Sandbox
    machine: Path
    nursery: Nursery
    steps: list[Step] = field(default_factory=list)

    def start(self, **more: object) -> Step:
        """A step with the inputs of this moment, and more."""
        env = {
            "ASC_API_URL": self.sandbox.url,
            "ASC_API_KEY": json.dumps(self.sandbox.api_key()),
            **self.scenario.env(self.sandbox),
        }
        inputs = {**self.scenario.inputs(self.machine, self.sandbox), **more}
        name = f"step{len(self.steps)}"
        self.steps.append(self.nursery.start(self.machine, self.scenario.command, inputs, env, name))
        return self.steps[-1]

    def leaked(self, done: Done) -> Iterator[str]:
        """Secrets that this step let out, so far."""
        secrets = [*leaks.of_key(self.sandbox.api_key()), *self.scenario.secrets()]
        yield from leaks.said(done, secrets)
        yield from leaks.left(self.machine, secrets)

    def facts(self, done: Done) -> Json:
        """What the step came to."""
        return self.scenario.facts(self.machine, self.sandbox, done)

    def wrongs(self) -> Iterator[str]:
        """What must never be, and is."""
        yield from self.scenario.wrongs(self.machine, self.sandbox)
        yield from (
            f"Apple's document was broken by the {each.by}: {each.problems}"
            for each in self.sandbox.violations
        )


@contextmanager
def bench(scenario: Scenario, nursery: Nursery, folder: Path) -> Iterator[Bench]:
    """A sandbox and a machine that nobody used before."""
    own = Path(tempfile.mkdtemp(dir=folder))
    machine = own / "machine"
    (machine / "workspace").mkdir(parents=True)
    with Sandbox(scenario.world, contract=contract(), **scenario.options) as sandbox:
        made = Bench(scenario, sandbox, machine, nursery)
        scenario.prepare(machine, sandbox)
        try:
            yield made
        finally:
            for step in made.steps:
                step.kill()
    shutil.rmtree(own)


@dataclass(frozen=True)
class Course:
    """How a scenario goes when nothing goes wrong."""

    scenario: Scenario
    requests: tuple[Request, ...]
    facts: Any

    def cells(self) -> list[Cell]:
        """Its part of the matrix."""
        name = self.scenario.name
        faults = () if self.scenario.only_ended else broken(name, self.requests)
        return [*faults, *ended(name, self.requests)]


def course_of(scenario: Scenario, nursery: Nursery, folder: Path) -> Course:
    """Runs a scenario without faults. Raises AssertionError where even that goes wrong."""
    with bench(scenario, nursery, folder) as one:
        assert one.start(**PATIENT).wait(DEADLINE), "the step hangs without a fault"
        done = one.steps[0].done()
        assert done.code == 0, done.everything
        wrong = [*one.wrongs(), *one.leaked(done)]
        assert not wrong, wrong
        return Course(scenario, tuple(requests_of(one.sandbox.requests)), one.facts(done))


def run(
    course: Course, chosen: Iterable[Cell], nursery: Nursery, folder: Path, side_by_side: int
) -> Iterator[Outcome]:
    """The outcomes of cells, as they come."""
    with ThreadPoolExecutor(side_by_side) as pool:
        yield from pool.map(lambda cell: run_cell(course, cell, nursery, folder), chosen)


def run_cell(course: Course, cell: Cell, nursery: Nursery, folder: Path) -> Outcome:
    """One cell: the step with its fault, then the step again without one."""
    began = time.monotonic()
    with bench(course.scenario, nursery, folder) as one:
        for spec in cell.specs:
            one.sandbox.add_fault(spec)
        step = one.start()
        details = _ended(one, cell, step) if cell.signal else _waited(step)
        took = time.monotonic() - began
        if details:
            return Outcome(cell, WRONG, took, tuple(details))
        done, met = step.done(), one.sandbox.faults_hit > 0
        result, details = _judged(course, one, cell, done)
        details += one.wrongs()
        details += one.leaked(done)
        one.sandbox.end_faults()
        details += _again(course, one)
    if details:
        return Outcome(cell, WRONG, took, tuple(details))
    return Outcome(cell, result if met else NOT_MET, took)


def _waited(step: Step) -> list[str]:
    return [] if step.wait(DEADLINE) else [f"it hangs: not ended after {DEADLINE:.0f} s"]


def _ended(one: Bench, cell: Cell, step: Step) -> list[str]:
    """Signals the step when its request is there; one that never sends it ends by itself."""
    until = time.monotonic() + DEADLINE
    while not one.sandbox.faults_hit and not step.wait(0.002):
        if time.monotonic() > until:
            return ["it neither sends the request nor ends"]
    if cell.kind is APPLIED:
        time.sleep(MOMENT)
    step.signal(cell.signal)
    return [] if step.wait(PROMPT) else [f"it does not end within {PROMPT:.0f} s of {cell.what}"]


def _judged(course: Course, one: Bench, cell: Cell, done: Done) -> tuple[str, list[str]]:
    """Success, a clear failure, or ended as it was told to; with what contradicts that."""
    if done.code == 0:
        facts = one.facts(done)
        if course.scenario.is_right(cell.kind, facts, course.facts):
            return SUCCESS, []
        return SUCCESS, [f"it says success, and came to {_difference(facts, course.facts)}"]
    if cell.signal:
        allowed = (-signal.SIGKILL, 128 + signal.SIGTERM)
        return ENDED, [] if done.code in allowed else [f"it ended with {done.code}"]
    return FAILURE, list(_unclear(cell, done))


def _unclear(cell: Cell, done: Done) -> Iterator[str]:
    """What is not clear about a failure."""
    errors = done.log.messages("error")
    may_be_no = (
        cell.kind.is_refusal
        or cell.requests[0].path.startswith(("/symbols/", "/uploads/"))  # what is broken there, stays broken
        or any("(timeout)" in each for each in errors)
    )
    if done.code not in ((1, 3) if may_be_no else (3,)):
        yield f"the exit code is {done.code}: {errors}"
    if len(errors) != 1:
        yield f"{len(errors)} errors: {errors}"
    if any(len(each.strip().splitlines()) < 2 for each in errors):
        yield f"an error without what to do: {errors}"
    if "Traceback" in done.stdout + done.stderr or "The action has a bug" in done.stdout:
        yield f"a traceback: {(done.stdout + done.stderr)[-1500:]}"
    if done.log.problems:
        yield f"the runner complains: {done.log.problems}"
    if done.stderr:
        yield f"standard error: {done.stderr[-500:]}"


def _again(course: Course, one: Bench) -> list[str]:
    """What is wrong with the same step run again, now that nothing goes wrong any more."""
    step = one.start(**PATIENT)
    if not step.wait(DEADLINE):
        return ["run again, it hangs"]
    done = step.done()
    if done.code:
        return [f"run again, it ends with {done.code}: {done.log.messages('error') or done.stderr[-500:]}"]
    facts, details = one.facts(done), []
    if not course.scenario.is_finished(facts, course.facts):
        details.append(f"run again, it came to {_difference(facts, course.facts)}")
    details += (f"run again: {each}" for each in (*one.wrongs(), *one.leaked(done)))
    return details


def _difference(facts: Json, expected: Json) -> str:
    names = [name for name in {**expected, **facts} if facts.get(name) != expected.get(name)]
    return "; ".join(f"{name}: {facts.get(name)} instead of {expected.get(name)}" for name in names)


def wrong(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Those that are neither of what may be."""
    return [each for each in outcomes if each.result == WRONG]
