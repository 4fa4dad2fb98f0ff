"""The states of App Store versions and of app infos, in Apple's older and newer names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from asc_sandbox.world import Record, World

# Apple's older attribute names the same states by other words.
_OLDER = {
    "READY_FOR_DISTRIBUTION": "READY_FOR_SALE",
    "PROCESSING_FOR_DISTRIBUTION": "PROCESSING_FOR_APP_STORE",
}
_NEWER = {
    **{older: newer for newer, older in _OLDER.items()},
    # The newer attribute has no word for a version that is not on sale; READY_FOR_DISTRIBUTION is a guess.
    "DEVELOPER_REMOVED_FROM_SALE": "READY_FOR_DISTRIBUTION",
    "REMOVED_FROM_SALE": "READY_FOR_DISTRIBUTION",
    "PENDING_CONTRACT": "READY_FOR_DISTRIBUTION",
    "PREORDER_READY_FOR_SALE": "READY_FOR_DISTRIBUTION",
    "NOT_APPLICABLE": "READY_FOR_DISTRIBUTION",
}
_OLDER_OF_INFO = {
    "READY_FOR_DISTRIBUTION": "READY_FOR_SALE",
    "PENDING_RELEASE": "PENDING_DEVELOPER_RELEASE",
    "REPLACED_WITH_NEW_INFO": "REPLACED_WITH_NEW_VERSION",
}
_INFO_OF_VERSION = {
    "METADATA_REJECTED": "REJECTED",
    "INVALID_BINARY": "REJECTED",
    "PENDING_APPLE_RELEASE": "PENDING_RELEASE",
    "PENDING_DEVELOPER_RELEASE": "PENDING_RELEASE",
    "PROCESSING_FOR_DISTRIBUTION": "PENDING_RELEASE",
    "WAITING_FOR_EXPORT_COMPLIANCE": "WAITING_FOR_REVIEW",
    "REPLACED_WITH_NEW_VERSION": "REPLACED_WITH_NEW_INFO",
}

# The App Store opened on this day, so no version is older.
_LONG_AGO = "2008-07-10T00:00:00-08:00"

SETTLED = frozenset({"READY_FOR_DISTRIBUTION", "REPLACED_WITH_NEW_VERSION"})
"""The states of versions that do not prevent the creation of a new one."""

# It is a guess that a version in the draft of a submission (READY_FOR_REVIEW) can be edited.
_DRAFTS = ("PREPARE_FOR_SUBMISSION", "DEVELOPER_REJECTED", "REJECTED", "READY_FOR_REVIEW")
EDITABLE = frozenset((*_DRAFTS, "METADATA_REJECTED", "INVALID_BINARY"))
EDITABLE_INFO = frozenset(_DRAFTS)


def both_names(_: str, attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the state of a version under the name that its seed leaves out."""
    newer, older = attributes.get("appVersionState"), attributes.get("appStoreState")
    if newer is not None:
        return {"appStoreState": _OLDER.get(newer, newer)}
    return {} if older is None else {"appVersionState": _NEWER.get(older, older)}


def both_names_of_info(_: str, attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the older name of the state of an app info."""
    state = attributes.get("state")
    return {} if state is None else {"appStoreState": _OLDER_OF_INFO.get(state, state)}


def state_of(version: Record) -> str:
    """Return the state of a version by its newer name, or else by its older one."""
    return str(version.attributes.get("appVersionState") or version.attributes.get("appStoreState"))


def set_state(world: World, version: Record, state: str) -> None:
    """Set the state of a version, and the state of the app info that goes with it."""
    world.change(version, appVersionState=state, appStoreState=_OLDER.get(state, state))
    for app in world.related(version, "app"):
        if info := info_beside_live(world, app):
            move_info(world, app, info, _INFO_OF_VERSION.get(state, state))


def move_info(world: World, app: Record, info: Record, state: str) -> None:
    """Set the state of the app info that is not live. If it goes live, the live one is deleted."""
    if state == "READY_FOR_DISTRIBUTION":
        for other in world.related(app, "appInfos"):
            if other.id != info.id and other.attributes["state"] == state:
                world.remove(other)
    world.change(info, state=state, appStoreState=_OLDER_OF_INFO.get(state, state))


def info_beside_live(world: World, app: Record) -> Record | None:
    """Return the app info of an app that is not live, None if there is none."""
    others = [
        info
        for info in world.related(app, "appInfos")
        if info.attributes["state"] != "READY_FOR_DISTRIBUTION"
    ]
    return others[0] if others else None


def info_state(state: str) -> str:
    """Return the state of the app info that goes with a state of a version."""
    return _INFO_OF_VERSION.get(state, state)


def of_platform(world: World, version: Record) -> list[Record]:
    """Return all versions of the same app and platform, including the given one, the newest first."""
    versions = [
        other
        for app in world.related(version, "app")
        for other in world.related(app, "appStoreVersions")
        if other.attributes.get("platform") == version.attributes.get("platform")
    ]
    return sorted(versions, key=_created)[::-1]


def _created(version: Record) -> datetime:
    return datetime.fromisoformat(version.attributes.get("createdDate") or _LONG_AGO)


def is_first(world: World, version: Record) -> bool:
    """Return True if the app has had no other version on the platform."""
    return len(of_platform(world, version)) == 1
