"""The things that a submission holds: a version, purchases, events and others.

https://developer.apple.com/documentation/appstoreconnectapi/post-v1-reviewsubmissionitems
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from asc.api.client import Client
from asc.api.document import reference, request_body
from asc.api.errors import ApiError
from asc.errors import Error
from asc.store.purchases import GROUP, PURCHASE, READY, SOLD, SUBSCRIPTION, TYPES, Purchase
from asc.store.wanted import APPLE, Finding
from asc.words import did_you_mean, printable_name, some

VERSION = "appStoreVersion"
KINDS = {
    **TYPES,
    "appEvent": "appEvents",
    "appCustomProductPageVersion": "appCustomProductPageVersions",
    "appStoreVersionExperimentV2": "appStoreVersionExperiments",
    "backgroundAssetVersion": "backgroundAssetVersions",
    "gameCenterAchievementVersion": "gameCenterAchievementVersions",
    "gameCenterActivityVersion": "gameCenterActivityVersions",
    "gameCenterChallengeVersion": "gameCenterChallengeVersions",
    "gameCenterLeaderboardVersion": "gameCenterLeaderboardVersions",
    "gameCenterLeaderboardSetVersion": "gameCenterLeaderboardSetVersions",
}
"""Things besides a version that are reviewed: Apple's relationship → its type."""
_NOUNS = {
    PURCHASE: "the in-app purchase",
    SUBSCRIPTION: "the subscription",
    GROUP: "the subscription group",
    "appEvent": "the event",
    "appCustomProductPageVersion": "the custom product page",
}
_OLDER = ("appStoreVersionExperiment",)
"""Relationships that Apple replaced: submissions still hold such items, but none is added."""
ALL = "all"
"""The word for all purchases that are ready."""


@dataclass(frozen=True)
class Item:
    """A thing in a submission. kind: Apple's relationship, "" for one that is not known here. name: as users see it."""

    kind: str
    id: str
    name: str = field(default="", compare=False)

    def __str__(self) -> str:
        noun = _NOUNS.get(self.kind) or self.kind or "something"
        return f"{noun} {printable_name(self.name or self.id)}"


def read_items(client: Client, submission_id: str) -> list[Item]:
    """Return all that a submission holds, the version too, in one request."""
    kinds = (VERSION, *KINDS, *_OLDER)
    document = client.list(f"/v1/reviewSubmissions/{submission_id}/items", {"include": ",".join(kinds)})
    items = []
    for resource in document.data:
        # Apple also lists items that were taken out after a rejection.
        if resource.text("state") == "REMOVED":
            continue
        relations = [(kind, identifier) for kind in kinds for _, identifier in resource.related(kind)]
        # A kind that Apple adds later is an item all the same: nobody submits it without a word.
        items.append(Item(*relations[0]) if relations else Item("", resource.id))
    return items


def add_item(client: Client, submission_id: str, item: Item) -> None:
    """Put a thing into a draft. After a lost answer, or if another job was quicker, look into the draft.

    Raises Error with the name of the thing if Apple refuses it.
    """
    relationships = {
        "reviewSubmission": reference("reviewSubmissions", submission_id),
        item.kind: reference(KINDS[item.kind], item.id),
    }
    body = request_body("reviewSubmissionItems", {}, None, relationships)

    def find() -> Item | None:
        return item if item in read_items(client, submission_id) else None

    try:
        client.create_once(lambda: _create(client, body, item), find)
    except ApiError as error:
        # Apple's text names neither the product id nor the input.
        remedy = "Complete it in App Store Connect, or leave it out of in-app-purchases and items."
        raise Error(f"Apple does not accept {item} into the submission: {error.message}", remedy) from None


def check_items(client: Client, submission_id: str, items: Sequence[Item]) -> None:
    """Raise Error if a draft lacks items that Apple accepted. Call it before the submission."""
    held = read_items(client, submission_id)
    if missing := [str(item) for item in items if item not in held]:
        raise Error(
            f"Apple accepted {some(missing)} into the submission, but it does not hold them. It was not submitted.",
            "Run the step again; if it stays, add them in App Store Connect.",
        )


def _create(client: Client, body: dict[str, Any], item: Item) -> Item:
    client.create("/v1/reviewSubmissionItems", body)
    return item


def choose_purchases(purchases: Sequence[Purchase], names: Sequence[str]) -> tuple[list[Item], list[Finding]]:
    """Return the items for product ids, or for `all` that are ready; and a finding for each that cannot be submitted.

    A purchase that Apple has already is neither. A subscription brings its group along, if the group waits for review.
    """
    by_name = {purchase.product_id: purchase for purchase in purchases if purchase.kind != GROUP}
    groups = {purchase.id: purchase for purchase in purchases if purchase.kind == GROUP}
    if tuple(names) == (ALL,):
        chosen, findings = [purchase for purchase in by_name.values() if purchase.state == READY], []
    else:
        chosen = [by_name[name] for name in names if name in by_name]
        findings = [*_unknown(names, by_name), *_not_ready(chosen)]
    # A guess: a group goes through review like this. Apple's document has its version as an item.
    with_groups = [
        *chosen,
        *(groups[purchase.group_id] for purchase in chosen if purchase.group_id in groups),
    ]
    items = [
        Item(purchase.kind, purchase.version_id, purchase.product_id)
        for purchase in with_groups
        if purchase.can_be_added or purchase.is_in_draft
    ]
    return list(dict.fromkeys(items)), findings


def _unknown(names: Sequence[str], by_name: Mapping[str, Purchase]) -> Iterator[Finding]:
    for name in names:
        if name not in by_name:
            hint = did_you_mean(name, by_name).strip() or f"The app has: {some(list(by_name)) or 'none'}."
            message = f"in-app-purchases: {printable_name(name)} is not a product id of the app"
            yield Finding("in-app-purchases", message, APPLE, hint)


def _not_ready(chosen: Sequence[Purchase]) -> Iterator[Finding]:
    for purchase in chosen:
        if purchase.state not in SOLD and not (purchase.can_be_added or purchase.is_in_draft):
            message = f"in-app-purchases: {printable_name(purchase.product_id)} cannot be submitted ({purchase.state})"
            remedy = "Complete its texts, price and picture in App Store Connect."
            yield Finding("in-app-purchases", message, APPLE, remedy)
