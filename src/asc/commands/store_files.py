"""The files of a store page, as the actions of the App Store find them: metadata, screenshots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from asc.apps.texts import locale
from asc.commands import kinds
from asc.errors import InputError, Problem
from asc.store.file import read_file
from asc.store.folder import read_folder
from asc.store.folder_reader import link_out
from asc.store.previews import read_previews
from asc.store.screenshots import Screenshots, read_screenshots
from asc.store.wanted import Finding, WantedPage
from asc.words import printable_name

METADATA = "fastlane/metadata"
SCREENSHOTS = "fastlane/screenshots"
NONE = "none"


def _locales(text: str) -> tuple[str, ...]:
    """Return the locales of a list as Apple writes them. Raises ValueError for one that is none."""
    return tuple(dict.fromkeys(locale(entry) for entry in kinds.LIST.parse(text)))


LOCALES = kinds.Kind("list", "locales, one a line or with commas", _locales)


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """Within the block, a file or folder that cannot be read is a problem of the input `name`."""
    try:
        yield
    except OSError as error:
        reason = f"{printable_name(str(error.filename))} cannot be read: {error.strerror}"
        raise InputError(
            [Problem(name, reason, "Check the path, and the permissions of its folders.")]
        ) from None


@_readable("metadata")
def metadata_in(path_given: str | None, unknown_folders: str) -> WantedPage:
    """Return the page of the folder or YAML file that is given, else of fastlane's folder if it is there.

    Raises InputError if the path that is given does not exist.
    """
    if path_given == NONE or (path_given is None and not Path(METADATA).is_dir()):
        return WantedPage()
    path = Path(path_given or METADATA)
    # `read_folder` looks at the links in a folder; a single file is looked at here.
    if path.is_file() and (outside := link_out(path, path.parent)):
        raise InputError([Problem("metadata", f"{path} {outside.message}", outside.remedy)])
    if path.is_dir():
        page = read_folder(path)
    elif path.is_file():
        page = read_file(path)
    else:
        remedy = "Name fastlane's metadata folder or a YAML file, or set metadata: none."
        raise InputError([Problem("metadata", f"{path} is not there", remedy)])
    if path_given and page == WantedPage():
        # A path that is off by one folder would be a green step that writes nothing.
        remedy = "Name the folder with the locales, like fastlane/metadata, or set metadata: none."
        raise InputError([Problem("metadata", f"{path} has no files of a store page", remedy)])
    return replace(page, findings=tuple(_softened(page.findings, unknown_folders)))


@_readable("screenshots")
def screenshots_in(
    folder_given: str | None, platform: str, locales: Sequence[str] | None = None
) -> Screenshots:
    """Return the screenshots of the folder that is given, else of fastlane's folder if it is there.

    `platform` is Apple's name. Raises InputError if the folder that is given is not there.
    """
    if folder_given == NONE or (folder_given is None and not Path(SCREENSHOTS).is_dir()):
        return Screenshots()
    folder = Path(folder_given or SCREENSHOTS)
    if folder.is_dir():
        return read_screenshots(folder, platform, locales)
    remedy = "Name fastlane's screenshots folder, or set screenshots: none."
    raise InputError([Problem("screenshots", f"{folder} is not a folder", remedy)])


@_readable("previews")
def previews_in(folder_given: str | None, platform: str, locales: Sequence[str] | None = None) -> Screenshots:
    """Return the app previews of a folder; none if no folder is given. Raises InputError if it is not there."""
    if folder_given is None or folder_given == NONE:
        return Screenshots()
    if Path(folder_given).is_dir():
        return read_previews(Path(folder_given), platform, locales)
    raise InputError(
        [Problem("previews", f"{folder_given} is not a folder", "Name the folder of the previews.")]
    )


def _softened(findings: Sequence[Finding], unknown_folders: str) -> Iterator[Finding]:
    for finding in findings:
        soft = unknown_folders == "warn" and finding.rule == "unknown-locale"
        yield replace(finding, level="warning") if soft else finding
