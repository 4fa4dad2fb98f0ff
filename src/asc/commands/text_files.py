"""Reads a text from a file that an input names."""

from __future__ import annotations

from pathlib import Path

from asc.limited_files import read_limited
from asc.words import decoded

LARGEST = 1024 * 1024
"""Bytes: no text of App Store Connect is nearly as long."""


def text_of(path: str) -> str:
    """Return the text of a file in UTF-8 or UTF-16. Raises ValueError if it is none, or cannot be read."""
    try:
        return decoded(read_limited(Path(path), LARGEST))
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not text in UTF-8 or UTF-16") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
