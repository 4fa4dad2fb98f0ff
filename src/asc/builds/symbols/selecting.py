"""Select builds with as few requests as Apple's filters allow. Conditions without a filter are compared here.

https://developer.apple.com/documentation/appstoreconnectapi/get-v1-builds
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from asc.api.client import LARGEST_PAGE, Client, Query
from asc.api.document import Document, Resource
from asc.apps.app import App
from asc.builds.number import BuildNumber, same_value, spellings
from asc.builds.symbols.model import QUERY, SymbolBuild, read_builds

log = logging.getLogger(__name__)

LATEST, LIVE = "latest", "live"
LIVE_STATE = "READY_FOR_DISTRIBUTION"
BUILDS_IN_ONE_REQUEST = 50
"""Builds in one request by id. Their ids make an address of 2 KB, which every proxy passes."""
_LOWEST = BuildNumber("0")
T = TypeVar("T")


@dataclass(frozen=True)
class Selection:
    """The conditions for the builds of an app; None for any. `platform` is Apple's name.

    `version` is a train, LATEST or LIVE; `build_number` a number or LATEST; `limit` keeps the newest uploads. LATEST
    and LIVE apply to each platform.
    """

    app: App
    platform: str | None = None
    version: str | None = None
    build_number: str | None = None
    min_version: str | None = None
    uploaded_after: datetime | None = None
    limit: int | None = None

    @property
    def train(self) -> str | None:
        """Return the version to filter by, or None for all versions and for `latest` and `live`, which name none."""
        return None if self.version in (LATEST, LIVE) else self.version

    @property
    def number(self) -> str | None:
        """Return the build number to filter by, or None for all numbers and for `latest`."""
        return None if self.build_number == LATEST else self.build_number

    @property
    def wants_latest_train(self) -> bool:
        """Return True if only the highest version counts. The latest build belongs to it, if no version is given."""
        return self.version == LATEST or (self.build_number == LATEST and self.version is None)


def select(client: Client, selection: Selection) -> list[SymbolBuild]:
    """Return the selected builds, the newest upload first. Makes one request if all builds fit on one page."""
    query = _query(selection)
    pages = client.pages("/v1/builds", query, retry_404=True)
    page = next(pages)
    # More than one page: two exact requests cost less than all pages.
    if page.next and (selection.wants_latest_train or selection.version == LIVE):
        return _reduced(selection, _found_by_version(client, selection))
    builds = _live(page) if selection.version == LIVE else read_builds(page)
    matching = [build for build in builds if _matches(build, selection)]
    while page.next and not _is_enough(selection, builds, matching):
        page = next(pages)
        builds = read_builds(page)
        matching += [build for build in builds if _matches(build, selection)]
    return _reduced(selection, matching)


def refreshed(client: Client, builds: Iterable[SymbolBuild]) -> dict[str, SymbolBuild]:
    """Return the builds as they are now, with new links, by id. Makes one request for 50 builds."""
    ids = [build.id for build in builds]
    current: dict[str, SymbolBuild] = {}
    for start in range(0, len(ids), BUILDS_IN_ONE_REQUEST):
        group = ids[start : start + BUILDS_IN_ONE_REQUEST]
        query = {"filter[id]": ",".join(group), "limit": LARGEST_PAGE, **QUERY}
        page = client.get("/v1/builds", query, retry_404=True)
        current.update({build.id: build for build in read_builds(page)})
    return current


def _query(selection: Selection) -> Query:
    query: dict[str, str | int | None] = {
        "filter[app]": selection.app.id,
        "filter[preReleaseVersion.platform]": selection.platform,
        "filter[preReleaseVersion.version]": spellings(selection.train) if selection.train else None,
        "filter[version]": spellings(selection.number) if selection.number else None,
        "sort": "-uploadedDate",
        "limit": _page_size(selection),
        **QUERY,
    }
    # Included only if needed, because some keys may not read versions of the App Store.
    if selection.version == LIVE:
        query["include"] = f"{QUERY['include']},appStoreVersion"
        query["fields[builds]"] = f"{QUERY['fields[builds]']},appStoreVersion"
        query["fields[appStoreVersions]"] = "appVersionState"
    return query


def _page_size(selection: Selection) -> int:
    """Return the size of a page: not more than the limit, if the server's filters do the whole selection."""
    plain = not (
        selection.min_version or selection.version in (LATEST, LIVE) or selection.build_number == LATEST
    )
    return min(selection.limit, LARGEST_PAGE) if selection.limit and plain else LARGEST_PAGE


def _is_enough(selection: Selection, builds: list[SymbolBuild], matching: list[SymbolBuild]) -> bool:
    """Return True if no further page can hold a selected build. The newest uploads come first."""
    # The highest number need not be the newest.
    if selection.build_number == LATEST:
        return False
    if selection.limit and len(matching) >= selection.limit:
        return True
    # The newest uploads come first: the last date of a page is its oldest.
    dates = [build.uploaded_at for build in builds if build.uploaded_at]
    return bool(selection.uploaded_after and dates and dates[-1] <= selection.uploaded_after)


def _found_by_version(client: Client, selection: Selection) -> list[SymbolBuild]:
    """Return the builds of the selected version, found by the version's id in two requests."""
    if selection.version == LIVE:
        condition, ids = "filter[appStoreVersion]", _live_versions(client, selection)
    else:
        condition, ids = "filter[preReleaseVersion]", _highest_trains(client, selection)
    if not ids:
        return []
    query: Query = {
        condition: ",".join(ids),
        "sort": "-uploadedDate",
        "filter[app]": selection.app.id,
        **QUERY,
    }
    builds = read_builds(client.list("/v1/builds", query, retry_404=True))
    return [build for build in builds if _matches(build, selection)]


def _live_versions(client: Client, selection: Selection) -> list[str]:
    """Return the ids of the versions that are live in the App Store."""
    query: Query = {
        "filter[appVersionState]": LIVE_STATE,
        "filter[platform]": selection.platform,
        "fields[appStoreVersions]": "versionString,platform",
    }
    versions = client.list(f"/v1/apps/{selection.app.id}/appStoreVersions", query, retry_404=True)
    return [version.id for version in versions.data]


def _highest_trains(client: Client, selection: Selection) -> list[str]:
    """Return the ids of the highest train of each platform."""
    query: Query = {
        "filter[app]": selection.app.id,
        "filter[platform]": selection.platform,
        "fields[preReleaseVersions]": "version,platform",
    }
    trains = client.list("/v1/preReleaseVersions", query, retry_404=True).data
    # 1.5 and 1.5.0 may stand side by side in the list: both are the highest train.
    return [train.id for train in _all_highest(trains, _platform_of, _order_of)]


def _platform_of(train: Resource) -> str:
    return train.text("platform")


def _order_of(train: Resource) -> BuildNumber:
    return _order(train.text("version"))


def _live(page: Document) -> list[SymbolBuild]:
    """Return the builds of a page that are live in the App Store."""
    live = set()
    for resource in page.data:
        version = page.one(resource, "appStoreVersion")
        if version and version.text("appVersionState") == LIVE_STATE:
            live.add(resource.id)
    return [build for build in read_builds(page) if build.id in live]


def _matches(build: SymbolBuild, selection: Selection) -> bool:
    # Compared again: Apple's filters can match more than the exact text. A missing value counts as a match.
    return (
        (not selection.platform or build.platform in (selection.platform, ""))
        and (not selection.train or build.version == "" or same_value(build.version, selection.train))
        and (not selection.number or same_value(build.build_number, selection.number))
        and (not selection.min_version or _order(build.version) >= _order(selection.min_version))
        and (
            not selection.uploaded_after
            or not build.uploaded_at
            or build.uploaded_at > selection.uploaded_after
        )
    )


def _reduced(selection: Selection, builds: list[SymbolBuild]) -> list[SymbolBuild]:
    """Return the latest of each platform if those are selected, and not more than the limit."""
    if selection.wants_latest_train:
        builds = _all_highest(builds, lambda build: build.platform, lambda build: _order(build.version))
    if selection.build_number == LATEST:
        latest = _highest(builds, lambda build: build.platform, lambda build: _order(build.build_number))
        builds = [build for build in builds if build in latest]
    return builds[: selection.limit]


def _highest(items: Iterable[T], group: Callable[[T], str], order: Callable[[T], BuildNumber]) -> list[T]:
    """Return the highest item of each group; of equal ones the first."""
    highest: dict[str, T] = {}
    for item in items:
        known = highest.get(group(item))
        if known is None or order(known) < order(item):
            highest[group(item)] = item
    return list(highest.values())


def _all_highest(items: Sequence[T], group: Callable[[T], str], order: Callable[[T], BuildNumber]) -> list[T]:
    """Return the highest items of each group, also several that are equal."""
    highest = {(group(item), order(item)) for item in _highest(items, group, order)}
    return [item for item in items if (group(item), order(item)) in highest]


def _order(text: str) -> BuildNumber:
    """Return a version for comparing. One with letters (old Mac builds) is lower than any."""
    return BuildNumber.parse(text) or _LOWEST
