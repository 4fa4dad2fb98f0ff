"""Files that only their owner may read, from the first byte on."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def missing_folders(path: Path) -> list[Path]:
    """The folders that have to be made for `path` to be one, outermost first."""
    return [each for each in (path, *path.parents) if not each.exists()][::-1]


def private_folder(path: Path) -> Path:
    """Makes a folder for nobody else, and those above it that are missing. What is there stays as it is."""
    for each in (*missing_folders(path), path):
        each.mkdir(mode=0o700, exist_ok=True)
    return path


def write_private(path: Path, content: bytes) -> Path:
    """Writes a file that nobody else may read; whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return path


def half_written(paths: Iterable[Path]) -> list[Path]:
    """What processes that were killed left of writing these files. Each folder is listed once."""
    names: dict[Path, set[str]] = {}
    for path in paths:
        names.setdefault(path.parent, set()).add(path.name)
    return [
        each
        for folder, of_folder in names.items()
        for each in folder.glob(".*")
        if each.stem.removeprefix(".") in of_folder and each.suffix[1:].isdecimal()
    ]
