"""Making the changes: phase after phase, side by side within one, each exactly once even where answers are lost."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from asc.api.client import Client
from asc.api.errors import ApiError
from asc.builds.distribution.changes import Change, Plan
from asc.builds.distribution.expiry import others
from asc.builds.distribution.ground import Ground
from asc.builds.distribution.plan import plan
from asc.builds.distribution.preflight import AT_ONCE, preflight
from asc.builds.distribution.state import BuildState, fetch
from asc.builds.distribution.wishes import Wishes
from asc.errors import Error, LostAnswerError, UnreachableError

log = logging.getLogger(__name__)

ROUNDS = 3
"""How often is looked again after a lost answer, the first time included."""
LOOK_AGAIN_AFTER = 1.0
"""Seconds: what was lost may be on its way still."""
SETTLING = (2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds between attempts at what App Store Connect refuses right after processing: a minute in all."""
_NO_INTERNAL_GROUP = "cannot add internal group"
_HINTS = {  # by a part of Apple's code
    "ANOTHER_BUILD_IN_REVIEW": (
        "Wait until the other build is reviewed, or give reject-waiting-review: true, which expires builds that wait."
    ),
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


@dataclass(frozen=True)
class Outcome:
    """What was done, and what is to be said besides."""

    done: tuple[Change, ...]
    notes: tuple[str, ...] = ()


class _Unsure(Exception):
    """Whether a change was applied is not known, or somebody else made it meanwhile."""

    def __init__(self, change: Change, error: Error) -> None:
        self.change = change
        self.error = error


def planned(client: Client, wishes: Wishes, ground: Ground, state: BuildState | None) -> Plan:
    """The plan for a build, or for one that does not exist yet (None). Reads other builds where wished.

    Raises what `plan` raises.
    """
    return plan(wishes, ground, state, others(client, wishes, ground, state))


def distribute(
    client: Client,
    wishes: Wishes,
    ground: Ground,
    state: BuildState,
    tell: Callable[[Change], None] = lambda change: None,
) -> Outcome:
    """Makes what is wished true. Raises Error with Apple's reason for what was refused.

    After a lost answer everything is read and planned again, and what is there is not done twice. `tell` hears of
    each change that was made, also when a later one fails.
    """
    done: list[Change] = []
    for round_ in range(1, ROUNDS + 1):
        now = planned(client, wishes, ground, state)
        try:
            for made in _make_all(client, now.without(done)):
                done.append(made)
                tell(made)
            return Outcome(tuple(done), now.notes)
        except _Unsure as unsure:
            if round_ == ROUNDS:
                raise _failure(unsure.change, unsure.error, ()) from None
            log.info("%s Looking what App Store Connect has now.", unsure.error.message)
        client.pause(LOOK_AGAIN_AFTER * round_)
        ground = preflight(client, wishes, ground.destination)
        state = fetch(client, state.id)
    raise AssertionError("the last round returns or raises")


def _make_all(client: Client, now: Plan) -> Iterator[Change]:
    """The changes as they are made. A phase is done whole before its errors are raised."""
    for phase in now.phases:
        with ThreadPoolExecutor(min(AT_ONCE, len(phase))) as pool:
            results = list(pool.map(lambda change: _attempt(client, change), phase))
        failed: list[tuple[Change, Error]] = []
        for change, result in zip(phase, results, strict=True):
            if isinstance(result, Error):
                failed.append((change, result))
            elif result:
                yield result
        _raise(failed)


def _attempt(client: Client, change: Change) -> Change | Error | None:
    """The change that was made, None where it is not needed, or the error: the others of the phase go on."""
    try:
        return _make(client, change)
    except Error as error:
        return error


def _make(client: Client, change: Change) -> Change | None:
    try:
        _send(client, change)
    except ApiError as error:
        if change.kind != "group" or _NO_INTERNAL_GROUP not in error.message.lower():
            raise
        log.info("An internal group takes no builds by hand: it gets them by itself.")
        return _make(client, change.otherwise) if change.otherwise else None
    except LostAnswerError as lost:
        if change.repeats:
            raise
        log.warning("%s It is not sent again.", lost.message)
    log.info("Done: %s", change.summary)
    return change


def _send(client: Client, change: Change) -> None:
    call = client.post if change.method == "POST" else client.patch
    for pause in SETTLING if change.settles else ():
        try:
            call(change.path, change.body)
            return
        except ApiError as error:
            if not _may_pass(change, error):
                raise
            log.info("Not yet: %s %s Trying again in %.0f s", change.summary, _reasons(error), pause)
        client.pause(pause)
    call(change.path, change.body)


def _may_pass(change: Change, error: ApiError) -> bool:
    """Whether a refusal looks like one of a build that App Store Connect is not done with."""
    codes = [each.code for each in error.errors]
    if error.status not in (404, 409, 422) or _NO_INTERNAL_GROUP in error.message.lower():
        return False
    if _is_there(change, error) or any(hint in code for hint in _HINTS for code in codes):
        return False
    if change.kind == "review":  # most of its refusals are for good
        return any(
            code in ("ENTITY_UNPROCESSABLE", "NOT_FOUND") or re.search("COMPLIANCE|NOT_PROCESSED", code)
            for code in codes
        )
    return any(code.startswith(("ENTITY_", "NOT_FOUND", "STATE_ERROR")) for code in codes)


def _is_there(change: Change, error: ApiError) -> bool:
    """Whether what should be created is there already: somebody was faster."""
    return change.method == "POST" and any(
        "DUPLICATE" in each.code or "ALREADY" in each.code for each in error.errors
    )


def _raise(failed: Sequence[tuple[Change, Error]]) -> None:
    """Refusals first: looking again mends nothing there."""
    unsure = [
        (change, error)
        for change, error in failed
        if isinstance(error, LostAnswerError) or (isinstance(error, ApiError) and _is_there(change, error))
    ]
    refused = [each for each in failed if each not in unsure]
    if refused:
        change, error = refused[0]
        raise _failure(change, error, [*refused[1:], *unsure])
    if unsure:
        raise _Unsure(*unsure[0])


def _failure(change: Change, error: Error, rest: Sequence[tuple[Change, Error]]) -> Error:
    message = f"Could not {change.summary}: {error.message}"
    if rest:
        message += f" Neither: {'; '.join(f'{each.summary} ({why.message})' for each, why in rest)}"
    kind = type(error) if isinstance(error, UnreachableError) else Error
    return kind(message, _hint(change, error))


def _hint(change: Change, error: Error) -> str:
    if not isinstance(error, ApiError) or error.status not in (409, 422):
        return error.remedy
    codes = " ".join(each.code for each in error.errors)
    special = next((hint for part, hint in _HINTS.items() if part in codes), "")
    return special or _KIND_HINTS.get(change.kind, error.remedy)


def _reasons(error: ApiError) -> str:
    return "; ".join(map(str, error.errors))
