"""Measures fetch-build-number, a peer and the floor in turn, and prints two tables."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import measure
from bench.measure import ROOT, Run, Sandbox, Target, Traffic, print_targets

PEER = "codemagic-cli-tools==0.70.0"
PEER_VENV = ROOT / ".cache" / "bench" / PEER
RUNS = int(os.environ.get("BENCH_RUNS", "15"))
LATENCY = 100
"""Milliseconds. Slow enough that requests made side by side overlap, as they do with Apple's servers."""
MIB = 1024 * 1024

APP = ("--bundle-id", "com.example.app")
OURS, ONE_QUESTION, FLOOR, CODEMAGIC, LAUNCHED = (
    "fetch-build-number",
    "fetch-build-number, only what codemagic asks",
    "floor: a bare script",
    "codemagic get-latest-testflight-build-number",
    "fetch-build-number through bin/run (native, warm)",
)
COMMANDS = {
    OURS: (sys.executable, "-I", ROOT / "entrypoint.py", "fetch-build-number", *APP),
    ONE_QUESTION: (
        *(sys.executable, "-I", ROOT / "entrypoint.py", "fetch-build-number"),
        *("--app-id", "1000000001", "--source", "testflight"),
    ),
    CODEMAGIC: (
        *(PEER_VENV / "bin" / "python", "-I", ROOT / "bench" / "codemagic.py"),
        *("get-latest-testflight-build-number", "1000000001", "--all-versions"),
    ),
    FLOOR: (sys.executable, "-I", ROOT / "bench" / "floor.py"),
    LAUNCHED: (ROOT / "bin" / "run", "fetch-build-number", *APP),
}


@dataclass(frozen=True)
class Figures:
    """What was measured of one command."""

    runs: list[Run]
    delayed: Run
    traffic: Traffic

    @property
    def seconds(self) -> float:
        return median(run.seconds for run in self.runs)

    @property
    def peak(self) -> int:
        return max(run.peak for run in self.runs)


def main() -> int:
    """Prints the tables. Returns how many targets are missed."""
    install_peer()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure_all(Path(folder))
    print(f"fetch-build-number: {RUNS} runs each, in turn.\n")
    print(commands_table(figures))
    print()
    return print_targets(OURS, targets(figures))


def install_peer() -> None:
    """The peer in a virtual environment of its own, once."""
    done = PEER_VENV / ".done"
    if done.exists():
        return
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, PEER_VENV], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", PEER_VENV, PEER], check=True)
    done.touch()


def measure_all(folder: Path) -> dict[str, Figures]:
    with measure.sandbox(folder, "--latency", LATENCY) as slow:
        delayed = {name: trace(name, slow) for name in COMMANDS}
    with measure.sandbox(folder) as fast:
        runs = measure_in_turn(fast.environment)
    return {name: Figures(runs[name], *delayed[name]) for name in COMMANDS}


def trace(name: str, sandbox: Sandbox) -> tuple[Run, Traffic]:
    """One warm run, with what it asked. The run before it fills every cache."""
    measure.run(COMMANDS[name], sandbox.environment)
    before = len(measure.entries(sandbox.log))
    run = measure.run(COMMANDS[name], sandbox.environment)
    return run, measure.traffic(measure.entries(sandbox.log)[before:])


def measure_in_turn(environment: Mapping[str, str]) -> dict[str, list[Run]]:
    """A B C A B C …, so that a busy moment of the machine hits all alike."""
    runs: dict[str, list[Run]] = {name: [] for name in COMMANDS}
    for _ in range(RUNS):
        for name, command in COMMANDS.items():
            runs[name].append(measure.run(command, environment))
    return runs


def commands_table(figures: Mapping[str, Figures]) -> str:
    head = (
        f"| whole process | median | fastest to slowest | at {LATENCY} ms a request "
        "| peak memory | requests | rounds | connections |\n"
        "|---|--:|--:|--:|--:|--:|--:|--:|"
    )
    return "\n".join([head, *(row(name, measured) for name, measured in figures.items())])


def row(name: str, measured: Figures) -> str:
    times = [run.seconds * 1000 for run in measured.runs]
    asked = measured.traffic
    return (
        f"| {name} | {measured.seconds * 1000:.0f} ms | {min(times):.0f} to {max(times):.0f} ms "
        f"| {measured.delayed.seconds * 1000:.0f} ms | {measured.peak / MIB:.0f} MiB "
        f"| {asked.requests} | {asked.rounds} | {asked.connections} |"
    )


def targets(figures: Mapping[str, Figures]) -> list[Target]:
    ours = figures[OURS]
    faster = figures[CODEMAGIC].seconds / ours.seconds
    slower = ours.seconds / figures[FLOOR].seconds
    peak = ours.peak / MIB
    return [
        Target("times faster than codemagic", f"{faster:.2f}", "at least 3", faster >= 3),
        Target("times the floor", f"{slower:.2f}", "at most 2.5", slower <= 2.5),
        Target("rounds of requests", ours.traffic.rounds, "at most 2", ours.traffic.rounds <= 2),
        Target("connections", ours.traffic.connections, "at most 2", ours.traffic.connections <= 2),
        Target("peak memory, MiB", f"{peak:.0f}", "below 60", peak < 60),
    ]
