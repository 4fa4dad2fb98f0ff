"""Files for the reviewers of a version, such as instructions or a document that the app needs.

https://developer.apple.com/documentation/appstoreconnectapi/app-store-review-attachments
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from asc.api.client import Client
from asc.assets.model import AssetFile, read_asset_file
from asc.assets.source import Source
from asc.assets.upload import REVIEW_ATTACHMENT, AssetUploader
from asc.store.folder_reader import link_out
from asc.store.media import MediaSet
from asc.store.media_plan import SetPlan, plan_set
from asc.store.screenshots import LARGEST, Screenshot, Screenshots, md5_of, twins
from asc.store.wanted import Finding, Place

ATTACHMENTS = "review-attachments"
MOST = 1000
"""No limit of attachments is known: Apple decides."""


@dataclass(frozen=True)
class ReviewAttachments:
    """Implements `Media` for attachments: one set without an order, for the review information of a version."""

    client: Client
    uploader: AssetUploader | None
    """None if attachments are only listed."""
    is_ordered: ClassVar[bool] = False

    def sets(self, text_id: str) -> dict[str, MediaSet]:
        """Return the one set of attachments of the review information with the id `text_id`."""
        listed = self.client.list(f"/v1/appStoreReviewDetails/{text_id}/{REVIEW_ATTACHMENT.type_name}")
        return {ATTACHMENTS: MediaSet(text_id, ATTACHMENTS, tuple(map(read_asset_file, listed.data)))}

    def make_set(self, text_id: str, display: str) -> MediaSet:
        """Return an empty set: it is there with the review information."""
        return MediaSet(text_id, display)

    def reserve(self, set_id: str, source: Source) -> AssetFile:
        """Return a place for a file. A lost answer never leads to a second place."""
        return self._uploader.reserve(REVIEW_ATTACHMENT, set_id, source)

    def send(self, source: Source, reserved: AssetFile) -> AssetFile:
        """Send the bytes of a file and declare it complete."""
        return self._uploader.send(REVIEW_ATTACHMENT, source, reserved)

    def remove(self, file_id: str) -> None:
        """Delete a file; one that is gone is no error."""
        self.client.remove(f"/v1/{REVIEW_ATTACHMENT.type_name}/{file_id}")

    def order(self, set_id: str, file_ids: Sequence[str]) -> None:
        """Leave the order alone: Apple keeps none for attachments."""

    @property
    def _uploader(self) -> AssetUploader:
        if self.uploader is None:
            raise AssertionError("these attachments are only listed")
        return self.uploader


def read_attachments(paths: Iterable[str]) -> Screenshots:
    """Return the files at these paths, with a finding for each that cannot be an attachment."""
    files, findings = [], []
    for name in paths:
        path = Path(name)
        # A pull request could send any file that the runner can read to Apple's reviewers.
        if outside := link_out(path, path.parent):
            findings.append(outside)
            continue
        try:
            size = path.stat().st_size
            if not path.is_file() or not 0 < size <= LARGEST:
                reason = (
                    f"has {size} bytes; Apple accepts 1 to {LARGEST}" if path.is_file() else "is not a file"
                )
                findings.append(_finding(path, reason))
                continue
            files.append(Screenshot(path, "", ATTACHMENTS, size, md5_of(path)))
        except OSError as error:
            findings.append(_finding(path, f"cannot be read: {error.strerror}"))
    return Screenshots(tuple(files), (*findings, *twins(files)))


def plan_attachments(existing: MediaSet, files: Sequence[Screenshot]) -> SetPlan:
    """Return the writes that leave exactly the wanted files in the review information, in any order."""
    plan = plan_set("", existing.id, existing, files, "sync")
    ids = [file.id for file in existing.files]
    # A kept file has Apple's place, so that no order has to be set.
    places = {md5: ids.index(file.id) for md5, file in plan.keep.items()}
    ordered = sorted(files, key=lambda file: places.get(file.md5, len(ids)))
    return plan_set("", existing.id, existing, ordered, "sync")


def _finding(path: Path, message: str) -> Finding:
    return Finding("review-information", message, Place(str(path)), "Correct review-attachments.")
