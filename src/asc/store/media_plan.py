"""What has to be uploaded and removed so that the sets of a page show the files of the repository, and no others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from asc.assets.model import AssetFile, ImageLink
from asc.assets.upload import plain_name
from asc.store.media import WAITS_FOR_BYTES, MediaSet, is_dead
from asc.store.screenshots import Screenshot

WAIT = 2
"""About how many requests the wait for the files of a set costs: the sets of a locale share them."""
Mode = Literal["sync", "add", "replace"]


@dataclass(frozen=True)
class SetPlan:
    """The writes for one set.

    text_id: the localization; "" if it is still to be made. existing: the set at Apple. files: those of the repository,
    in their order. keep: Apple's files by the MD5 of the file that each is. adopt: places without bytes, of an earlier
    run, for files that are missing. dead: leftovers of an earlier run. remove: files that the repository does not have.
    others: such files that stay, because the mode is add.
    """

    locale: str
    display: str
    text_id: str
    existing: MediaSet
    files: tuple[Screenshot, ...]
    keep: Mapping[str, AssetFile]
    adopt: Mapping[str, AssetFile]
    dead: tuple[AssetFile, ...]
    remove: tuple[AssetFile, ...]
    others: tuple[AssetFile, ...] = ()

    @property
    def label(self) -> str:
        """The locale and the display type, or the kind of files without a locale."""
        return f"{self.locale} {self.display}".strip()

    @property
    def owner(self) -> str:
        """The locale; for files without one, their kind."""
        return self.locale or self.display

    @property
    def add(self) -> tuple[Screenshot, ...]:
        """The files to upload, in their order."""
        return tuple(file for file in self.files if file.md5 not in self.keep)

    @property
    def is_out_of_order(self) -> bool:
        """True if the files that stay are in another order."""
        # With new files the order is not known before they are there: the sync compares it then.
        if self.add:
            return False
        current = [
            file.id for file in self.existing.files if file.id in {kept.id for kept in self.keep.values()}
        ]
        return current != [self.keep[file.md5].id for file in self.files]

    @property
    def pending(self) -> tuple[AssetFile, ...]:
        """The files that an earlier run sent and that Apple has not processed yet."""
        return tuple(file for file in self.keep.values() if not file.delivered)

    @property
    def writes(self) -> bool:
        """True if something has to be written."""
        return bool(self.add or self.dead or self.remove or self.is_out_of_order)

    @property
    def is_done(self) -> bool:
        """True if nothing has to be written, and nothing to be waited for."""
        return not (self.writes or self.pending)

    @property
    def requests(self) -> int:
        """About how many requests the plan costs: each upload has two, the order one, and the wait some."""
        set_creation = 0 if self.existing.id else 1
        ordering = 1 if self.is_out_of_order or len(self.add) > 1 else 0
        return 2 * len(self.add) + len(self.remove) + len(self.dead) + set_creation + ordering + WAIT

    @property
    def total(self) -> int:
        """How many files the set has afterwards."""
        return len(self.files) + len(self.others)

    def __str__(self) -> str:
        parts = [
            f"{len(self.add)} added" if self.add else "",
            f"{len(self.keep)} kept" if self.keep else "",
            f"{len(self.remove)} removed" if self.remove else "",
            f"{len(self.dead)} unfinished removed" if self.dead else "",
            f"{len(self.pending)} still processed" if self.pending else "",
            "order changed" if self.is_out_of_order else "",
        ]
        changes = ", ".join(part for part in parts if part)
        return f"{self.label}: {changes}"


def plan_set(
    locale: str, text_id: str, existing: MediaSet, files: Sequence[Screenshot], mode: Mode
) -> SetPlan:
    """Return the plan for one set.

    The checksum decides. Apple gives none while it processes a file (the reason for fastlane's duplicates): such a
    file is known by its name and size.
    """
    unused = list(existing.files)
    # Bytes first: a file of the same name and size that is still processed may be another one.
    keep = _take(files, unused, () if mode == "replace" else (_has_bytes, _is_processed_still))
    adopt = _take([file for file in files if file.md5 not in keep], unused, (_is_begun,))
    dead = tuple(file for file in unused if is_dead(file))
    rest = tuple(file for file in unused if not is_dead(file))
    # Files that stay count against the limit, and keep their places before the new ones.
    stays = mode == "add"
    return SetPlan(
        locale,
        existing.display,
        text_id,
        existing,
        tuple(files),
        keep,
        adopt,
        dead,
        remove=() if stays else rest,
        others=rest if stays else (),
    )


@dataclass(frozen=True)
class FileChange:
    """One file that changes: its set, its name ("" for the order of the set), and the change in a word or two."""

    locale: str
    display: str
    file: str
    change: str
    image: ImageLink | None = None
    """The link to the picture, if Apple has it."""


def differences(plans: Sequence[SetPlan]) -> Iterator[FileChange]:
    """Yield each file that changes, set by set, the new ones of a set first."""
    for plan in plans:
        for file in plan.add:
            yield FileChange(plan.locale, plan.display, file.path.name, "added")
        for removed in plan.remove:
            yield FileChange(plan.locale, plan.display, removed.name, "removed", removed.image)
        for removed in plan.dead:
            yield FileChange(plan.locale, plan.display, removed.name, "unfinished, removed")
        if plan.is_out_of_order:
            yield FileChange(plan.locale, plan.display, "", "put in order")


def _take(
    files: Sequence[Screenshot],
    unused: list[AssetFile],
    tests: Sequence[Callable[[AssetFile, Screenshot], bool]],
) -> dict[str, AssetFile]:
    """Take the files out of `unused` that match a wanted one by one of the tests, and return them by its MD5."""
    taken: dict[str, AssetFile] = {}
    for matches in tests:
        for file in files:
            match = next(
                (candidate for candidate in unused if file.md5 not in taken and matches(candidate, file)),
                None,
            )
            if match:
                unused.remove(match)
                taken[file.md5] = match
    return taken


def _is_same_file(at_apple: AssetFile, file: Screenshot) -> bool:
    return (at_apple.name, at_apple.size) == (plain_name(file.path.name), file.size)


def _has_bytes(at_apple: AssetFile, file: Screenshot) -> bool:
    if not at_apple.committed:
        return False
    # Apple keeps the checksum of the uploaded bytes. A download has other bytes, since Apple encodes pictures anew:
    # its entry in the manifest has that checksum, or the id of the file if Apple gave none.
    checksum, known = at_apple.checksums.get("MD5", "").lower(), file.known
    if checksum == file.md5 or known is None:
        return checksum == file.md5
    return known.checksum == checksum if known.checksum else known.id == at_apple.id


def _is_processed_still(at_apple: AssetFile, file: Screenshot) -> bool:
    return at_apple.committed and not at_apple.checksums and _is_same_file(at_apple, file)


def _is_begun(at_apple: AssetFile, file: Screenshot) -> bool:
    # A place whose links Apple no longer gives cannot be filled.
    return at_apple.state == WAITS_FOR_BYTES and bool(at_apple.parts) and _is_same_file(at_apple, file)
