"""The rules of review submissions: drafts, their items, submitting, and withdrawing."""

from __future__ import annotations

from functools import partial

from asc_sandbox.endpoints import Call
from asc_sandbox.entity_errors import conflict, invalid_relationship, missing_relationship
from asc_sandbox.rules.purchases import (
    require_submittable,
    require_version_beside,
    set_target_state,
    targets_of,
)
from asc_sandbox.rules.readiness import not_ready
from asc_sandbox.rules.reviewers import begin_review, set_submission_state, versions_in
from asc_sandbox.rules.store_states import EDITABLE, set_state, state_of
from asc_sandbox.world import Record, World
from asc_sandbox.writing import Given, store

_DRAFT = "READY_FOR_REVIEW"
_ENDED = ("COMPLETE",)
_CANCELLABLE = ("WAITING_FOR_REVIEW", "IN_REVIEW", "UNRESOLVED_ISSUES")
_VERSION = "appStoreVersion"
_MOST_OPEN = 2


def make_submission(call: Call, given: Given) -> Record:
    """Create a draft. Refuse it if the platform has a draft, or two open submissions."""
    app, platform = given.one("app"), given.attributes.get("platform") or "IOS"
    # Of two open submissions one has a version, and the other has other items only.
    others = [other for other in _of_platform(call.world, app, platform) if _state(other) not in _ENDED]
    drafts = [other for other in others if _state(other) == _DRAFT]
    if drafts or len(others) >= _MOST_OPEN:
        raise _in_progress((drafts or others)[0])
    return store(call, given, platform=platform, state=_DRAFT, submittedDate=None)


def change_submission(call: Call, submission: Record, given: Given) -> Record:
    """Submit a draft, or withdraw a submission."""
    if given.attributes.get("submitted"):
        return _submit(call, submission)
    if given.attributes.get("canceled"):
        return _cancel(call, submission)
    platform = given.attributes.get("platform")
    if platform not in (None, submission.attributes["platform"]):
        raise conflict("STATE_ERROR", "The platform of a reviewSubmission cannot be changed")
    return submission


def add_item(call: Call, given: Given) -> Record:
    """Add an item to a draft. Raises Refusal if a version is incomplete."""
    submission = given.one("reviewSubmission")
    if _state(submission) != _DRAFT:
        raise conflict("STATE_ERROR", "reviewSubmission state does not allow adding more items.")
    targets = [name for name in given.related if name != "reviewSubmission"]
    if not targets:
        raise missing_relationship(_VERSION)
    if len(targets) > 1:
        raise invalid_relationship(targets[1], "An item has one target only")
    target = given.one(targets[0])
    if other := _submission_of(call.world, target, targets[0]):
        detail = f"{target.type} with id '{target.id}' was already added to another reviewSubmission with id {other.id}"
        raise conflict("STATE_ERROR.ITEM_PART_OF_ANOTHER_SUBMISSION", detail)
    if targets[0] != _VERSION:
        require_submittable(call.world, target)
        set_target_state(call.world, target, _DRAFT)
        return store(call, given, state=_DRAFT)
    # Apple checks here, and not when the draft is submitted, whether the version is complete.
    _require_reviewable(call, submission, target)
    item = store(call, given, state=_DRAFT)
    call.world.relate(submission, "appStoreVersionForReview", target.id)
    lag = call.context.store.lag
    if lag > 0:
        call.context.agenda.after(lag, partial(_make_ready, call.world, item.id, target.id))
    else:
        set_state(call.world, target, _DRAFT)
    return item


def change_item(call: Call, item: Record, given: Given) -> Record:
    """Remove an item from a rejected submission, or mark its problem as resolved."""
    (submission,) = call.world.related(item, "reviewSubmission")
    if _state(submission) != "UNRESOLVED_ISSUES":
        raise conflict(
            "STATE_ERROR", "The item cannot be changed in the current state of its reviewSubmission"
        )
    if given.attributes.get("removed"):
        item = call.world.change(item, state="REMOVED")
        left = [
            other
            for other in call.world.related(submission, "items")
            if other.attributes["state"] != "REMOVED"
        ]
        if not left:
            set_submission_state(call.world, submission, "COMPLETE")
    elif given.attributes.get("resolved"):
        item = call.world.change(item, state=_DRAFT)
    return item


def delete_item(call: Call, item: Record) -> None:
    """Remove an item from a draft, so that another submission can have it."""
    world = call.world
    (submission,) = world.related(item, "reviewSubmission")
    if _state(submission) != _DRAFT:
        raise conflict("STATE_ERROR", "The item cannot be deleted once its reviewSubmission was submitted")
    for target in targets_of(world, item):
        set_target_state(world, target, "PREPARE_FOR_SUBMISSION")
    for version in world.related(item, _VERSION):
        world.relate(submission, "appStoreVersionForReview", ())
        if state_of(version) == _DRAFT:
            set_state(world, version, "PREPARE_FOR_SUBMISSION")
    world.remove(item)


def _submit(call: Call, submission: Record) -> Record:
    world = call.world
    if _state(submission) == "UNRESOLVED_ISSUES" or any(
        state_of(version) != _DRAFT for version in versions_in(world, submission)
    ):
        raise conflict("STATE_ERROR", "Version is not ready to be submitted yet, please try again later")
    if _state(submission) != _DRAFT:
        raise conflict("STATE_ERROR", f"reviewSubmissions with id {submission.id} was submitted already.")
    if not world.related(submission, "items"):
        detail = f"reviewSubmissions with id {submission.id} does not have any items."
        raise conflict("STATE_ERROR.ENTITY_STATE_INVALID", detail)
    (app,) = world.related(submission, "app")
    if not versions_in(world, submission):
        items = world.related(submission, "items")
        require_version_beside(world, app, [target for item in items for target in targets_of(world, item)])
    for other in _of_platform(world, app, submission.attributes["platform"]):
        same_kind = bool(versions_in(world, other)) == bool(versions_in(world, submission))
        if other.id != submission.id and _state(other) not in (*_ENDED, _DRAFT) and same_kind:
            raise _in_progress(other)
    return begin_review(world, call.context, submission)


def _cancel(call: Call, submission: Record) -> Record:
    """Withdraw a submission."""
    world, agenda, seconds = call.world, call.context.agenda, call.context.store.cancel
    draft = _state(submission) == _DRAFT and world.related(submission, "items")
    if not draft and _state(submission) not in _CANCELLABLE:
        raise conflict("STATE_ERROR", "Resource is not in cancellable state")
    # Apple takes its time, and frees the version later than the submission says so.
    agenda.after(seconds / 2, partial(set_submission_state, world, submission, "COMPLETE"))
    agenda.after(seconds, partial(_free, world, submission))
    set_submission_state(world, submission, "CANCELING")
    return world.find(submission.type, submission.id) or submission


def _free(world: World, submission: Record) -> None:
    for item in world.related(submission, "items"):
        world.change(item, state="REMOVED")
        for target in targets_of(world, item):
            set_target_state(world, target, "DEVELOPER_REJECTED")
    for version in versions_in(world, submission):
        state = state_of(version)
        if state in ("WAITING_FOR_REVIEW", "IN_REVIEW"):
            set_state(world, version, "DEVELOPER_REJECTED")
        elif state == _DRAFT:
            set_state(world, version, "PREPARE_FOR_SUBMISSION")


def _require_reviewable(call: Call, submission: Record, version: Record) -> None:
    world = call.world
    same_app = world.related(submission, "app") == world.related(version, "app")
    if not same_app or submission.attributes["platform"] != version.attributes.get("platform"):
        raise invalid_relationship(
            _VERSION, "The version belongs to another app or platform than the submission"
        )
    if state_of(version) not in EDITABLE:
        detail = f"appStoreVersions with id '{version.id}' is not in valid state."
        raise conflict("STATE_ERROR.ENTITY_STATE_INVALID", detail)
    if refusal := not_ready(world, version, call.context.store.associated):
        raise refusal


def _make_ready(world: World, item_id: str, version_id: str) -> None:
    version = world.find("appStoreVersions", version_id)
    if version and world.find("reviewSubmissionItems", item_id):
        set_state(world, version, _DRAFT)


def _submission_of(world: World, target: Record, name: str) -> Record | None:
    """Return the open submission that has the item, None if there is none."""
    for item in world.all("reviewSubmissionItems"):
        if item.attributes["state"] != "REMOVED" and target in world.related(item, name):
            for submission in world.related(item, "reviewSubmission"):
                if _state(submission) not in _ENDED:
                    return submission
    return None


def _of_platform(world: World, app: Record, platform: object) -> list[Record]:
    submissions = world.related(app, "reviewSubmissions")
    return [submission for submission in submissions if submission.attributes["platform"] == platform]


def _in_progress(other: Record) -> Exception:
    return conflict("STATE_ERROR", f"There is another reviewSubmissions with id {other.id} still in progress")


def _state(submission: Record) -> str:
    return str(submission.attributes["state"])
