"""In-app purchases and subscriptions of an app: their states, the versions that are reviewed, their texts.

https://developer.apple.com/documentation/appstoreconnectapi/in-app-purchase
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from asc.api.client import REQUESTS_AT_ONCE, Client
from asc.api.document import LARGEST_INCLUDE, Document, Resource, is_cut
from asc.store.version import DRAFT, EDITABLE

READY = "READY_TO_SUBMIT"
INCOMPLETE = "MISSING_METADATA"
SOLD = {"APPROVED", "WAITING_FOR_REVIEW", "IN_REVIEW", "PENDING_BINARY_APPROVAL"}
"""States of purchases that were submitted and not refused."""
PURCHASE, SUBSCRIPTION, GROUP = "inAppPurchaseVersion", "subscriptionVersion", "subscriptionGroupVersion"
"""Apple's names of the relationships by which an item of a submission holds them."""
_PLACES = {PURCHASE: "/v2/inAppPurchases", SUBSCRIPTION: "/v1/subscriptions", GROUP: "/v1/subscriptionGroups"}
TYPES = {
    PURCHASE: "inAppPurchaseVersions",
    SUBSCRIPTION: "subscriptionVersions",
    GROUP: "subscriptionGroupVersions",
}


@dataclass(frozen=True)
class Purchase:
    """An in-app purchase, a subscription, or a group of subscriptions.

    kind: one of PURCHASE, SUBSCRIPTION and GROUP. product_id: of a group, its reference name. state: Apple's; a group
    has none. version_id: the version that can be reviewed or waits in a draft, "" if there is none. group_id: the
    group of a subscription. texts: locale → Apple's name of the text → text.
    """

    id: str
    kind: str
    product_id: str
    state: str = ""
    version_id: str = ""
    version_state: str = ""
    group_id: str = ""
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def is_in_draft(self) -> bool:
        """True if a submission that is not sent yet holds it."""
        return self.version_state == DRAFT

    @property
    def can_be_added(self) -> bool:
        """True if it can be put into a submission: complete, and in none."""
        # A group has no state of its own: that of its version says it all.
        complete = self.kind == GROUP or self.state not in (INCOMPLETE, *SOLD)
        return complete and bool(self.version_id) and not self.is_in_draft

    def __str__(self) -> str:
        return self.product_id


def read_purchases(client: Client, app_id: str) -> list[Purchase]:
    """Return all in-app purchases, groups and subscriptions of an app: two requests, and one for each group.

    A purchase with more versions or texts than Apple includes costs one request more.
    """
    with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
        purchases = pool.submit(
            client.list, f"/v1/apps/{app_id}/inAppPurchasesV2", _query("inAppPurchaseLocalizations")
        )
        groups = client.list(
            f"/v1/apps/{app_id}/subscriptionGroups",
            {"include": "versions", "limit[versions]": LARGEST_INCLUDE},
        )

        def subscriptions(group: Resource) -> list[Purchase]:
            path = f"/v1/subscriptionGroups/{group.id}/subscriptions"
            listed_purchases = client.list(path, _query("subscriptionLocalizations"))
            return list(
                _purchases(client, listed_purchases, SUBSCRIPTION, "subscriptionLocalizations", group.id)
            )

        # Apple includes no texts of subscriptions with their groups.
        in_groups = [
            purchase
            for listed_purchases in pool.map(subscriptions, groups.data)
            for purchase in listed_purchases
        ]
        listed_purchases = [*_purchases(client, purchases.result(), PURCHASE, "inAppPurchaseLocalizations")]
    return [*listed_purchases, *_purchases(client, groups, GROUP, ""), *in_groups]


def _query(texts: str) -> dict[str, str | int | None]:
    limits = {f"limit[{name}]": LARGEST_INCLUDE for name in (texts, "versions")}
    return {"include": f"{texts},versions", **limits}


def _purchases(
    client: Client, document: Document, kind: str, texts: str, group_id: str = ""
) -> Iterator[Purchase]:
    for resource in document.data:
        version = _reviewable(_all(client, document, resource, kind, "versions"))
        yield Purchase(
            id=resource.id,
            kind=kind,
            # A group of subscriptions has a reference name only.
            product_id=resource.text("productId") or resource.text("referenceName") or resource.id,
            state=resource.text("state"),
            version_id=version.id if version else "",
            version_state=version.text("state") if version else "",
            group_id=group_id,
            texts={
                text.text("locale"): {
                    name: text.text(name) for name in ("name", "description") if text.text(name)
                }
                for text in (_all(client, document, resource, kind, texts) if texts else ())
            },
        )


def _all(
    client: Client, document: Document, resource: Resource, kind: str, relationship: str
) -> Sequence[Resource]:
    """Return all resources of a relationship: the included ones, or the listing if they were cut."""
    # A draft that was cut off would make its purchase look as if nothing of it could be reviewed.
    if not is_cut(resource, relationship):
        return document.many(resource, relationship)
    return client.list(f"{_PLACES[kind]}/{resource.id}/{relationship}").data


def _reviewable(versions: Sequence[Resource]) -> Resource | None:
    """Return the one version that can be reviewed or is in a draft; None if all are over."""
    # Older versions stay listed after their review.
    return next((version for version in versions if version.text("state") in {*EDITABLE, DRAFT}), None)
