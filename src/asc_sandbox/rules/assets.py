"""The rules of a store page's files: they are reserved, sent in parts, committed, and processed for a while."""

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

# The operations of these files have fewer members than the ones of builds.
_ABSENT = ("expiration", "partNumber", "entityTag")


def reserve(call: Call, given: Given, **attributes: Any) -> Record:
    """Create the record of a file, and reserve space for its bytes."""
    size = given.attributes["fileSize"]
    if not 1 <= size <= LARGEST:
        raise invalid_attribute("fileSize", f"The size has to be from 1 to {LARGEST} bytes")
    # The reservation counts from now on, even if no bytes ever arrive.
    asset = store(call, given, assetDeliveryState="AWAITING_UPLOAD", **attributes)
    call.context.depot.expect(asset.id, size)
    return asset


def operations(call: Call, asset: Record) -> list[dict[str, Any]] | None:
    """Return the operations that send the parts of a file, None if it is committed."""
    delivery = call.context.depot.of_file(asset.id)
    if delivery is None or delivery.committed:
        return None
    return [
        {name: value for name, value in operation.items() if name not in _ABSENT}
        for operation in call.context.depot.operations(delivery, call.base)
    ]


def commit(call: Call, asset: Record, given: Given, then: Callable[[Delivery], None]) -> bool:
    """Mark a file as complete if the client says so, and plan `then`. Return True if processing begins."""
    delivery = call.context.depot.of_file(asset.id)
    if not given.attributes.get("uploaded") or delivery is None or delivery.committed:
        return False
    if delivery.missing():
        raise invalid_attribute("uploaded", "The parts of the file have not all been uploaded")
    delivery.committed = True
    announced = given.attributes.get("sourceFileChecksum")
    if announced is not None and announced.lower() != delivery.digest("md5"):
        fail(call, asset, "CHECKSUM_MISMATCH", "The checksum is not that of the bytes that arrived.")
        return False
    # The checksum is stored when the file is processed: until then it reads null (the cause of fastlane #30094).
    if call.context.store.media_outcome != "never":
        call.context.agenda.after(call.context.store.media, lambda: then(delivery))
    return True


# It is a guess that a wrong checksum appears in the state of the file and is not refused at once.
def fail(call: Call, asset: Record, code: str, description: str, state: str = "assetDeliveryState") -> None:
    """Set the delivery state of a file to FAILED, with one error."""
    failed = {"state": "FAILED", "errors": [{"code": code, "description": description}]}
    call.world.change(asset, **{state: failed})


def discard(call: Call, asset: Record) -> None:
    """Delete the record of a file and its bytes."""
    call.context.depot.forget(asset.id)
    call.world.remove(asset)
