"""The rules of releases: when an approved version goes live, and the seven days of a phased release."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from asc_sandbox.context import Context
from asc_sandbox.endpoints import Call
from asc_sandbox.entity_errors import conflict, invalid_relationship
from asc_sandbox.rules.store_states import EDITABLE, is_first, of_platform, set_state, state_of
from asc_sandbox.world import Record, World
from asc_sandbox.writing import Given, store

DAY = 24 * 3600.0
LAST_DAY = 7

_LIVE = "READY_FOR_DISTRIBUTION"
_PENDING = "PENDING_DEVELOPER_RELEASE"
_BEFORE_LIVE = EDITABLE | {"WAITING_FOR_REVIEW", "IN_REVIEW", "PENDING_APPLE_RELEASE", _PENDING}
_MAY_BECOME = {
    "INACTIVE": (),
    "ACTIVE": ("PAUSED", "COMPLETE"),
    "PAUSED": ("ACTIVE", "COMPLETE"),
    "COMPLETE": (),
}


def await_release(world: World, context: Context, version: Record) -> None:
    """Release an approved version at once or at its time, or leave it to the developer."""
    kind, moment = version.attributes.get("releaseType"), version.attributes.get("earliestReleaseDate")
    if kind == "MANUAL":
        set_state(world, version, _PENDING)
        return
    left = (
        datetime.fromisoformat(moment).timestamp() - context.agenda.now
        if kind == "SCHEDULED" and moment
        else 0
    )
    # A time in the past releases the version at once.
    if left <= 0:
        release(world, context, version)
        return
    set_state(world, version, _PENDING)
    context.agenda.after(left, partial(_release_pending, world, context, version))


def request_release(call: Call, given: Given) -> Record:
    """Release a version that waits for its developer."""
    version = given.one("appStoreVersion")
    if state_of(version) != _PENDING:
        raise conflict(
            "STATE_ERROR.ENTITY_STATE_INVALID",
            f"appStoreVersions with id '{version.id}' is not in valid state.",
        )
    request = store(call, given)
    release(call.world, call.context, version)
    return request


def withdraw_old_submission(call: Call, submission: Record) -> None:
    """Withdraw an approved or waiting version that was submitted by the older API."""
    # Versions of the newer API have no such record; some clients were answered 403 all the same.
    for version in call.world.related(submission, "appStoreVersion"):
        if state_of(version) not in ("WAITING_FOR_REVIEW", "IN_REVIEW", _PENDING):
            raise conflict(
                "STATE_ERROR", "The submission cannot be deleted in the current state of its version"
            )
        set_state(call.world, version, "DEVELOPER_REJECTED")
    call.world.remove(submission)


def release(world: World, context: Context, version: Record) -> None:
    """Begin to bring a version to the store, which takes a while."""
    set_state(world, version, "PROCESSING_FOR_DISTRIBUTION")
    context.agenda.after(context.store.release, partial(_go_live, world, context, version))


def make_phased(call: Call, given: Given) -> Record:
    """Plan a release in phases, which a first version cannot have."""
    version, state = given.one("appStoreVersion"), given.attributes.get("phasedReleaseState") or "INACTIVE"
    if call.world.related(version, "appStoreVersionPhasedRelease"):
        raise invalid_relationship("appStoreVersion", "The version has a phased release already")
    if is_first(call.world, version):
        raise conflict("STATE_ERROR", "Phased release is not available for the first version of an app")
    # It is a guess that it can only begin as INACTIVE.
    if state_of(version) not in _BEFORE_LIVE or state != "INACTIVE":
        raise conflict(
            "STATE_ERROR", "A phased release cannot be created in the current state of the version"
        )
    return store(call, given, phasedReleaseState=state, totalPauseDuration=0)


def change_phased(call: Call, phased: Record, given: Given) -> Record:
    """Pause or continue a phased release, or give the version to everybody."""
    state, current = given.attributes.get("phasedReleaseState"), phased.attributes["phasedReleaseState"]
    if state is None or state == current:
        return phased
    if state not in _MAY_BECOME.get(current, ()):
        raise conflict("STATE_ERROR", f"A phased release that is {current} cannot become {state}")
    return call.world.change(phased, phasedReleaseState=state)


def delete_phased(call: Call, phased: Record) -> None:
    """Delete a phased release that has not begun."""
    if phased.attributes["phasedReleaseState"] != "INACTIVE":
        raise conflict("STATE_ERROR", "A phased release that has begun cannot be deleted")
    call.world.remove(phased)


def _release_pending(world: World, context: Context, version: Record) -> None:
    # The version may have been withdrawn or released by hand since.
    current = world.find(version.type, version.id)
    if current and state_of(current) == _PENDING:
        release(world, context, current)


def _go_live(world: World, context: Context, version: Record) -> None:
    for other in of_platform(world, version):
        if other.id != version.id and state_of(other) == _LIVE:
            _set_state_alone(world, other, "REPLACED_WITH_NEW_VERSION")
    set_state(world, version, _LIVE)
    for phased in world.related(version, "appStoreVersionPhasedRelease"):
        if phased.attributes["phasedReleaseState"] == "INACTIVE":
            world.change(phased, phasedReleaseState="ACTIVE", startDate=context.now(), currentDayNumber=1)
            context.agenda.after(DAY, partial(_next_day, world, context, phased))


def _set_state_alone(world: World, version: Record, state: str) -> None:
    """Set the state of a replaced version without touching the app info, which belongs to the new one."""
    world.change(version, appVersionState=state, appStoreState=state)


def _next_day(world: World, context: Context, phased: Record) -> None:
    """Count a day of a phased release: one more day of its phases, or one more of its pauses."""
    current = world.find(phased.type, phased.id)
    state = current and current.attributes["phasedReleaseState"]
    if current is None or state not in ("ACTIVE", "PAUSED"):
        return
    day, paused = (
        current.attributes.get("currentDayNumber") or 1,
        current.attributes.get("totalPauseDuration") or 0,
    )
    if state == "PAUSED":
        # The phases continue after the pause with the day that they stopped at.
        world.change(current, totalPauseDuration=paused + 1)
    elif day >= LAST_DAY:
        world.change(current, phasedReleaseState="COMPLETE")
        return
    else:
        world.change(current, currentDayNumber=day + 1)
    context.agenda.after(DAY, partial(_next_day, world, context, phased))
