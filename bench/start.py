"""Measure the start of an action: through bin/run the first time and later, and of each command by itself."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from asc.commands import NAMES
from bench import measure
from bench.containers import docker_answers
from bench.data import Chapter, Target, compared
from bench.measure import ENTRYPOINT, PYTHON, ROOT, Command, Run, Settings, costs, machine_environment
from bench.worlds import APP

LAUNCHED: Command = (ROOT / "bin" / "run", "fetch-build-number", *APP)
BARE = "python, nothing imported"
DIRECT, NATIVE, CONTAINER, COLD_UV, COLD_PIP = (
    "entrypoint.py, no launcher",
    "native, packages installed",
    "container, image present",
    "native, first time, uv",
    "native, first time, pip",
)


def chapters(settings: Settings) -> Iterator[Chapter]:
    yield launched(settings)
    yield commands(settings)


def commands(settings: Settings) -> Chapter:
    """Start each command for its help: all its modules are imported, and nothing is requested."""
    starts: dict[str, Command] = {name: (*ENTRYPOINT, name, "--help") for name in NAMES}
    with tempfile.TemporaryDirectory() as name:
        runs = measure.in_turn(
            {BARE: (*PYTHON, "-c", "pass"), **starts}, settings, machine_environment(Path(name))
        )
    figures = compared(result for name in runs for result in costs(name, runs[name]))
    processor = {result.name: result.value for result in figures if result.quantity == "processor"}
    slowest = max(NAMES, key=lambda name: processor[name])
    return Chapter(
        "Start of every command",
        f"`--help` of each command, in turn. The slowest is {slowest}.",
        figures,
        targets=(Target("the slowest start, processor seconds", processor[slowest], 0.35),),
    )


def launched(settings: Settings) -> Chapter:
    """Run fetch-build-number with and without the launcher, and through the launcher with empty caches."""
    with tempfile.TemporaryDirectory() as name, measure.sandbox(Path(name)) as sandbox:
        environment = dict(sandbox.environment)
        ways = {DIRECT: (*ENTRYPOINT, "fetch-build-number", *APP), NATIVE: with_runtime("native")}
        if docker_answers():
            ways[CONTAINER] = with_runtime("container")
        runs = measure.in_turn(ways, settings, environment)
        runs[COLD_UV] = list(first_times(Path(name), settings, environment))
        runs[COLD_PIP] = list(first_times(Path(name), settings, {**environment, "PATH": path_without_uv()}))
    figures = compared(result for name in runs for result in costs(name, runs[name]))
    seconds = {result.name: result.value for result in figures if result.quantity == "whole process"}
    launcher = seconds[NATIVE] / seconds[DIRECT]
    return Chapter(
        "Start of a step",
        "fetch-build-number through `bin/run`. The first time it installs the locked packages from this machine's "
        "package index, with empty caches. Memory and processor of the container are those of the Docker client only."
        f"{'' if CONTAINER in runs else ' No Docker answers here, so the container was not measured.'}",
        figures,
        targets=(Target("native, packages installed, times without a launcher", launcher, 1.5),),
    )


def with_runtime(runtime: str) -> Command:
    return ("env", f"ASC_RUNTIME={runtime}", *LAUNCHED)


def first_times(folder: Path, settings: Settings, environment: dict[str, str]) -> Iterator[Run]:
    """Yield first runs on a machine: each has a new home with empty caches."""
    for _ in settings.repeated(budget=60):
        with tempfile.TemporaryDirectory(dir=folder) as home:
            yield measure.run(LAUNCHED, {**environment, "HOME": home})


def path_without_uv() -> str:
    """Return the PATH without uv, with a Python that has pip in front."""
    usual = [folder for folder in os.environ["PATH"].split(os.pathsep) if not (Path(folder) / "uv").exists()]
    return os.pathsep.join([str(ROOT / ".venv" / "path"), *usual])
