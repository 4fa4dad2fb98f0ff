"""Files that App Store Connect calls assets: builds, screenshots, previews, attachments for reviewers.

https://developer.apple.com/documentation/appstoreconnectapi/uploading-assets-to-app-store-connect
They are read leniently: members may be missing or null.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asc.api.document import Resource

FAILED = "FAILED"
_COMMITTED = ("UPLOAD_COMPLETE", "PROCESSING", "COMPLETE")
_DELIVERY_STATES = ("videoDeliveryState", "assetDeliveryState")
"""Attributes with the state of a file. A preview has both; the one of its video decides."""


@dataclass(frozen=True)
class Reason:
    """A reason why Apple refuses or warns: a code, for builds mostly of five digits, and a text."""

    code: str
    text: str


@dataclass(frozen=True)
class Part:
    """A part of a file and the request that sends it.

    `offset` and `length` are in bytes. `entity_tag` is "" until the part arrived, and for files that Apple gives no
    tags for. `expires` is None if the link has no known end.
    """

    number: int
    method: str
    url: str
    headers: Mapping[str, str]
    offset: int
    length: int
    expires: datetime | None
    entity_tag: str


@dataclass(frozen=True)
class ImageLink:
    """The address of a picture, with places for its size and format, and its size in pixels."""

    template: str
    width: int
    height: int

    def url(self, form: str) -> str:
        """Return the address of the picture in its own size, as `png` or `jpg`."""
        return self._url(self.width, self.height, form)

    def thumbnail(self, height: int) -> str:
        """Return the address of the picture as a PNG of this height in pixels."""
        return self._url(max(1, round(self.width * height / max(self.height, 1))), height, "png")

    def _url(self, width: int, height: int, form: str) -> str:
        sized = self.template.replace("{w}", str(width)).replace("{h}", str(height))
        # `{c}` is the place of a way to crop. The whole picture needs none.
        return sized.replace("{c}", "").replace("{f}", form)


@dataclass(frozen=True)
class AssetFile:
    """A file as App Store Connect has it.

    `size` is in bytes. `state` is Apple's, "" if unknown. `checksums` maps an algorithm (MD5, SHA_256) to the hash in
    hex, as far as Apple gives it. `image` is None, and `video` "", unless the file is a picture or a video that Apple
    has processed.
    """

    id: str
    name: str
    size: int
    state: str
    parts: tuple[Part, ...]
    checksums: Mapping[str, str]
    errors: tuple[Reason, ...] = ()
    warnings: tuple[Reason, ...] = ()
    image: ImageLink | None = None
    video: str = ""

    @property
    def committed(self) -> bool:
        """Return True if the file was declared complete."""
        return self.state in _COMMITTED

    @property
    def delivered(self) -> bool:
        """Return True if Apple has checked and processed the file."""
        return self.state == "COMPLETE"


def read_asset_file(resource: Resource) -> AssetFile:
    """Return the file that a resource of the API describes."""
    attributes = resource.attributes
    states = (attributes.get(name) for name in _DELIVERY_STATES)
    delivery: Mapping[str, Any] = next((state for state in states if isinstance(state, Mapping)), {})
    operations = attributes.get("uploadOperations")
    return AssetFile(
        id=resource.id,
        name=resource.text("fileName"),
        size=_whole_number(attributes.get("fileSize")),
        state=str(delivery.get("state") or ""),
        parts=tuple(
            _part(position, operation)
            for position, operation in enumerate(operations if isinstance(operations, list) else (), 1)
            if isinstance(operation, Mapping)
        ),
        checksums=_checksums(attributes),
        errors=read_reasons(delivery.get("errors")),
        warnings=read_reasons(delivery.get("warnings")),
        image=_image(attributes.get("imageAsset")),
        video=resource.text("videoUrl"),
    )


def read_reasons(entries: object) -> tuple[Reason, ...]:
    """Return Apple's reasons out of a list of objects with `code` and `description`."""
    return tuple(
        Reason(str(entry.get("code") or ""), str(entry.get("description") or ""))
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, Mapping)
    )


def _checksums(attributes: Mapping[str, Any]) -> dict[str, str]:
    # A build has an object with the algorithm; every other asset has a text, an MD5.
    checksums = attributes.get("sourceFileChecksums")
    of_file = checksums.get("file") if isinstance(checksums, Mapping) else None
    if isinstance(of_file, Mapping):
        return {str(of_file.get("algorithm")): str(of_file.get("hash"))}
    md5 = attributes.get("sourceFileChecksum")
    return {"MD5": md5} if isinstance(md5, str) and md5 else {}


def _image(asset: object) -> ImageLink | None:
    if not isinstance(asset, Mapping) or not isinstance(asset.get("templateUrl"), str):
        return None
    return ImageLink(
        asset["templateUrl"], _whole_number(asset.get("width")), _whole_number(asset.get("height"))
    )


def _part(position: int, operation: Mapping[str, Any]) -> Part:
    headers = operation.get("requestHeaders")
    return Part(
        # Apple numbers only the parts of builds.
        number=_whole_number(operation.get("partNumber")) or position,
        method=str(operation.get("method") or "PUT"),
        url=str(operation.get("url") or ""),
        headers={
            str(header.get("name")): str(header.get("value"))
            for header in (headers if isinstance(headers, list) else ())
            if isinstance(header, Mapping)
        },
        offset=_whole_number(operation.get("offset")),
        length=_whole_number(operation.get("length")),
        expires=Resource("", "", operation).time("expiration"),
        entity_tag=str(operation.get("entityTag") or ""),
    )


def _whole_number(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0
