"""Refusals of TestFlight: a build that is still processed, a full queue, a text too long, an answer given already.

Apple documents its codes only in part, so that some refusals are recognized by their words.
https://developer.apple.com/documentation/appstoreconnectapi/interpreting-and-handling-errors
"""

from __future__ import annotations

import re

from asc.api.errors import ApiError, AppleError
from asc.builds.build import ANSWER_COMPLIANCE
from asc.changes.change import Change
from asc.changes.refused_characters import lists_characters
from asc.changes.rules import Rules, is_there
from asc.errors import Error

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


class TestFlightRules(Rules):
    """The rules for the changes of a build in TestFlight."""

    __test__ = False  # pytest takes classes with Test for its own

    def may_pass(self, change: Change, error: ApiError) -> bool:
        """Return True if the refusal looks like one of a build that App Store Connect is not done with."""
        if error.status not in (404, 409, 422) or is_there(change, error) or self.is_foreseen(change, error):
            return False
        # One reason that waiting does not mend is enough to fail at once.
        return bool(error.errors) and all(_passes(change, reason) for reason in error.errors)

    def takes_minutes(self, error: ApiError) -> bool:
        """Return True if Apple says that the build is still processed, as in "not in a ... state"."""
        return any(_NOT_PROCESSED.search(_words(reason)) for reason in error.errors)

    def is_foreseen(self, change: Change, error: ApiError) -> bool:
        """Return True for a request with an internal group in it, and for a text that is too long."""
        if change.otherwise is None:
            return False
        if change.kind == "group":
            return any(_NO_INTERNAL_GROUP.search(_words(reason)) for reason in error.errors)
        return any(
            _TOO_LONG.search(_words(reason))
            and not lists_characters(reason.detail)
            # A refusal of another attribute, such as the locale, does not pass by cutting the text.
            and reason.source in ("", "/data/attributes/whatsNew")
            for reason in error.errors
        )

    def is_unsure(self, change: Change, error: Error) -> bool:
        """Return True if only a read tells whether the change is made."""
        if super().is_unsure(change, error):
            return True
        # Apple refuses the answer to export compliance once it has taken it from the build's Info.plist.
        return isinstance(error, ApiError) and change.kind == "compliance" and error.status == 409

    def stops(self, change: Change, error: Error) -> bool:
        """Return False for a refused text: it keeps nobody from the build."""
        return change.kind not in _TEXTS or not isinstance(error, ApiError)

    def hint(self, change: Change, error: Error) -> str:
        """Return the remedy for a change that failed."""
        if not isinstance(error, ApiError) or error.status not in (409, 422):
            return error.remedy
        if any(map(_is_of_the_queue, error.errors)):
            return _SLOW_QUEUE_HINT if change.clears else _QUEUE_HINT
        if any(_COMPLIANCE.search(_words(reason)) for reason in error.errors):
            return ANSWER_COMPLIANCE
        codes = " ".join(reason.code for reason in error.errors)
        special = next((text for part, text in _HINTS.items() if part in codes), "")
        return special or _KIND_HINTS.get(change.kind, error.remedy)


RULES = TestFlightRules()


def _passes(change: Change, reason: AppleError) -> bool:
    if _is_of_the_queue(reason):
        return change.clears
    if any(part in reason.code for part in _HINTS):
        return False
    if _COMPLIANCE.search(_words(reason)):
        return True  # the answer was given before: the phases of the plan see to that
    if reason.code.startswith("ENTITY_ERROR.RELATIONSHIP.INVALID"):
        # App Store Connect may not find a new build yet. A link to a group of another app is wrong for good.
        return bool(_NO_SUCH_BUILD.search(_words(reason)))
    if change.kind == "review":
        return reason.code in _PASSING_IN_REVIEW
    return reason.code.startswith(_PASSING)


def _is_of_the_queue(reason: AppleError) -> bool:
    return bool(_ANOTHER_IN_REVIEW.search(_words(reason)))


def _words(reason: AppleError) -> str:
    return f"{reason.code} {reason.title} {reason.detail}"
