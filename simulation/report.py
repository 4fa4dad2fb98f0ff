"""Write the figures of a run as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from statistics import median

from asc_sandbox.requestlog import Entry
from asc_sandbox.server import Sandbox
from simulation.events import Events
from simulation.judging import lost_the_race
from simulation.organisation import KINDS
from simulation.running import Outcome

HEAD = (
    "| Jobs | | Done | Lost the race | Median | 95 % | Longest | Requests: median, most | 429: mean, most |\n"
    "| --- | --: | --: | --: | --: | --: | --: | --: | --: |"
)


def table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Yield the lines of a table with a row for each kind of job."""
    yield HEAD
    for kind, name in KINDS.items():
        if of_kind := [outcome for outcome in outcomes if outcome.job.kind == kind]:
            yield _row(name, of_kind)
    yield _row("all", outcomes)


def traffic(sandbox: Sandbox, outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Yield lines about the requests that the sandbox received."""
    # A part of a file goes to Apple's storage and costs nothing of the budget.
    sent = [request for request in sandbox.requests if request.path.startswith("/v")]
    speed, origin = sandbox.clock.speed, sandbox.clock.origin
    refused = [request for request in sent if request.status == 429]
    # The log has the machine's time, and the figures are in the sandbox's.
    minutes = Counter(int((request.t - origin) * speed // 60) for request in sent)
    storm = Counter(int((request.t - origin) * speed // 60) for request in refused)
    most = max(sum(1 for other in outcomes if other.began <= job.began < other.ended) for job in outcomes)
    end = max(outcome.ended for outcome in outcomes)
    yield f"* At most {most} jobs ran at once, and the last one ended after {_minutes(end - origin)}"
    yield (
        f"* {len(sent)} requests, {len(sent) - len(refused)} of them within the budget; in the busiest minute "
        f"{max(minutes.values())}"
    )
    yield f"* {len(refused)} answers 429; in the worst minute {max(storm.values(), default=0)}"
    polls = sum(map(_is_poll, sent))
    yield f"* {polls} of the requests read uploads and builds, most of them to poll while Apple processed a build"


def dispatches(events: Events) -> str:
    """Return the line about the events of webhooks."""
    answers = events.relay.answers
    return (
        f"* {events.count} events of webhooks, {len(events.relay.hub.dispatches)} started workflows, "
        f"{events.redelivered} of them after the hourly workflow asked for them again; the slowest took "
        f"{events.slowest:.0f} s. The relay made {len(answers)} requests for their details, and got "
        f"{answers.count(429)} answers 429"
    )


def _is_poll(entry: Entry) -> bool:
    parts = entry.path.split("/")
    return entry.method == "GET" and parts[2] in ("buildUploads", "builds")


def _row(name: str, outcomes: Sequence[Outcome]) -> str:
    seconds = sorted(outcome.seconds for outcome in outcomes)
    requests = [outcome.requests for outcome in outcomes]
    refusals = [outcome.refusals for outcome in outcomes]
    cells = (
        name,
        str(len(outcomes)),
        str(sum(outcome.code == 0 for outcome in outcomes)),
        str(sum(map(lost_the_race, outcomes)) or "–"),
        _minutes(median(seconds)),
        _minutes(seconds[int(0.95 * (len(seconds) - 1))]),
        _minutes(seconds[-1]),
        f"{median(requests):.0f}, {max(requests)}",
        f"{sum(refusals) / len(refusals):.1f}, {max(refusals)}",
    )
    return f"| {' | '.join(cells)} |"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min"
