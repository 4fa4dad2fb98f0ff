"""Files and folders that only their owner can read, from the first byte on."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def missing_folders(path: Path) -> list[Path]:
    """Return the folders that must be created for `path` to be a folder, the outermost first."""
    return [folder for folder in (path, *path.parents) if not folder.exists()][::-1]


def private_folder(path: Path) -> Path:
    """Create a folder of mode 0700 with its missing parents, and return it. Existing folders keep their mode."""
    for folder in (*missing_folders(path), path):
        folder.mkdir(mode=0o700, exist_ok=True)
    return path


def write_private(
    path: Path, content: bytes, temporary: Path | None = None, *, durable: bool = False
) -> Path:
    """Write a file of mode 0600, whole or not at all, and return its path.

    The content is written to `temporary` in the same folder first (the default is a name that `half_written` finds).
    `durable` waits until the disk has the content.
    """
    temporary = temporary or path.with_name(f".{path.name}.{os.getpid()}")
    # O_EXCL: a file that another user put there beforehand would keep its mode and its owner.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(descriptor)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return path


def half_written(paths: Iterable[Path]) -> list[Path]:
    """Return the temporary files that killed processes left when they wrote `paths`."""
    names: dict[Path, set[str]] = {}
    for path in paths:
        names.setdefault(path.parent, set()).add(path.name)
    return [
        temporary
        for folder, written in names.items()
        for temporary in folder.glob(".*")
        if temporary.stem.removeprefix(".") in written and temporary.suffix[1:].isdecimal()
    ]
