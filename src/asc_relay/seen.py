"""The memory of the relay, with the ids of the events that were handed on. It outlives a restart.

An event is claimed before it is handed on, and settled afterwards. If a relay ends in between, the claim expires, and
the next delivery is handed on: such an event may come twice, but none is lost.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Callable
from typing import Any, Literal

Claim = Literal["new", "busy", "done"]
"""`new`: hand the event on. `busy`: another request is handing it on. `done`: it was handed on before."""
CLAIM_EXPIRES = 120.0
"""Seconds. No request takes so long."""


class SeenInFile:
    """A memory in an SQLite file, for relays on one machine."""

    def __init__(self, path: str, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        # One connection behind a lock is faster than many that wait for the file.
        self._database = sqlite3.connect(
            path, timeout=30, isolation_level="IMMEDIATE", check_same_thread=False
        )
        # A power failure may then take the newest lines, so that an event comes twice. It cannot lose an event.
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        with self._database:
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY, moment REAL, done INTEGER)"
            )
            # Claims are left over if the relay was killed. The next delivery need not wait until they expire.
            self._database.execute("DELETE FROM seen WHERE NOT done")

    def claim(self, event_id: str) -> Claim:
        """Claim an event unless it is claimed or settled, and return the result."""
        now = self._now()
        with self._lock, self._database as database:
            expired = "DELETE FROM seen WHERE id = ? AND NOT done AND moment < ?"
            database.execute(expired, (event_id, now - CLAIM_EXPIRES))
            if database.execute("INSERT OR IGNORE INTO seen VALUES (?, ?, 0)", (event_id, now)).rowcount:
                return "new"
            (done,) = database.execute("SELECT done FROM seen WHERE id = ?", (event_id,)).fetchone()
            return "done" if done else "busy"

    def settle(self, event_id: str) -> None:
        """Remember that a claimed event was handed on."""
        with self._lock, self._database as database:
            database.execute("INSERT OR REPLACE INTO seen VALUES (?, ?, 1)", (event_id, self._now()))

    def release(self, event_id: str) -> None:
        """Give a claim back, because the event could not be handed on."""
        with self._lock, self._database as database:
            database.execute("DELETE FROM seen WHERE id = ? AND NOT done", (event_id,))

    def close(self) -> None:
        """Close the file, when no request is under way."""
        self._database.close()


class SeenInBucket:
    """A memory in a bucket of S3, with an object for each event, for functions that have no disk.

    The credentials come from the environment, where a function has them.
    """

    _CLAIMED, _DONE = b"claimed", b"done"

    def __init__(self, url: str, now: Callable[[], float]) -> None:
        # Imported here, because the container remembers in a file and has no such library.
        import obstore

        self._obstore: Any = obstore
        self._store: Any = obstore.store.from_url(url)
        self._now = now

    def claim(self, event_id: str) -> Claim:
        """Claim an event unless it is claimed or settled, and return the result."""
        if self._put(event_id, "create"):
            return "new"
        try:
            stored = self._obstore.get(self._store, _object_name(event_id))
        except FileNotFoundError:
            return "busy"  # released a moment ago
        if bytes(stored.bytes()) == self._DONE:
            return "done"
        age = self._now() - stored.meta["last_modified"].timestamp()
        # Of several requests that find an expired claim, the bucket lets one replace it.
        if age > CLAIM_EXPIRES and self._put(event_id, {"e_tag": stored.meta["e_tag"]}):
            return "new"
        return "busy"

    def settle(self, event_id: str) -> None:
        """Remember that a claimed event was handed on."""
        self._obstore.put(self._store, _object_name(event_id), self._DONE)

    def release(self, event_id: str) -> None:
        """Give a claim back, because the event could not be handed on."""
        self._obstore.delete(self._store, _object_name(event_id))

    def close(self) -> None:
        """Do nothing, because the library closes its connections itself."""

    def _put(self, event_id: str, mode: Any) -> bool:
        errors = self._obstore.exceptions
        try:
            self._obstore.put(self._store, _object_name(event_id), self._CLAIMED, mode=mode)
            return True
        except (errors.AlreadyExistsError, errors.PreconditionError):
            return False


Seen = SeenInFile | SeenInBucket


def open_seen(location: str, now: Callable[[], float]) -> Seen:
    """Return the memory at a location: the path of a file, or s3://bucket/folder. Raises OSError or ValueError."""
    if "://" in location:
        return SeenInBucket(location, now)
    try:
        return SeenInFile(location, now)
    except sqlite3.Error as error:
        raise OSError(str(error)) from None


def _object_name(event_id: str) -> str:
    """Return a name without any character that a bucket could read as a path."""
    return hashlib.sha256(event_id.encode()).hexdigest()
