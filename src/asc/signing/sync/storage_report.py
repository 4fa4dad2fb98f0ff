"""Describe a storage that lacks what was asked for, so that the error can tell a wrong location from an empty one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from asc import words
from asc.signing.storage import Storage
from asc.signing.storage.nearby import Nearby, folders
from asc.signing.vault.layout import VaultEntry
from asc.signing.vault.pending import FOLDER
from asc.signing.vault.texts import DOCS


@dataclass(frozen=True)
class StorageReport:
    """The content of a storage that is not match's, and other places with match's files.

    `label` names the storage, `subfolders` are folders in it with a tree of match, `foreign` are paths of other files,
    `empty` is True if no file of match is in its place.
    """

    label: str
    nearby: Nearby
    subfolders: tuple[str, ...]
    foreign: tuple[str, ...]
    empty: bool

    @property
    def other_places(self) -> tuple[str, ...]:
        """Return the names of folders, branches or teams that hold match's files instead."""
        return (*(f"folder {folder}" for folder in self.subfolders), *self.nearby.places)

    @property
    def remedy(self) -> str:
        """Return the imperative that makes the next run read the other place."""
        if self.subfolders:
            return "Write that folder behind the bucket or dir: in storage; git needs the tree at the root."
        return self.nearby.remedy

    def lines(self) -> list[str]:
        """Return the report as sentences for an error or a warning."""
        sentences = [f"Looked in the {self.label}."]
        if self.other_places:
            sentences.append(f"match's files lie beside it: {words.some(self.other_places)}.")
        if self.foreign:
            sentences.append(f"Files there that are not match's: {words.some(self.foreign)}.")
        return sentences


def inspect_storage(storage: Storage, files: Mapping[str, bytes]) -> StorageReport:
    """Return the report on a storage that holds `files`. Asks the storage for its branches or neighbours."""
    strange = [path for path in files if VaultEntry.parse(path) is None and not _is_ours(path)]
    subfolders = tuple(folder for folder in folders(strange) if folder)
    foreign = tuple(path for path in strange if not path.startswith(_prefixes(subfolders)))
    return StorageReport(
        storage.label, storage.nearby(), subfolders, foreign, not any(map(VaultEntry.parse, files))
    )


def _is_ours(path: str) -> bool:
    return path in DOCS or path.startswith(f"{FOLDER}/")


def _prefixes(subfolders: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{folder}/" for folder in subfolders)
