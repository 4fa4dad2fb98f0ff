"""A job of the team, and its steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Step:
    """One step of a job: a command with its inputs."""

    command: str
    inputs: Mapping[str, str]


@dataclass(frozen=True)
class Job:
    """One job: its steps run in their order until one fails.

    `kind` is one of KINDS; `number` is (bundle id, build number), only for uploads.
    """

    folder: Path
    kind: str
    steps: Sequence[Step]
    number: tuple[str, str] | None = None

    @property
    def inputs(self) -> Mapping[str, str]:
        """Return the inputs of the first step."""
        return self.steps[0].inputs
