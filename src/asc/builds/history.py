"""Read all build numbers that an app has used up, from its builds and its build uploads."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from asc import words
from asc.api.client import Client, Query
from asc.api.document import Document
from asc.apps.app import App
from asc.builds.build import Build
from asc.builds.number import BuildNumber, same_value, spellings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class UsedNumber:
    """A used build number, with the build or upload that used it. `build_id` is "" for an upload without a build."""

    number: BuildNumber
    version: str
    platform: str
    state: str
    uploaded_at: datetime | None
    build_id: str


@dataclass(frozen=True)
class _NoNumber:
    """A text in place of a build number that cannot be compared."""

    text: str


def numbers_of_builds(
    client: Client, app: App, platform: str | None, version: str | None
) -> list[UsedNumber]:
    """Return the numbers of the app's builds, over all pages. `platform` is Apple's name, `version` a train."""
    query: Query = {
        "filter[app]": app.id,
        "filter[preReleaseVersion.version]": spellings(version) if version else None,
        "filter[preReleaseVersion.platform]": platform,
        "include": "preReleaseVersion",
        "fields[builds]": "version,uploadedDate,processingState,preReleaseVersion",
        "fields[preReleaseVersions]": "version,platform",
    }
    builds = client.list("/v1/builds", query, retry_404=True)
    return _matching(_from_builds(builds), platform, version)


def numbers_of_uploads(
    client: Client, app: App, platform: str | None, version: str | None
) -> list[UsedNumber]:
    """Return the numbers of the app's build uploads. Failed and unfinished uploads have used theirs up as well."""
    query = {
        "filter[cfBundleShortVersionString]": spellings(version) if version else None,
        "filter[platform]": platform,
        "fields[buildUploads]": "cfBundleVersion,cfBundleShortVersionString,platform,state,uploadedDate",
    }
    path = f"/v1/apps/{app.id}/buildUploads"
    uploads = client.list(path, query, retry_404=True)
    return _matching(_from_uploads(uploads), platform, version)


def numbers_used(client: Client, app: App, platform: str | None, version: str | None) -> list[UsedNumber]:
    """Return the numbers of builds and of uploads, read side by side. A build and its upload count once."""
    with ThreadPoolExecutor(1) as pool:
        uploads = pool.submit(numbers_of_uploads, client, app, platform, version)
        builds = numbers_of_builds(client, app, platform, version)
        # The build says more than its upload, so that it is kept.
        have = {_identity(used) for used in builds}
        return builds + [used for used in uploads.result() if _identity(used) not in have]


def _identity(used: UsedNumber) -> tuple[BuildNumber, BuildNumber | str, str]:
    """Return a key that is equal for a build and its upload, however each spells its numbers."""
    # 1.0 and 1.0.0 are one version to Apple, and 7 and 07 one number.
    return used.number, BuildNumber.parse(used.version) or used.version, used.platform


def numbers_in_app_store(
    client: Client, app: App, platform: str | None, version: str | None
) -> list[UsedNumber]:
    """Return the numbers of the builds that are live in the App Store, one for each platform."""
    versions = client.list(
        f"/v1/apps/{app.id}/appStoreVersions",
        {
            # The only state of a version that customers can download.
            "filter[appVersionState]": "READY_FOR_DISTRIBUTION",
            "filter[platform]": platform,
            "filter[versionString]": spellings(version) if version else None,
            "include": "build",
            "fields[appStoreVersions]": "versionString,platform,appVersionState,build",
            "fields[builds]": "version,uploadedDate,processingState",
        },
        retry_404=True,
    )
    return _matching(_from_versions(versions), platform, version)


def highest_first(used: Iterable[UsedNumber]) -> list[UsedNumber]:
    """Sort by number, the highest first; among equals builds before uploads, then the latest upload."""
    # Apple may leave the date out. With a zone, because Apple's dates have one and could not be compared otherwise.
    long_ago = datetime.min.replace(tzinfo=UTC)
    return sorted(
        used,
        key=lambda number: (number.number, bool(number.build_id), number.uploaded_at or long_ago),
        reverse=True,
    )


def _from_builds(builds: Document) -> Iterator[UsedNumber | _NoNumber]:
    for build in (Build.read(builds, resource) for resource in builds.data):
        yield _used(
            build.build_number,
            version=build.version,
            platform=build.platform,
            state=build.processing_state,
            uploaded_at=build.uploaded_at,
            build_id=build.id,
        )


def _from_uploads(uploads: Document) -> Iterator[UsedNumber | _NoNumber]:
    for upload in uploads.data:
        state = upload.attributes.get("state")
        yield _used(
            upload.text("cfBundleVersion"),
            version=upload.text("cfBundleShortVersionString"),
            platform=upload.text("platform"),
            state=str(state.get("state") or "") if isinstance(state, dict) else "",
            uploaded_at=upload.time("uploadedDate"),
            build_id="",
        )


def _from_versions(versions: Document) -> Iterator[UsedNumber | _NoNumber]:
    for version in versions.data:
        build = versions.one(version, "build")
        if build:
            yield _used(
                build.text("version"),
                version=version.text("versionString"),
                platform=version.text("platform"),
                state=version.text("appVersionState"),
                uploaded_at=build.time("uploadedDate"),
                build_id=build.id,
            )


def _used(
    text: str, version: str, platform: str, state: str, uploaded_at: datetime | None, build_id: str
) -> UsedNumber | _NoNumber:
    number = BuildNumber.parse(text)
    # Apple has builds from before its rules, with texts such as "beta3" in place of a number.
    return UsedNumber(number, version, platform, state, uploaded_at, build_id) if number else _NoNumber(text)


def _matching(
    numbers: Iterable[UsedNumber | _NoNumber], platform: str | None, version: str | None
) -> list[UsedNumber]:
    # Apple's filters can match more than the exact text. A value that Apple left out counts as a match.
    used: list[UsedNumber] = []
    skipped: list[str] = []
    for number in numbers:
        if isinstance(number, _NoNumber):
            skipped.append(number.text)
        elif (not version or not number.version or same_value(number.version, version)) and (
            not platform or number.platform in (platform, "")
        ):
            used.append(number)
    # One warning for all: a step has room for ten.
    if skipped:
        names = words.some([f"“{text}”" for text in skipped])
        log.warning("Ignored, because they are not made of numbers and dots: %s", names)
    return used
