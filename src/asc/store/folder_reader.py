"""Read a folder of a store page and collect the findings about it: for texts, screenshots and previews alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from asc.apps import texts as locales
from asc.limited_files import leads_out
from asc.store.wanted import Finding, Place
from asc.words import printable_name


@dataclass
class FolderReader:
    """Reads one folder and collects the findings about it."""

    folder: Path
    findings: list[Finding] = field(default_factory=list, init=False)

    def is_inside(self, path: Path) -> bool:
        """Return False with a finding if a link leads out of the workspace and of the folder."""
        outside = link_out(path, self.folder)
        if outside:
            self.findings.append(outside)
        return outside is None

    def locales_of(self, folders: Iterable[Path]) -> Iterator[tuple[str, Path]]:
        """Yield each folder that is called by a locale with the locale as Apple writes it.

        A folder that has another name, and a second one for the same locale, is a finding.
        """
        seen: dict[str, str] = {}
        for folder in folders:
            locale = locale_of(folder.name, Place(str(folder)), self.findings)
            # A file system that tells cases apart can have `en-us` beside `en-US`.
            if locale in seen:
                message = f"{seen[locale]} and {printable_name(folder.name)} are one locale"
                self.report("two-folders", message, folder, "Put their files into one folder.")
            elif locale:
                seen[locale] = printable_name(folder.name)
                yield locale, folder

    def in_order(self) -> list[Finding]:
        """Return the findings sorted by file: files are read side by side, and end in any order."""
        return sorted(self.findings, key=lambda finding: finding.place.file)

    def report(self, rule: str, message: str, path: Path, remedy: str, level: str = "error") -> None:
        """Add a finding about a file or folder."""
        self.findings.append(Finding(rule, message, Place(str(path)), remedy, level))


def folders_in(folder: Path) -> list[Path]:
    """Return the folders in a folder, sorted by name, without hidden ones such as those of tools."""
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def link_out(path: Path, folder: Path) -> Finding | None:
    """Return a finding if a link leads out of the workspace and of the given folder, else None."""
    if not leads_out(path, folder):
        return None
    return Finding(
        "symlink", "is a link out of the workspace", Place(str(path)), "Put the file itself there."
    )


def locale_of(name: str, place: Place, findings: list[Finding], rule: str = "unknown-locale") -> str:
    """Return the locale as Apple writes it, or "" if the name is not a locale.

    Adds a finding if the name is not a locale, is one that is not known here, or is spelled differently.
    """
    try:
        locale = locales.locale(name)
    except ValueError as error:
        findings.append(Finding(rule, str(error), place, "Rename it, or move it elsewhere."))
        return ""
    if locale not in locales.LOCALES:
        message = f"{locale} is not a locale that is known here: Apple decides"
        findings.append(Finding(rule, message, place, "Check the spelling of the locale.", "warning"))
    elif locale.lower() != name.lower():
        findings.append(
            Finding(rule, f"{name} is not how Apple writes {locale}", place, f"Call it {locale}.")
        )
    return locale
