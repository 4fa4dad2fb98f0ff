"""The file to upload, held open and read part by part, so that memory does not grow with its size."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from asc.api.object_store import BLOCK
from asc.errors import Error

Advance = Callable[[int], None]
"""Called with the number of further bytes that are on their way. It is negative if bytes have to be sent again."""


class Stopped(Exception):
    """Raised in a part that has to stop because another part failed."""


class Source:
    """An open file of `size` bytes, safe to use from several threads. Raises Error if it cannot be read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            # With one descriptor for all parts they are of one file, even if the path gets another one meanwhile.
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise self._unreadable(error) from None
        self._before = os.fstat(self._descriptor)
        self.size = self._before.st_size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._descriptor)

    def read(self, offset: int, size: int) -> bytes:
        """Return at least one byte of the `size` bytes at `offset`. Raises Error if the file became shorter."""
        try:
            # pread keeps no position, so that threads can share the descriptor.
            block = os.pread(self._descriptor, size, offset)
        except OSError as error:
            raise self._unreadable(error) from None
        # The end comes early: somebody made the file shorter.
        if not block:
            raise self._changed()
        return block

    def blocks(self, offset: int, length: int) -> Iterator[bytes]:
        """Yield the `length` bytes at `offset` in blocks."""
        end = offset + length
        while offset < end:
            block = self.read(offset, min(BLOCK, end - offset))
            offset += len(block)
            yield block

    def md5(self, offset: int, length: int) -> str:
        """Return the MD5 of a range in hex. Storage services use it as the entity tag of a part."""
        digest = hashlib.md5(usedforsecurity=False)
        for block in self.blocks(offset, length):
            digest.update(block)
        return digest.hexdigest()

    def sha256(self) -> str:
        """Return the SHA-256 of the whole file in hex."""
        digest = hashlib.sha256()
        for block in self.blocks(0, self.size):
            digest.update(block)
        return digest.hexdigest()

    def check_unchanged(self) -> None:
        """Raise Error if the file was written to or replaced since it was opened."""
        try:
            now = self.path.stat()
        except OSError as error:
            raise self._unreadable(error) from None
        if _identity(now) != _identity(self._before):
            raise self._changed()

    def _changed(self) -> Error:
        return Error(
            f"{self.path} was changed while it was uploaded, so the upload was not finished.",
            "Let the step that writes it end first (a build in the background?), then run the step again.",
        )

    def _unreadable(self, error: OSError) -> Error:
        return Error(
            f"{self.path} cannot be read: {error.strerror}.",
            "Check the path, its permissions and the disk, then run the step again: it continues where it stopped.",
        )


class Checksum:
    """Computes the SHA-256 of a whole file in a thread while the parts are sent."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._digest = hashlib.sha256()
        self._failure: Error | None = None
        self._stop = threading.Event()
        # A daemon does not keep a process alive that has failed elsewhere.
        self._thread = threading.Thread(target=self._work, name="checksum", daemon=True)
        self._thread.start()

    def hex(self) -> str:
        """Wait for the digest and return it in hex. Raises Error if the file cannot be read."""
        self._thread.join()
        if self._failure:
            raise self._failure
        return self._digest.hexdigest()

    def stop(self) -> None:
        """End the thread. The digest is not needed any more."""
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        try:
            for block in self._source.blocks(0, self._source.size):
                if self._stop.is_set():
                    return
                self._digest.update(block)
        except Error as error:
            self._failure = error


@dataclass
class PartBody:
    """The body of the request that sends one part. `advance` is called with the bytes that are on their way."""

    source: Source
    offset: int
    length: int
    advance: Advance
    stop: threading.Event

    def __post_init__(self) -> None:
        self._sent = 0

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[bytes]:
        while block := self.read(BLOCK):
            yield block

    def read(self, size: int) -> bytes:
        """Return the next bytes of the part, b"" at its end. Raises Stopped if another part failed."""
        if self.stop.is_set():
            raise Stopped
        left = self.length - self._sent
        if left == 0:
            return b""
        block = self.source.read(self.offset + self._sent, min(size, left))
        self._sent += len(block)
        self.advance(len(block))
        return block

    def rewind(self) -> None:
        """Start again at the first byte of the part."""
        self.advance(-self._sent)
        self._sent = 0


def md5_in(entity_tag: str) -> str | None:
    """Return the MD5 in hex that an entity tag holds, or None if the tag is of another kind."""
    match = re.fullmatch(r'"?([0-9a-fA-F]{32})"?', entity_tag.strip())
    return match[1].lower() if match else None


def _identity(stat: os.stat_result) -> tuple[int, int, int, int]:
    # A file that was replaced has another inode; one that was written to has another time.
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns
