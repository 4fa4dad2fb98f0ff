"""What is raised for a file that is no binary for App Store Connect."""

from __future__ import annotations

from asc.errors import Error


class BinaryError(Error):
    """The file cannot be uploaded as it is; nothing was sent."""

    exit_code = 2
