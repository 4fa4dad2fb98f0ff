"""The records of uploads at App Store Connect: finding, making, committing and deleting them.

https://developer.apple.com/documentation/appstoreconnectapi/build-uploads
Each write may lose its answer: then the record is looked at before anything is sent again.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from asc.api.client import Client
from asc.api.errors import ApiError
from asc.builds.flakes import despite_flakes
from asc.builds.number import Number, spellings
from asc.builds.upload.model import (
    AWAITING,
    COMPLETE,
    FAILED,
    PROCESSING,
    Upload,
    UploadFile,
    read_file,
    read_upload,
)
from asc.errors import LostAnswerError

log = logging.getLogger(__name__)

LISTINGS_LAG = (1.0, 2.0, 4.0)
"""Seconds between looks for what was just made: listings show it a moment later."""
_FIELDS = {
    "include": "assetFile,build",
    "fields[buildUploads]": (
        "cfBundleVersion,cfBundleShortVersionString,platform,state,createdDate,uploadedDate,assetFile,build"
    ),
    "fields[buildUploadFiles]": "fileName,fileSize,uploadOperations,assetDeliveryState,sourceFileChecksums",
    "fields[builds]": "version,processingState",
}


def find(client: Client, number: Number) -> list[Upload]:
    """The uploads of exactly this number (of any platform where it names none), those that went furthest first."""
    query = {
        "filter[cfBundleVersion]": spellings(number.build_number),
        "filter[cfBundleShortVersionString]": spellings(number.version),
        "filter[platform]": number.platform or None,
        **_FIELDS,
    }
    path = f"/v1/apps/{number.app_id}/buildUploads"
    found = despite_flakes(client, path, lambda: client.list(path, query))
    order = {COMPLETE: 0, PROCESSING: 1, AWAITING: 2, FAILED: 9}
    names = ("cfBundleShortVersionString", "cfBundleVersion", "platform")
    uploads = [
        read_upload(found, each, number.app_id)
        for each in found.data
        if number.is_one_with(*(each.text(name) for name in names))
    ]
    return sorted(uploads, key=lambda one: order.get(one.state, 3))  # an unknown state hides no failure


def read(client: Client, upload_id: str, app_id: str = "") -> Upload:
    """One upload, as it is now."""
    path = f"/v1/buildUploads/{upload_id}"
    found = despite_flakes(client, path, lambda: client.get(path, _FIELDS))
    return read_upload(found, found.resource, app_id)


def create(client: Client, number: Number) -> Upload:
    """Makes an upload. Raises ApiError, with the code …DUPLICATE where the number is used up."""
    attributes = {
        "cfBundleShortVersionString": number.version,
        "cfBundleVersion": number.build_number,
        "platform": number.platform,
    }
    body = _body("buildUploads", attributes, app=("apps", number.app_id))
    try:
        made = client.create("/v1/buildUploads", body)
    except LostAnswerError as lost:
        log.info("%s Looking for it.", lost.message)
        for pause in LISTINGS_LAG:
            waiting = [each for each in find(client, number) if each.state != FAILED]
            if waiting:
                return waiting[0]
            client.pause(pause)
        made = client.create("/v1/buildUploads", body)  # a second one of the number would be refused
    return read_upload(made, made.resource, number.app_id)


def reserve(client: Client, upload: Upload, name: str, size: int, uti: str) -> tuple[UploadFile, bool]:
    """Announces the file of an upload; the answer says in which parts it is to be sent.

    Returns False with a file that was found there: another job may have announced it.
    """
    attributes = {"assetType": "ASSET", "fileName": label(name), "fileSize": size, "uti": uti}
    body = _body("buildUploadFiles", attributes, buildUpload=("buildUploads", upload.id))
    try:
        made = client.create("/v1/buildUploadFiles", body)
    except (LostAnswerError, ApiError) as error:
        if isinstance(error, ApiError) and not _may_be_announced(error):
            raise
        log.info("%s Looking whether the file is announced.", error.message)
        for pause in LISTINGS_LAG:  # by the request whose answer was lost, or by another job
            there = read(client, upload.id).file
            if there:
                return there, False
            client.pause(pause)
        if isinstance(error, ApiError):
            raise
        made = client.create("/v1/buildUploadFiles", body)
    return read_file(made.resource), True


def label(name: str) -> str:
    """Return a file name in plain ASCII with its ending: to Apple it is only a label, but others are refused
    (fastlane#19708).
    """
    stem, dot, ending = unicodedata.normalize("NFKD", name).rpartition(".")
    plain = re.sub(r"[^\w.()+ -]", "_", re.sub(r"[\u0300-\u036f]", "", stem), flags=re.ASCII).strip()
    return f"{plain if re.search('[A-Za-z0-9]', plain) else 'app'}{dot}{ending}"


def _may_be_announced(error: ApiError) -> bool:
    """Return whether a refusal can mean that the upload has its file; one of an attribute means the request itself."""
    return error.status == 409 and any(
        not each.code.startswith("ENTITY_ERROR.ATTRIBUTE") or "DUPLICATE" in each.code
        for each in error.errors
    )


def renewed(client: Client, file: UploadFile) -> UploadFile:
    """The file with links that are valid again."""
    fields = {"fields[buildUploadFiles]": _FIELDS["fields[buildUploadFiles]"]}
    path = f"/v1/buildUploadFiles/{file.id}"
    return read_file(despite_flakes(client, path, lambda: client.get(path, fields)).resource)


def commit(client: Client, upload: Upload, file: UploadFile, sha256: str, check: Callable[[], None]) -> None:
    """Declares the file whole. Its checksum goes along; App Store Connect is known to refuse that, then without.

    `check` is called before it goes without: nothing else would notice parts of another file.
    """
    checksums = {"sourceFileChecksums": {"file": {"hash": sha256, "algorithm": "SHA_256"}}}
    try:
        _commit(client, upload, file, checksums)
    except ApiError as error:
        if error.status != 409 or not any("sourceFileChecksums" in str(each) for each in error.errors):
            raise
        log.info("App Store Connect takes no checksum here; comparing the parts by their entity tags")
        check()
        _commit(client, upload, file, {})


def delete(client: Client, upload: Upload) -> None:
    """Takes an unfinished upload back, so that its number is free again."""
    try:
        client.delete(f"/v1/buildUploads/{upload.id}")
    except LostAnswerError:
        try:
            read(client, upload.id)
        except ApiError as error:
            if error.status == 404:
                return
            raise
        client.delete(f"/v1/buildUploads/{upload.id}")


def _commit(client: Client, upload: Upload, file: UploadFile, checksums: Mapping[str, Any]) -> None:
    path = f"/v1/buildUploadFiles/{file.id}"
    attributes = {"uploaded": True, **checksums}
    body = {"data": {"type": "buildUploadFiles", "id": file.id, "attributes": attributes}}
    try:
        client.patch(path, body)
    except LostAnswerError as lost:
        log.info("%s Looking whether it was.", lost.message)
        now = read(client, upload.id)
        if now.state == AWAITING and not (now.file and now.file.committed):
            client.patch(path, body)


def _body(type_name: str, attributes: Mapping[str, Any], **relationships: tuple[str, str]) -> dict[str, Any]:
    return {
        "data": {
            "type": type_name,
            "attributes": dict(attributes),
            "relationships": {
                name: {"data": {"type": target, "id": identifier}}
                for name, (target, identifier) in relationships.items()
            },
        }
    }
