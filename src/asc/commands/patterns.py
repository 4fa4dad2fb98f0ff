"""The files that a pattern with * and ** means."""

from __future__ import annotations

import re
from pathlib import Path


def matching(pattern: str) -> list[Path]:
    """What `pattern` means, in order. ** follows no links to folders, for two that lead back never come to an end.

    Names that begin with a dot are only meant where the pattern spells the dot, as in a shell.
    """
    anchor = Path(pattern).anchor
    steps = [each if each == "**" else re.sub(r"\*{2,}", "*", each) for each in Path(pattern).parts]
    steps = [
        each for each, before in zip(steps, ["", *steps], strict=False) if each != "**" or before != "**"
    ]
    steps = steps[1:] if anchor else steps
    if steps[-1:] == ["**"]:
        steps.append("*")
    spelt = any(each.startswith(".") and each != ".." for each in steps)
    root = Path(anchor or ".")
    try:
        found = sorted(root.glob("/".join(steps))) if steps else []
    except OSError:  # a name that is too long, for one
        return []
    return [each for each in found if spelt or not _is_hidden(each)]


def is_there(path: str) -> bool:
    """Whether a path is there as it is written."""
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") and part != ".." for part in path.parts)
