"""Rules of a family: the meaning of a refusal for a change. Wait, read again, do something else, go on, or give up.

https://developer.apple.com/documentation/appstoreconnectapi/interpreting-and-handling-errors
"""

from __future__ import annotations

from asc.api.errors import ApiError
from asc.changes.change import Change
from asc.errors import Error, LostAnswerError


class Rules:
    """The rules that hold for every family. A family overrides those that it knows more about."""

    def may_pass(self, change: Change, error: ApiError) -> bool:
        """Return True if App Store Connect may accept the same request in a moment."""
        return False

    def takes_minutes(self, error: ApiError) -> bool:
        """Return True if the reason to wait lasts for minutes, so that waiting until the deadline is right."""
        return False

    def is_foreseen(self, change: Change, error: ApiError) -> bool:
        """Return True if `change.otherwise` is the answer to this refusal."""
        return False

    def is_unsure(self, change: Change, error: Error) -> bool:
        """Return True if only a read tells whether the change is made: its answer was lost, or somebody was faster."""
        if isinstance(error, LostAnswerError):
            return True
        return isinstance(error, ApiError) and (is_there(change, error) or is_gone(change, error))

    def stops(self, change: Change, error: Error) -> bool:
        """Return True if the phases after this one must not begin because the change failed."""
        return True

    def hint(self, change: Change, error: Error) -> str:
        """Return the remedy for a change that failed."""
        return error.remedy


def is_there(change: Change, error: ApiError) -> bool:
    """Return True if the resource to create exists already."""
    # Apple has several codes for it, of the kind DUPLICATE or ALREADY_EXISTS, and a 409 alone means much else.
    return change.method == "POST" and any(
        "DUPLICATE" in reason.code or "ALREADY" in reason.code for reason in error.errors
    )


def is_gone(change: Change, error: ApiError) -> bool:
    """Return True if the resource to delete seems to be gone. A 404 may be a random one: read before believing it."""
    return change.method == "DELETE" and error.status == 404


def reasons(error: ApiError) -> str:
    """Return the reasons of Apple's refusal on one line, separated by semicolons."""
    return "; ".join(map(str, error.errors))
