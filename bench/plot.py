"""Draw charts of a benchmark: python plot.py FIGURES.json FOLDER

Runs in its own environment, which has matplotlib (`tools/setup plot`). No other module imports this.
"""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "bench", "svg.fonttype": "none", "font.size": 9})

from matplotlib import pyplot  # noqa: E402  after the choice of what draws
from matplotlib.ticker import LogFormatter  # noqa: E402

PANEL = (3.6, 3.0)
"""Width and height of the axes for one quantity, in inches."""


def main(source: str, folder: str) -> None:
    chapters = json.loads(Path(source).read_text())["chapters"]
    for chart in (chart for chapter in chapters for chart in chapter["charts"] if chart["plotted"]):
        draw(chart, Path(folder) / f"{chart['name']}.svg")


class PlainFormatter(LogFormatter):
    """Writes 0.6 and 1000 instead of powers of ten."""

    def __call__(self, x, pos=None):
        return f"{x:g}" if super().__call__(x, pos) else ""


def draw(chart: dict, path: Path) -> None:
    """Draw a chart to an SVG file: a panel for each quantity, a line for each program."""
    quantities = list(dict.fromkeys((line["quantity"], line["unit"]) for line in chart["figures"]))
    figure, panels = pyplot.subplots(
        1,
        len(quantities),
        figsize=(PANEL[0] * len(quantities), PANEL[1]),
        layout="constrained",
        squeeze=False,
    )
    for axes, (quantity, unit) in zip(panels[0], quantities, strict=True):
        lines = [line for line in chart["figures"] if line["quantity"] == quantity]
        draw_panel(axes, lines)
        axes.set(xlabel=chart["x_name"], title=f"{quantity}, {unit}" if unit else quantity)
    figure.suptitle(chart["title"])
    handles, names = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names), fontsize=8)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def draw_panel(axes, lines: list) -> None:
    for line in lines:
        spread = line["spread"]
        axes.plot(line["x"], line["values"], marker="o", markersize=3, linewidth=1, label=line["name"])
        axes.fill_between(line["x"], [low for low, _ in spread], [high for _, high in spread], alpha=0.15)
    axes.set_xscale("symlog" if any(0 in line["x"] for line in lines) else "log")
    if any(0 in line["values"] for line in lines):
        axes.set_yscale("symlog")
        axes.set_ylim(bottom=0)
    else:
        axes.set_yscale("log")
    works = sorted({x for line in lines for x in line["x"]})
    axes.set_xticks(works, [f"{x:,}" for x in works], minor=False)
    axes.yaxis.set_major_formatter(PlainFormatter())
    axes.yaxis.set_minor_formatter(PlainFormatter(labelOnlyBase=False, minor_thresholds=(1, 0.4)))
    axes.grid(visible=True, which="major", linewidth=0.3)


if __name__ == "__main__":
    main(*sys.argv[1:])
