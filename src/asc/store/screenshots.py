"""Reads fastlane's screenshots folder: `<locale>/*.png`, with `appleTV/<locale>/` and `iMessage/<locale>/` beside.

https://docs.fastlane.tools/actions/deliver/#screenshots
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from asc.formats.images import EXTENSIONS, Image, ImageError, read_image
from asc.store.displays import display_type, displays_of, nearest_sizes
from asc.store.folder_reader import FolderReader, folders_in
from asc.store.manifest import Entries, Entry, read_manifest
from asc.store.wanted import Finding, Place
from asc.words import printable_name

MOST = 10
"""Screenshots in a set, reservations without bytes included."""
LARGEST = 500 * 1000**2
"""Bytes of a picture or a video."""
AT_ONCE = 8
"""Files that are read side by side."""
_TV, _MESSAGES = "appletv", "imessage"
_OTHER_PICTURES = {".gif", ".webp", ".heic", ".tif", ".tiff", ".bmp"}
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Screenshot:
    """A file of a set, a picture or a video. `display` is Apple's display type; `size` is in bytes; `md5` is hex.

    known: its entry in the manifest of a download, if the file still is as it was downloaded.
    """

    path: Path
    locale: str
    display: str
    size: int
    md5: str
    known: Entry | None = None


@dataclass(frozen=True)
class Screenshots:
    """All files of a folder in their order on the page, and the findings about them."""

    files: tuple[Screenshot, ...] = ()
    findings: tuple[Finding, ...] = ()

    def by_set(self) -> dict[tuple[str, str], list[Screenshot]]:
        """Return the files by locale and display type, in their order."""
        sets: dict[tuple[str, str], list[Screenshot]] = defaultdict(list)
        for file in self.files:
            sets[file.locale, file.display].append(file)
        return {key: _as_at_apple(files) for key, files in sets.items()}


def read_screenshots(folder: Path, platform: str, locales: Sequence[str] | None = None) -> Screenshots:
    """Return the screenshots of a folder for a platform (Apple's name), of `locales` only if they are given."""
    reader = _Reader(folder, platform)
    located = [
        (path, locale, imessage)
        for path, locale, imessage in reader.paths()
        if not locales or locale in locales
    ]
    # A store page may have a gigabyte of pictures, whose checksums and headers are read side by side.
    with ThreadPoolExecutor(AT_ONCE) as pool:
        files = [file for file in pool.map(lambda picture: reader.file(*picture), located) if file]
    shots = Screenshots(tuple(files))
    return Screenshots(shots.files, (*reader.in_order(), *_of_sets(shots)))


def natural(path: Path) -> list[tuple[int, int, str]]:
    """Return the key that sorts names as people do: 1, 2, 10."""
    parts = re.split(r"(\d+)", path.name.lower())
    # Numbers before words, so that the parts of two names can always be compared.
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]


def md5_of(path: Path) -> str:
    """Return the MD5 of a file in hex: the checksum that Apple keeps of it."""
    # In blocks: a folder may have gigabytes, and several files are read at once.
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def known_file(path: Path, folder: Path, locale: str, entries: Entries) -> Screenshot | None:
    """Return the file if the manifest of the folder has it as it is. Apple gave it, so that it needs no check."""
    entry = entries.get(path.relative_to(folder).as_posix())
    if entry is None:
        return None
    md5 = md5_of(path)
    return (
        Screenshot(path, locale, entry.display, path.stat().st_size, md5, entry) if md5 == entry.md5 else None
    )


def _as_at_apple(files: list[Screenshot]) -> list[Screenshot]:
    """Return the files of a set in Apple's order if all of them are as they were downloaded, else as they are."""
    # Users rename downloads. As soon as one file is new, only the names can say where it belongs.
    if not all(file.known for file in files):
        return files
    return sorted(files, key=lambda file: file.known.place if file.known else 0)


@dataclass
class _Reader(FolderReader):
    platform: str

    def __post_init__(self) -> None:
        self._entries = read_manifest(self.folder)

    def paths(self) -> Iterator[tuple[Path, str, bool]]:
        """Yield the pictures with their locale, and whether they are for iMessage."""
        special: dict[str, Path] = {}
        for folder in folders_in(self.folder):
            name = folder.name.lower()
            if name in (_TV, _MESSAGES) and name in special:
                message = f"{special[name].name} and {folder.name} are one folder to App Store Connect"
                self.report("two-folders", message, folder, "Put their files into one folder.")
            special.setdefault(name, folder)
        # A screenshot of a TV may have the size of an iPhone in landscape: fastlane tells them apart by the folder.
        if self.platform == "TV_OS" and _TV in special:
            yield from self._of(special[_TV], imessage=False)
            return
        yield from self._of(self.folder, imessage=False)
        if self.platform == "IOS" and _MESSAGES in special:
            yield from self._of(special[_MESSAGES], imessage=True)

    def _of(self, root: Path, *, imessage: bool) -> Iterator[tuple[Path, str, bool]]:
        for locale, folder in self.locales_of(self._folders_of_locales(root)):
            for path in self._pictures(folder):
                yield path, locale, imessage

    def _folders_of_locales(self, root: Path) -> Iterator[Path]:
        for folder in folders_in(root):
            if folder.name.lower() == "default":
                self.report(
                    "default", "has no locale: Apple knows no default screenshots", folder, "Name the locale."
                )
            elif folder.name.lower() not in (_TV, _MESSAGES):
                yield folder

    def _pictures(self, folder: Path) -> list[Path]:
        files = [path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")]
        for path in files:
            if path.suffix.lower() in _OTHER_PICTURES:
                self.report("extension", "is not a PNG or JPEG", path, "Save it as PNG or JPEG.")
        pictures = [path for path in files if path.suffix.lower() in EXTENSIONS and self.is_inside(path)]
        # frameit writes the framed picture beside the plain one, and never frames pictures of a watch.
        if any("_framed" in path.stem for path in pictures):
            pictures = [
                path for path in pictures if "framed" in path.name.lower() or "watch" in path.name.lower()
            ]
        return sorted(pictures, key=natural)

    def file(self, path: Path, locale: str, imessage: bool) -> Screenshot | None:
        """Return the screenshot in a file; None if it is none, with a finding."""
        try:
            if known := known_file(path, self.folder, locale, self._entries):
                return known
            size = path.stat().st_size
            image = read_image(path)
        except ImageError as error:
            self.report("image", str(error), path, "Export the picture again.")
            return None
        except OSError as error:
            self.report("image", f"cannot be read: {error.strerror}", path, "Check its permissions.")
            return None
        for message in (*_defects(path, image), *_too_large(size)):
            self.report("image", message, path, "Export it as RGB with 8 bits, without transparency.")
        for doubt in _doubts(image):
            self.report("image", doubt, path, "Export it plainly.", "warning")
        display = self._display(path, image, imessage)
        return Screenshot(path, locale, display, size, md5_of(path)) if display else None

    def _display(self, path: Path, image: Image, imessage: bool) -> str:
        # Apple refuses a wrong size only after the upload, so the table decides here.
        displays = displays_of(image.size)
        of_platform = [display for display in displays if display.platform == self.platform]
        if of_platform:
            return display_type(path, of_platform, imessage=imessage)
        size = f"{image.width} × {image.height}"
        if displays:
            message = (
                f"{size} is a size of {displays[0].name} ({displays[0].platform}), not of {self.platform}"
            )
            self.report("size", message, path, "Move it out, or set platform.")
        else:
            near = nearest_sizes(image.size, self.platform)
            self.report("size", f"{size} is not a size that Apple accepts", path, f"The nearest are {near}.")
        return ""


def _defects(path: Path, image: Image) -> Iterator[str]:
    # Apple answers IMAGE_BAD_FILE_EXTENSION after the upload.
    if EXTENSIONS[path.suffix.lower()] != image.kind:
        yield f"its content is {image.kind}, which its name does not say"
    # Apple names it IMAGE_INCORRECT_DIMENSIONS, minutes after the upload.
    if image.alpha:
        yield "it has an alpha channel (transparency), which Apple refuses as wrong dimensions"
    if image.colours == "cmyk":
        yield "its colours are CMYK; Apple accepts RGB"
    if image.is_turned:
        yield "its Exif note turns it, so that its pixels have another size than it shows"
    if image.depth > 8:
        yield f"it has {image.depth} bits a channel; Apple accepts 8"


def _doubts(image: Image) -> Iterator[str]:
    if image.animated:
        yield "it is animated: Apple shows a still picture, or refuses it"
    if image.interlaced and image.kind == "png":
        yield "it is interlaced: Apple may refuse it"


def _too_large(size: int) -> Iterator[str]:
    if size > LARGEST:
        yield f"it has {size} bytes; Apple accepts {LARGEST}"


def _of_sets(shots: Screenshots) -> Iterator[Finding]:
    for (locale, display), files in shots.by_set().items():
        for file in files[MOST:]:
            message = f"is number {files.index(file) + 1} of {locale} {display}; Apple accepts {MOST}"
            yield Finding("too-many", message, Place(str(file.path)), "Remove pictures.")
        yield from twins(files)


def twins(files: Iterable[Screenshot]) -> Iterator[Finding]:
    """Yield each file of a set that has the bytes of another."""
    seen: dict[str, Screenshot] = {}
    for file in files:
        before = seen.setdefault(file.md5, file)
        if before is not file:
            message = f"has the same bytes as {printable_name(before.path.name)}"
            yield Finding("duplicate", message, Place(str(file.path)), "Delete one of the two.")
