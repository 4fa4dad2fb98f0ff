"""Measure fetch-build-number against a peer and the floor, and by the number of builds of the app."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import measure
from bench.data import Chapter, Chart, Figure, Target, compared, figure
from bench.measure import ENTRYPOINT, PYTHON, ROOT, Asked, Command, Run, Settings, costs
from bench.peers import codemagic
from bench.worlds import APP, app_seed

LATENCY = 100
"""Milliseconds a request: enough for parallel requests to overlap, as they do with Apple's servers."""
WORKS = (10, 100, 400)
"""Numbers of builds of the app."""
OURS, ONE_QUESTION, PEER, FLOOR = (
    "fetch-build-number",
    "fetch-build-number, only codemagic's request",
    "codemagic get-latest-testflight-build-number",
    "floor: a bare script",
)


def commands() -> dict[str, Command]:
    return {
        OURS: (*ENTRYPOINT, "fetch-build-number", *APP),
        ONE_QUESTION: (*ENTRYPOINT, "fetch-build-number", "--app-id", "1000000001", "--source", "testflight"),
        PEER: codemagic("get-latest-testflight-build-number", "1000000001", "--all-versions"),
        FLOOR: (*PYTHON, ROOT / "bench" / "floors" / "fetch.py"),
    }


def chapters(settings: Settings) -> Iterator[Chapter]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield compare(folder, settings)
        yield by_builds(folder, settings)


def compare(folder: Path, settings: Settings) -> Chapter:
    """Ask the same question with each program, each time in a new process."""
    # Rounds can be told apart only if requests take time; the times are measured without that delay.
    with measure.sandbox(folder, "--latency", LATENCY) as slow:
        delayed = {name: asked_warm(command, slow) for name, command in commands().items()}
    with measure.sandbox(folder) as fast:
        runs = measure.in_turn(commands(), settings, fast.environment)
    figures = compared(result for name in runs for result in figures_of(name, runs[name], delayed[name]))
    value = {(result.name, result.quantity): result.value for result in figures}
    faster = value[PEER, "whole process"] / value[OURS, "whole process"]
    slower = value[OURS, "whole process"] / value[FLOOR, "whole process"]
    return Chapter(
        "fetch-build-number",
        "The highest build number of an app with few builds. The peer reads only builds; fetch-build-number also reads "
        "uploads, because they use up numbers as well. The floor sends the same requests, one after the other.",
        figures,
        targets=(
            Target("times faster than codemagic", faster, 3.5, "at least"),
            Target("times the floor", slower, 1.5),
            Target("rounds of requests", value[OURS, "rounds"], 2),
            Target("connections", value[OURS, "connections"], 2),
            Target("peak memory, MiB", value[OURS, "peak memory"], 60),
        ),
        sentences=(
            f"fetch-build-number is {faster:.1f} times as fast as codemagic-cli-tools, and takes {slower:.1f} times "
            "as long as a bare script with the same requests.",
        ),
    )


def asked_warm(command: Command, sandbox: measure.Sandbox) -> Asked:
    """Return a run and its requests. A run before it fills the caches."""
    measure.run(command, sandbox.environment)
    return measure.asked(command, sandbox)


def figures_of(name: str, runs: list[Run], delayed: Asked) -> list[Figure]:
    traffic = measure.traffic(delayed.entries)
    return [
        *costs(name, runs),
        figure(name, f"at {LATENCY} ms a request", "s", [delayed.run.seconds]),
        figure(name, "requests", "", [traffic.requests]),
        figure(name, "rounds", "", [traffic.rounds]),
        figure(name, "connections", "", [traffic.connections]),
    ]


def by_builds(folder: Path, settings: Settings) -> Chapter:
    """Ask for apps with more builds. Apple lists them in pages of 200."""
    runs: dict[str, dict[float, list[Asked]]] = {}
    for builds in WORKS:
        with measure.sandbox(folder, "--seed", app_seed(folder, builds)) as sandbox:
            for _ in settings.repeated(budget=30):
                for name, command in commands().items():
                    runs.setdefault(name, {}).setdefault(builds, []).append(measure.asked(command, sandbox))
    chart = Chart(
        "fetch-builds",
        "fetch-build-number by builds of the app",
        "builds",
        tuple(
            result
            for name in (OURS, PEER)
            for result in measure.curves(name, runs[name], "requests", "whole process")
        ),
    )
    return Chapter("fetch-build-number by builds", "The programs run in turn, as above.", charts=(chart,))
