"""The files that a pattern with * and ** matches."""

from __future__ import annotations

import re
from pathlib import Path


def matching(pattern: str) -> list[Path]:
    """Return the paths that `pattern` matches, sorted.

    ** does not follow links to folders. Names that begin with a dot match only a pattern with that dot, as in a shell.
    """
    anchor = Path(pattern).anchor
    # pathlib refuses ** within a name (build**.ipa), and a shell reads it as *.
    steps = [step if step == "**" else re.sub(r"\*{2,}", "*", step) for step in Path(pattern).parts]
    steps = [
        step for step, before in zip(steps, ["", *steps], strict=False) if step != "**" or before != "**"
    ]
    # Path.glob takes relative patterns only.
    steps = steps[1:] if anchor else steps
    # pathlib's ** at the end matches folders alone, and people mean files.
    if steps[-1:] == ["**"]:
        steps.append("*")
    spelt = any(step.startswith(".") and step != ".." for step in steps)
    root = Path(anchor or ".")
    try:
        paths = sorted(root.glob("/".join(steps))) if steps else []
    except OSError:
        # A name that is too long, for one.
        return []
    return [path for path in paths if spelt or not _is_hidden(path)]


def is_there(path: str) -> bool:
    """Return True if the path exists, without interpreting * in it."""
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") and part != ".." for part in path.parts)
