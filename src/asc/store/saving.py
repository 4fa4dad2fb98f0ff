"""Writes the store page at Apple as fastlane's metadata folder. folder.py reads it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

from asc.api.document import Resource
from asc.errors import Error, writing_remedy
from asc.private_files import private_folder, write_private
from asc.store.folder import REVIEW_FOLDER
from asc.store.folder_reader import link_out
from asc.store.limits import CATEGORIES, FIELDS, REVIEW
from asc.store.page import Page

log = logging.getLogger(__name__)

# A name without its password is refused by update-app-store, so that they stay together.
_ACCOUNT = ("demo_user", "demo_password")
Files = Mapping[str, bytes]


def page_files(page: Page, locales: Iterable[str]) -> dict[str, bytes]:
    """Return the files of a page, by path in the metadata folder, with the texts of these locales.

    A text that Apple lacks is an empty file, as fastlane has it: a text of an older download does not survive it. The
    demo account, which has a password, is in no file.
    """
    files: dict[str, bytes] = {}
    for locale in sorted(locales):
        owners = {
            "version": page.texts.get(locale),
            "info": page.info.texts.get(locale) if page.info else None,
        }
        for field in FIELDS:
            # An info that the locale lacks says nothing about its texts.
            if text := owners[field.owner]:
                files[f"{locale}/{field.name}.txt"] = _bytes(text.text(field.attribute))
    if page.version:
        files["copyright.txt"] = _bytes(page.version.copyright)
    if page.info:
        for name in CATEGORIES:
            files[f"{name}.txt"] = _bytes(page.info.categories.get(name, ""))
    # Without review information at Apple, the repository may still have it.
    if page.review:
        files |= _review(page.review)
    return files


def save(folder: Path, files: Files) -> list[str]:
    """Write the files whose bytes differ, and return their paths in the folder.

    Nothing is deleted. Raises Error before the first write if a link leads out of the workspace, and if a file cannot
    be written.
    """
    places = {name: folder / as_it_is_there(folder, name) for name in files}
    check_places(folder, places.values())
    written = []
    for name, place in places.items():
        try:
            if place.is_file() and place.read_bytes() == files[name]:
                continue
            # The contact of the review is personal data.
            private_folder(place.parent)
            write_private(place, files[name])
        except OSError as error:
            remedy = writing_remedy(error, "Name a folder that the step can write to.")
            raise Error(f"directory: {place}: {error.strerror}.", remedy) from None
        written.append(name)
    return written


def check_places(folder: Path, places: Iterable[Path]) -> None:
    """Raise Error if a link leads one of the places in the folder, or the folder, out of the workspace."""
    for place, base in ((folder.parent, folder.parent), *((place, folder) for place in places)):
        if outside := link_out(place, base):
            raise Error(f"{place} {outside.message}. Nothing was written.", "Remove the link.")


def as_it_is_there(folder: Path, name: str) -> str:
    """Return the path with the spelling of the locale's folder that is there: `en-us` and `en-US` are one locale."""
    top, slash, file = name.partition("/")
    if slash and folder.is_dir() and not (folder / top).exists():
        same = sorted(path.name for path in folder.iterdir() if path.name.lower() == top.lower())
        top = next(iter(same), top)
    return f"{top}{slash}{file}"


def _review(review: Resource) -> dict[str, bytes]:
    files = {}
    for name, attribute in REVIEW.items():
        value = review.attributes.get(attribute)
        if name not in _ACCOUNT:
            text = str(value).lower() if isinstance(value, bool) else str(value or "")
            files[f"{REVIEW_FOLDER}/{name}.txt"] = _bytes(text)
    return files


def _bytes(text: str) -> bytes:
    # Apple gives some texts with the line ends of Windows; the same text is to be the same bytes.
    plain = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    return f"{plain}\n".encode() if plain else b""
