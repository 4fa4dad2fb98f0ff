"""What is raised for a file that is no binary for App Store Connect."""

from __future__ import annotations

from asc.errors import Error


class BinaryError(Error):
    """The file cannot be uploaded as it is; nothing was sent."""

    exit_code = 2


def shown(text: str, longest: int = 80) -> str:
    """A name out of a foreign file for a message: one line, no control characters, not too long."""
    visible = "".join(char if char.isprintable() else "�" for char in text[: longest + 1])
    return visible if len(visible) <= longest else visible[: longest - 1] + "…"
