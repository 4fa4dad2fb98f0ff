"""Where the minutes of a step went: its phases, for the log and the summary."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

SHORTEST_SHOWN = 0.05
"""Seconds below which a phase is left out."""


@dataclass(frozen=True)
class Phase:
    """A phase; `began` and `ended` are in seconds from the start of the step."""

    name: str
    began: float
    ended: float


@dataclass
class Timeline:
    """Takes the time of the phases as they run, also of one that fails."""

    now: Callable[[], float] = time.monotonic
    phases: list[Phase] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._start = self.now()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Takes the time of a block."""
        began = self.now() - self._start
        try:
            yield
        finally:
            self.phases.append(Phase(name, began, self.now() - self._start))

    def mermaid(self) -> str:
        """A Gantt chart as GitHub shows it in summaries; "" for a single phase, and where none took long enough."""
        shown = [phase for phase in self.phases if phase.ended - phase.began >= SHORTEST_SHOWN]
        if len(self.phases) < 2 or not shown:
            return ""
        lines = [
            f"  {phase.name} ({phase.ended - phase.began:.1f} s) : "
            f"{round(phase.began * 1000)}, {max(round(phase.ended * 1000), round(phase.began * 1000) + 1)}"
            for phase in shown
        ]
        return "```mermaid\ngantt\n  dateFormat x\n  axisFormat %M:%S\n" + "\n".join(lines) + "\n```\n\n"
