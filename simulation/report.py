"""The figures of a run as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from statistics import median

from asc_sandbox.requestlog import Entry
from asc_sandbox.server import Sandbox
from simulation.judging import lost_the_race
from simulation.organisation import KINDS
from simulation.running import Outcome

HEAD = (
    "| Jobs | | Done | Lost the race | Median | 95 % | Longest | Requests: median, most | 429: mean, most |\n"
    "| --- | --: | --: | --: | --: | --: | --: | --: | --: |"
)


def table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """A line for each kind of job."""
    yield HEAD
    for kind, name in KINDS.items():
        if those := [each for each in outcomes if each.job.kind == kind]:
            yield _row(name, those)
    yield _row("all", outcomes)


def traffic(sandbox: Sandbox, outcomes: Iterable[Outcome]) -> Iterator[str]:
    """What App Store Connect saw."""
    asked = [each for each in sandbox.requests if each.path.startswith("/v1/")]
    speed, origin = sandbox.clock.speed, sandbox.clock.origin
    refused = [each for each in asked if each.status == 429]
    minutes = Counter(int((each.t - origin) * speed // 60) for each in asked)
    storm = Counter(int((each.t - origin) * speed // 60) for each in refused)
    most = max(sum(1 for one in outcomes if one.began <= each.began < one.ended) for each in outcomes)
    yield f"* {most} jobs under way at once, over {_minutes(max(each.ended for each in outcomes) - origin)} in all"
    yield (
        f"* {len(asked)} requests, {len(asked) - len(refused)} of them within the budget; in the busiest minute "
        f"{max(minutes.values())}"
    )
    yield f"* {len(refused)} answers 429; in the worst minute {max(storm.values(), default=0)}"
    polls = sum(map(_is_poll, asked))
    yield f"* {polls} of the requests were looks at builds that Apple was processing, or at uploads"


def _is_poll(entry: Entry) -> bool:
    parts = entry.path.split("/")
    return entry.method == "GET" and parts[2] in ("buildUploads", "builds")


def _row(name: str, those: Sequence[Outcome]) -> str:
    seconds = sorted(each.seconds for each in those)
    requests, refusals = [each.requests for each in those], [each.refusals for each in those]
    cells = (
        name,
        str(len(those)),
        str(sum(each.code == 0 for each in those)),
        str(sum(map(lost_the_race, those)) or "–"),
        _minutes(median(seconds)),
        _minutes(seconds[int(0.95 * (len(seconds) - 1))]),
        _minutes(seconds[-1]),
        f"{median(requests):.0f}, {max(requests)}",
        f"{sum(refusals) / len(refusals):.1f}, {max(refusals)}",
    )
    return f"| {' | '.join(cells)} |"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min"
