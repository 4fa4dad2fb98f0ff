"""Submissions to Apple's review: read them, make one, submit and withdraw it. A lost answer never submits twice.

https://developer.apple.com/documentation/appstoreconnectapi/reviewsubmission
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from asc.api.client import Client, Query
from asc.api.document import LARGEST_INCLUDE, Document, Resource, reference, request_body
from asc.api.errors import ApiError
from asc.api.polling import Polling
from asc.errors import Error
from asc.store.items import VERSION, Item, read_items
from asc.store.lacking import explained
from asc.store.version import SUBMITTED, StoreVersion, read_version

log = logging.getLogger(__name__)

DRAFT = "READY_FOR_REVIEW"
OPEN = (DRAFT, "WAITING_FOR_REVIEW", "IN_REVIEW", "UNRESOLVED_ISSUES", "CANCELING", "COMPLETING")
"""States of submissions that are not over."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 15.0
"""Seconds between two looks at something that Apple does by itself."""
NOT_READY = 300.0
"""Seconds for which Apple may answer that a version is not ready to be submitted yet."""
# Apple says only in its message which submission holds the version already.
_ID = re.compile(r"reviewSubmissions? with id ([0-9a-fA-F-]{8,})")
_QUERY: Query = {
    "filter[state]": ",".join(OPEN),
    "include": "items,appStoreVersionForReview",
    "limit[items]": LARGEST_INCLUDE,
    "fields[appStoreVersions]": "versionString",
}


@dataclass(frozen=True)
class Submission:
    """A submission. version_id: "" if it holds no version. others: the items of a draft besides the version."""

    id: str
    state: str
    version_id: str = ""
    others: tuple[Item, ...] = ()


def read_open(client: Client, app_id: str, platform: str) -> list[Submission]:
    """Return the submissions of a platform that are not over."""
    query: Query = {"filter[app]": app_id, "filter[platform]": platform, **_QUERY}
    document = client.list("/v1/reviewSubmissions", query)
    return [_submission(client, document, resource) for resource in document.data]


def find_open(client: Client, app_id: str, version: StoreVersion) -> Submission | None:
    """Return the submission that holds a version and is not over, also a draft; None if there is none."""
    return holding(read_open(client, app_id, version.platform), version)


def holding(submissions: Iterable[Submission], version: StoreVersion) -> Submission | None:
    """Return the submission that holds a version, None if there is none."""
    return next((submission for submission in submissions if submission.version_id == version.id), None)


def make_draft(client: Client, app_id: str, version: StoreVersion) -> Submission:
    """Make an empty submission for a version.

    If the answer is lost, or somebody was quicker, return the submission that holds the version, which may be sent
    already, or the draft that is there.
    """
    attributes = {"platform": version.platform}
    body = request_body("reviewSubmissions", attributes, None, {"app": reference("apps", app_id)})

    def create() -> Submission:
        resource = client.create("/v1/reviewSubmissions", body).resource
        return Submission(resource.id, resource.text("state") or DRAFT)

    def find() -> Submission | None:
        submissions = read_open(client, app_id, version.platform)
        # Another job may have sent the draft between the refusal and this look.
        drafts = (submission for submission in submissions if submission.state == DRAFT)
        return holding(submissions, version) or next(drafts, None)

    return client.create_once(create, find).value


def add_version(client: Client, submission: Submission, version: StoreVersion) -> Submission:
    """Put a version into a submission, and return the submission that holds it.

    Raises Error with all that the version lacks: Apple looks at it here.
    """
    relationships = {
        "reviewSubmission": reference("reviewSubmissions", submission.id),
        "appStoreVersion": reference("appStoreVersions", version.id),
    }
    body = request_body("reviewSubmissionItems", {}, None, relationships)

    def create() -> Submission:
        client.create("/v1/reviewSubmissionItems", body)
        return submission

    def find() -> Submission | None:
        return submission if _holds(client, submission, version) else None

    try:
        return client.create_once(create, find, may_exist=lambda error: False).value
    except ApiError as error:
        # Apple refuses a version that is in a submission already, even in this one.
        if holding := find():
            return holding
        if other_id := _other_submission(error):
            log.info("The version is in the submission %s already", other_id)
            return read_submission(client, other_id)
        raise explained(client, version.id, error) from None


def read_submission(client: Client, submission_id: str) -> Submission:
    """Return a submission by Apple's id of it."""
    query: Query = {name: value for name, value in _QUERY.items() if name != "filter[state]"}
    document = client.get(f"/v1/reviewSubmissions/{submission_id}", query)
    return _submission(client, document, document.resource)


def submit(client: Client, submission: Submission, version: StoreVersion) -> None:
    """Send a draft to review, once, and again while Apple is not ready for it.

    Raises Error with all that the version lacks, LostAnswerError if two answers were lost and it is a draft still.
    """
    path = f"/v1/reviewSubmissions/{submission.id}"
    body = request_body("reviewSubmissions", {"submitted": True}, submission.id)
    until = client.clock.monotonic() + NOT_READY
    pause = FIRST_PAUSE
    while True:
        try:
            # `find` reads the state of the submission, not of the version: a quick review moves the version on.
            # A second request cannot submit twice: Apple refuses it for what is submitted.
            client.create_once(
                lambda: client.patch(path, body),
                lambda: read_submission(client, submission.id).state != DRAFT or None,
            )
            return
        except ApiError as error:
            if not _is_not_ready(error) or client.clock.monotonic() + pause > until:
                raise explained(client, version.id, error) from None
            log.info("Apple is not ready to take the submission yet; trying again in %.0f s", pause)
        client.pause(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def withdraw(client: Client, submission: Submission, version: StoreVersion, deadline: float) -> StoreVersion:
    """Cancel a submission, and wait until the version can be edited. Return the version then.

    `deadline` by the monotonic clock. Apple cancels some seconds after its answer, and unlocks the version later.
    """
    body = request_body("reviewSubmissions", {"canceled": True}, submission.id)
    client.create_once(
        lambda: client.patch(f"/v1/reviewSubmissions/{submission.id}", body),
        lambda: read_submission(client, submission.id).state in ("CANCELING", "COMPLETE") or None,
    )
    # A canceled draft holds its version as READY_FOR_REVIEW until Apple frees it.
    return wait_for(client, version, deadline, lambda seen: seen.state not in {*SUBMITTED, DRAFT})


def wait_for(
    client: Client, version: StoreVersion, deadline: float, reached: Callable[[StoreVersion], bool]
) -> StoreVersion:
    """Return the version as soon as it is as wanted. Raises Error when the deadline passes."""
    polling = Polling(client, deadline)
    while True:
        current = read_version(client, version.id)
        if reached(current):
            return current
        if polling.is_news(current.state):
            log.info("Waiting: %s", current)
        if polling.left <= 0:
            raise Error(
                f"The timeout passed, and App Store Connect still says {current.state}"
                f" for version {current.version}.",
                "Nothing is lost: run the step again and it continues to wait, or set a longer timeout.",
            )
        polling.pause()


def _holds(client: Client, submission: Submission, version: StoreVersion) -> bool:
    return read_submission(client, submission.id).version_id == version.id


def _is_not_ready(error: ApiError) -> bool:
    text = error.message.lower()
    return error.status == 409 and ("not ready" in text or "try again later" in text)


def _other_submission(error: ApiError) -> str:
    match = _ID.search(error.message) if error.status == 409 else None
    return match[1] if match else ""


def _submission(client: Client, document: Document, resource: Resource) -> Submission:
    version = document.one(resource, "appStoreVersionForReview")
    version_id, state = version.id if version else "", resource.text("state")
    count = len(resource.related("items"))
    # What was sent is frozen: its other items do not matter, and a request is saved.
    if not count or (version_id and (count == 1 or state != DRAFT)):
        return Submission(resource.id, state, version_id)
    # A draft names its version only among its items.
    items = read_items(client, resource.id)
    versions = [item.id for item in items if item.kind == VERSION]
    others = tuple(item for item in items if item.kind != VERSION)
    return Submission(resource.id, state, version_id or next(iter(versions), ""), others)
