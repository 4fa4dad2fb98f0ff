"""Reads fastlane's metadata folder as it is: `<locale>/description.txt`, `copyright.txt`, `review_information/`.

An empty file is ignored, as fastlane does. An empty locale folder enables the locale. A mark of UTF-8 is taken away.
https://docs.fastlane.tools/actions/deliver/#available-metadata-folder-options
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from asc.limited_files import read_limited
from asc.store.folder_reader import FolderReader, folders_in
from asc.store.limits import BY_NAME, CATEGORIES, REVIEW
from asc.store.wanted import DEFAULT, Finding, Place, Text, Texts, WantedPage
from asc.words import did_you_mean, printable_name

PASSED_OVER = {
    "android",
    "fonts",
    "app_clip_review_information",
    "trade_representative_contact_information",
}
"""Folders that belong to other things, as fastlane has them."""
REVIEW_FOLDER = "review_information"
LARGEST = 1024 * 1024
"""Bytes: no text of a store page is longer, and a file in the wrong place may be gigabytes."""


def read_folder(folder: Path) -> WantedPage:
    """Return the page that a folder has. `findings` holds all that is wrong with it; nothing is raised."""
    reader = _Reader(folder)
    page = reader.page()
    return replace(page, findings=tuple(reader.in_order()))


class _Reader(FolderReader):
    """Reads the texts of one folder."""

    def page(self) -> WantedPage:
        single = {path.stem: path for path in self._files(self.folder)}
        folders = list(self._folders())
        # Apple knows no default; its texts fill the gaps of all locales.
        defaults = [path for path in folders if path.name.lower() == DEFAULT]
        for path in defaults[1:]:
            self.report(
                "two-folders", f"is a second folder {DEFAULT}", path, "Put their files into one folder."
            )
        default = self._texts(defaults[0]) if defaults else {}
        named = (path for path in folders if path.name.lower() != DEFAULT)
        texts = {locale: self._texts(path) for locale, path in self.locales_of(named)}
        copyright_ = self._text(single["copyright"]) if "copyright" in single else None
        return WantedPage(
            texts=texts,
            default=default,
            copyright=copyright_,
            categories=self._named(single, CATEGORIES),
            review=self._review(single),
        )

    def _review(self, single: Mapping[str, Path]) -> Texts:
        """Return the review information: from its folder, or from the older files `review_<name>.txt` beside it."""
        # fastlane still reads the older names.
        older = {
            stem.removeprefix("review_"): path for stem, path in single.items() if stem.startswith("review_")
        }
        folder = self.folder / REVIEW_FOLDER
        newer = {path.stem: path for path in self._files(folder)} if folder.is_dir() else {}
        return self._named({**older, **newer}, REVIEW)

    def _texts(self, folder: Path) -> Texts:
        files = {path.stem: path for path in self._files(folder)}
        for stem in files.keys() - BY_NAME.keys():
            hint = did_you_mean(stem, BY_NAME)
            self.report(
                "unknown-file",
                f"{printable_name(files[stem].name)} is not a text of a store page.{hint}",
                files[stem],
                "Rename it, or move it elsewhere.",
                "warning",
            )
        return self._named(files, BY_NAME)

    def _named(self, files: Mapping[str, Path], names: Mapping[str, object]) -> Texts:
        texts = {name: self._text(files[name]) for name in names if name in files}
        return {name: text for name, text in texts.items() if text}

    def _text(self, path: Path) -> Text | None:
        try:
            if path.stat().st_size > LARGEST:
                self.report("too-large", "is too large for a text", path, "Put the text itself there.")
                return None
            # Read as bytes, because the line of a wrong byte is counted in them.
            data = read_limited(path, LARGEST)
        except OSError as error:
            self.report("unreadable", f"cannot be read: {error.strerror}", path, "Check its permissions.")
            return None
        try:
            value = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            place = Place(str(path), line)
            self.findings.append(Finding("encoding", "is not UTF-8", place, "Save the file as UTF-8."))
            return None
        # Apple strips texts as well; a difference in blanks would be written on every run.
        stripped = value.strip()
        first = value[: len(value) - len(value.lstrip())].count("\n") + 1
        return Text(stripped, Place(str(path), first)) if stripped else None

    def _folders(self) -> Iterator[Path]:
        for path in folders_in(self.folder):
            if path.name.lower() not in PASSED_OVER | {REVIEW_FOLDER} and self.is_inside(path):
                yield path

    def _files(self, folder: Path) -> Iterator[Path]:
        for path in sorted(folder.iterdir()):
            if path.suffix == ".txt" and path.is_file() and self.is_inside(path):
                yield path
