"""Measure how requests, processor time, peak memory and time of the actions grow with the work."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench import measure
from bench.data import Chapter, Chart, Figure, Target
from bench.measure import ENTRYPOINT, MIB, QUANTITIES, Asked, Settings
from bench.signing import synced
from bench.symbols import download
from bench.upload import NO_WAIT, UPLOAD
from bench.worlds import APP, Team, app_seed, make_file

COUNTS, SIZES = (1, 10, 100, 1000), (10, 100, 1000, 4000)
"""Numbers of builds, bundle ids or profiles; and sizes in MiB."""
STEEPEST = {"requests": 1.05, "whole process": 1.3, "processor": 1.15, "peak memory": 1.15}
"""The largest exponent of each quantity: linear, plus the error of the measurement."""

Once = Callable[[], Asked]
Prepared = Callable[[Path, int], AbstractContextManager[Once]]


@dataclass(frozen=True)
class Subject:
    """An action and its work: `prepared` makes the world for an amount of work and yields the function to run."""

    name: str
    prepared: Prepared


def chapters(settings: Settings) -> Iterator[Chapter]:
    if not settings.growth:
        return
    counts, sizes = (COUNTS[:3], SIZES[:2]) if settings.quick else (COUNTS, SIZES)
    # Four actions, and each gets the same time.
    share = settings.growth / 4
    fetch, symbols = Subject("fetch-build-number", fetching), Subject("download-dsyms", downloading)
    signing = (
        *(Subject("in sync", in_sync), Subject("everything is made", making)),
        *(Subject("read-only", reading), Subject("cleanup-signing", cleaning)),
    )
    upload = Subject("upload-testflight", uploading)
    yield grown(settings, share, fetch.name, "builds", counts, fetch)
    yield grown(settings, share, symbols.name, "builds", counts, symbols)
    yield grown(settings, share, "sync-signing", "bundle ids", counts, *signing)
    chapter = grown(settings, share, upload.name, "MiB", sizes, upload)
    yield replace(chapter, targets=(*chapter.targets, *memory_targets(chapter.charts[0])))


def grown(
    settings: Settings, seconds: float, action: str, x_name: str, works: Sequence[int], *subjects: Subject
) -> Chapter:
    """Return the curves of an action. The measurement takes about `seconds`."""
    budget = seconds / len(subjects) / len(works)
    figures = [result for subject in subjects for result in curves(subject, works, settings, budget)]
    figures.sort(key=lambda result: list(QUANTITIES).index(result.quantity))
    chart = Chart(f"growth-{action}", f"{action} by {x_name}", x_name, tuple(figures))
    return Chapter(
        f"Growth of {action}",
        f"Medians of up to {settings.runs} runs, or of fewer if a run takes long. The exponent is k in: cost = cost of "
        "the least work + c · work^k.",
        charts=(chart,),
        targets=tuple(
            Target(f"{result.name}, {result.quantity}: exponent", result.exponent, STEEPEST[result.quantity])
            for result in figures
            if result.exponent is not None
        ),
    )


def curves(subject: Subject, works: Sequence[int], settings: Settings, budget: float) -> tuple[Figure, ...]:
    runs: dict[float, list[Asked]] = {}
    for work in works:
        with tempfile.TemporaryDirectory() as folder, subject.prepared(Path(folder), work) as once:
            runs[work] = [once() for _ in settings.repeated(budget, least=3)]
    return measure.curves(subject.name, runs)


def memory_targets(chart: Chart) -> Iterator[Target]:
    """Yield the targets for the memory of an upload, which must not depend on the size of the file."""
    # The smallest file does not count: it has too few parts to fill the parallel uploads.
    (peaks,) = (result.values[1:] for result in chart.figures if result.quantity == "peak memory")
    yield Target("the largest peak, MiB", max(peaks), 80)
    yield Target("the largest peak, times the smallest", max(peaks) / min(peaks), 1.1)


@contextmanager
def fetching(folder: Path, builds: int) -> Iterator[Once]:
    with measure.sandbox(folder, "--seed", app_seed(folder, builds)) as sandbox:
        yield lambda: measure.asked((*ENTRYPOINT, "fetch-build-number", *APP), sandbox)


@contextmanager
def downloading(folder: Path, builds: int) -> Iterator[Once]:
    with measure.sandbox(folder, "--seed", app_seed(folder, builds)) as sandbox:
        download(sandbox, folder)  # the sandbox makes an archive at the first request for it
        yield lambda: download(sandbox, folder).asked


@contextmanager
def in_sync(folder: Path, count: int) -> Iterator[Once]:
    with synced(folder, Team(count)) as (sandbox, store, _):
        yield lambda: store.sync(Team(count), sandbox)


@contextmanager
def making(folder: Path, count: int) -> Iterator[Once]:
    def once() -> Asked:
        with synced(folder, Team(count)) as (_, _, made):
            return made

    yield once


@contextmanager
def reading(folder: Path, count: int) -> Iterator[Once]:
    with synced(folder, Team(count)) as (_, store, _):
        yield lambda: Asked(store.read(Team(count)), ())


@contextmanager
def cleaning(folder: Path, count: int) -> Iterator[Once]:
    with synced(folder, Team(count)) as (_, store, _):
        store.clean_up()  # removes the files of the first run

        def once() -> Asked:
            store.read(Team(count))
            return Asked(store.clean_up(), ())

        yield once


@contextmanager
def uploading(folder: Path, size: int) -> Iterator[Once]:
    """Upload with a new sandbox for each run, which deletes its copy of the file at its end."""
    # The file, the copy of the sandbox, and the parts while they are put together.
    if shutil.disk_usage(folder).free < 3 * size * MIB:
        raise SystemExit(f"bench: {folder} needs {3 * size // 1024} GiB; point TMPDIR elsewhere.")
    file = make_file(folder / "large.ipa", size * MIB)

    def once() -> Asked:
        with measure.sandbox(folder) as sandbox:
            return measure.asked((*UPLOAD, "--file", file, *NO_WAIT), sandbox)

    yield once
