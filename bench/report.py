"""Figures as Markdown: a table of single values, a table for each chart, the targets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from bench.data import Chapter, Chart, Figure, Target
from bench.machine import Machine

WORTH_TELLING = 1.05
"""How many times the least of several runs the greatest must be, to be told."""


def report(chapters: Sequence[Chapter], machine: Machine) -> str:
    """The whole page. Plots are linked as files beside it."""
    missed = [target for chapter in chapters for target in chapter.targets if not target.met]
    head = f"# Benchmark of {machine.date}\n\n{machine.described()}\n\n[How to read and repeat this](README.md).\n"
    sentences = "".join(f"* {each}\n" for chapter in chapters for each in chapter.sentences)
    return "\n".join(
        [
            head,
            f"## In short\n\n{sentences}" if sentences else "",
            f"Targets missed: {len(missed)} of {sum(len(each.targets) for each in chapters)}.\n",
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
    """A row for each program, a column for each quantity; the ratio of a time stands behind it."""
    figures = list(figures)
    quantities = list(dict.fromkeys((each.quantity, each.unit) for each in figures))
    rows = []
    for name, group in groupby(figures, key=lambda each: each.name):
        cells = {each.quantity: _value_and_ratio(each) for each in group}
        rows.append([name, *(cells.get(quantity, "") for quantity, _ in quantities)])
    return table(["", *(_with_unit(*each) for each in quantities)], rows)


def chart_text(chart: Chart) -> str:
    works = sorted({x for each in chart.figures for x in each.x})
    rows = []
    for each in chart.figures:
        values = dict(zip(each.x, map(number, each.values), strict=True))
        cells = [values.get(x, "") for x in works]
        rows.append(
            [
                f"{each.name}: {_with_unit(each.quantity, each.unit)}",
                *cells,
                *([_exponent(each)] if chart.grows else []),
            ]
        )
    head = [chart.x_name, *map(number, works), *(["exponent"] if chart.grows else [])]
    return f"### {chart.title}\n\n![{chart.title}]({chart.name}.svg)\n\n{table(head, rows)}"


def targets_table(targets: Iterable[Target]) -> str:
    rows = [
        [
            each.what,
            number(each.figure),
            f"{each.relation} {number(each.bound)}",
            "met" if each.met else "**missed**",
        ]
        for each in targets
    ]
    return table(["Target", "figure", "bound", ""], rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rule = ["---", *["--:"] * (len(head) - 1)]
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, rule, *rows))


def number(value: float) -> str:
    """Three digits that count."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _with_unit(quantity: str, unit: str) -> str:
    return f"{quantity}, {unit}" if unit else quantity


def _value_and_ratio(figure: Figure) -> str:
    low, high = figure.spread[0] if figure.spread else (figure.value, figure.value)
    span = f" ({number(low)} to {number(high)})" if high > WORTH_TELLING * low else ""
    times = f", {figure.ratio:.2f}×" if figure.ratio not in (None, 1.0) else ""
    return f"{number(figure.value)}{span}{times}"


def _exponent(figure: Figure) -> str:
    exponent = figure.exponent
    if exponent is None:
        return "–"
    return f"{exponent:.2f}" if exponent else "constant"
