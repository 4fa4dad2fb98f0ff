"""Count the requests of update-app-store for one large store page: `python -m bench.budget`.

The app has 39 locales with 10 screenshots each. The cases are the first upload, nothing changed, one locale changed.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

from asc.store.displays import DISPLAYS
from bench import measure
from bench.measure import Asked
from bench.store import PAGES, SHOTS_IN_SET, UPDATE, metadata, page_seed, png

SIZE = DISPLAYS[0].sizes[0]


def main() -> int:
    """Print a row for each case, with the number of requests by method. Return 0."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seed = page_seed(folder / "seed.yml", PAGES)
        print(
            "| update-app-store | Requests | GET | POST | PATCH | DELETE |\n| --- | --: | --: | --: | --: | --: |"
        )
        with measure.sandbox(folder, "--seed", seed, "--media", 0, "--rate-limit", 100_000) as sandbox:
            shots = pictures(folder / "shots")
            texts = metadata(folder / "texts", "Faster start.")
            command = (*UPDATE, "--metadata", texts, "--screenshots", shots)
            print(row("first upload", measure.asked(command, sandbox)), flush=True)
            print(row("nothing changed", measure.asked(command, sandbox)), flush=True)
            (texts / PAGES[1] / "release_notes.txt").write_text("Another start.\n")
            print(row("one text of one locale changed", measure.asked(command, sandbox)), flush=True)
            (shots / PAGES[1] / "shot-00.png").write_bytes(png(*SIZE, seed="another"))
            print(row("one screenshot changed", measure.asked(command, sandbox)), flush=True)
            for path in (shots / PAGES[1]).iterdir():
                path.write_bytes(png(*SIZE, seed=f"new {path.name}"))
            print(row("all screenshots of one locale changed", measure.asked(command, sandbox)), flush=True)
            # No file of texts: the screenshots alone.
            alone = (*UPDATE, "--metadata", texts, "--screenshots", "none")
            print(row("texts alone, nothing changed", measure.asked(alone, sandbox)), flush=True)
    return 0


def pictures(folder: Path) -> Path:
    """Write a set of screenshots for each locale, and return their folder."""
    for locale in PAGES:
        (folder / locale).mkdir(parents=True)
        for number in range(SHOTS_IN_SET):
            # Apple compares checksums: each locale has its own pictures.
            path = folder / locale / f"shot-{number:02d}.png"
            path.write_bytes(png(*SIZE, seed=f"{locale} {number}"))
    return folder


def row(name: str, asked: Asked) -> str:
    """Return the row of one run in the table of requests."""
    # A part of a file goes to Apple's storage and costs nothing of the budget.
    methods = Counter(str(entry["method"]) for entry in asked.entries if str(entry["path"]).startswith("/v"))
    counts = (methods.total(), *(methods[method] for method in ("GET", "POST", "PATCH", "DELETE")))
    return f"| {name} | {' | '.join(map(str, counts))} |"


if __name__ == "__main__":
    sys.exit(main())
