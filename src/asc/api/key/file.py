"""The file that a key lies in."""

from __future__ import annotations

import errno
import os
import select
import time
from pathlib import Path

from asc.api.key.model import refuse

MAX_SIZE = 64 * 1024
"""Bytes of the largest key file that is read: a real one has about 400."""
PATIENCE = 10.0
"""Seconds for which a pipe is read."""
LONGEST_PATH = 180
"""Characters: base64 of a private key alone is longer, and few paths are."""


def read_key_file(path: str, field: str) -> str:
    """Reads a key file. Raises KeyRefused naming `field` when it cannot be one."""
    remedy = "Give the path of the API key JSON or of the AuthKey_….p8 file."
    if len(path) > LONGEST_PATH or "{" in path or "PRIVATE KEY" in path:  # told without quoting it
        raise refuse(field, "is not the path of a file; it may be the key itself", remedy)
    try:
        content = _content(Path(path).expanduser())
    except OSError as error:
        raise refuse(field, f"{path}: {error.strerror}", remedy) from None
    except (ValueError, RuntimeError):  # a NUL; a home that is nobody's
        raise refuse(field, f"{path!r} is not the path of a file", remedy) from None
    if len(content) > MAX_SIZE:
        raise refuse(field, f"{path} is larger than {MAX_SIZE // 1024} KiB: not an API key", remedy)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise refuse(field, f"{path} is not a text file", remedy) from None


def _content(path: Path) -> bytes:
    """The beginning of a file. A pipe, which a shell's <(…) is, is not waited for for ever."""
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb", buffering=0) as file:  # noqa: PTH123
        until, content = time.monotonic() + PATIENCE, b""
        while len(content) <= MAX_SIZE:
            if not select.select([file], [], [], max(0.0, until - time.monotonic()))[0]:
                raise TimeoutError(errno.ETIMEDOUT, f"nobody wrote it to its end within {PATIENCE:.0f} s")
            block = file.read(MAX_SIZE + 1)
            if not block:
                break
            content += block
        return content
