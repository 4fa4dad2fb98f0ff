"""The log of requests: one entry per request, in memory for tests and as JSON lines in a file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """One request that has ended.

    `t` is its start in seconds since the epoch by the machine's clock, and `ms` the time until its answer was ready
    to leave. `connection` counts TCP connections from 1. `query` is the raw query, "" for none. `status` is None if
    the connection was dropped.
    """

    t: float
    connection: int
    method: str
    path: str
    query: str
    status: int | None
    ms: float


class RequestLog:
    """Keep the entries, and write each to a file as its request ends. Nothing of a header is ever logged."""

    def __init__(self, path: Path | None = None) -> None:
        self.entries: list[Entry] = []
        # Line buffered: a test or a `tail -f` sees a line as soon as its request has ended.
        self._file = None if path is None else path.open("w", encoding="utf-8", buffering=1)

    def add(self, entry: Entry) -> None:
        """Keep an entry and write its line."""
        self.entries.append(entry)
        if self._file:
            self._file.write(json.dumps(asdict(entry)) + "\n")

    def close(self) -> None:
        """Close the log file, if there is one."""
        if self._file:
            self._file.close()
