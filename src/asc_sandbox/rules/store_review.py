"""The rules of the information for reviewers of a version: the contact, the demo account, the notes, attachments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from asc_sandbox.endpoints import Call
from asc_sandbox.entity_errors import conflict, invalid_attribute, invalid_relationship, missing_attribute
from asc_sandbox.rules import assets
from asc_sandbox.rules.store_states import EDITABLE, state_of
from asc_sandbox.rules.store_texts import check_texts, refuse_locked
from asc_sandbox.uploading.depot import Delivery
from asc_sandbox.world import Record
from asc_sandbox.writing import Given, store, update

CONTACT = ("contactFirstName", "contactLastName", "contactPhone", "contactEmail")


def make_detail(call: Call, given: Given) -> Record:
    """Create the information for reviewers of a version."""
    version = given.one("appStoreVersion")
    if call.world.related(version, "appStoreReviewDetail"):
        raise invalid_relationship("appStoreVersion", "The version has review details already")
    _require_editable(version, given.attributes)
    _check(given.attributes)
    # At first the whole contact is needed (fastlane #16716).
    missing = [missing_attribute(name) for name in CONTACT if not given.attributes.get(name)]
    if missing:
        raise replace(missing[0], more=tuple(missing[1:]))
    return store(call, given)


def change_detail(call: Call, detail: Record, given: Given) -> Record:
    """Change the information for reviewers of a version."""
    (version,) = call.world.related(detail, "appStoreVersion")
    # It is a guess that it can still be changed while the version waits for its review.
    if state_of(version) != "WAITING_FOR_REVIEW":
        _require_editable(version, given.attributes)
    _check(given.attributes)
    return update(call, detail, given)


def reserve_attachment(call: Call, given: Given) -> Record:
    """Create the record of a file for reviewers, and reserve space for its bytes."""
    (version,) = call.world.related(given.one("appStoreReviewDetail"), "appStoreVersion")
    _require_open(version)
    return assets.reserve(call, given)


def receive_attachment(call: Call, attachment: Record, given: Given) -> Record:
    """Mark a file for reviewers as complete."""
    if assets.commit(call, attachment, given, partial(_deliver, call, attachment)):
        return call.world.change(attachment, assetDeliveryState="UPLOAD_COMPLETE")
    return call.world.find(attachment.type, attachment.id) or attachment


def delete_attachment(call: Call, attachment: Record) -> None:
    """Delete a file for reviewers, until the review has begun."""
    for detail in call.world.related(attachment, "appStoreReviewDetail"):
        for version in call.world.related(detail, "appStoreVersion"):
            _require_open(version)
    assets.discard(call, attachment)


def _deliver(call: Call, attachment: Record, delivery: Delivery) -> None:
    if current := call.world.find(attachment.type, attachment.id):
        call.world.change(current, assetDeliveryState="COMPLETE", sourceFileChecksum=delivery.digest("md5"))


def _require_open(version: Record) -> None:
    if state_of(version) not in (*EDITABLE, "WAITING_FOR_REVIEW"):
        raise conflict("STATE_ERROR", "Attachments cannot be changed at this time")


def _require_editable(version: Record, attributes: Mapping[str, Any]) -> None:
    if state_of(version) not in EDITABLE:
        refuse_locked(attributes)
        raise conflict("STATE_ERROR", "Review details cannot be created at this time")


def _check(attributes: Mapping[str, Any]) -> None:
    check_texts(attributes)
    phone = attributes.get("contactPhone")
    if phone is not None and not (
        phone.startswith("+") and any(character.isdecimal() for character in phone)
    ):
        raise invalid_attribute(
            "contactPhone", "The phone number has to begin with a plus sign and the country code"
        )
