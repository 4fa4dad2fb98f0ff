"""Read an .ipa: a zip with `Payload/<name>.app` in it. The Info.plist there describes the app.

https://developer.apple.com/documentation/bundleresources/information-property-list
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from asc.builds.binary.errors import BinaryError
from asc.builds.binary.info_plist import LIMIT, boolean_of, remarks, text_of
from asc.builds.binary.model import Binary, Nested
from asc.builds.binary.wrong_file_hints import EXPORT
from asc.formats import mobileprovision, zipfiles
from asc.formats.mobileprovision import Profile, ProfileError, read_profile
from asc.formats.plist import PlistError, read_plist
from asc.formats.zipfiles import CutOffError, ZipEntry, ZipError
from asc.words import printable_name

MOST_KEPT = 20_000
"""Entries worth a closer look. An app with all its extensions has some dozens."""
LONGEST_PATH = 1024
"""Characters; no file of macOS or iOS has a longer one."""
MOST_NESTED = 100
"""Nested bundles that are read; Apple's largest apps have some thirty."""

PLATFORMS = {"iphoneos": "IOS", "appletvos": "TV_OS", "xros": "VISION_OS", "macosx": "MAC_OS"}
FAMILIES = {1: "IPHONE", 2: "IPAD"}
"""Numbers of UIDeviceFamily with screenshots of their own."""

# Payload may lie in one folder more. A Mac app keeps its files in Contents.
_BUNDLE = r"(?P<app>(?:[^/]+/)?Payload/[^/]+\.app)/"
_READ = re.compile(
    _BUNDLE + r"(?P<inner>.*/)?(?P<file>Info\.plist|embedded\.(?:mobile|)provision(?:profile|))", re.S
)
_NESTED = re.compile(
    r"(?:Contents/)?((?:PlugIns|Extensions|Watch|AppClips|Frameworks)/[^/]+\.(?:app|appex|framework)/(?:Contents/)?)+",
    re.S,
)
_FINDER_FILES = re.compile(r"(?:^|/)(?:__MACOSX/|\._)")
_OTHER_KINDS = (
    (r"AndroidManifest\.xml|BundleConfig\.pb", "an Android app", "Google's store takes it; give the .ipa."),
    (r"[^/]+\.xcarchive/.*|(?:[^/]+/)?Products/Applications/.*", "a zipped archive of Xcode", EXPORT),
    (r"(?:[^/]+/)*[^/]+\.dSYM/.*", "zipped symbols (dSYM)", "Give the .ipa or .pkg of the same build."),
    (
        r"(?:[^/]+/)*[^/]+\.(?:ipa|pkg)",
        "a zip around the binary",
        "Unzip it and give the file inside (artifacts that are downloaded by hand or by API come zipped).",
    ),
    (
        r"(?:[^/]+/)?(?i:payload)/[^/]+\.app/.*",
        "a zip whose folder is not spelled Payload",
        "Rename the folder to Payload, with a capital P and the rest in lower case, and zip it again.",
    ),
    (r"(?:[^/]+/)?[^/]+\.app/.*", "a zipped .app without a Payload folder", EXPORT),
)


@dataclass
class _Contents:
    """The useful part of the list of files: entries by path, folders of apps, and a guess at another kind of file."""

    entries: dict[str, ZipEntry] = field(default_factory=dict)
    apps: set[str] = field(default_factory=set)
    other_kind: tuple[str, str] | None = None
    seen: int = 0


class _Ipa:
    """An open .ipa. Its errors name the file."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self._file = file

    def error(self, what: str, remedy: str) -> BinaryError:
        """Return an error that names this file."""
        return BinaryError(f"{self.path}: {what}.", remedy)

    def contents(self) -> _Contents:
        """Read the list of files in the zip once."""
        found = _Contents()
        try:
            for entry in zipfiles.entries(self._file, lambda name: _note(found, name)):
                # Unpackers differ in which of two files wins, so Apple might see another one.
                if entry.path in found.entries:
                    raise self.error(
                        f"it has two files of the name {printable_name(entry.path)}",
                        "Create the .ipa again, in an empty folder.",
                    )
                found.entries[entry.path] = entry
                if len(found.entries) > MOST_KEPT:
                    raise self.error("it holds thousands of apps", "Give an .ipa with one app in Payload.")
        except CutOffError as error:
            raise self.error(
                f"the archive is cut off ({error})",
                "Let the step that writes or downloads it end first, and check that the disk is not full.",
            ) from None
        except ZipError as error:
            raise self.error(f"the archive is damaged: {error}", "Export it again.") from None
        return found

    def read(self, entry: ZipEntry, limit: int) -> bytes:
        """Return the content of a small file of the archive."""
        try:
            return zipfiles.read(self._file, entry, limit)
        except ZipError as error:
            raise self.error(
                f"{printable_name(entry.path)} cannot be read: {error}", _repacking(entry)
            ) from None

    def plist(self, entry: ZipEntry) -> dict[str, Any]:
        """Return an Info.plist of the archive as a dictionary."""
        try:
            return read_plist(self.read(entry, LIMIT), LIMIT)
        except PlistError as error:
            raise self.error(
                f"{printable_name(entry.path)} cannot be read: {error}",
                "Check it with plutil -lint, then build again.",
            ) from None


def _repacking(entry: ZipEntry) -> str:
    """Return the remedy for an unreadable member."""
    if entry.encrypted:
        return "Export the app again, without encryption."
    if entry.method not in (zipfiles.STORED, zipfiles.DEFLATED):
        return "Zip the Payload folder with deflate, which is what zip -r and Xcode do."
    return "Export the app again, or download it again."


def read_ipa(path: Path, file: BinaryIO, size: int) -> Binary:
    """Return the binary in an .ipa that is open as `file`; `size` is in bytes. Raises BinaryError."""
    ipa = _Ipa(path, file)
    contents = ipa.contents()
    app = _main_app(ipa, contents)
    info = _info(ipa, contents, app)
    nested = _nested(ipa, contents, app)
    return Binary(
        path=path,
        size=size,
        kind="ipa",
        bundle_id=_required(ipa, info, "CFBundleIdentifier"),
        version=_required(ipa, info, "CFBundleShortVersionString"),
        build_number=_required(ipa, info, "CFBundleVersion"),
        platform=_platform(ipa, info),
        name=text_of(info, "CFBundleDisplayName") or text_of(info, "CFBundleName") or app.split("/")[-1][:-4],
        app_path=app,
        uses_non_exempt_encryption=boolean_of(info, "ITSAppUsesNonExemptEncryption"),
        compliance_code=text_of(info, "ITSEncryptionExportComplianceCode"),
        profile=_profile(ipa, contents, app),
        nested=nested,
        families=_families(info, nested),
        remarks=tuple(remarks(info)),
    )


def _note(found: _Contents, name: str) -> bool:
    """Learn from the name of an entry. Return True if its content will be read."""
    found.seen += 1
    # The Finder adds __MACOSX and ._ files when it zips; they mirror the names of real ones.
    if len(name) > LONGEST_PATH or _FINDER_FILES.search(name):
        return False
    inside = re.match(_BUNDLE, name, re.S)
    if not inside:
        found.other_kind = found.other_kind or next(
            ((what, remedy) for pattern, what, remedy in _OTHER_KINDS if re.fullmatch(pattern, name, re.S)),
            None,
        )
        return False
    if len(found.apps) < MOST_KEPT:
        found.apps.add(inside["app"])
    match = _READ.fullmatch(name)
    inner = (match["inner"] or "") if match else None
    return inner is not None and (inner in ("", "Contents/") or _NESTED.fullmatch(inner) is not None)


def _main_app(ipa: _Ipa, contents: _Contents) -> str:
    """Return the folder of the only app in Payload. Raises BinaryError if there is none or more than one."""
    if len(contents.apps) > 1:
        names = ", ".join(printable_name(app) for app in sorted(contents.apps)[:5])
        raise ipa.error(
            f"it holds {len(contents.apps)} apps: {names}", "Make an .ipa of each, with one app in Payload."
        )
    if contents.apps:
        return next(iter(contents.apps))
    if contents.other_kind:
        what, remedy = contents.other_kind
        raise ipa.error(f"it is not an .ipa, but {what}", remedy)
    if not contents.seen:
        raise ipa.error(
            "it is an empty zip archive", "Look at the step that makes it: it found no app to pack."
        )
    raise ipa.error("it is a zip archive without Payload/*.app, so no .ipa", EXPORT)


def _info(ipa: _Ipa, contents: _Contents, app: str) -> dict[str, Any]:
    entry = _first(contents, app, "Info.plist")
    if not entry:
        raise ipa.error(
            f"{printable_name(app)} has no Info.plist",
            "Export it again: the file does not contain a whole app.",
        )
    return ipa.plist(entry)


def _first(contents: _Contents, app: str, *names: str) -> ZipEntry | None:
    """Return the entry of the first of these files that the app has (a Mac app keeps them in Contents), or None."""
    paths = (f"{app}/{folder}{name}" for name in names for folder in ("", "Contents/"))
    return next((contents.entries[path] for path in paths if path in contents.entries), None)


def _profile(ipa: _Ipa, contents: _Contents, app: str) -> Profile | None:
    entry = _first(contents, app, "embedded.mobileprovision", "embedded.provisionprofile")
    if not entry:
        return None
    try:
        return read_profile(ipa.read(entry, mobileprovision.LIMIT))
    except ProfileError as error:
        raise ipa.error(
            f"the profile inside, {printable_name(entry.path)}, cannot be read: {error}",
            "Export the app again with a freshly downloaded profile.",
        ) from None


def _nested(ipa: _Ipa, contents: _Contents, app: str) -> tuple[Nested, ...]:
    found: list[Nested] = []
    # An app may have more frameworks than are read: they come last.
    for path in sorted(contents.entries, key=lambda path: (".framework/" in path, path)):
        entry = contents.entries[path]
        inner = path.removeprefix(app + "/").removesuffix("Info.plist")
        if path.endswith("/Info.plist") and inner not in ("", "Contents/") and len(found) < MOST_NESTED:
            try:
                info = ipa.plist(entry)
            except BinaryError:
                if ".framework/" not in path:
                    raise
                # Of a framework only the version counts, and nothing says that Apple would refuse it.
                continue
            found.append(
                Nested(
                    inner.removesuffix("Contents/").rstrip("/").removeprefix("Contents/"),
                    text_of(info, "CFBundleIdentifier"),
                    text_of(info, "CFBundleShortVersionString"),
                    text_of(info, "CFBundleVersion"),
                )
            )
    return tuple(found)


def _families(info: Mapping[str, Any], nested: Sequence[Nested]) -> tuple[str, ...]:
    listed = info.get("UIDeviceFamily")
    named = [FAMILIES[number] for number in FAMILIES if isinstance(listed, list) and number in listed]
    return (*named, *(["WATCH"] if any(bundle.is_watch_app for bundle in nested) else []))


def _platform(ipa: _Ipa, info: Mapping[str, Any]) -> str:
    supported = info.get("CFBundleSupportedPlatforms")
    # DTSDKName ends in the version of the SDK: iphonesimulator18.0.
    sdk = re.sub(r"[0-9.]+$", "", text_of(info, "DTSDKName"))
    # All three keys are compared, because Info.plists are copied between targets and then contradict themselves.
    named = [*supported] if isinstance(supported, list) else []
    named = [name for name in (*named, info.get("DTPlatformName"), sdk) if isinstance(name, str) and name]
    for name in named:
        if name.lower().endswith("simulator"):
            raise ipa.error(
                f"it was built for the simulator ({printable_name(name)})",
                "Build for devices: archive with -destination 'generic/platform=iOS', then export.",
            )
    known = {PLATFORMS[name.lower()] for name in named if name.lower() in PLATFORMS}
    if len(known) == 1:
        return known.pop()
    if known:
        raise ipa.error(
            "CFBundleSupportedPlatforms, DTPlatformName and DTSDKName in its Info.plist name different platforms:"
            f" {printable_name(', '.join(dict.fromkeys(named)))}",
            "Remove the keys from the Info.plist in your repository, because Xcode sets them, and build again.",
        )
    if any(name.lower() == "watchos" for name in named):
        raise ipa.error(
            "it is a watch app alone, and TestFlight has no separate platform for watchOS",
            "Archive the iOS app around it (Xcode makes a container for a watch-only app), and export that.",
        )
    raise ipa.error(
        f"its Info.plist tells no platform that TestFlight has ({printable_name(', '.join(named)) or 'it names none'})",
        "Build it with Xcode, which sets CFBundleSupportedPlatforms, for iOS, tvOS, visionOS or macOS.",
    )


def _required(ipa: _Ipa, info: Mapping[str, Any], key: str) -> str:
    text = text_of(info, key)
    if not text:
        is_there = info.get(key) not in (None, "")
        raise ipa.error(
            f"{key} {'is not a text' if is_there else 'is missing'} in its Info.plist",
            f"Write {key} as <string> in the Info.plist, then build again."
            if is_there
            else "Set it in the target's build settings, then build again.",
        )
    return text
