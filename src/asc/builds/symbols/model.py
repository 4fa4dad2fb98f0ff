"""Builds with their bundles and the links to symbols.

https://developer.apple.com/documentation/appstoreconnectapi/buildbundle
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from asc.api.document import Document, Resource, total_of
from asc.api.platforms import PLATFORM_NAMES
from asc.builds.build import Build

QUERY: Mapping[str, str | int | None] = {
    "include": "buildBundles,preReleaseVersion",
    "limit[buildBundles]": 50,
    "fields[builds]": "version,uploadedDate,processingState,buildBundles,preReleaseVersion",
    "fields[preReleaseVersions]": "version,platform",
    "fields[buildBundles]": "bundleId,bundleType,includesSymbols,dSYMUrl",
}
"""The query for builds: only the attributes that are used, and the links to the symbols of all bundles."""


@dataclass(frozen=True)
class Bundle:
    """A bundle of a build: the app, an app clip, a watch app. `url` is the link to its symbols, "" without any.

    `includes_symbols` is True if it was uploaded with symbols, None if Apple gives no value.
    """

    id: str
    bundle_id: str
    kind: str
    includes_symbols: bool | None
    url: str


@dataclass(frozen=True)
class SymbolBuild(Build):
    """A build with its bundles. `hidden` counts the bundles that Apple did not show."""

    bundles: tuple[Bundle, ...] = ()
    hidden: int = 0

    def __str__(self) -> str:
        return f"{self.version} ({self.build_number}), {PLATFORM_NAMES.get(self.platform, self.platform)}"


def read_builds(document: Document) -> list[SymbolBuild]:
    """Return the builds of an answer to QUERY in its order."""
    return [_read(document, resource) for resource in document.data]


def _read(document: Document, resource: Resource) -> SymbolBuild:
    bundles = tuple(_bundles(document, resource))
    # Not more than 50 bundles are included.
    hidden = max(0, (total_of(resource, "buildBundles") or 0) - len(bundles))
    return SymbolBuild.read(document, resource, bundles=bundles, hidden=hidden)


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


ENDING = ".dSYM.zip"
LONGEST = 180
"""Characters of a name before its ending: file systems take 255 bytes, and a temporary name adds some."""
_FORBIDDEN = re.compile(r"[^A-Za-z0-9._+-]+|^[.-]+")


def archive_names(builds: Iterable[SymbolBuild], app_name: str) -> Mapping[str, str]:
    """Return the file name for each bundle that has symbols, by the bundle's id in the API.

    `<bundle id>-<version>-<build number>.dSYM.zip`; platforms other than iOS are appended, because an app may have the
    same three on several. `app_name` replaces a bundle id that Apple does not name.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for build in sorted(builds, key=lambda build: build.id):
        # The order decides which of two equal names keeps the plain form, so it must not depend on the answer.
        for bundle in sorted(build.bundles, key=lambda bundle: (bundle.kind != "APP", bundle.id)):
            if bundle.url:
                stem = cleaned(_stem(build, bundle, app_name))
                # Two bundles of a build with the same bundle id.
                if stem.casefold() in taken:
                    stem = f"{stem}-{_digest(bundle.id)}"
                taken.add(stem.casefold())
                names[bundle.id] = stem + ENDING
    return names


def cleaned(text: str) -> str:
    """Return `text` as a safe part of a path. Different texts stay different."""
    # A version may hold any text, also "../": only letters, digits and a few signs reach the file system.
    clean = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", text))[:LONGEST]
    return clean if clean == text else f"{clean or '_'}-{_digest(text)}"


def _stem(build: SymbolBuild, bundle: Bundle, app_name: str) -> str:
    parts = [bundle.bundle_id or app_name, build.version, build.build_number]
    if build.platform not in ("IOS", ""):
        parts.append(build.platform.replace("_", "").lower())
    return "-".join(part for part in parts if part)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
