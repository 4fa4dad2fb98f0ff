"""Send one change: again while App Store Connect settles, or its replacement if the change is refused."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from asc.api.client import Client
from asc.api.document import Document
from asc.api.errors import ApiError
from asc.changes.change import Change, Fallback
from asc.changes.refused_characters import without_listed
from asc.changes.rules import Rules, reasons
from asc.errors import Error, LostAnswerError

log = logging.getLogger(__name__)

SETTLING = (2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds between attempts at a change that App Store Connect refuses right after processing: a minute in all.

While Apple says that it is still processing, the last interval repeats until the deadline of the step.
"""


@dataclass(frozen=True)
class SendResult:
    """The result of sending one change.

    done: the changes that were made of it: itself, or the parts of its replacement.
    failed: the changes that were refused, or whose answer was lost, each with the error.
    served: the `serves` of a change that is not needed after all.
    ids: the id of the resource that was made, by its placeholder (see `Change.makes`).
    """

    change: Change
    done: tuple[Change, ...] = ()
    failed: tuple[tuple[Change, Error], ...] = ()
    served: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    ids: Mapping[str, str] = field(default_factory=dict)


def send(client: Client, change: Change, rules: Rules, deadline: float | None = None) -> SendResult:
    """Send a change and return the result; a failure is returned, not raised, so that the others go on.

    A change that settles is repeated for the time of SETTLING, or until `deadline` (monotonic clock) if longer.
    """
    try:
        answer = _until_settled(client, change, rules, deadline)
    except LostAnswerError as lost:
        if change.repeats:
            return SendResult(change, failed=((change, lost),))
        # A second request would be seen by people (two mails): a lost one counts as made.
        log.warning("%s It is not sent again.", lost.message)
        answer = Document(())
    except Error as error:
        # The replacement goes first: it is cut for this refusal, and taking out characters would not shorten the text.
        if change.otherwise and isinstance(error, ApiError) and rules.is_foreseen(change, error):
            return _send_instead(client, change, change.otherwise, rules, deadline)
        if isinstance(error, ApiError) and (mended := without_listed(change, error)):
            return _send_instead(client, change, mended, rules, deadline)
        return SendResult(change, failed=((change, error),))
    log.info("Done: %s", change.summary)
    ids = {change.makes: answer.data[0].id} if change.makes and answer.data else {}
    return SendResult(change, (change,), ids=ids)


def _send_instead(
    client: Client, change: Change, instead: Fallback, rules: Rules, deadline: float | None
) -> SendResult:
    results = [send(client, replacement, rules, deadline) for replacement in instead.changes]
    notes = (instead.note,) if instead.note else ()
    # The warning says that a changed text was published, so that it must not come if that one was refused too.
    is_made = any(result.done for result in results)
    warnings = (instead.warning,) if instead.warning and is_made else ()
    for warning in warnings:
        log.warning("%s", warning)
    return SendResult(
        change,
        tuple(done for result in results for done in result.done),
        tuple(failure for result in results for failure in result.failed),
        tuple(name for result in results for name in result.served)
        # A replacement without changes says that nothing is needed, as for a group that gets every build by itself.
        + (() if instead.changes else change.serves),
        tuple(note for result in results for note in result.notes) + notes,
        warnings,
        {placeholder: identifier for result in results for placeholder, identifier in result.ids.items()},
    )


def _until_settled(client: Client, change: Change, rules: Rules, deadline: float | None) -> Document:
    for attempt in itertools.count():
        try:
            return _once(client, change)
        except ApiError as error:
            if not (change.settles and rules.may_pass(change, error)):
                raise
            pause = SETTLING[min(attempt, len(SETTLING) - 1)]
            # The minute is over.
            if attempt >= len(SETTLING):
                left = deadline - client.clock.monotonic() if deadline and rules.takes_minutes(error) else 0.0
                if left <= 0:
                    raise
                pause = min(pause, left)
            log.info("Not yet: %s %s Trying again in %.0f s", change.summary, reasons(error), pause)
        client.pause(pause)
    raise AssertionError("the loop returns or raises")


def _once(client: Client, change: Change) -> Document:
    if change.method == "DELETE":
        client.delete(change.path, change.body or None)
        return Document(())
    if change.method == "PATCH":
        return client.patch(change.path, change.body)
    # Later changes need the id, so that an answer without the resource is as good as lost.
    return client.create(change.path, change.body) if change.makes else client.post(change.path, change.body)
