"""Builds and their bundles, as far as symbols are concerned.

https://developer.apple.com/documentation/appstoreconnectapi/buildbundle
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from asc.api.document import Document, Resource
from asc.builds.platforms import PLATFORM_NAMES

QUERY: Mapping[str, str | int | None] = {
    "include": "buildBundles,preReleaseVersion",
    "limit[buildBundles]": 50,
    "fields[builds]": "version,uploadedDate,processingState,buildBundles,preReleaseVersion",
    "fields[preReleaseVersions]": "version,platform",
    "fields[buildBundles]": "bundleId,bundleType,includesSymbols,dSYMUrl",
}
"""What is asked of builds: nothing that is not used, but the links to the symbols of all bundles."""


@dataclass(frozen=True)
class Bundle:
    """A bundle of a build: the app, an app clip, a watch app. `url` is the link to its symbols, "" for none.

    `includes_symbols` is whether it was uploaded with symbols, None where Apple says nothing.
    """

    id: str
    bundle_id: str
    kind: str
    includes_symbols: bool | None
    url: str


@dataclass(frozen=True)
class Build:
    """A build. `platform` and `state` as Apple writes them; `hidden` counts bundles that Apple did not show."""

    id: str
    version: str
    number: str
    platform: str
    state: str
    uploaded_at: datetime | None
    bundles: tuple[Bundle, ...]
    hidden: int = 0

    def __str__(self) -> str:
        return f"{self.version} ({self.number}), {PLATFORM_NAMES.get(self.platform, self.platform)}"


def read_builds(document: Document) -> list[Build]:
    """The builds of an answer to QUERY, in its order."""
    return [_read(document, resource) for resource in document.data]


def _read(document: Document, resource: Resource) -> Build:
    train = document.one(resource, "preReleaseVersion")
    bundles = tuple(_bundles(document, resource))
    return Build(
        id=resource.id,
        version=train.text("version") if train else "",
        number=resource.text("version"),
        platform=train.text("platform") if train else "",
        state=resource.text("processingState"),
        uploaded_at=resource.time("uploadedDate"),
        bundles=bundles,
        hidden=max(0, _total(resource) - len(bundles)),
    )


def _bundles(document: Document, resource: Resource) -> Iterator[Bundle]:
    for reference in resource.related("buildBundles"):
        if bundle := document.included.get(reference):
            includes = bundle.attributes.get("includesSymbols")
            yield Bundle(
                id=bundle.id,
                bundle_id=bundle.text("bundleId"),
                kind=bundle.text("bundleType"),
                includes_symbols=includes if isinstance(includes, bool) else None,
                url=bundle.text("dSYMUrl"),
            )


def _total(resource: Resource) -> int:
    """How many bundles the build has; what is included stops at 50."""
    value: object = resource.relationships.get("buildBundles")
    for name in ("meta", "paging", "total"):
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, int) else 0
