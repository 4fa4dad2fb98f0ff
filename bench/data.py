"""The figures of a topic as data. `report` and `plot` present them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log
from statistics import linear_regression, median
from typing import Literal

NOTICEABLE = 1.1
"""A value of a curve counts as growth if it is more than this many times the first one."""


@dataclass(frozen=True)
class Figure:
    """One quantity of one program: the median at each amount of work in `x`, or a single value if `x` is empty.

    `spread` has the lowest and the highest value. `ratio` is the value divided by that of the first program in the
    same table.
    """

    name: str
    quantity: str
    unit: str
    values: tuple[float, ...]
    x: tuple[float, ...] = ()
    spread: tuple[tuple[float, float], ...] = ()
    runs: int = 1
    ratio: float | None = None

    @property
    def value(self) -> float:
        """Return the single value, or the last one of the curve."""
        return self.values[-1]

    @property
    def exponent(self) -> float | None:
        """Return k of: cost = cost of the smallest work + c · work^k. 0 is constant; None if too few points differ."""
        first = self.values[0]
        grown = [
            (log(x - self.x[0]), log(value - first))
            for x, value in zip(self.x, self.values, strict=True)
            if value > NOTICEABLE * first
        ]
        if not grown:
            return 0.0
        if len(grown) == 1:  # a line needs two points
            return None
        return linear_regression(*zip(*grown, strict=True)).slope


@dataclass(frozen=True)
class Chart:
    """Figures over the same `x`: a table, and if `plotted` a plot with logarithmic axes in the file `name`.svg.

    `grows` is True if `x` is an amount of work, so that an exponent has a meaning.
    """

    name: str
    title: str
    x_name: str
    figures: tuple[Figure, ...]
    grows: bool = True
    plotted: bool = False


@dataclass(frozen=True)
class Target:
    """A figure and the bound that it has to keep. `what` names it in the table."""

    what: str
    figure: float
    bound: float
    relation: Literal["at most", "at least"] = "at most"

    @property
    def met(self) -> bool:
        return self.figure <= self.bound if self.relation == "at most" else self.figure >= self.bound


@dataclass(frozen=True)
class Chapter:
    """The findings of one topic. `about` describes the measurement, `sentences` are ratios that may be quoted."""

    title: str
    about: str
    figures: tuple[Figure, ...] = ()
    charts: tuple[Chart, ...] = ()
    targets: tuple[Target, ...] = ()
    sentences: tuple[str, ...] = ()


def figure(name: str, quantity: str, unit: str, samples: Sequence[float]) -> Figure:
    """Return a figure with the median of several runs."""
    return Figure(
        name, quantity, unit, (median(samples),), spread=((min(samples), max(samples)),), runs=len(samples)
    )


def curve(name: str, quantity: str, unit: str, samples: Mapping[float, Sequence[float]]) -> Figure:
    """Return a figure with a median at each amount of work. `samples` has work → values."""
    return Figure(
        name,
        quantity,
        unit,
        values=tuple(median(values) for values in samples.values()),
        x=tuple(samples),
        spread=tuple((min(values), max(values)) for values in samples.values()),
        runs=min(len(values) for values in samples.values()),
    )


def compared(figures: Iterable[Figure]) -> tuple[Figure, ...]:
    """Return the figures with their ratios to the first one of the same quantity."""
    firsts: dict[str, Figure] = {}
    found = []
    for result in figures:
        first = firsts.setdefault(result.quantity, result)
        found.append(replace(result, ratio=result.value / first.value if first.value else None))
    return tuple(found)
