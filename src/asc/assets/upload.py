"""Upload a screenshot, a preview or an attachment: reserve it, send its parts, commit it.

https://developer.apple.com/documentation/appstoreconnectapi/uploading-assets-to-app-store-connect
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from asc.api.client import Client
from asc.api.document import reference, request_body
from asc.api.object_store import ObjectStore
from asc.assets.model import AssetFile, Reason, read_asset_file
from asc.assets.parts import Sender, check_parts, missing
from asc.assets.source import Source
from asc.errors import LostAnswerError

log = logging.getLogger(__name__)

LISTINGS_LAG = (0.0, 1.0, 2.0, 4.0)
"""Seconds before each look for a reservation whose answer was lost: listings show it a moment later."""


@dataclass(frozen=True)
class AssetKind:
    """A kind of asset, by Apple's names: its type, and the relationship and type of the resource that it belongs to."""

    type_name: str
    parent: str
    parent_type: str


SCREENSHOT = AssetKind("appScreenshots", "appScreenshotSet", "appScreenshotSets")
PREVIEW = AssetKind("appPreviews", "appPreviewSet", "appPreviewSets")
REVIEW_ATTACHMENT = AssetKind("appStoreReviewAttachments", "appStoreReviewDetail", "appStoreReviewDetails")


@dataclass(frozen=True)
class AssetUploader:
    """Brings files to App Store Connect. `parallel` is the number of parts of one file that are sent side by side."""

    client: Client
    storage: ObjectStore
    parallel: int

    def send(self, kind: AssetKind, source: Source, reserved: AssetFile) -> AssetFile:
        """Send and commit the file of a reservation; return it as Apple has it then, which is not processed yet.

        `reserved` may be of an earlier run: parts that have arrived are not sent again. Raises Error if the file
        changed meanwhile or Apple refuses it; the reservation stays.
        """

        def read() -> AssetFile:
            return read_asset(self.client, kind.type_name, reserved.id)

        # Listings may leave the parts out.
        file = reserved if reserved.parts else read()
        check_parts(file.parts, source.size)
        # A picture is sent in a second, so that its progress is of no interest.
        sender = Sender(read, self.storage, source, file, lambda count: None)
        sender.send(missing(source, file, self.parallel), self.parallel)
        # Without this check half of an old and half of a new picture could be declared complete.
        source.check_unchanged()
        attributes = {"sourceFileChecksum": source.md5(0, source.size)}
        committed = commit(self.client, kind.type_name, file.id, attributes, lambda: read().committed)
        # Without an answer only a read gives the state.
        return committed or read()

    def reserve(
        self, kind: AssetKind, parent_id: str, source: Source, attributes: Mapping[str, Any] | None = None
    ) -> AssetFile:
        """Make a place for a file and return it, with the links for its parts.

        `attributes` are set besides name and size. The order of reservations is the order in a set. A lost answer
        never leads to a second reservation, because each one counts against the limit of a set. Reserve files of one
        name and size one after the other: Apple cannot tell two of them apart.
        """
        name = plain_name(source.path.name)
        body = request_body(
            kind.type_name,
            {"fileName": name, "fileSize": source.size, **(attributes or {})},
            relationships={kind.parent: reference(kind.parent_type, parent_id)},
        )
        creation = self.client.create_once(
            lambda: read_asset_file(self.client.create(f"/v1/{kind.type_name}", body).resource),
            lambda: next(
                (
                    file
                    for file in self._files(kind, parent_id)
                    # A complete file of the same name and size has a place of its own in the set.
                    if not file.committed and (file.name, file.size) == (name, source.size)
                ),
                None,
            ),
            pauses=LISTINGS_LAG,
            # A refusal here means that the set is full or closed, never that the file exists.
            may_exist=lambda error: False,
        )
        return creation.value

    def _files(self, kind: AssetKind, parent_id: str) -> list[AssetFile]:
        document = self.client.list(f"/v1/{kind.parent_type}/{parent_id}/{kind.type_name}")
        return [read_asset_file(resource) for resource in document.data]


def read_asset(client: Client, type_name: str, identifier: str) -> AssetFile:
    """Return a file as it is now, with valid links for the parts of one that is not committed."""
    path = f"/v1/{type_name}/{identifier}"
    return read_asset_file(client.get(path, retry_404=True).resource)


def commit(
    client: Client,
    type_name: str,
    identifier: str,
    attributes: Mapping[str, Any],
    is_committed: Callable[[], bool],
) -> AssetFile | None:
    """Declare a file complete and return it as it is then; None if the answer that says so was lost.

    `is_committed` is called if the answer was lost, before the request is repeated.
    """
    path = f"/v1/{type_name}/{identifier}"
    body = request_body(type_name, {"uploaded": True, **attributes}, identifier)
    try:
        answer = client.patch(path, body)
    except LostAnswerError as lost:
        log.info("%s Checking whether the file is complete.", lost.message)
        # Apple may have applied the first request, and processes the file once.
        if is_committed():
            return None
        answer = client.patch(path, body)
    return read_asset_file(answer.resource) if answer.data else None


def plain_name(name: str) -> str:
    """Return a file name in plain ASCII with its extension. To Apple it is a label, but it refuses others."""
    # fastlane#19708: names with other characters are refused.
    stem, dot, extension = unicodedata.normalize("NFKD", name).rpartition(".")
    plain = re.sub(r"[^\w.()+ -]", "_", re.sub(r"[\u0300-\u036f]", "", stem), flags=re.ASCII).strip()
    return f"{plain if re.search('[A-Za-z0-9]', plain) else 'app'}{dot}{extension}"


def reasons_text(reasons: Iterable[Reason]) -> str:
    """Return Apple's codes and texts on one line."""
    texts = [f"{reason.text.rstrip('.') or 'no text'} ({reason.code or 'no code'})" for reason in reasons]
    return "; ".join(texts) or "no reason given"
