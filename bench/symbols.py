"""Measures download-dsyms: many small archives over a slow line, large ones against curl, and memory.

Sandbox and command share the machine's cores, so on loopback ratios mean something and MiB/s little.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

import yaml

from bench import curl, measure
from bench.measure import ROOT, Run, Target, print_targets

MIB = 1024 * 1024
DOWNLOAD = (sys.executable, "-I", ROOT / "entrypoint.py", "download-dsyms", "--bundle-id", "com.example.app")
RUNS = 3
BUILDS, LATENCY = 25, 100
"""Builds, and milliseconds a request."""
LARGE, LARGE_SIZE = 4, 200 * MIB
"""Builds with a large archive, and about how large."""

Entries = Sequence[Mapping[str, object]]


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        return measure_many(Path(folder)) + measure_large(Path(folder))


def seed(folder: Path, builds: int) -> Path:
    """An app with so many builds, each with symbols."""
    numbers = [{"version": str(number), "buildBundles": [{}]} for number in range(1, builds + 1)]
    train = {"version": "1.0", "platform": "IOS", "builds": numbers}
    app = {
        "id": "1000000001",
        "name": "Example",
        "bundleId": "com.example.app",
        "preReleaseVersions": [train],
    }
    path = folder / f"seed-{builds}.yml"
    path.write_text(yaml.safe_dump({"keys": [{"id": "BENCH00001", "role": "ADMIN"}], "apps": [app]}))
    return path


def measure_many(folder: Path) -> int:
    """All at their default number at a time, and one after the other. Downloading is from the first link to the last
    byte; the whole process has the start of Python and two rounds of questions besides, which no number at a time
    makes shorter.
    """
    together, single = [], []
    with measure.sandbox(folder, "--seed", seed(folder, BUILDS), "--latency", LATENCY) as sandbox:
        download(sandbox, folder)  # the sandbox makes each archive when it is first asked for
        for _ in range(RUNS):
            together.append(download(sandbox, folder))
            single.append(download(sandbox, folder, "--parallel-downloads", 1))
    print(f"download-dsyms: {BUILDS} builds, {LATENCY} ms a request, {RUNS} runs in turn.\n")
    print("| | downloading | whole process |\n|---|--:|--:|")
    for name, runs in (("default", together), ("one at a time", single)):
        print(f"| {name} | {median(r[1] for r in runs):.2f} s | {median(r[0].seconds for r in runs):.2f} s |")
    print()
    faster = median(run[1] for run in single) / median(run[1] for run in together)
    whole = median(run[0].seconds for run in single) / median(run[0].seconds for run in together)
    rounds = measure.traffic([entry for entry in together[0][2] if entry["path"].startswith("/v1/")]).rounds
    targets = [
        Target("downloading, times faster than one at a time", f"{faster:.2f}", "at least 6", faster >= 6),
        Target("whole process, times faster", f"{whole:.2f}", "at least 4", whole >= 4),
        Target("rounds of questions", rounds, "at most 2", rounds <= 2),
    ]
    return print_targets("download-dsyms, many", targets)


def measure_large(folder: Path) -> int:
    """Large archives: ours reads each again to check it; curl only writes them."""
    ours: list[Run] = []
    theirs: list[Run] = []
    server = ("--seed", seed(folder, LARGE), "--symbols-padding", LARGE_SIZE)
    with measure.sandbox(folder, *server) as sandbox:
        links = [
            entry["path"] + "?" + entry["query"] for entry in download(sandbox, folder)[2] if is_link(entry)
        ]
        size = LARGE * LARGE_SIZE / MIB
        for _ in range(RUNS):
            ours.append(download(sandbox, folder)[0])
            theirs.append(
                curl.download([sandbox.environment["ASC_API_URL"] + link for link in links], folder)
            )
    print(f"download-dsyms: {LARGE} archives of {LARGE_SIZE // MIB} MiB on loopback, {RUNS} runs in turn.\n")
    print("| whole process | median |\n|---|--:|")
    for name, runs in (("download-dsyms", ours), ("curl --parallel", theirs)):
        print(f"| {name} | {size / median(run.seconds for run in runs):.0f} MiB/s |")
    print()
    share = median(run.seconds for run in theirs) / median(run.seconds for run in ours)
    peak = max(run.peak for run in ours) / MIB
    targets = [
        Target("of curl's throughput", f"{share:.2f}", "at least 0.6", share >= 0.6),
        Target("peak memory, MiB", f"{peak:.0f}", "below 80", peak < 80),
    ]
    return print_targets("download-dsyms, large", targets)


def download(sandbox: measure.Sandbox, folder: Path, *options: object) -> tuple[Run, float, Entries]:
    """One run into a fresh folder: the process, the seconds of its downloads, and what it asked."""
    before = len(measure.entries(sandbox.log))
    with tempfile.TemporaryDirectory(dir=folder) as target:
        command = [*DOWNLOAD, "--directory", target, *map(str, options), "--json"]
        run = measure.run(command, sandbox.environment)
    entries = measure.entries(sandbox.log)[before:]
    links = [entry for entry in entries if is_link(entry)]
    began = min(entry["t"] for entry in links)
    ended = max(entry["t"] + entry["ms"] / 1000 for entry in links)
    return run, ended - began, entries


def is_link(entry: Mapping[str, object]) -> bool:
    """Whether a request is for an archive."""
    return str(entry["path"]).startswith("/symbols/")
