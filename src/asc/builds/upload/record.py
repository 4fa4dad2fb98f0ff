"""The records of uploads at App Store Connect: find, create, commit and delete them.

https://developer.apple.com/documentation/appstoreconnectapi/build-uploads
The answer to each write may be lost: then the record is read before anything is sent again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from asc.api.client import Client
from asc.api.document import reference, request_body
from asc.api.errors import ApiError
from asc.assets.model import AssetFile, Reason, read_asset_file
from asc.assets.upload import commit as commit_asset
from asc.assets.upload import plain_name, read_asset
from asc.builds.number import Number, spellings
from asc.builds.upload.model import (
    AWAITING,
    COMPLETE,
    FAILED,
    PROCESSING,
    Upload,
    read_upload,
)
from asc.errors import LostAnswerError

log = logging.getLogger(__name__)

LISTINGS_LAG = (1.0, 2.0, 4.0)
"""Seconds between looks for a new record, because listings show it a moment later."""
FILES = "buildUploadFiles"
"""The type of the file of an upload."""
_FIELDS = {
    "include": "assetFile,build",
    "fields[buildUploads]": (
        "cfBundleVersion,cfBundleShortVersionString,platform,state,createdDate,uploadedDate,assetFile,build"
    ),
    "fields[buildUploadFiles]": "fileName,fileSize,uploadOperations,assetDeliveryState,sourceFileChecksums",
    "fields[builds]": "version,processingState",
}


def find(client: Client, number: Number) -> list[Upload]:
    """Return the uploads of exactly this number (of any platform if it names none), the most advanced first."""
    query = {
        "filter[cfBundleVersion]": spellings(number.build_number),
        "filter[cfBundleShortVersionString]": spellings(number.version),
        # A file of unknown platform is compared with the uploads of all.
        "filter[platform]": number.platform or None,
        **_FIELDS,
    }
    path = f"/v1/apps/{number.app_id}/buildUploads"
    found = client.list(path, query, retry_404=True)
    # A number can have several uploads, of which failed ones say least.
    order = {COMPLETE: 0, PROCESSING: 1, AWAITING: 2, FAILED: 9}
    names = ("cfBundleShortVersionString", "cfBundleVersion", "platform")
    uploads = [
        read_upload(found, resource, number.app_id)
        for resource in found.data
        if number.is_one_with(*(resource.text(name) for name in names))
    ]
    # An unknown state hides no failure.
    return sorted(uploads, key=lambda one: order.get(one.state, 3))


def read(client: Client, upload_id: str, app_id: str = "") -> Upload:
    """Return one upload as it is now, with its file and build."""
    path = f"/v1/buildUploads/{upload_id}"
    document = client.get(path, _FIELDS, retry_404=True)
    return read_upload(document, document.resource, app_id)


def read_if_there(client: Client, upload_id: str, app_id: str = "") -> Upload | None:
    """Return one upload as it is now, or None if another job has deleted it."""
    try:
        return read(client, upload_id, app_id)
    except ApiError as error:
        if error.status != 404:
            raise
        return None


def create(client: Client, number: Number) -> Upload:
    """Create an upload. Raises ApiError, with a code ending in DUPLICATE if the number is used up."""
    attributes = {
        "cfBundleShortVersionString": number.version,
        "cfBundleVersion": number.build_number,
        "platform": number.platform,
    }
    app = {"app": reference("apps", number.app_id)}
    body = request_body("buildUploads", attributes, relationships=app)

    def create_upload() -> Upload:
        created = client.create("/v1/buildUploads", body)
        return read_upload(created, created.resource, number.app_id)

    def find_upload() -> Upload | None:
        # A failed one is of an earlier run: this request did not make it.
        return next((upload for upload in find(client, number) if upload.state != FAILED), None)

    # A refusal is never doubted: it says that the number is used up, and the caller decides what that means.
    return client.create_once(
        create_upload, find_upload, pauses=(0.0, *LISTINGS_LAG), may_exist=lambda error: False
    ).value


def reserve(client: Client, upload: Upload, name: str, size: int, uti: str) -> tuple[AssetFile, bool]:
    """Reserve the file of an upload, and return it with its parts; True if this call made it.

    Another job may have reserved it before: then that file is returned, with False.
    """
    attributes = {"assetType": "ASSET", "fileName": plain_name(name), "fileSize": size, "uti": uti}
    announced_for = {"buildUpload": reference("buildUploads", upload.id)}
    body = request_body("buildUploadFiles", attributes, relationships=announced_for)
    creation = client.create_once(
        lambda: read_asset_file(client.create("/v1/buildUploadFiles", body).resource),
        lambda: read(client, upload.id).file,
        pauses=(0.0, *LISTINGS_LAG),
        may_exist=_may_be_announced,
    )
    return creation.value, creation.doubt is None


def _may_be_announced(error: ApiError) -> bool:
    """Return True if the refusal may mean that the upload has its file. One about an attribute is about the request."""
    return error.status == 409 and any(
        not reason.code.startswith("ENTITY_ERROR.ATTRIBUTE") or "DUPLICATE" in reason.code
        for reason in error.errors
    )


def renewed(client: Client, file: AssetFile) -> AssetFile:
    """Return the file with links that are valid again."""
    return read_asset(client, FILES, file.id)


def commit(client: Client, upload: Upload, file: AssetFile, sha256: str, check: Callable[[], None]) -> None:
    """Declare the file complete, with its checksum; without it if App Store Connect refuses the checksum.

    `check` is called before the second request, because nothing else would notice parts of another file.
    """
    checksums = {"sourceFileChecksums": {"file": {"hash": sha256, "algorithm": "SHA_256"}}}
    try:
        _commit(client, upload, file, checksums)
    except ApiError as error:
        if error.status != 409 or not any("sourceFileChecksums" in str(reason) for reason in error.errors):
            raise
        log.info("App Store Connect takes no checksum here; comparing the parts by their entity tags")
        check()
        _commit(client, upload, file, {})


def delete(client: Client, upload: Upload) -> None:
    """Delete an unfinished upload, so that its number is free again. One that another job deleted is no error."""
    path = f"/v1/buildUploads/{upload.id}"
    try:
        try:
            client.delete(path)
        except LostAnswerError:
            read(client, upload.id)
            client.delete(path)
    except ApiError as error:
        if error.status != 404:
            raise


def _commit(client: Client, upload: Upload, file: AssetFile, checksums: Mapping[str, Any]) -> None:
    commit_asset(client, FILES, file.id, checksums, lambda: is_received(read(client, upload.id)))


def is_received(upload: Upload) -> bool:
    """Return True if App Store Connect has the whole file: it was declared complete, or is processed."""
    file = upload.file
    # The record may say AWAITING_UPLOAD for longer than its file, and the checksum came with the declaration.
    return upload.state != AWAITING or (file is not None and (file.committed or bool(file.checksums)))


# Codes of the App Store validation, as developers quoted them with their causes in public reports. Apple publishes
# no list.
HINTS = {
    "90022": "An app icon is missing: add all sizes to the asset catalog, and name it in the target's settings.",
    "90034": "The app is not signed, or not with a distribution certificate: export it for the App Store again.",
    "90035": "The signature is broken: do not change the app after signing; sign nested code first, then the app.",
    "90046": "The entitlements are not those of the profile: sign again with a profile that has them.",
    "90054": "The bundle id is not that of the app in App Store Connect: check the scheme, or bundle-id.",
    "90055": "The bundle id belongs to another app or team: check it and the profile it was signed with.",
    "90060": "CFBundleVersion or CFBundleShortVersionString is not made of up to three numbers with dots.",
    "90061": "The build number was used before: raise CFBundleVersion (fetch-build-number tells the next one).",
    "90062": (
        "The marketing version must be higher than the last one released: raise CFBundleShortVersionString."
    ),
    "90077": "Nothing was signed with a profile for this platform: check the export options.",
    "90161": "The profile inside does not fit: export with an App Store profile for this bundle id.",
    "90165": "The profile inside is not valid any more: renew it (sync-signing) and export again.",
    "90174": "There is no profile inside: export for the App Store, not a plain archive or a simulator build.",
    "90186": "This train is closed because its version was released: raise CFBundleShortVersionString.",
    "90189": "This build number was uploaded before: raise CFBundleVersion (fetch-build-number tells the next one).",
    "90206": "A nested bundle contains frameworks: embed them in the app only.",
    "90208": "A framework asks for another minimum OS version than the app: build it for the app's.",
    "90283": "The profile inside is for another bundle id: export with the profile of this app.",
    "90338": "Private API is used: Apple names the symbol; often a framework has to be updated.",
    "90474": "iPad multitasking needs all four orientations, or UIRequiresFullScreen.",
    "90478": "The build number must be higher than that of the last build of this train: raise CFBundleVersion.",
    "90534": "The SDK is too new: builds made with a beta of Xcode go to TestFlight's internal testers at most.",
    "90592": (
        "ITSEncryptionExportComplianceCode is missing, or is not a code of this app: take it from App Store Connect, "
        "App Information, or give encryption-declaration."
    ),
    "90683": "Add the purpose string that Apple names to Info.plist (also where only a framework uses the API).",
    "90713": "CFBundleIconName is missing in Info.plist: use an asset catalog for the icon.",
    "90725": "The SDK is too old for uploads: build with the Xcode that Apple asks for (a newer runner image).",
    "90771": "BGTaskSchedulerPermittedIdentifiers is missing in Info.plist though background processing is on.",
    "91053": "The privacy manifest lacks a reason for the API that Apple names: add it to PrivacyInfo.xcprivacy.",
    "91056": "The privacy manifest is not valid: check PrivacyInfo.xcprivacy against Apple's list of keys.",
    "91061": "A third-party SDK lacks its privacy manifest or signature: update it.",
}


def hint(reasons: Iterable[Reason]) -> str:
    """Return the usual remedy for Apple's reasons; "" if no code is known."""
    codes = (reason.code.rsplit("-", 1)[-1].rsplit(".", 1)[-1] for reason in reasons)
    return " ".join(dict.fromkeys(HINTS[code] for code in codes if code in HINTS))
