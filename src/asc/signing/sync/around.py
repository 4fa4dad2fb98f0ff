"""What surrounds something that is not stored: the place that was looked at, and what lies in it and beside it."""

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
class Around:
    """`label` is the place; `deeper` are folders in it, and `nearby` places beside it, with match's files."""

    label: str
    nearby: Nearby
    deeper: tuple[str, ...]
    foreign: tuple[str, ...]
    empty: bool
    """Nothing of match's has its place there."""

    @property
    def places(self) -> tuple[str, ...]:
        """Where match's files lie instead, in words."""
        return (*(f"folder {folder}" for folder in self.deeper), *self.nearby.places)

    @property
    def remedy(self) -> str:
        """The imperative that leads there."""
        if self.deeper:
            return "Write that folder behind the bucket or dir: in storage; git needs the tree at the root."
        return self.nearby.remedy

    def lines(self) -> list[str]:
        """All of it, in words."""
        found = [f"Looked in the {self.label}."]
        if self.places:
            found.append(f"match's files lie beside it: {words.some(self.places)}.")
        if self.foreign:
            found.append(f"Files there that are not match's: {words.some(self.foreign)}.")
        return found


def look_around(storage: Storage, files: Mapping[str, bytes]) -> Around:
    """Look at what is in the storage and beside it. Asks the storage for more than `files`."""
    strange = [path for path in files if VaultEntry.parse(path) is None and not _ours(path)]
    deeper = tuple(folder for folder in folders(strange) if folder)
    foreign = tuple(path for path in strange if not path.startswith(_below(deeper)))
    return Around(storage.label, storage.nearby(), deeper, foreign, not any(map(VaultEntry.parse, files)))


def _ours(path: str) -> bool:
    return path in DOCS or path.startswith(f"{FOLDER}/")


def _below(deeper: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{folder}/" for folder in deeper)
