"""What App Store Connect means by refusing a change: wait, look again, do something else, or give up with a hint.

Its codes are documented only in part, so that some refusals are told by their words.
https://developer.apple.com/documentation/appstoreconnectapi/interpreting-and-handling-errors
"""

from __future__ import annotations

import re

from asc.api.errors import ApiError, AppleError
from asc.builds.build import ANSWER_COMPLIANCE
from asc.changes.change import Change
from asc.changes.refused_characters import lists_characters
from asc.errors import Error, LostAnswerError

_PASSING = ("NOT_FOUND", "STATE_ERROR", "ENTITY_UNPROCESSABLE")
_PASSING_IN_REVIEW = ("NOT_FOUND", "ENTITY_UNPROCESSABLE", "ENTITY_UNPROCESSABLE.BUILD_NOT_PROCESSED")
"""Most refusals of a submission are for good: those that have a code of their own."""
_NO_SUCH_BUILD = re.compile(
    "no resource|not found|(?:cannot|could not) be found|does not exist", re.IGNORECASE
)
_COMPLIANCE = re.compile("export.compliance", re.IGNORECASE)
_ANOTHER_IN_REVIEW = re.compile(
    r"another.build.is(?: already)? in review|ANOTHER_BUILD_IN_REVIEW", re.IGNORECASE
)
_NOT_PROCESSED = re.compile(r"NOT_PROCESSED|process(?:ed|ing)|\bstate\b", re.IGNORECASE)
_NO_INTERNAL_GROUP = re.compile("cannot add internal group", re.IGNORECASE)
_TOO_LONG = re.compile(r"length|characters|too.long|maximum|exceed", re.IGNORECASE)
_TEXTS = ("whats-new", "app-info", "review-info")
_QUEUE_HINT = (
    "Wait until the other build is reviewed, or give reject-waiting-review: true, which expires the builds of this "
    "train that wait for beta review or are in it."
)
_SLOW_QUEUE_HINT = (
    "Builds were taken out of beta review, which takes a while: run the step again in some minutes."
)
_HINTS = {  # by a part of Apple's code
    "REVIEW_DETAIL": "Give the contact and the demo account in beta-review-info.",
    "BETA_CONTRACT": "The account holder has to accept the TestFlight terms in App Store Connect.",
}
_KIND_HINTS = {  # by the kind of change
    "whats-new": "Check the text and its locale in whats-new.",
    "app-info": "Check app-info: addresses, and locales that the app has.",
    "review-info": "Check beta-review-info: the phone number with its country (+1 …), the address, the demo account.",
    "tester": "Check testers; an address that belongs to a user of the team may only be in internal groups.",
    "group": "Check in App Store Connect whether the build may go to these groups.",
    "compliance": "Check uses-non-exempt-encryption and encryption-declaration.",
}


def may_pass(change: Change, error: ApiError) -> bool:
    """Whether a refusal looks like one of a build that App Store Connect is not done with."""
    if error.status not in (404, 409, 422) or is_there(change, error) or is_foreseen(change, error):
        return False
    return bool(error.errors) and all(_passes(change, reason) for reason in error.errors)


def is_of_processing(error: ApiError) -> bool:
    """Whether Apple says that the build is processed still, which takes minutes, as in “not in a … state”."""
    return any(_NOT_PROCESSED.search(_words(reason)) for reason in error.errors)


def _passes(change: Change, reason: AppleError) -> bool:
    if _is_of_the_queue(reason):
        return change.clears
    if any(part in reason.code for part in _HINTS):
        return False
    if _COMPLIANCE.search(_words(reason)):
        return True  # the answer was given: plans see to that
    if reason.code.startswith("ENTITY_ERROR.RELATIONSHIP.INVALID"):
        return bool(_NO_SUCH_BUILD.search(_words(reason)))
    if change.kind == "review":
        return reason.code in _PASSING_IN_REVIEW
    return reason.code.startswith(_PASSING)


def is_there(change: Change, error: ApiError) -> bool:
    """Whether what should be created is there already: somebody was faster."""
    return change.method == "POST" and any(
        "DUPLICATE" in each.code or "ALREADY" in each.code for each in error.errors
    )


def is_foreseen(change: Change, error: ApiError) -> bool:
    """Whether it is the refusal for which the change has something else to do."""
    if change.otherwise is None:
        return False
    if change.kind == "group":
        return any(_NO_INTERNAL_GROUP.search(_words(each)) for each in error.errors)
    return any(
        _TOO_LONG.search(_words(each))
        and not lists_characters(each.detail)
        and each.source in ("", "/data/attributes/whatsNew")
        for each in error.errors
    )


def is_refused_text(change: Change, error: Error) -> bool:
    """Whether a text that people read is refused, which keeps nobody from the build."""
    return change.kind in _TEXTS and isinstance(error, ApiError) and not is_unsure(change, error)


def is_unsure(change: Change, error: Error) -> bool:
    """Whether only a look tells if it is done: its answer was lost, or somebody else did it meanwhile.

    The answer to export compliance is refused once Apple has taken it from the build's Info.plist.
    """
    if isinstance(error, LostAnswerError):
        return True
    if not isinstance(error, ApiError):
        return False
    return is_there(change, error) or (change.kind == "compliance" and error.status == 409)


def hint(change: Change, error: Error) -> str:
    """What to do about a refusal."""
    if not isinstance(error, ApiError) or error.status not in (409, 422):
        return error.remedy
    if any(map(_is_of_the_queue, error.errors)):
        return _SLOW_QUEUE_HINT if change.clears else _QUEUE_HINT
    if any(_COMPLIANCE.search(_words(each)) for each in error.errors):
        return ANSWER_COMPLIANCE
    codes = " ".join(each.code for each in error.errors)
    special = next((text for part, text in _HINTS.items() if part in codes), "")
    return special or _KIND_HINTS.get(change.kind, error.remedy)


def reasons(error: ApiError) -> str:
    """Apple's reasons on one line."""
    return "; ".join(map(str, error.errors))


def _is_of_the_queue(reason: AppleError) -> bool:
    return bool(_ANOTHER_IN_REVIEW.search(_words(reason)))


def _words(reason: AppleError) -> str:
    return f"{reason.code} {reason.title} {reason.detail}"
