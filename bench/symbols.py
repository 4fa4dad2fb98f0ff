"""Measure download-dsyms: many small archives over a slow line, large ones against curl, and memory.

Sandbox and command share the cores of the machine, so compare ratios, not MiB/s.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import curl, measure
from bench.data import Chapter, Target, figure
from bench.measure import ENTRYPOINT, MIB, PYTHON, ROOT, Asked, Entries, Sandbox, Settings, end_of
from bench.worlds import APP, app_seed

BUILDS, LATENCY = 25, 100
"""Number of builds, and milliseconds a request."""
LARGE, LARGE_SIZE = 4, 200 * MIB
"""Number of builds with a large archive, and its size in bytes, about."""
OURS, SINGLE, FLOOR, CURL = (
    "download-dsyms",
    "download-dsyms, one at a time",
    "floor: a bare script, one at a time",
    "curl --parallel, given the links",
)


@dataclass(frozen=True)
class Download:
    """A run of download-dsyms into a new folder, with its requests."""

    asked: Asked

    @property
    def seconds(self) -> float:
        return self.asked.run.seconds

    @property
    def links(self) -> Entries:
        """Return the log entries of the requests for archives."""
        return [entry for entry in self.asked.entries if is_link(entry)]

    @property
    def downloading(self) -> float:
        """Return the seconds from the first request for an archive to the last byte."""
        return max(map(end_of, self.links)) - min(entry["t"] for entry in self.links)

    @property
    def rounds(self) -> int:
        """Return the rounds of requests to the API, without the archives."""
        return measure.traffic([entry for entry in self.asked.entries if not is_link(entry)]).rounds


def chapters(settings: Settings) -> Iterator[Chapter]:
    curl.check()
    with tempfile.TemporaryDirectory() as folder:
        yield many(Path(folder), settings)
        yield large(Path(folder), settings)


def download(sandbox: Sandbox, folder: Path, *options: object) -> Download:
    with tempfile.TemporaryDirectory(dir=folder) as target:
        command = (*ENTRYPOINT, "download-dsyms", *APP, "--directory", target, *map(str, options), "--json")
        return Download(measure.asked(command, sandbox))


def floor(sandbox: Sandbox, folder: Path) -> Download:
    with tempfile.TemporaryDirectory(dir=folder) as target:
        return Download(measure.asked((*PYTHON, ROOT / "bench" / "floors" / "symbols.py", target), sandbox))


def many(folder: Path, settings: Settings) -> Chapter:
    """Compare the default number of parallel downloads with one at a time and with the floor."""
    # Both times: the start of Python and two rounds of requests are in the whole process, and stay the same.
    runs: dict[str, list[Download]] = {OURS: [], SINGLE: [], FLOOR: []}
    with measure.sandbox(folder, "--seed", app_seed(folder, BUILDS), "--latency", LATENCY) as sandbox:
        download(sandbox, folder)  # the sandbox makes an archive at the first request for it
        for _ in settings.repeated():
            runs[OURS].append(download(sandbox, folder))
            runs[SINGLE].append(download(sandbox, folder, "--parallel-downloads", 1))
            runs[FLOOR].append(floor(sandbox, folder))
    figures = [
        result
        for name, found in runs.items()
        for result in (
            figure(name, "downloading", "s", [run.downloading for run in found]),
            figure(name, "whole process", "s", [run.seconds for run in found]),
        )
    ]
    value = {(result.name, result.quantity): result.value for result in figures}
    faster, whole = (value[SINGLE, what] / value[OURS, what] for what in ("downloading", "whole process"))
    return Chapter(
        "download-dsyms, many builds",
        f"{BUILDS} builds, {LATENCY} ms a request. The programs run in turn. “Downloading” is the time "
        "from the first link to the last byte.",
        tuple(figures),
        targets=(
            Target("downloading, times faster than one at a time", faster, 6, "at least"),
            Target("whole process, times faster", whole, 4, "at least"),
            Target("rounds of requests", runs[OURS][0].rounds, 2),
        ),
        sentences=(
            f"download-dsyms gets the symbols of {BUILDS} builds {whole:.1f} times as fast as one build at a time.",
        ),
    )


def large(folder: Path, settings: Settings) -> Chapter:
    """Compare with curl for large archives. Ours reads each archive again to check it; curl only writes it."""
    ours: list[Download] = []
    theirs: list[float] = []
    size = LARGE_SIZE // 8 if settings.quick else LARGE_SIZE
    server = ("--seed", app_seed(folder, LARGE), "--symbols-padding", size)
    with measure.sandbox(folder, *server) as sandbox:
        links = [
            f"{sandbox.url}{entry['path']}?{entry['query']}" for entry in download(sandbox, folder).links
        ]
        for _ in settings.repeated():
            ours.append(download(sandbox, folder))
            theirs.append(curl.download(links, folder).seconds)
    total = LARGE * size / MIB
    share = median(theirs) / median(run.seconds for run in ours)
    peak = max(run.asked.run.peak for run in ours) / MIB
    return Chapter(
        "download-dsyms, large archives",
        f"{LARGE} archives of {size // MIB} MiB on loopback. The programs run in turn. "
        "download-dsyms reads each archive again to check it.",
        (
            figure(OURS, "throughput", "MiB/s", [total / run.seconds for run in ours]),
            figure(CURL, "throughput", "MiB/s", [total / seconds for seconds in theirs]),
        ),
        targets=(
            Target("of curl's throughput", share, 0.75, "at least"),
            Target("peak memory, MiB", peak, 80),
        ),
        sentences=(
            f"download-dsyms reaches {share:.2f} of curl's throughput on loopback, and checks each archive.",
        ),
    )


def is_link(entry: Mapping[str, object]) -> bool:
    """Return True if a request is for an archive."""
    return str(entry["path"]).startswith("/symbols/")
