"""The pictures of a page at Apple, behind one small interface: list, add, remove, order, delivered.

`ScreenshotSets` is it for the API of today. Apple's API 4.5.1 (2026) deprecates its resources for an asset library,
which a second implementation of `Media` can serve without a change elsewhere.
https://developer.apple.com/documentation/appstoreconnectapi/app-screenshot-sets
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from asc.api.client import Client
from asc.api.document import LARGEST_INCLUDE, is_cut, reference, references, request_body
from asc.assets.model import FAILED, AssetFile, read_asset_file
from asc.assets.source import Source
from asc.assets.upload import PREVIEW, SCREENSHOT, AssetKind, AssetUploader

WAITS_FOR_BYTES = "AWAITING_UPLOAD"


@dataclass(frozen=True)
class MediaSet:
    """The files of one locale for one display type, in their order. `id` is "" if there is no set yet."""

    id: str
    display: str
    files: tuple[AssetFile, ...] = ()


class Media(Protocol):
    """Files of a locale at Apple, in sets."""

    is_ordered: ClassVar[bool]
    """Whether the files of a set have an order."""

    def sets(self, text_id: str) -> dict[str, MediaSet]:
        """Return the sets of a localization by display type."""

    def make_set(self, text_id: str, display: str) -> MediaSet:
        """Return the set of a display type, made if it is not there."""

    def reserve(self, set_id: str, source: Source) -> AssetFile:
        """Return a place for a file at the end of a set."""

    def send(self, source: Source, reserved: AssetFile) -> AssetFile:
        """Send the bytes of a file and declare it complete. Return it as it is then, not processed yet."""

    def remove(self, file_id: str) -> None:
        """Delete a file; one that is gone is no error."""

    def order(self, set_id: str, file_ids: Sequence[str]) -> None:
        """Put the files of a set into this order."""


@dataclass(frozen=True)
class MediaNames:
    """Apple's names for the sets of one kind of file: the asset, and the attribute with the display type."""

    asset: AssetKind
    display: str


SCREENSHOTS = MediaNames(SCREENSHOT, "screenshotDisplayType")
PREVIEWS = MediaNames(PREVIEW, "previewType")

Attributes = Mapping[str, str]


@dataclass(frozen=True)
class MediaSets:
    """Implements `Media` with `appScreenshotSets` or `appPreviewSets`, as `names` says."""

    is_ordered: ClassVar[bool] = True

    client: Client
    uploader: AssetUploader | None
    """None if sets are only listed."""
    names: MediaNames = SCREENSHOTS
    attributes: Callable[[Path], Attributes] = lambda path: {}
    """What is said of a file at its reservation, besides its name and size."""

    def sets(self, text_id: str) -> dict[str, MediaSet]:
        """Return the sets of a localization by display type: one request.

        Apple ignores a filter by display type (recorded), so the attribute decides.
        """
        members = self.names.asset.type_name
        # One request for all sets of a locale. A nested include would save more, but Apple has none here.
        document = self.client.list(
            f"/v1/appStoreVersionLocalizations/{text_id}/{self.names.asset.parent_type}",
            {"include": members, f"limit[{members}]": LARGEST_INCLUDE},
        )
        by_display: dict[str, MediaSet] = {}
        for resource in document.data:
            display = resource.text(self.names.display)
            files = document.many(resource, members)
            if is_cut(resource, members):
                path = f"/v1/{self.names.asset.parent_type}/{resource.id}/{members}"
                files = list(self.client.list(path).data)
            by_display[display] = MediaSet(resource.id, display, tuple(map(read_asset_file, files)))
        return by_display

    def make_set(self, text_id: str, display: str) -> MediaSet:
        """Return the set of a display type, made if it is not there."""
        kind = self.names.asset.parent_type
        owner = {"appStoreVersionLocalization": reference("appStoreVersionLocalizations", text_id)}
        body = request_body(kind, {self.names.display: display}, None, owner)

        def create() -> MediaSet:
            return MediaSet(self.client.create(f"/v1/{kind}", body).resource.id, display)

        # A lost answer, or another job: the set of a type can be there only once.
        pauses = (0.0, 1.0, 2.0)
        return self.client.create_once(create, lambda: self.sets(text_id).get(display), pauses=pauses).value

    def reserve(self, set_id: str, source: Source) -> AssetFile:
        """Return a place for a file at the end of a set. A lost answer never leads to a second place."""
        attributes = self.attributes(source.path)
        return self._uploader.reserve(self.names.asset, set_id, source, attributes)

    def send(self, source: Source, reserved: AssetFile) -> AssetFile:
        """Send the bytes of a file and declare it complete. Return it as it is then, not processed yet."""
        return self._uploader.send(self.names.asset, source, reserved)

    @property
    def _uploader(self) -> AssetUploader:
        if self.uploader is None:
            raise AssertionError("these sets are only listed")
        return self.uploader

    def remove(self, file_id: str) -> None:
        """Delete a file; one that is gone is no error."""
        self.client.remove(f"/v1/{self.names.asset.type_name}/{file_id}")

    def order(self, set_id: str, file_ids: Sequence[str]) -> None:
        """Put the files of a set into this order."""
        kind = self.names.asset
        path = f"/v1/{kind.parent_type}/{set_id}/relationships/{kind.type_name}"
        self.client.patch(path, references(kind.type_name, file_ids))


def is_dead(file: AssetFile) -> bool:
    """Return True for a leftover of an earlier run: a place without bytes, or a file that Apple refused."""
    return file.state in (WAITS_FOR_BYTES, FAILED)
