"""Write files that become visible when they are complete: under a temporary name, then renamed.

Each writer has its own temporary name, so that jobs that share a folder never write into the same file.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from asc.errors import NO_ROOM, Error
from asc.on_signal import undone_at_the_end

ENDING = ".asc-part"
LEFT_BEHIND = 24 * 3600.0
"""Seconds after which a temporary file belongs to no job any more."""


class PartialFile:
    """A file being downloaded (a Sink and context manager): its bytes so far, and the tag the server gave.

    `shown` is called with the length of the whole file once it is known, and returns a function that counts bytes.
    """

    def __init__(self, folder: Path, shown: Callable[[int, ExitStack], Callable[[int], None]]) -> None:
        self.path = temporary(folder)
        self.received = 0
        self.tag = ""
        self.fetched = 0
        """All bytes that came over the network, with the discarded ones."""
        self._shown = shown
        self._display = ExitStack()
        # A signal ends the process without leaving the block, and users may commit what lies in the folder.
        self._cancelled = undone_at_the_end(lambda: self.path.unlink(missing_ok=True))
        self._count: Callable[[int], None] = lambda count: None

    def __enter__(self) -> Self:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        # The umask decides who reads the file in the end: a later step may run as another user.
        self._file = os.open(self.path, flags, 0o666)
        self._cancelled.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._display.close()
        os.close(self._file)
        # A complete file has another name by now. An error here would hide the one that ended the block.
        with contextlib.suppress(OSError):
            self.path.unlink()
        self._cancelled.__exit__(kind, error, trace)

    def expect(self, total: int | None) -> None:
        """Show the progress for a file of this length in bytes."""
        self._display.close()
        self._count = self._shown(total, self._display) if total else lambda count: None

    def write(self, block: bytes) -> None:
        """Append the next bytes to the file."""
        view = memoryview(block)
        while view:
            view = view[os.write(self._file, view) :]
        self.received += len(block)
        self.fetched += len(block)
        self._count(len(block))

    def restart(self) -> None:
        """Delete all received bytes, so that the download can begin again at the first one."""
        os.ftruncate(self._file, 0)
        os.lseek(self._file, 0, os.SEEK_SET)
        self._count(-self.received)
        self.received, self.tag = 0, ""


def temporary(folder: Path) -> Path:
    """Return an unused name in `folder`. It is hidden, so that patterns do not match it."""
    return folder / f".{secrets.token_hex(8)}{ENDING}"


def open_folder(folder: Path, now: float) -> None:
    """Create a folder, check that it is writable, and delete the leftovers of killed jobs. Raises Error.

    `now` is in seconds since the epoch.
    """
    with file_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        # Found out now rather than after minutes of downloading.
        probe = temporary(folder)
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        probe.unlink()
    delete_leftovers([folder], now)


def delete_leftovers(folders: Iterable[Path], now: float) -> None:
    """Delete the temporary files that killed jobs left in these folders. `now` is in seconds since the epoch."""
    for old in (path for folder in folders for path in folder.glob(f".*{ENDING}")):
        with contextlib.suppress(OSError):
            # A younger file may belong to a job that is still writing.
            if now - old.lstat().st_mtime > LEFT_BEHIND:
                remove(old)


def remove(path: Path) -> None:
    """Delete a file or a folder. It is fine if it does not exist."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def file_errors(path: Path) -> Iterator[None]:
    """Turn an OSError about a file into Error."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        if error.errno in NO_ROOM:
            raise Error(
                f"There is no room for {path} ({reason}).",
                "Free space on the runner, download less (as with limit or locales), or give another directory.",
            ) from None
        raise Error(
            f"{path} cannot be written or read ({reason}).",
            "Give a directory that the step may write to; in a container it lies in the workspace or RUNNER_TEMP.",
        ) from None
