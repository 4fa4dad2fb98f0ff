"""The state of an upload before anything is written: not begun, begun, or complete."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import Enum

from asc.api.client import Client
from asc.api.errors import ApiError
from asc.api.platforms import PLATFORM_NAMES
from asc.apps.app import App
from asc.assets.source import Source, md5_in
from asc.assets.upload import reasons_text
from asc.builds import history
from asc.builds.number import BuildNumber, Number
from asc.builds.upload import record
from asc.builds.upload.model import COMPLETE, FAILED, PROCESSING, Upload
from asc.errors import Error

log = logging.getLogger(__name__)


class IfExists(Enum):
    """The choices for a build number that is used up."""

    RESUME = "resume"
    """Go on where the upload of the same file stopped; another file is an error."""
    SKIP = "skip"
    """Take what is there, whatever file it came from."""
    FAIL = "fail"
    """An error, unless the upload was only begun."""


@dataclass(frozen=True)
class UploadStatus:
    """The upload of a number, None if there is none. `is_there` is True if no byte has to be sent."""

    upload: Upload | None = None
    is_there: bool = False
    start_again: bool = False
    """The upload that was begun is of another file: it has to be deleted first."""


def assess(client: Client, number: Number, source: Source, if_exists: IfExists) -> UploadStatus:
    """Return the status of the uploads of a number. Raises Error if the number is taken and `if_exists` forbids it."""
    uploads = record.find(client, number)
    return judge(client, uploads[0], source, if_exists) if uploads else UploadStatus()


def judge(client: Client, upload: Upload, source: Source, if_exists: IfExists) -> UploadStatus:
    """Decide about an existing upload: resume it, start again, or treat it as complete.

    Raises Error if the number is taken and `if_exists` forbids it.
    """
    assert upload.number
    same = is_same_file(upload, source)
    if upload.state == FAILED:
        # The file was corrected since then, and only Apple knows if the number can be used again.
        if same is False:
            return UploadStatus()
        raise Error(
            f"App Store Connect refused this file before: {reasons_text(upload.errors)}.",
            f"Fix that, then build again with the next build number ({_next(client, upload.number)}).",
        )
    if is_unfinished(upload):
        # Unknown is enough here: the parts are compared before any is sent.
        return UploadStatus(upload, start_again=same is False)
    # An upload that was only begun has returned above: it is continued, since no build has the number yet.
    if if_exists is IfExists.FAIL:
        raise taken(client, upload.number, if_exists)
    # Another file under the same number would pass off an older build as the new one.
    if same is False and if_exists is IfExists.RESUME:
        raise taken(client, upload.number, if_exists, "by another file (its size or checksum differs)")
    if same is False:
        log.warning(
            "%s is already at App Store Connect, but from another file than %s.",
            upload.number,
            source.path.name,
        )
    if upload.file is None:
        log.warning("%s is already at App Store Connect; its file is unknown.", upload.number)
    elif same is None:
        log.info(
            "%s is already at App Store Connect, from a file of the same size; more is not known.",
            upload.number,
        )
    return UploadStatus(upload, is_there=True)


def is_unfinished(upload: Upload) -> bool:
    """Return True if bytes are still missing. The state alone is not enough: it may be absent, or never change."""
    committed = upload.file is not None and upload.file.committed
    return upload.state not in (PROCESSING, COMPLETE, FAILED) and not committed and not upload.build_id


def is_same_file(upload: Upload, source: Source) -> bool | None:
    """Return True if the upload is of this file, False if not, None if that cannot be known."""
    file = upload.file
    if file is None:
        return None
    # A size of 0 means that the answer left it out.
    if file.size and file.size != source.size:
        return False
    # Parts of it may be from an older build: they are looked at one by one.
    if is_unfinished(upload):
        return None
    known = [(part.offset, part.length, part.entity_tag) for part in file.parts]
    # Apple may give the MD5 of the whole file, of each part, both, or none.
    known.append((0, source.size, file.checksums.get("MD5", "")))
    verdicts = [source.md5(offset, length) == md5_in(tag) for offset, length, tag in known if md5_in(tag)]
    # An earlier run declared the checksum of the whole file.
    if sha256 := file.checksums.get("SHA_256"):
        verdicts.append(source.sha256() == sha256.lower())
    return all(verdicts) if verdicts else None


def taken(client: Client, number: Number, if_exists: IfExists, how: str = "") -> Error:
    """Return the error for a number that is used up, with the next free one."""
    platform = PLATFORM_NAMES.get(number.platform, number.platform)
    skip = (
        "" if if_exists is IfExists.SKIP else " Or set if-exists: skip to continue with the existing build."
    )
    by = f" {how}" if how else ""
    return Error(
        f"Build number {number.build_number} of {number.version} ({platform}) is already used{by}.",
        f"Build again with the next free number, {_next(client, number)} (fetch-build-number returns it)."
        f"{skip}",
    )


def refused(client: Client, number: Number, error: ApiError) -> Error:
    """Return the error for a number that Apple refuses though it is free: mostly it is below the last one."""
    platform = PLATFORM_NAMES.get(number.platform, number.platform)
    previous = next(
        (
            str(reason.meta["previousBundleVersion"])
            for reason in error.errors
            if reason.meta.get("previousBundleVersion")
        ),
        "",
    )
    reasons = "; ".join(map(str, error.errors))
    return Error(
        f"App Store Connect refused build number {number.build_number} of {number.version} ({platform}): {reasons}."
        + (f" The last number is {previous}." if previous else ""),
        f"Build again with the next free number, {_next(client, number)} (fetch-build-number returns it).",
    )


def _next(client: Client, number: Number) -> str:
    # Over all versions: a number that is free in each of them is never refused as too low.
    used = history.highest_first(history.numbers_used(client, App(number.app_id), number.platform, None))
    highest = used[0].number if used else BuildNumber.parse(number.build_number)
    return highest.next().text if highest else "a higher one"
