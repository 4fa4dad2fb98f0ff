"""The rules of files that belong to a store page: reserved, sent in parts, committed, and processed for a while."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asc_sandbox.endpoints import Call
from asc_sandbox.entity_errors import invalid_attribute
from asc_sandbox.uploading.depot import Delivery
from asc_sandbox.world import Record
from asc_sandbox.writing import Given, store

LARGEST = 500 * 1000**2
"""Bytes of a picture or a video."""

# The addresses of these parts say less than those of builds do.
_NOT_SAID = ("expiration", "partNumber", "entityTag")


def reserve(call: Call, given: Given, **attributes: Any) -> Record:
    """Make room for a file. The reservation counts from now on, whether its bytes come or not."""
    size = given.attributes["fileSize"]
    if not 1 <= size <= LARGEST:
        raise invalid_attribute("fileSize", f"The size has to be from 1 to {LARGEST} bytes")
    asset = store(call, given, assetDeliveryState="AWAITING_UPLOAD", **attributes)
    call.stage.depot.expect(asset.id, size)
    return asset


def operations(call: Call, asset: Record) -> list[dict[str, Any]] | None:
    """Return how the parts of a file are to be sent; None when it is committed."""
    delivery = call.stage.depot.of_file(asset.id)
    if delivery is None or delivery.committed:
        return None
    return [
        {name: value for name, value in operation.items() if name not in _NOT_SAID}
        for operation in call.stage.depot.operations(delivery, call.base)
    ]


def commit(call: Call, asset: Record, given: Given, then: Callable[[Delivery], None]) -> bool:
    """Take a file as complete when the client says so, and plan `then`. Return whether that is new.

    The checksum shows later: until a file is processed it reads null (the root of fastlane #30094).
    """
    delivery = call.stage.depot.of_file(asset.id)
    if not given.attributes.get("uploaded") or delivery is None or delivery.committed:
        return False
    if delivery.missing():
        raise invalid_attribute("uploaded", "The parts of the file have not all been uploaded")
    delivery.committed = True
    wrong = given.attributes.get("sourceFileChecksum")
    if wrong is not None and wrong.lower() != delivery.digest("md5"):
        fail(call, asset, "CHECKSUM_MISMATCH", "The checksum is not that of the bytes that arrived.")
        return False
    if call.stage.store.media_outcome != "never":
        call.stage.agenda.after(call.stage.store.media, lambda: then(delivery))
    return True


# That a wrong checksum shows in the state of the file, and is not refused at once, is a guess.
def fail(call: Call, asset: Record, code: str, description: str, state: str = "assetDeliveryState") -> None:
    """Let the delivery of a file fail."""
    failed = {"state": "FAILED", "errors": [{"code": code, "description": description}]}
    call.world.change(asset, **{state: failed})


def discard(call: Call, asset: Record) -> None:
    """Delete a file's record, and its bytes with it."""
    call.stage.depot.forget(asset.id)
    call.world.remove(asset)
