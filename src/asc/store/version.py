"""A version of an app in the App Store: its states, its build, its phased release.

https://developer.apple.com/documentation/appstoreconnectapi/appstoreversion
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from asc.api.client import Client, Query
from asc.api.document import Document, Resource
from asc.api.polling import look_until
from asc.builds.number import same_value
from asc.errors import Error
from asc.words import listed

EDITABLE = {"PREPARE_FOR_SUBMISSION", "DEVELOPER_REJECTED", "REJECTED", "METADATA_REJECTED", "INVALID_BINARY"}
"""States in which texts, media and the build can be changed."""
SUBMITTED = {"WAITING_FOR_REVIEW", "IN_REVIEW", "WAITING_FOR_EXPORT_COMPLIANCE"}
"""States of a version that is with Apple's reviewers, or in their queue."""
APPROVED = {
    "ACCEPTED",
    "PENDING_APPLE_RELEASE",
    "PENDING_DEVELOPER_RELEASE",
    "PROCESSING_FOR_DISTRIBUTION",
    "READY_FOR_DISTRIBUTION",
    "REPLACED_WITH_NEW_VERSION",
}
REJECTED = {"REJECTED", "METADATA_REJECTED", "INVALID_BINARY"}
LIVE = "READY_FOR_DISTRIBUTION"
WAITS_FOR_RELEASE = "PENDING_DEVELOPER_RELEASE"
SETTLED = {LIVE, "REPLACED_WITH_NEW_VERSION"}
"""States beside which a new version can be made."""
DRAFT = "READY_FOR_REVIEW"
"""The state of a version in a draft of a submission. That its texts can be changed is a guess."""

_OLD_NAMES = {
    "READY_FOR_SALE": LIVE,
    "PROCESSING_FOR_APP_STORE": "PROCESSING_FOR_DISTRIBUTION",
    # Nobody can download these three now, but they are settled: a new version can be made beside them.
    "REMOVED_FROM_SALE": LIVE,
    "DEVELOPER_REMOVED_FROM_SALE": LIVE,
    "PREORDER_READY_FOR_SALE": LIVE,
}
"""States that the deprecated appStoreState names otherwise."""
_FIELDS = (
    "versionString,appVersionState,appStoreState,platform,releaseType,earliestReleaseDate,createdDate,build,copyright,"
    "appStoreVersionPhasedRelease"
)
_QUERY: Query = {
    "fields[appStoreVersions]": _FIELDS,
    "include": "build,appStoreVersionPhasedRelease",
    "fields[builds]": "version,usesNonExemptEncryption",
    "fields[appStoreVersionPhasedReleases]": "phasedReleaseState,currentDayNumber",
}


@dataclass(frozen=True)
class PhasedRelease:
    """A phased release: `state` as Apple writes it, `day` from 1 to 7, 0 before it began."""

    id: str
    state: str
    day: int = 0


@dataclass(frozen=True)
class StoreVersion:
    """A version. `state` is Apple's appVersionState; `build_id` and `build_number` are "" if no build is attached.

    `encryption` is the answer of the build to export compliance, None if Apple has none.
    """

    id: str
    version: str
    platform: str
    state: str
    release_type: str = ""
    earliest_release: datetime | None = None
    created: datetime | None = None
    build_id: str = ""
    build_number: str = ""
    encryption: bool | None = None
    phased: PhasedRelease | None = None
    copyright: str = ""

    @property
    def is_editable(self) -> bool:
        """True if texts and media can be changed."""
        return self.state in EDITABLE or self.state == DRAFT

    @property
    def is_settled(self) -> bool:
        """True if a new version can be made beside it."""
        return self.state in SETTLED

    def __str__(self) -> str:
        return f"version {self.version} ({self.state})"


def read_versions(client: Client, app_id: str, platform: str) -> list[StoreVersion]:
    """Return all versions of a platform, the newest first. Apple cannot sort them."""
    document = client.list(f"/v1/apps/{app_id}/appStoreVersions", {"filter[platform]": platform, **_QUERY})
    # All versions, because the first one of a platform has no release notes.
    versions = [_version(document, resource) for resource in document.data]
    return sorted(
        versions, key=lambda version: version.created.timestamp() if version.created else 0.0, reverse=True
    )


def has_other_platforms(client: Client, app_id: str, platform: str) -> bool:
    """Return True if the app has versions of another platform: they share the names and categories of the app."""
    document = client.list(f"/v1/apps/{app_id}/appStoreVersions", {"fields[appStoreVersions]": "platform"})
    return any(resource.text("platform") != platform for resource in document.data)


def read_version(client: Client, version_id: str) -> StoreVersion:
    """Return a version by Apple's id of it."""
    document = client.get(f"/v1/appStoreVersions/{version_id}", dict(_QUERY))
    return _version(document, document.resource)


def confirm(
    client: Client,
    version_id: str,
    is_made: Callable[[StoreVersion], bool],
    otherwise: Callable[[StoreVersion], Error],
) -> StoreVersion:
    """Return the version once a change that Apple accepted is made. Raises the error if it is never made."""
    version = look_until(client, lambda: read_version(client, version_id), is_made)
    if not is_made(version):
        raise otherwise(version)
    return version


def made_version(document: Document) -> StoreVersion:
    """Return the version in the answer to the request that made it. Listings show it some seconds late."""
    return _version(document, document.resource)


def choose_version(versions: Sequence[StoreVersion], version: str) -> StoreVersion:
    """Return the version of this number; 1.5 and 1.5.0 are one number. Raises Error if there is none."""
    for candidate in versions:
        if same_value(candidate.version, version):
            return candidate
    numbers = listed([candidate.version for candidate in versions])
    raise Error(
        f"version: the app has no version {version} in the App Store. Its versions: {numbers}.",
        "Create it with update-app-store, or check the number and the platform.",
    )


def _version(document: Document, resource: Resource) -> StoreVersion:
    # The new name of the state first: Apple has deprecated the old one, but some answers have only that.
    state = resource.text("appVersionState") or resource.text("appStoreState")
    build = document.one(resource, "build")
    phased = document.one(resource, "appStoreVersionPhasedRelease")
    return StoreVersion(
        id=resource.id,
        version=resource.text("versionString"),
        platform=resource.text("platform"),
        state=_OLD_NAMES.get(state, state),
        release_type=resource.text("releaseType"),
        earliest_release=resource.time("earliestReleaseDate"),
        created=resource.time("createdDate"),
        build_id=build.id if build else "",
        build_number=build.text("version") if build else "",
        encryption=build.flag("usesNonExemptEncryption") if build else None,
        phased=_phased(phased) if phased else None,
        copyright=resource.text("copyright"),
    )


def _phased(resource: Resource) -> PhasedRelease:
    day = resource.attributes.get("currentDayNumber")
    return PhasedRelease(resource.id, resource.text("phasedReleaseState"), day if isinstance(day, int) else 0)
