"""Uploads of builds as App Store Connect describes them. Members may be missing or null.

https://developer.apple.com/documentation/appstoreconnectapi/buildupload
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from asc.api.document import Document, Resource
from asc.assets.model import AssetFile, Reason, read_asset_file, read_reasons
from asc.builds.number import Number

AWAITING, PROCESSING, COMPLETE, FAILED = "AWAITING_UPLOAD", "PROCESSING", "COMPLETE", "FAILED"


@dataclass(frozen=True)
class Upload:
    """An upload of a build. `state` is Apple's; `file` is None until it is reserved; `build_id` is "" until there is
    one.
    """

    id: str
    state: str
    errors: tuple[Reason, ...] = ()
    warnings: tuple[Reason, ...] = ()
    file: AssetFile | None = None
    build_id: str = ""
    number: Number | None = None
    created: datetime | None = None


def read_upload(document: Document, resource: Resource, app_id: str) -> Upload:
    """Return the upload that a resource describes, with its file and build if they are included."""
    state = resource.attributes.get("state")
    state = state if isinstance(state, Mapping) else {}
    file, build = document.one(resource, "assetFile"), resource.related("build")
    number = (resource.text(name) for name in ("cfBundleShortVersionString", "cfBundleVersion", "platform"))
    return Upload(
        id=resource.id,
        state=str(state.get("state") or ""),
        errors=read_reasons(state.get("errors")),
        warnings=read_reasons(state.get("warnings")),
        file=read_asset_file(file) if file else None,
        build_id=build[0][1] if build else "",
        number=Number(app_id, *number),
        created=resource.time("createdDate"),
    )
