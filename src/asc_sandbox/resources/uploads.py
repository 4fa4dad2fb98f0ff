"""Build uploads and their files."""

from __future__ import annotations

from asc_sandbox.kinds import date, file_state, flag, mapping, mappings, number, text, upload_state
from asc_sandbox.reading import Filter, instance, related
from asc_sandbox.resources.apps import APPS
from asc_sandbox.resources.values import ASSET_TYPES, FILE_TYPES, PLATFORMS
from asc_sandbox.rules.uploads import operations, reserve, start_upload, withdraw
from asc_sandbox.rules.uploads import receive as receive_file
from asc_sandbox.schema import Resource, hidden, link, one
from asc_sandbox.writing import changing, creating, deleting

BUILD_UPLOADS = Resource(
    "buildUploads",
    area="builds",
    attributes={
        "cfBundleShortVersionString": text,
        "cfBundleVersion": text,
        "createdDate": date,
        "state": upload_state,
        "platform": text,
        "uploadedDate": date,
    },
    relationships=(
        hidden("app", "apps"),
        one("build", "builds", has_links=False),
        one("assetFile", "buildUploadFiles", has_links=False),
        one("assetDescriptionFile", "buildUploadFiles", has_links=False),
        one("assetSpiFile", "buildUploadFiles", has_links=False),
        link("buildUploadFiles", "buildUploadFiles", inverse="buildUpload"),
    ),
    defaults={
        "platform": "IOS",
        "state": "COMPLETE",
        "createdDate": "1 hour ago",
        "uploadedDate": "1 hour ago",
    },
)

BUILD_UPLOAD_FILES = Resource(
    "buildUploadFiles",
    area="builds",
    attributes={
        "assetDeliveryState": file_state,
        "assetToken": text,
        "assetType": text,
        "fileName": text,
        "fileSize": number,
        "sourceFileChecksums": mapping,
        "uploadOperations": mappings,
        "uti": text,
    },
    relationships=(hidden("buildUpload", "buildUploads"),),
    defaults={"assetType": "ASSET", "assetDeliveryState": "COMPLETE", "uti": "com.apple.ipa"},
    derived={"uploadOperations": operations},
)

RESOURCES = (BUILD_UPLOADS, BUILD_UPLOAD_FILES)

ENDPOINTS = (
    creating(
        "/v1/buildUploads",
        BUILD_UPLOADS,
        required=("cfBundleShortVersionString", "cfBundleVersion", "platform"),
        owners=("app",),
        values={"platform": PLATFORMS},
        then=start_upload,
    ),
    instance("/v1/buildUploads/{id}", BUILD_UPLOADS),
    deleting("/v1/buildUploads/{id}", BUILD_UPLOADS, then=withdraw),
    related("/v1/buildUploads/{id}/buildUploadFiles", BUILD_UPLOADS, "buildUploadFiles", BUILD_UPLOAD_FILES),
    related(
        "/v1/apps/{id}/buildUploads",
        APPS,
        "buildUploads",
        BUILD_UPLOADS,
        filters=(
            Filter("cfBundleShortVersionString"),
            Filter("cfBundleVersion"),
            Filter("platform", values=PLATFORMS),
            Filter("state", at="state.state"),
        ),
        sorts=("cfBundleVersion", "uploadedDate"),
        sort_needs={"uploadedDate": "filter[state]"},
        includes=True,
    ),
    creating(
        "/v1/buildUploadFiles",
        BUILD_UPLOAD_FILES,
        required=("assetType", "fileName", "fileSize", "uti"),
        owners=("buildUpload",),
        values={"assetType": ASSET_TYPES, "uti": FILE_TYPES},
        then=reserve,
    ),
    instance("/v1/buildUploadFiles/{id}", BUILD_UPLOAD_FILES),
    changing(
        "/v1/buildUploadFiles/{id}",
        BUILD_UPLOAD_FILES,
        optional=("sourceFileChecksums", "uploaded"),
        written={"uploaded": flag},
        then=receive_file,
    ),
)
