"""Run the topics of the benchmark, print their tables, and write the figures. The exit code is 1 if a target is missed.

ONLY=topic,topic   only these
QUICK=1            fewer runs and smaller work, to try a change
GROWTH=SECONDS     the time for the growth curves, about; 0 leaves them out
OUT=FOLDER         the folder for the figures. The default is docs/benchmarks for a whole run, else .cache/bench/figures
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from bench import fetch, growth, image, provisioning, signing, start, store, symbols, testers, upload
from bench.data import Chapter
from bench.machine import Machine, this_machine
from bench.measure import ROOT, Settings
from bench.report import chapter_text, report

TOPICS: dict[str, Callable[[Settings], Iterator[Chapter]]] = {
    "fetch": fetch.chapters,
    "upload": upload.chapters,
    "signing": signing.chapters,
    "symbols": symbols.chapters,
    "store": store.chapters,
    "testers": testers.chapters,
    "provisioning": provisioning.chapters,
    "start": start.chapters,
    "image": image.chapters,
    "growth": growth.chapters,
}
DATA = ROOT / ".cache" / "bench" / "latest.json"
"""The figures of the last run as data. The repository holds only the page."""


def main() -> int:
    only = [topic for topic in os.environ.get("ONLY", "").split(",") if topic]
    if unknown := [topic for topic in only if topic not in TOPICS]:
        return _wrong(f"ONLY names no topic: {', '.join(unknown)}. Give some of {', '.join(TOPICS)}.")
    if sys.argv[1:]:
        return _wrong("it takes no arguments. Set these variables instead:\n" + __doc__.partition("\n\n")[2])
    if problem := growth_problem():
        return _wrong(problem)
    # As an exception, so that it ends the sandbox and the measured command as well.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: sys.exit(128 + number))
    settings = settings_of_environment()
    machine = this_machine(command())
    print(machine.described(), flush=True)
    chapters = []
    for name in only or TOPICS:
        for chapter in TOPICS[name](settings):
            chapters.append(chapter)
            print(f"\n{chapter_text(chapter)}", flush=True)
    # A part or a quick run must not replace the page that the repository shows.
    write(folder_for(whole=not only and not settings.quick), chapters, machine)
    return 1 if any(not target.met for chapter in chapters for target in chapter.targets) else 0


def _wrong(problem: str) -> int:
    print(f"bench: {problem}", file=sys.stderr)
    return 2


def growth_problem() -> str:
    """Return the reason why GROWTH cannot be used, or "" if it can."""
    seconds = os.environ.get("GROWTH") or "0"
    return "" if re.fullmatch(r"\d+(\.\d+)?", seconds) else f"GROWTH is not a number of seconds: {seconds}"


def settings_of_environment() -> Settings:
    quick = bool(os.environ.get("QUICK"))
    seconds = float(os.environ.get("GROWTH") or (40 if quick else 420))
    return Settings(runs=2 if quick else 5, growth=seconds, quick=quick)


def folder_for(*, whole: bool) -> Path:
    return Path(os.environ.get("OUT") or ROOT / ("docs/benchmarks" if whole else ".cache/bench/figures"))


def command() -> str:
    """Return the command line that repeats this run."""
    given = [f"{name}={os.environ[name]}" for name in ("ONLY", "QUICK", "GROWTH") if os.environ.get(name)]
    return " ".join(["make bench", *given])


def write(folder: Path, chapters: list[Chapter], machine: Machine) -> None:
    """Write latest.md with the plots that it shows."""
    folder.mkdir(parents=True, exist_ok=True)
    DATA.parent.mkdir(parents=True, exist_ok=True)
    figures = {"machine": asdict(machine), "chapters": [asdict(chapter) for chapter in chapters]}
    DATA.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    (folder / "latest.md").write_text(report(chapters, machine))
    # matplotlib is large, and only this needs it: it has an environment of its own.
    subprocess.run([ROOT / "tools" / "setup", "plot"], check=True, stdout=sys.stderr)
    python = ROOT / ".cache" / "venvs" / "plot" / "bin" / "python"
    subprocess.run([python, "-I", ROOT / "bench" / "plot.py", DATA, folder], check=True)
    print(f"\nbench: the figures are in {folder}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
