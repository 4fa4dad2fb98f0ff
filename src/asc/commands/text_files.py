"""Reads a text from a file that an input names."""

from __future__ import annotations

from pathlib import Path

from asc.limited_files import leads_out, read_limited
from asc.words import decoded

LARGEST = 1024 * 1024
"""Bytes: no text of App Store Connect is nearly as long."""


def text_of(path: str) -> str:
    """Return the text of a file in UTF-8 or UTF-16.

    Raises ValueError if it is no text, cannot be read, or is a link out of the workspace.
    """
    file = Path(path)
    try:
        # A shell's <(…) is a link to a pipe, which holds no file of the runner.
        if leads_out(file, file.parent) and not file.is_fifo():
            raise ValueError(f"{path} is a link out of the workspace, so put the file itself there")
        return decoded(read_limited(file, LARGEST))
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not text in UTF-8 or UTF-16") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
