"""The rules of items beside a version in a review: purchases, subscriptions, their groups, and events."""

from __future__ import annotations

from collections.abc import Iterator

from asc_sandbox.entity_errors import conflict
from asc_sandbox.world import Record, World

OTHER_TARGETS = ("inAppPurchaseVersion", "subscriptionVersion", "subscriptionGroupVersion", "appEvent")
"""The relationships of a submission's item to anything but a version of the app."""

_SOLD = {"inAppPurchaseVersions": "inAppPurchase", "subscriptionVersions": "subscription"}
_SUBMITTABLE = ("PREPARE_FOR_SUBMISSION", "REJECTED", "DEVELOPER_REJECTED")
_SHOWN_BY_PURCHASE = ("WAITING_FOR_REVIEW", "IN_REVIEW", "APPROVED", "REJECTED")
_VERSION_OF_PURCHASE = {
    "MISSING_METADATA": "PREPARE_FOR_SUBMISSION",
    "READY_TO_SUBMIT": "PREPARE_FOR_SUBMISSION",
    **{state: state for state in _SHOWN_BY_PURCHASE},
}


def add_purchase_versions(world: World, app: Record) -> None:
    """Create the version that a seed leaves out for each purchase, subscription and group of an app."""
    for purchase in world.related(app, "inAppPurchasesV2"):
        _add_version(world, purchase, "inAppPurchaseVersions", "inAppPurchase")
    for group in world.related(app, "subscriptionGroups"):
        _add_version(world, group, "subscriptionGroupVersions", "subscriptionGroup")
        for subscription in world.related(group, "subscriptions"):
            _add_version(world, subscription, "subscriptionVersions", "subscription")


def require_submittable(world: World, target: Record) -> None:
    """Raise Refusal unless a purchase or an event can be reviewed."""
    state = target.attributes["eventState" if target.type == "appEvents" else "state"]
    lacking = [owner for owner in _owners(world, target) if owner.attributes["state"] == "MISSING_METADATA"]
    if lacking or state not in (*_SUBMITTABLE, "DRAFT"):
        # The words are the ones for versions (a guess).
        detail = f"{target.type} with id '{target.id}' is not in valid state."
        raise conflict("STATE_ERROR.ENTITY_STATE_INVALID", detail)


def require_version_beside(world: World, app: Record, targets: list[Record]) -> None:
    """Raise Refusal for the first purchase of an app if it is submitted without a version of the app."""
    approved = [
        purchase
        for name in ("inAppPurchasesV2", "subscriptionGroups")
        for found in world.related(app, name)
        for purchase in (world.related(found, "subscriptions") if name == "subscriptionGroups" else [found])
        if purchase.attributes["state"] == "APPROVED"
    ]
    if not approved and any(target.type in _SOLD for target in targets):
        detail = "The first in-app purchase of an app has to be submitted with a version of the app."
        raise conflict("STATE_ERROR.FIRST_NON_CONSUMABLE_MUST_BE_SUBMITTED_ON_VERSION", detail)


def targets_of(world: World, item: Record) -> Iterator[Record]:
    """Yield the purchase, subscription, group or event of an item; none if the item is a version of the app."""
    for name in OTHER_TARGETS:
        yield from world.related(item, name)


def set_target_state(world: World, target: Record, state: str) -> None:
    """Set the state of a reviewed item, and of the purchase that it is a version of."""
    if target.type == "appEvents":
        world.change(target, eventState="DRAFT" if state in _SUBMITTABLE else state)
        return
    world.change(target, state=state)
    for owner in _owners(world, target):
        world.change(owner, state=state if state in _SHOWN_BY_PURCHASE else "READY_TO_SUBMIT")


def _owners(world: World, target: Record) -> list[Record]:
    name = _SOLD.get(target.type)
    return world.related(target, name) if name else []


def _add_version(world: World, owner: Record, type_name: str, back: str) -> None:
    if not world.related(owner, "versions"):
        state = _VERSION_OF_PURCHASE.get(str(owner.attributes.get("state")), "PREPARE_FOR_SUBMISSION")
        world.add(type_name, {"version": 1, "state": state}, {back: owner.id})
