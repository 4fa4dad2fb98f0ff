"""Bringing one file to App Store Connect exactly once, however often it is tried."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from asc.api.client import Client
from asc.api.errors import ApiError
from asc.api.storage import Storage
from asc.builds import flakes
from asc.builds.upload import record
from asc.builds.upload.model import PROCESSING, Number, Upload, UploadFile
from asc.builds.upload.parts import Sender, check_parts, missing
from asc.builds.upload.source import Advance, Checksum, Source
from asc.builds.upload.standing import IfExists, Standing, assess, is_unfinished, judge, taken
from asc.errors import Error

log = logging.getLogger(__name__)

DUPLICATE = "ENTITY_ERROR.ATTRIBUTE.INVALID.DUPLICATE"
LOOKS_AFTER_DUPLICATE = 3
"""The upload that made a number a duplicate may take a moment until listings show it."""

Progress = Callable[[int, int], AbstractContextManager[Advance]]
"""Opens a display of progress: bytes in all, bytes that are there already."""


@dataclass(frozen=True)
class Uploaded:
    """What came of it. `sent` counts the bytes of the parts that were sent by this run."""

    upload: Upload
    sent: int
    resumed: bool


@dataclass(frozen=True)
class Uploader:
    """How files are brought: the connections, the parts at a time, the display."""

    client: Client
    storage: Storage
    parallel: int
    if_exists: IfExists
    progress: Progress

    def upload(self, source: Source, number: Number, uti: str, standing: Standing) -> Uploaded:
        """Goes on from `standing` until App Store Connect has the whole file. Raises Error where it cannot."""
        if standing.start_again and standing.upload:
            log.info("An upload of another file was begun for %s; starting again", number)
            record.delete(self.client, standing.upload)
            standing = Standing()
        upload = standing.upload
        if upload is None:
            standing = self._begin(number, source)
            upload, resumed = standing.upload, False
            assert upload
        else:
            resumed = True
        if standing.is_there:
            log.info("%s is at App Store Connect already (%s)", number, upload.state)
            return Uploaded(upload, 0, True)
        return self._finish(source, upload, uti, resumed)

    def _begin(self, number: Number, source: Source) -> Standing:
        try:
            return Standing(record.create(self.client, number))
        except ApiError as error:
            if not error.has_code(DUPLICATE):
                raise
        for _ in range(LOOKS_AFTER_DUPLICATE):  # another job was a moment earlier
            standing = assess(self.client, number, source, self.if_exists)
            if standing.upload and not standing.start_again:
                return standing
            self.client.pause(flakes.PAUSE)
        raise taken(self.client, number)

    def _finish(self, source: Source, upload: Upload, uti: str, resumed: bool) -> Uploaded:
        checksum = Checksum(source)
        try:
            file = upload.file or record.reserve(self.client, upload, source.path.name, source.size, uti)
            if not file.parts:  # listings may leave them out
                file = record.renewed(self.client, file)
            sent = self._send(source, file, resumed)
            source.check_unchanged()
            record.commit(self.client, upload, file, checksum.hex())
            log.info("App Store Connect has %s whole", source.path.name)
        except Error:
            if not self._is_there_now(upload, source):
                raise
            return Uploaded(upload, 0, True)
        finally:
            checksum.stop()
        return Uploaded(replace(upload, state=PROCESSING), sent, resumed)  # as it is from here on

    def _send(self, source: Source, file: UploadFile, resumed: bool) -> int:
        check_parts(file.parts, source.size)
        parts = missing(source, file, self.parallel)
        size = sum(part.length for part in parts)
        if resumed and size < source.size:
            log.info("%d of %d parts are there already", len(file.parts) - len(parts), len(file.parts))
        with self.progress(source.size, source.size - size) as advance:
            Sender(self.client, self.storage, source, file, advance).send(parts, self.parallel)
        return size

    def _is_there_now(self, upload: Upload, source: Source) -> bool:
        """Whether another job finished the same upload meanwhile: its parts and ours are the same file."""
        try:
            now = record.read(self.client, upload.id)
        except Error:
            return False
        if is_unfinished(now):
            return False
        source.check_unchanged()
        return judge(self.client, now, source, self.if_exists).is_there
