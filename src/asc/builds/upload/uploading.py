"""Upload one file to App Store Connect exactly once, however often it is tried."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from asc.api.client import Client
from asc.api.errors import ApiError
from asc.api.object_store import ObjectStore
from asc.assets.model import AssetFile
from asc.assets.parts import LinksOver, Sender, check_parts, foreign, missing
from asc.assets.source import Advance, Checksum, Source
from asc.builds.finding import find_build
from asc.builds.number import Number
from asc.builds.upload import record
from asc.builds.upload.model import COMPLETE, FAILED, PROCESSING, Upload
from asc.builds.upload.status import (
    IfExists,
    UploadStatus,
    assess,
    is_same_file,
    is_unfinished,
    judge,
    refused,
    taken,
)
from asc.errors import Error

log = logging.getLogger(__name__)

DUPLICATE = "ENTITY_ERROR.ATTRIBUTE.INVALID.DUPLICATE"
LOOKS_AFTER_DUPLICATE = (0.5, 1.0, 2.0, 4.0)
"""Seconds between looks: the upload that made a number a duplicate may take a moment until listings show it."""
WHILE_PARTS_ARE_REPLACED = (0.2, 0.5, 1.0, 2.0)
"""Seconds between attempts at declaring a file whole of which App Store Connect misses parts."""
IDLE = 30.0
"""Seconds without a new part after which an upload counts as abandoned by the job that began it."""
JUST_BEGUN = timedelta(minutes=5)
"""The age up to which an upload without parts probably belongs to a job that is about to send them."""
BETWEEN_LOOKS = 3.0
"""Seconds between looks at the upload of another job."""

ONE_AT_A_TIME = (
    "Give each build a number of its own (fetch-build-number), or let one job upload at a time (concurrency)."
)

Progress = Callable[[int, int], AbstractContextManager[Advance]]
"""Opens a display of progress for a number of bytes in all and a number of bytes that were sent before."""


@dataclass(frozen=True)
class UploadResult:
    """The result of an upload. `sent` is the number of bytes sent by this run."""

    upload: Upload
    sent: int
    resumed: bool


@dataclass(frozen=True)
class Uploader:
    """Uploads files with given connections. `parallel` is the number of parts at a time."""

    client: Client
    storage: ObjectStore
    parallel: int
    if_exists: IfExists
    progress: Progress

    def upload(self, source: Source, number: Number, uti: str, status: UploadStatus) -> UploadResult:
        """Continue from `status` until App Store Connect has the whole file. Raises Error if that fails."""
        joined = status.upload is not None
        if not joined:
            status, joined = self._begin(number, source)
        if joined:
            status = self._after_other_job(status, source)
        if status.start_again and status.upload:
            self._take_back(status.upload, "it was begun with another file")
            status, joined = self._begin(number, source)
        assert status.upload
        try:
            return self._complete(source, status, joined, uti)
        except (LinksOver, _OtherParts) as error:
            self._take_back(status.upload, str(error))
            # The number is free again, unless another job was quicker.
            return self._complete(source, *self._begin(number, source), uti)

    def _begin(self, number: Number, source: Source) -> tuple[UploadStatus, bool]:
        """Return a new upload, or with True one that another job began a moment before."""
        try:
            return UploadStatus(record.create(self.client, number)), False
        except ApiError as error:
            if not error.has_code(DUPLICATE):
                raise
            refusal = error
        # Another job was a moment earlier.
        for pause in LOOKS_AFTER_DUPLICATE:
            status = assess(self.client, number, source, self.if_exists)
            if status.upload and not status.start_again:
                return status, True
            self.client.pause(pause)
        # Xcode and Transporter make builds without a record of their upload.
        build = find_build(self.client, number)
        if build and self.if_exists is IfExists.SKIP:
            log.warning("%s is already at App Store Connect; its file is unknown.", number)
            return UploadStatus(Upload("", COMPLETE, build_id=build.id, number=number), is_there=True), True
        if build:
            raise taken(self.client, number, self.if_exists, "by a build that was uploaded by other means")
        # Nothing is there: Apple answers so to lower numbers, too.
        raise refused(self.client, number, refusal)

    def _after_other_job(self, status: UploadStatus, source: Source) -> UploadStatus:
        """Wait for the parts of another job that began the upload a moment ago, and return the status after them.

        Its parts show if it has the same file. Returns at once if that is known, and after IDLE seconds without news.
        """
        upload = status.upload
        assert upload and upload.number
        number = upload.number
        # Two jobs that send different files to one upload would spoil both of them.
        decided = status.is_there or status.start_again or _tags(upload)
        if decided or not self._just_begun(upload):
            return status
        log.info(
            "The upload %s was begun a moment ago; checking whether another job is sending to it", upload.id
        )
        clock = self.client.clock
        until = clock.monotonic() + IDLE
        while is_unfinished(upload) and not _tags(upload) and clock.monotonic() < until:
            self.client.pause(BETWEEN_LOOKS)
            now = record.read_if_there(self.client, upload.id, number.app_id)
            if now is None:
                # Another job took it back, so its number is free.
                return UploadStatus(upload, start_again=True)
            # The other job reserved its file, so it is alive: give it the whole time again.
            if bool(now.file) != bool(upload.file):
                until = clock.monotonic() + IDLE
            upload = now
        now_status = judge(self.client, upload, source, self.if_exists)
        if now_status.upload is None:
            raise taken(self.client, number, self.if_exists, "by another file, which Apple refused")
        return now_status

    def _just_begun(self, upload: Upload) -> bool:
        # By Apple's clock, which wrote the date of the record: the runner's may be minutes off.
        reservation = self.client.traffic.time_there(self.client.clock.now())
        return (
            upload.created is not None
            and upload.created > datetime.fromtimestamp(reservation, UTC) - JUST_BEGUN
        )

    def _take_back(self, upload: Upload, why: str) -> None:
        """Delete an upload, unless a job is sending to it."""
        log.info(
            "The upload %s cannot be used: %s. Checking whether another job is sending to it", upload.id, why
        )
        # Compare two reads: parts that arrive in between show that a job is alive.
        before = record.read_if_there(self.client, upload.id)
        self.client.pause(IDLE)
        now = record.read_if_there(self.client, upload.id)
        if before is None or now is None:
            log.info("Another job has taken the upload back.")
            return
        if (before.file != now.file and _tags(before) != _tags(now)) or not is_unfinished(now):
            raise Error(
                "Another job is uploading another file with this build number at the moment.",
                ONE_AT_A_TIME,
            )
        record.delete(self.client, upload)

    def _complete(self, source: Source, status: UploadStatus, joined: bool, uti: str) -> UploadResult:
        upload = status.upload
        assert upload
        if status.is_there:
            log.info("%s is already at App Store Connect (%s)", upload.number, upload.state)
            return UploadResult(upload, 0, True)
        return self._finish(source, upload, uti, joined)

    def _finish(self, source: Source, upload: Upload, uti: str, joined: bool) -> UploadResult:
        """Send and commit the file. With `joined`, another job may be at the same upload."""
        # The checksum is computed while the parts are sent, so that the commit does not wait for it.
        checksum, began = Checksum(source), self.client.clock.monotonic()
        try:
            file = upload.file
            if file is None:
                file, ours = record.reserve(self.client, upload, source.path.name, source.size, uti)
                joined = joined or not ours
            # Listings may leave them out.
            if not file.parts:
                file = record.renewed(self.client, file)
            sent = self._send(source, file, joined)
            sha256 = checksum.hex()
            source.check_unchanged()
            check = partial(self._check_parts, source, file, joined)
            # After IDLE seconds another job may have counted this one as dead, and have sent parts of its own.
            if joined or self.client.clock.monotonic() - began > IDLE:
                check()
            sent += self._commit(source, upload, file, sha256, check)
            # Apple answers a second commit like the first, so only the checksum shows which job's file was taken.
            if joined:
                self._check_committed(source, upload)
            log.info("App Store Connect has received all of %s", source.path.name)
        # `upload` answers these two with a new record. Any other error may mean that another job was quicker.
        except (LinksOver, _OtherParts):
            raise
        except Error as error:
            return self._finished_by_another(error, upload, source)
        finally:
            checksum.stop()
        # Apple changes the state a moment later than it answers the commit.
        return UploadResult(replace(upload, state=PROCESSING), sent, joined)

    def _commit(
        self, source: Source, upload: Upload, file: AssetFile, sha256: str, check: Callable[[], None]
    ) -> int:
        """Declare the file complete. Return the bytes of parts that had to be sent again.

        A part that another job replaces at this moment is missing for a while, and is sent again.
        """
        sent = 0
        for pause in WHILE_PARTS_ARE_REPLACED:
            try:
                record.commit(self.client, upload, file, sha256, check)
                return sent
            except ApiError as error:
                if error.status != 409:
                    raise
                log.info("%s Reading which parts have arrived.", error.message)
            self.client.pause(pause)
            check()
            file = record.renewed(self.client, file)
            sent += self._send(source, file, resumed=True)
        record.commit(self.client, upload, file, sha256, check)
        return sent

    def _check_parts(self, source: Source, file: AssetFile, joined: bool) -> None:
        """Compare the parts at Apple with the file. Parts that arrived damaged are sent once more.

        Raises Error if parts of another file are there: the result would be neither of the two.
        """
        file = record.renewed(self.client, file)
        wrong = foreign(source, file, self.parallel)
        # If all of several parts seem wrong, the tags are probably no checksums at all.
        if wrong and not joined and (len(wrong) < len(file.parts) or len(wrong) == 1):
            log.info(
                "%d parts arrived damaged; sending them again, in case another job replaced them, too",
                len(wrong),
            )
            self._sender(source, file, lambda count: None).send(wrong, self.parallel)
            wrong = foreign(source, record.renewed(self.client, file), self.parallel)
        if not joined and len(wrong) == len(file.parts):
            log.info("The entity tags of the storage are not checksums, so the parts cannot be compared.")
            return
        if wrong:
            raise Error(
                "Another job sent parts of another file with this number meanwhile, so the upload was not finished.",
                ONE_AT_A_TIME,
            )

    def _check_committed(self, source: Source, upload: Upload) -> None:
        """Raise Error if another job committed another file first. Apple accepts a second commit as well."""
        assert upload.number
        if is_same_file(record.read(self.client, upload.id), source) is False:
            raise taken(
                self.client, upload.number, self.if_exists, "by another file, which another job just uploaded"
            )

    def _send(self, source: Source, file: AssetFile, resumed: bool) -> int:
        check_parts(file.parts, source.size)
        if resumed and foreign(source, file, self.parallel):
            raise _OtherParts("Parts of another file with this build number are there.", ONE_AT_A_TIME)
        parts = missing(source, file, self.parallel)
        size = sum(part.length for part in parts)
        if resumed and size < source.size:
            log.info("%d of %d parts have arrived already", len(file.parts) - len(parts), len(file.parts))
        with self.progress(source.size, source.size - size) as advance:
            self._sender(source, file, advance).send(parts, self.parallel)
        return size

    def _sender(self, source: Source, file: AssetFile, advance: Advance) -> Sender:
        return Sender(partial(record.renewed, self.client, file), self.storage, source, file, advance)

    def _finished_by_another(self, error: Error, upload: Upload, source: Source) -> UploadResult:
        """Return the result of another job if it finished the same upload, else raise `error`."""
        assert upload.number
        try:
            now = record.read_if_there(self.client, upload.id, upload.number.app_id)
        except Error:
            raise error from None
        if now is None:
            raise Error(
                f"Another job deleted this upload of {upload.number} and took the number over.",
                ONE_AT_A_TIME,
            ) from None
        if is_unfinished(now):
            raise error
        source.check_unchanged()
        try:
            there = judge(self.client, now, source, self.if_exists).is_there
        except Error as verdict:
            # Another job's file took the number; only a refusal would hide what went wrong here.
            raise (error if now.state == FAILED else verdict) from None
        if not there:
            raise error
        return UploadResult(now, 0, True)


class _OtherParts(Error):
    """Parts of another file are there: the upload has to start again."""


def _tags(upload: Upload) -> tuple[str, ...]:
    return tuple(part.entity_tag for part in upload.file.parts if part.entity_tag) if upload.file else ()
