"""Reads a folder of app previews: `<locale>/*<TYPE>*.mp4`, with the display type in the name, like IPHONE_67.

https://developer.apple.com/help/app-store-connect/reference/app-preview-specifications
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from asc.formats.movies import Movie, MovieError, read_movie
from asc.store.folder_reader import FolderReader, folders_in
from asc.store.manifest import read_manifest
from asc.store.screenshots import (
    AT_ONCE,
    LARGEST,
    Screenshot,
    Screenshots,
    known_file,
    md5_of,
    natural,
    twins,
)
from asc.store.wanted import Finding, Place

RULE = "preview"
"""The rule of all findings about one preview."""
MOST = 3
"""Previews in a set."""
SHORTEST, LONGEST = 15.0, 30.0
"""Seconds of a preview."""
SLOWEST, FASTEST = 23.0, 30.5
"""Frames a second: 23.976 to 30."""
MIME_TYPES = {".mp4": "video/mp4", ".mov": "video/quicktime", ".m4v": "video/x-m4v"}
CODECS = ("avc1", "avc3", "apch")
"""H.264 and ProRes 422 HQ."""
_PHONE, _TABLET = ((886, 1920),), ((1200, 1600),)
SIZES: dict[str, tuple[tuple[int, int], ...]] = {
    **dict.fromkeys(("IPHONE_67", "IPHONE_65", "IPHONE_61", "IPHONE_58"), _PHONE),
    **dict.fromkeys(("IPHONE_55", "IPHONE_40"), ((1080, 1920),)),
    "IPHONE_47": ((750, 1334),),
    **dict.fromkeys(("IPAD_PRO_3GEN_129", "IPAD_PRO_3GEN_11", "IPAD_105"), _TABLET),
    **dict.fromkeys(("IPAD_PRO_129", "IPAD_97"), (*_TABLET, (900, 1200))),
    "DESKTOP": ((1920, 1080),),
    "APPLE_TV": ((1920, 1080),),
    "APPLE_VISION_PRO": ((3840, 2160),),
}
"""Sizes by preview type, upright for phones and tablets, whose previews may also be turned. Vision's is a guess."""
PLATFORMS = {"DESKTOP": "MAC_OS", "APPLE_TV": "TV_OS", "APPLE_VISION_PRO": "VISION_OS"}


def read_previews(folder: Path, platform: str, locales: Sequence[str] | None = None) -> Screenshots:
    """Return the previews of a folder for a platform (Apple's name), of `locales` only if they are given."""
    reader = _Reader(folder, platform)
    paths = [(path, locale) for path, locale in reader.paths() if not locales or locale in locales]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        files = [file for file in pool.map(lambda located: reader.file(*located), paths) if file]
    previews = Screenshots(tuple(files))
    return Screenshots(previews.files, (*reader.in_order(), *_of_sets(previews)))


@dataclass
class _Reader(FolderReader):
    platform: str

    def __post_init__(self) -> None:
        self._entries = read_manifest(self.folder)

    def paths(self) -> Iterator[tuple[Path, str]]:
        """Yield the path and locale of each video in the folders of locales, in natural order."""
        for locale, folder in self.locales_of(folders_in(self.folder)):
            for path in sorted(folder.iterdir(), key=natural):
                if path.suffix.lower() in MIME_TYPES and path.is_file() and self.is_inside(path):
                    yield path, locale

    def file(self, path: Path, locale: str) -> Screenshot | None:
        """Return the preview in a file; None if it is none, with a finding."""
        # Several displays take videos of one size, so that the name has to say it, as for fastlane.
        kind = _type_in(path.name)
        if not kind or PLATFORMS.get(kind, "IOS") != self.platform:
            names = ", ".join(name for name in SIZES if PLATFORMS.get(name, "IOS") == self.platform)
            self.report(
                RULE, f"names no preview type of {self.platform}", path, f"Put one into its name: {names}."
            )
            return None
        try:
            if known := known_file(path, self.folder, locale, self._entries):
                return known
            movie = read_movie(path)
            size = path.stat().st_size
        except MovieError as error:
            self.report(RULE, str(error), path, "Export the video again.")
            return None
        except OSError as error:
            self.report(RULE, f"cannot be read: {error.strerror}", path, "Check its permissions.")
            return None
        for defect in _defects(movie, kind, size):
            self.report(RULE, defect, path, "Export it as Apple's app preview specifications say.")
        if not movie.has_sound:
            self.report(
                RULE,
                "has no sound track; Apple may refuse it",
                path,
                "Add one, silent if need be.",
                "warning",
            )
        return Screenshot(path, locale, kind, size, md5_of(path))


def _type_in(name: str) -> str:
    """Return the longest preview type that a file name holds, or "". There is no IPHONE_69: IPHONE_67 has its size."""
    plain = name.upper().replace("-", "_").replace(" ", "_").replace("IPHONE_69", "IPHONE_67")
    named = [kind for kind in SIZES if kind in plain]
    return max(named, key=len, default="")


def _defects(movie: Movie, kind: str, size: int) -> Iterator[str]:
    allowed = {*SIZES[kind]}
    # Phones and tablets can be held either way.
    if kind not in PLATFORMS:
        allowed |= {(height, width) for width, height in SIZES[kind]}
    if movie.size not in allowed:
        sizes = ", ".join(f"{width} × {height}" for width, height in SIZES[kind])
        yield f"is {movie.width} × {movie.height}; Apple accepts {sizes} for {kind}"
    # Rounded: the last frame of a video of 30 s often ends some milliseconds later.
    if not SHORTEST <= round(movie.seconds, 1) <= LONGEST:
        yield f"is {movie.seconds:.1f} s long; Apple accepts {SHORTEST:.0f} to {LONGEST:.0f} s"
    if movie.codec not in CODECS:
        yield f"has the codec {movie.codec}; Apple accepts H.264 (avc1) and ProRes 422 HQ (apch)"
    if not SLOWEST <= movie.frame_rate <= FASTEST:
        yield f"has {movie.frame_rate:.1f} frames a second; Apple accepts 23.976 to 30"
    if size > LARGEST:
        yield f"has {size} bytes; Apple accepts {LARGEST}"


def _of_sets(previews: Screenshots) -> Iterator[Finding]:
    for (locale, kind), files in previews.by_set().items():
        for file in files[MOST:]:
            message = f"is number {files.index(file) + 1} of {locale} {kind}; Apple accepts {MOST}"
            yield Finding("too-many", message, Place(str(file.path)), "Remove videos.")
        yield from twins(files)
