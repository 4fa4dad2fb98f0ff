"""The error for a file that is not a binary for App Store Connect."""

from __future__ import annotations

from asc.errors import Error


class BinaryError(Error):
    """The file cannot be uploaded as it is. No request was made."""

    exit_code = 2
