"""What a topic hands back: figures as data. How they are shown is for `report` and `plot` to say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log
from statistics import linear_regression, median
from typing import Literal

NOTICEABLE = 1.1
"""How many times the first value of a curve one must be to count as growth."""


@dataclass(frozen=True)
class Figure:
    """One quantity of one program: the median at each `x`, which is an amount of work; without `x` there is but one.

    `spread` has the least and the greatest that was measured. `ratio` is how many times the value of the program that
    is first in the same table.
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
        """The one value, or the last of the curve."""
        return self.values[-1]

    @property
    def exponent(self) -> float | None:
        """k of: cost = what the smallest work costs + c · work^k, fitted to where that can be told. 0 is constant."""
        first = self.values[0]
        grown = [
            (log(x - self.x[0]), log(value - first))
            for x, value in zip(self.x, self.values, strict=True)
            if value > NOTICEABLE * first
        ]
        if not grown:
            return 0.0
        if len(grown) == 1:  # one point says no more than that the last step is the first one that is seen
            return None
        return linear_regression(*zip(*grown, strict=True)).slope


@dataclass(frozen=True)
class Chart:
    """Figures over the same `x`: a table, and a plot with logarithmic axes in the file `name`.

    `grows` where `x` is an amount of work, so that it means something how the figures grow with it.
    """

    name: str
    title: str
    x_name: str
    figures: tuple[Figure, ...]
    grows: bool = True


@dataclass(frozen=True)
class Target:
    """A figure, and the bound that it has to keep."""

    what: str
    figure: float
    bound: float
    relation: Literal["at most", "at least"] = "at most"

    @property
    def met(self) -> bool:
        return self.figure <= self.bound if self.relation == "at most" else self.figure >= self.bound


@dataclass(frozen=True)
class Chapter:
    """What one topic found. `about` says what was done; `sentences` are the ratios that may be quoted elsewhere."""

    title: str
    about: str
    figures: tuple[Figure, ...] = ()
    charts: tuple[Chart, ...] = ()
    targets: tuple[Target, ...] = ()
    sentences: tuple[str, ...] = ()


def figure(name: str, quantity: str, unit: str, samples: Sequence[float]) -> Figure:
    """The median of several runs."""
    return Figure(
        name, quantity, unit, (median(samples),), spread=((min(samples), max(samples)),), runs=len(samples)
    )


def curve(name: str, quantity: str, unit: str, samples: Mapping[float, Sequence[float]]) -> Figure:
    """A median at each amount of work."""
    return Figure(
        name,
        quantity,
        unit,
        values=tuple(median(each) for each in samples.values()),
        x=tuple(samples),
        spread=tuple((min(each), max(each)) for each in samples.values()),
        runs=min(len(each) for each in samples.values()),
    )


def compared(figures: Iterable[Figure]) -> tuple[Figure, ...]:
    """The figures with their ratios to the first one of the same quantity."""
    firsts: dict[str, Figure] = {}
    found = []
    for each in figures:
        first = firsts.setdefault(each.quantity, each)
        found.append(replace(each, ratio=each.value / first.value if first.value else None))
    return tuple(found)
