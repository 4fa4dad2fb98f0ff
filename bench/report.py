"""Write figures as Markdown: a table of single values, a table for each chart, and the targets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from bench.data import Chapter, Chart, Figure, Target
from bench.machine import Machine

NOTABLE_SPREAD = 1.05
"""The spread of several runs is printed if the highest value is more than this many times the lowest."""


def report(chapters: Sequence[Chapter], machine: Machine) -> str:
    """Return the whole page, docs/benchmarks/latest.md. It shows the plots as files beside it."""
    missed = [target for chapter in chapters for target in chapter.targets if not target.met]
    head = f"# Benchmark of {machine.date}\n\n{machine.described()}\n\n[How to read and repeat this](README.md).\n"
    sentences = "".join(f"* {sentence}\n" for chapter in chapters for sentence in chapter.sentences)
    return "\n".join(
        [
            head,
            f"## In short\n\n{sentences}" if sentences else "",
            f"Targets missed: {len(missed)} of {sum(len(chapter.targets) for chapter in chapters)}.\n",
            *map(chapter_text, chapters),
        ]
    )


def chapter_text(chapter: Chapter) -> str:
    parts = [f"## {chapter.title}\n", f"{chapter.about}\n"]
    parts += [figures_table(chapter.figures)] if chapter.figures else []
    parts += [chart_text(chart) for chart in chapter.charts]
    parts += [targets_table(chapter.targets)] if chapter.targets else []
    return "\n".join(parts)


def figures_table(figures: Iterable[Figure]) -> str:
    """Return a table with a row for each program and a column for each quantity. A ratio follows its value."""
    figures = list(figures)
    quantities = list(dict.fromkeys((result.quantity, result.unit) for result in figures))
    rows = []
    for name, group in groupby(figures, key=lambda result: result.name):
        cells = {result.quantity: _value_and_ratio(result) for result in group}
        rows.append([name, *(cells.get(quantity, "") for quantity, _ in quantities)])
    return table(["", *(_with_unit(*column) for column in quantities)], rows)


def chart_text(chart: Chart) -> str:
    works = sorted({x for result in chart.figures for x in result.x})
    rows = []
    for result in chart.figures:
        values = dict(zip(result.x, map(number, result.values), strict=True))
        cells = [values.get(x, "") for x in works]
        rows.append(
            [
                f"{result.name}: {_with_unit(result.quantity, result.unit)}",
                *cells,
                *([_exponent(result)] if chart.grows else []),
            ]
        )
    head = [chart.x_name, *map(number, works), *(["exponent"] if chart.grows else [])]
    plot = f"![{chart.title}]({chart.name}.svg)\n\n" if chart.plotted else ""
    return f"### {chart.title}\n\n{plot}{table(head, rows)}"


def targets_table(targets: Iterable[Target]) -> str:
    rows = [
        [
            target.what,
            number(target.figure),
            f"{target.relation} {number(target.bound)}",
            "met" if target.met else "**missed**",
        ]
        for target in targets
    ]
    return table(["Target", "figure", "bound", ""], rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rule = ["---", *["--:"] * (len(head) - 1)]
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, rule, *rows))


def number(value: float) -> str:
    """Return a number with three significant digits."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _with_unit(quantity: str, unit: str) -> str:
    return f"{quantity}, {unit}" if unit else quantity


def _value_and_ratio(figure: Figure) -> str:
    low, high = figure.spread[0] if figure.spread else (figure.value, figure.value)
    span = f" ({number(low)} to {number(high)})" if high > NOTABLE_SPREAD * low else ""
    times = f", {figure.ratio:.2f}×" if figure.ratio not in (None, 1.0) else ""
    return f"{number(figure.value)}{span}{times}"


def _exponent(figure: Figure) -> str:
    exponent = figure.exponent
    if exponent is None:
        return "–"
    return f"{exponent:.2f}" if exponent else "constant"
