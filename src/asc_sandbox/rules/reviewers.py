"""Apple's reviewers: a submission's course, by itself or on command, and the effects of a verdict."""

from __future__ import annotations

from functools import partial

from asc_sandbox.context import Context
from asc_sandbox.plans import Verdict
from asc_sandbox.rules.purchases import set_target_state, targets_of
from asc_sandbox.rules.releases import await_release
from asc_sandbox.rules.store_states import set_state
from asc_sandbox.world import Record, World

_OPEN = ("WAITING_FOR_REVIEW", "IN_REVIEW")
_REJECTED = {"rejected": "REJECTED", "metadata-rejected": "METADATA_REJECTED"}


def begin_review(world: World, context: Context, submission: Record) -> Record:
    """Put a submission into the queue, and plan the steps of its review."""
    world.change(submission, submittedDate=context.now())
    _move(world, submission, "WAITING_FOR_REVIEW")
    plan = context.store
    if plan.verdict != "never":
        context.agenda.after(plan.review / 2, partial(_go_on, world, submission, "WAITING_FOR_REVIEW"))
        context.agenda.after(plan.review, partial(decide, world, context, submission, plan.verdict))
    # `_move` has changed the record since.
    return world.find(submission.type, submission.id) or submission


def decide(world: World, context: Context, submission: Record, verdict: Verdict) -> bool:
    """Let reviewers decide on a submission. Return True if it was waiting for that."""
    current = world.find(submission.type, submission.id)
    if current is None or current.attributes["state"] not in _OPEN:
        return False
    rejected = _REJECTED.get(verdict)
    for item in world.related(current, "items"):
        world.change(item, state="REJECTED" if rejected else "APPROVED")
        for target in targets_of(world, item):
            set_target_state(world, target, "REJECTED" if rejected else "APPROVED")
    # A rejected submission stays open until its items are resolved or removed.
    set_submission_state(world, current, "UNRESOLVED_ISSUES" if rejected else "COMPLETE")
    for version in versions_in(world, current):
        if rejected:
            set_state(world, version, rejected)
        else:
            await_release(world, context, version)
    return True


def waiting(world: World, app: Record | None = None) -> list[Record]:
    """Return the submissions that reviewers have not decided on yet, of one app or of all."""
    submissions = world.related(app, "reviewSubmissions") if app else world.all("reviewSubmissions")
    return [submission for submission in submissions if submission.attributes["state"] in _OPEN]


def versions_in(world: World, submission: Record) -> list[Record]:
    """Return the versions of a submission: one, or none if it has other items only."""
    return world.related(submission, "appStoreVersionForReview")


def set_submission_state(world: World, submission: Record, state: str) -> None:
    """Set the state of a submission if it still exists."""
    if current := world.find(submission.type, submission.id):
        world.change(current, state=state)


def _go_on(world: World, submission: Record, state: str) -> None:
    # A submission that was withdrawn since does not go on.
    current = world.find(submission.type, submission.id)
    if current and current.attributes["state"] == state:
        _move(world, current, "IN_REVIEW")


def _move(world: World, submission: Record, state: str) -> None:
    set_submission_state(world, submission, state)
    for item in world.related(submission, "items"):
        for target in targets_of(world, item):
            set_target_state(world, target, state)
    for version in versions_in(world, submission):
        set_state(world, version, state)
