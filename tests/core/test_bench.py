"""The benchmark's arithmetic: what a figure, a curve and a target say of what was measured."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
from bench.data import Chapter, Chart, Target, compared, curve, figure
from bench.machine import this_machine
from bench.measure import ENTRYPOINT, run, traffic
from bench.report import report

from core.running import ENTRYPOINT as OURS

WORKS = (1, 10, 100, 1000)


@pytest.mark.parametrize(
    ("cost", "exponent"),
    [
        (lambda work: 0.3, 0.0),
        (lambda work: 0.3 * (1 + work / 100_000), 0.0),
        (lambda work: 0.3 + 0.002 * work, 1.0),
        (lambda work: 4 + work, 1.0),
        (lambda work: 0.3 + 0.00001 * work**2, 2.0),
    ],
    ids=["constant", "hardly", "linear", "requests", "quadratic"],
)
def test_a_curve_tells_how_cost_grows_above_what_the_least_work_costs(
    cost: Callable[[int], float], exponent: float
) -> None:
    found = curve("ours", "processor", "s", {work: [cost(work)] for work in WORKS})
    assert found.exponent == pytest.approx(exponent, abs=0.1)


def test_a_last_step_alone_tells_no_exponent() -> None:
    assert curve("ours", "requests", "", {1: [3], 100: [3], 1000: [9]}).exponent is None


def test_a_figure_is_the_median_and_its_ratio_that_to_the_first_of_its_quantity() -> None:
    ours, theirs = figure("ours", "time", "s", [3, 1, 2]), figure("theirs", "time", "s", [8])
    assert [each.ratio for each in compared([ours, theirs])] == [1, 4]
    assert (ours.value, ours.spread, ours.runs) == (2, ((1, 3),), 3)


def test_requests_that_overlap_are_one_round() -> None:
    log = [{"t": start, "ms": 100, "connection": 1} for start in (0.0, 0.05, 0.2)]
    assert (traffic(log).requests, traffic(log).rounds, traffic(log).connections) == (3, 2, 1)


def test_a_report_has_ratios_targets_and_plots_and_its_data_is_json() -> None:
    chapter = Chapter(
        "Signing",
        "What was done.",
        compared([figure("ours", "time", "s", [2]), figure("theirs", "time", "s", [8])]),
        charts=(
            Chart(
                "signing",
                "By work",
                "profiles",
                (curve("ours", "time", "s", {1: [1], 10: [2]}),),
                plotted=True,
            ),
            Chart("tester", "By tester", "testers", (curve("ours", "time", "s", {1: [1], 10: [2]}),)),
        ),
        targets=(Target("requests", 3, 2), Target("times faster", 4, 3, "at least")),
        sentences=("Ours is four times as fast.",),
    )
    text = report([chapter], this_machine("make bench"))
    assert "| theirs | 8, 4.00× |" in text
    assert "| requests | 3 | at most 2 | **missed** |" in text
    assert "| times faster | 4 | at least 3 | met |" in text
    assert "Targets missed: 1 of 2." in text
    assert (
        "![By work](signing.svg)" in text
        and "tester.svg" not in text
        and "* Ours is four times as fast." in text
    )
    assert json.loads(json.dumps(asdict(chapter)))["charts"][0]["figures"][0]["values"] == [1, 2]


def test_a_run_is_measured_without_the_memory_of_whoever_measures(tmp_path: Path) -> None:
    ballast = bytearray(200 << 20)
    cost = run((sys.executable, "-I", "-S", "-c", "sum(range(1_000_000))"), {"PATH": "/usr/bin:/bin"})
    assert 0 < cost.cpu <= cost.seconds and cost.peak < len(ballast) // 4


def test_a_command_that_fails_ends_the_benchmark_with_its_words() -> None:
    with pytest.raises(SystemExit, match="no-such-command"):
        run((*ENTRYPOINT, "no-such-command"), {"PATH": "/usr/bin:/bin"})
    assert ENTRYPOINT[-1] == OURS
