"""Sending one change: again while App Store Connect settles, and otherwise where it has to be done otherwise."""

from __future__ import annotations

import itertools
import logging
from dataclasses import dataclass

from asc.api.client import Client
from asc.api.errors import ApiError
from asc.changes.change import Change, Fallback
from asc.changes.refusals import is_foreseen, is_of_processing, may_pass, reasons
from asc.changes.refused_characters import without_listed
from asc.errors import Error, LostAnswerError

log = logging.getLogger(__name__)

SETTLING = (2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds between attempts at what App Store Connect refuses right after processing: a minute in all.

A build that is said to be processed still is tried at the last of these intervals, until the step's deadline.
"""


@dataclass(frozen=True)
class SendResult:
    """What became of a change.

    `done` is what was made of it, maybe in pieces; `served` are the groups that need nothing after all.
    """

    change: Change
    done: tuple[Change, ...] = ()
    failed: tuple[tuple[Change, Error], ...] = ()
    served: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def send(client: Client, change: Change, deadline: float | None = None) -> SendResult:
    """Make a change, by the monotonic `deadline` of the step; None leaves it at the minute of SETTLING.

    Return what became of it: a failure is told, not raised, so that the others of its phase go on.
    """
    try:
        _until_settled(client, change, deadline)
    except LostAnswerError as lost:
        if change.repeats:
            return SendResult(change, failed=((change, lost),))
        log.warning("%s It is not sent again.", lost.message)
    except Error as error:
        if change.otherwise and isinstance(error, ApiError) and is_foreseen(change, error):
            return _instead(client, change, change.otherwise, deadline)
        if isinstance(error, ApiError) and (mended := without_listed(change, error)):
            return _instead(client, change, mended, deadline)
        return SendResult(change, failed=((change, error),))
    log.info("Done: %s", change.summary)
    return SendResult(change, (change,))


def _instead(client: Client, change: Change, instead: Fallback, deadline: float | None) -> SendResult:
    sent = [send(client, each, deadline) for each in instead.changes]
    notes = (instead.note,) if instead.note else ()
    warnings = (instead.warning,) if instead.warning and any(each.done for each in sent) else ()
    for warning in warnings:
        log.warning("%s", warning)
    return SendResult(
        change,
        tuple(done for each in sent for done in each.done),
        tuple(failed for each in sent for failed in each.failed),
        tuple(group for each in sent for group in each.served) + (() if instead.changes else change.groups),
        tuple(note for each in sent for note in each.notes) + notes,
        warnings,
    )


def _until_settled(client: Client, change: Change, deadline: float | None) -> None:
    call = client.post if change.method == "POST" else client.patch
    for attempt in itertools.count():
        try:
            call(change.path, change.body)
            return
        except ApiError as error:
            if not (change.settles and may_pass(change, error)):
                raise
            pause = SETTLING[min(attempt, len(SETTLING) - 1)]
            if attempt >= len(SETTLING):  # the minute is over
                left = deadline - client.clock.monotonic() if deadline and is_of_processing(error) else 0.0
                if left <= 0:
                    raise
                pause = min(pause, left)
            log.info("Not yet: %s %s Trying again in %.0f s", change.summary, reasons(error), pause)
        client.pause(pause)
