"""Measures how cost grows with work: requests, processor time, peak memory and time of each action."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench import measure
from bench.data import Chapter, Chart, Figure, Target, curve
from bench.measure import ENTRYPOINT, MIB, Asked, Settings
from bench.signing import synced
from bench.symbols import download
from bench.upload import NO_WAIT, UPLOAD
from bench.worlds import APP, Team, app_seed, make_file

COUNTS, SIZES = (1, 10, 100, 1000), (10, 100, 1000, 4000)
"""Builds, bundle ids or profiles; and MiB."""
QUANTITIES: Mapping[tuple[str, str], Callable[[Asked], float]] = {
    ("requests", ""): lambda each: each.requests,
    ("whole process", "s"): lambda each: each.run.seconds,
    ("processor", "s"): lambda each: each.run.cpu,
    ("peak memory", "MiB"): lambda each: each.run.peak / MIB,
}
STEEPEST = {"requests": 1.05, "whole process": 1.3, "processor": 1.15, "peak memory": 1.15}
"""The largest exponents: no more than linear, and as much above as a measurement errs."""

Once = Callable[[], Asked]
Prepared = Callable[[Path, int], AbstractContextManager[Once]]


@dataclass(frozen=True)
class Subject:
    """An action on work of a kind: `prepared` makes the world for so much work, and gives what runs once in it."""

    name: str
    prepared: Prepared


def chapters(settings: Settings) -> Iterator[Chapter]:
    if not settings.growth:
        return
    counts, sizes = (COUNTS[:3], SIZES[:2]) if settings.quick else (COUNTS, SIZES)
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
    """The curves of an action, in about so many seconds."""
    budget = seconds / len(subjects) / len(works)
    figures = [each for subject in subjects for each in curves(subject, works, settings, budget)]
    figures.sort(key=lambda each: [quantity for quantity, _ in QUANTITIES].index(each.quantity))
    chart = Chart(f"growth-{action}", f"{action} by {x_name}", x_name, tuple(figures))
    return Chapter(
        f"Growth of {action}",
        f"Medians of up to {settings.runs} runs, of fewer where one takes long. The exponent is k of: cost = what the "
        "least work costs + c · work^k.",
        charts=(chart,),
        targets=tuple(
            Target(f"{each.name}, {each.quantity}: exponent", each.exponent, STEEPEST[each.quantity])
            for each in figures
            if each.exponent is not None
        ),
    )


def curves(subject: Subject, works: Sequence[int], settings: Settings, budget: float) -> list[Figure]:
    found: dict[int, list[Asked]] = {}
    for work in works:
        with tempfile.TemporaryDirectory() as folder, subject.prepared(Path(folder), work) as once:
            found[work] = [once() for _ in settings.repeated(budget, least=3)]
    return [
        curve(subject.name, quantity, unit, {x: [value(each) for each in runs] for x, runs in found.items()})
        for (quantity, unit), value in QUANTITIES.items()
    ]


def memory_targets(chart: Chart) -> Iterator[Target]:
    """The size of a file must not matter to the memory that its upload takes, once it has parts enough."""
    (peaks,) = (each.values[1:] for each in chart.figures if each.quantity == "peak memory")
    yield Target("the largest peak, MiB", max(peaks), 80)
    yield Target("the largest peak, times the smallest", max(peaks) / min(peaks), 1.1)


@contextmanager
def fetching(folder: Path, builds: int) -> Iterator[Once]:
    with measure.sandbox(folder, "--seed", app_seed(folder, builds)) as sandbox:
        yield lambda: measure.asked((*ENTRYPOINT, "fetch-build-number", *APP), sandbox)


@contextmanager
def downloading(folder: Path, builds: int) -> Iterator[Once]:
    with measure.sandbox(folder, "--seed", app_seed(folder, builds)) as sandbox:
        download(sandbox, folder)  # the sandbox makes each archive when it is first asked for
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
        store.clean_up()  # what the first run left

        def once() -> Asked:
            store.read(Team(count))
            return Asked(store.clean_up(), ())

        yield once


@contextmanager
def uploading(folder: Path, size: int) -> Iterator[Once]:
    """Each run has a sandbox of its own, whose copy of the file goes with it."""
    if shutil.disk_usage(folder).free < 3 * size * MIB:
        raise SystemExit(f"bench: {folder} needs {3 * size // 1024} GiB; point TMPDIR elsewhere.")
    file = make_file(folder / "large.ipa", size * MIB)

    def once() -> Asked:
        with measure.sandbox(folder) as sandbox:
            return measure.asked((*UPLOAD, "--file", file, *NO_WAIT), sandbox)

    yield once
