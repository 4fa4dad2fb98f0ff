"""How archives are called: as fastlane calls them, and never so that one could be taken for another.

Names depend on the build alone, not on what else is fetched: whoever looks for a file knows what it is called.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping

from asc.builds.symbols.model import Build, Bundle

ENDING = ".dSYM.zip"
LONGEST = 180
"""Characters of a name before its ending: file systems take 255 bytes, and a temporary name adds some."""
_FORBIDDEN = re.compile(r"[^A-Za-z0-9._+-]+|^[.-]+")


def archive_names(builds: Iterable[Build], app_name: str) -> Mapping[str, str]:
    """The file name for each bundle that has symbols, by the bundle's id in the API.

    `<bundle id>-<version>-<build number>.dSYM.zip`; other platforms than iOS are named behind
    it, for an app may have the same three on several. `app_name` stands in where Apple names no bundle id.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for build in sorted(builds, key=lambda build: build.id):
        for bundle in sorted(build.bundles, key=lambda bundle: (bundle.kind != "APP", bundle.id)):
            if bundle.url:
                stem = cleaned(_stem(build, bundle, app_name))
                if stem.casefold() in taken:  # two bundles of a build with the same bundle id
                    stem = f"{stem}-{_digest(bundle.id)}"
                taken.add(stem.casefold())
                names[bundle.id] = stem + ENDING
    return names


def cleaned(text: str) -> str:
    """`text` as a part of a path: nothing that has a meaning in one. Different texts stay different."""
    clean = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", text))[:LONGEST]
    return clean if clean == text else f"{clean or '_'}-{_digest(text)}"


def _stem(build: Build, bundle: Bundle, app_name: str) -> str:
    parts = [bundle.bundle_id or app_name, build.version, build.number]
    if build.platform not in ("IOS", ""):
        parts.append(build.platform.replace("_", "").lower())
    return "-".join(part for part in parts if part)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
