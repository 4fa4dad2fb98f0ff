"""Read files that an input names, however large, endless or never written they are."""

from __future__ import annotations

import errno
import os
import select
import time
from pathlib import Path

LARGEST = 8 * 1024 * 1024
"""Bytes: each file that people or Xcode write for a step (texts, tables, property lists) stays well below it."""
PATIENCE = 10.0
"""Seconds; the writer of a pipe is a command that runs beside the step."""


def leads_out(path: Path, folder: Path) -> bool:
    """Return True if a link leads out of the workspace, which is the working directory, and of `folder`."""
    # A pull request could make a text of any file that the runner can read. The folder's own name is not resolved,
    # because it may be the link that leads out.
    base = folder.parent.resolve() / folder.name
    # Unlike Path.resolve, realpath raises nothing for links in a circle: to read the file fails then, with the reason.
    real = Path(os.path.realpath(path))
    return not (real.is_relative_to(Path.cwd().resolve()) or real.is_relative_to(base))


def read_limited(path: Path, largest: int = LARGEST) -> bytes:
    """Return the content of a file or a pipe of at most `largest` bytes.

    Raises OSError with a reason in `strerror`, also for a larger file and for a pipe that does not end.
    """
    # The size of the file is no limit: that of /dev/zero is 0, and a link in a pull request can lead there.
    # O_NONBLOCK: to open a pipe without a writer would wait for one.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb", buffering=0) as file:  # noqa: PTH123
        until, content = time.monotonic() + PATIENCE, bytearray()
        while len(content) <= largest:
            # A shell's <(…) is a pipe, and nobody may ever close it.
            if not select.select([file], [], [], max(0.0, until - time.monotonic()))[0]:
                raise TimeoutError(errno.ETIMEDOUT, f"nobody wrote it to its end within {PATIENCE:.0f} s")
            block = file.read(largest + 1 - len(content))
            if not block:
                return bytes(content)
            content += block
    raise OSError(errno.EFBIG, f"it is larger than {largest:,} bytes")
