"""Measure manage-testers: a long list that is in place but for a few, and the export of all testers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import measure
from bench.data import Chapter, Chart, Target
from bench.measure import ENTRYPOINT, Asked, Settings
from bench.store import asked_figures, values
from bench.worlds import APP, written

LATENCY = 50
"""Milliseconds a request."""
LISTED, PRESENT = 1_000, 990
"""Testers in the list, and how many of them are in the group already."""
EXPORTED = (1_000, 4_000, 10_000)
"""Numbers of testers of an app. Apple allows 10,000."""
PAGE = 200
"""Testers that Apple lists in a page."""
GROUP = "Beta testers"
MANAGE = (*ENTRYPOINT, "manage-testers", *APP)


def chapters(settings: Settings) -> Iterator[Chapter]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield listed(folder, settings)
        yield exported(folder, EXPORTED[:1] if settings.quick else EXPORTED, settings)


def listed(folder: Path, settings: Settings) -> Chapter:
    """Run the mode add with a list of which nearly everybody is in the group."""
    people = folder / "testers.csv"
    people.write_text("".join(f"Ada,Example,{address(number)}\n" for number in range(LISTED)))
    seed = team_seed(folder / "listed.yml", PRESENT)
    command = (*MANAGE, "--groups", GROUP, "--testers-file", people)
    adding = f"{LISTED - PRESENT} of {LISTED:,} testers are new"
    again = f"all {LISTED:,} testers are there"
    runs: dict[str, list[Asked]] = {adding: [], again: []}
    for _ in settings.repeated(budget=40):
        # A new sandbox for each pair of runs, because the first run adds the testers.
        with measure.sandbox(folder, "--seed", seed, "--latency", LATENCY) as sandbox:
            for found in runs.values():
                found.append(measure.asked(command, sandbox))
    figures = [result for name in runs for result in asked_figures(name, runs[name])]
    # One request more looks for the new addresses in other groups.
    pages = [entry for entry in runs[adding][-1].entries if entry["path"].endswith("/GROUP/betaTesters")]
    value = values(figures)
    return Chapter(
        "manage-testers, a long list",
        f"A list of {LISTED:,} testers, {LATENCY} ms a request.",
        tuple(figures),
        targets=(
            Target("pages of testers", len(pages), LISTED // PAGE),
            Target(
                f"writes for {LISTED - PRESENT} new testers", len(writes(runs[adding][-1])), LISTED - PRESENT
            ),
            Target("writes if all are there", len(writes(runs[again][-1])), 0),
            Target("a long list, peak memory, MiB", value[adding, "peak memory"], 60),
        ),
    )


def exported(folder: Path, counts: Sequence[int], settings: Settings) -> Chapter:
    """Export more and more testers into a CSV file."""
    command = (*MANAGE, "--mode", "export", "--file", folder / "out.csv")
    runs: dict[float, list[Asked]] = {}
    for count in counts:
        seed = team_seed(folder / f"export-{count}.yml", count)
        with measure.sandbox(folder, "--seed", seed) as sandbox:
            runs[count] = [measure.asked(command, sandbox) for _ in settings.repeated(budget=30)]
    curves = measure.curves("export", runs, "requests", "whole process", "peak memory")
    memory = curves[-1].values
    most = counts[-1]
    paths = [str(entry["path"]).rpartition("/")[2] for entry in runs[most][-1].entries]
    return Chapter(
        "manage-testers, export",
        "All testers of an app into a file, with the metrics of their use.",
        charts=(Chart("testers-export", "Export by testers", "testers", curves),),
        targets=(
            Target(f"export of {most:,} testers, pages", paths.count("betaTesters"), most / PAGE),
            Target(
                f"export of {most:,} testers, pages of metrics", paths.count("betaTesterUsages"), most / PAGE
            ),
            Target(
                f"export of {most:,} testers, times the memory of {counts[0]:,}",
                memory[-1] / memory[0],
                1.2,
            ),
        ),
    )


def writes(asked: Asked) -> list[object]:
    """Return the requests of a run that change something."""
    return [entry for entry in asked.entries if entry["method"] != "GET"]


def address(number: int) -> str:
    """Return the e-mail address of the tester with this number."""
    return f"tester{number}@example.com"


def team_seed(path: Path, count: int) -> Path:
    """Write a seed: an app with a group of so many testers."""
    people = [
        {
            "id": f"TESTER-{number}",
            "firstName": "Ada",
            "lastName": "Example",
            "email": address(number),
            "apps": ["1000000001"],
            "lastSession": "1 day ago",
            "sessions": 1,
        }
        for number in range(count)
    ]
    app = {
        "id": "1000000001",
        "name": "Example",
        "bundleId": APP[1],
        "betaGroups": [{"id": "GROUP", "name": GROUP, "betaTesters": [person["id"] for person in people]}],
        "preReleaseVersions": [{"version": "1.0", "platform": "IOS", "builds": [{"version": "1"}]}],
    }
    return written(path, {"apps": [app], "betaTesters": people})
