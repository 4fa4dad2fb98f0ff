"""Uploads as App Store Connect describes them, read leniently: members may be missing or null.

https://developer.apple.com/documentation/appstoreconnectapi/buildupload
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asc.api.document import Document, Resource
from asc.builds.number import Number

AWAITING, PROCESSING, COMPLETE, FAILED = "AWAITING_UPLOAD", "PROCESSING", "COMPLETE", "FAILED"


@dataclass(frozen=True)
class Reason:
    """Why Apple refused or warns: a code, mostly five digits, and a text."""

    code: str
    text: str


@dataclass(frozen=True)
class Part:
    """A part of the file and where it goes. `offset` and `length` in bytes; `entity_tag` is "" until it is there."""

    number: int
    method: str
    url: str
    headers: Mapping[str, str]
    offset: int
    length: int
    expires: datetime | None
    entity_tag: str


@dataclass(frozen=True)
class UploadFile:
    """The file of an upload. `committed` when it was declared whole; `checksums` by algorithm, as far as known."""

    id: str
    name: str
    size: int
    committed: bool
    parts: tuple[Part, ...]
    checksums: Mapping[str, str]


@dataclass(frozen=True)
class Upload:
    """An upload. `state` as Apple writes it; `build_id` is "" until there is a build."""

    id: str
    state: str
    errors: tuple[Reason, ...] = ()
    warnings: tuple[Reason, ...] = ()
    file: UploadFile | None = None
    build_id: str = ""
    number: Number | None = None
    created: datetime | None = None


def read_upload(document: Document, resource: Resource, app_id: str) -> Upload:
    """An upload out of a document, with what came included."""
    state = resource.attributes.get("state")
    state = state if isinstance(state, Mapping) else {}
    file, build = document.one(resource, "assetFile"), resource.related("build")
    number = (resource.text(name) for name in ("cfBundleShortVersionString", "cfBundleVersion", "platform"))
    return Upload(
        id=resource.id,
        state=str(state.get("state") or ""),
        errors=_reasons(state.get("errors")),
        warnings=_reasons(state.get("warnings")),
        file=read_file(file) if file else None,
        build_id=build[0][1] if build else "",
        number=Number(app_id, *number),
        created=resource.time("createdDate"),
    )


def _reasons(entries: object) -> tuple[Reason, ...]:
    return tuple(
        Reason(str(entry.get("code") or ""), str(entry.get("description") or ""))
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, Mapping)
    )


def read_file(resource: Resource) -> UploadFile:
    """The file of an upload."""
    delivery = resource.attributes.get("assetDeliveryState")
    delivery = delivery if isinstance(delivery, Mapping) else {}
    operations = resource.attributes.get("uploadOperations")
    checksums = resource.attributes.get("sourceFileChecksums")
    whole = checksums.get("file") if isinstance(checksums, Mapping) else None
    return UploadFile(
        id=resource.id,
        name=resource.text("fileName"),
        size=_whole_number(resource.attributes.get("fileSize")),
        committed=delivery.get("state") in ("UPLOAD_COMPLETE", "COMPLETE"),
        parts=tuple(
            _part(position, operation)
            for position, operation in enumerate(operations if isinstance(operations, list) else (), 1)
            if isinstance(operation, Mapping)
        ),
        checksums=(
            {str(whole.get("algorithm")): str(whole.get("hash"))} if isinstance(whole, Mapping) else {}
        ),
    )


def _part(position: int, operation: Mapping[str, Any]) -> Part:
    headers = operation.get("requestHeaders")
    return Part(
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
