"""Sending one change: again while App Store Connect settles, and otherwise where it has to be done otherwise."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from asc.api.client import Client
from asc.api.errors import ApiError
from asc.builds.distribution.changes import Change, Instead
from asc.builds.distribution.refusals import is_foreseen, may_pass, reasons
from asc.errors import Error, LostAnswerError

log = logging.getLogger(__name__)

SETTLING = (2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds between attempts at what App Store Connect refuses right after processing: a minute in all."""


@dataclass(frozen=True)
class Sent:
    """What became of a change.

    `done` is what was made of it, maybe in pieces; `served` are the groups that need nothing after all.
    """

    change: Change
    done: tuple[Change, ...] = ()
    failed: tuple[tuple[Change, Error], ...] = ()
    served: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def send(client: Client, change: Change) -> Sent:
    """Makes a change. What fails is told, not raised: the others of its phase go on."""
    try:
        _until_settled(client, change)
    except LostAnswerError as lost:
        if change.repeats:
            return Sent(change, failed=((change, lost),))
        log.warning("%s It is not sent again.", lost.message)
    except Error as error:
        if change.otherwise and isinstance(error, ApiError) and is_foreseen(change, error):
            return _instead(client, change, change.otherwise)
        return Sent(change, failed=((change, error),))
    log.info("Done: %s", change.summary)
    return Sent(change, (change,))


def _instead(client: Client, change: Change, instead: Instead) -> Sent:
    sent = [send(client, each) for each in instead.changes]
    notes = (instead.note,) if instead.note else ()
    warnings = (instead.warning,) if instead.warning and any(each.done for each in sent) else ()
    for warning in warnings:
        log.warning("%s", warning)
    return Sent(
        change,
        tuple(done for each in sent for done in each.done),
        tuple(failed for each in sent for failed in each.failed),
        tuple(group for each in sent for group in each.served) + (() if instead.changes else change.groups),
        tuple(note for each in sent for note in each.notes) + notes,
        warnings,
    )


def _until_settled(client: Client, change: Change) -> None:
    call = client.post if change.method == "POST" else client.patch
    for pause in SETTLING if change.settles else ():
        try:
            call(change.path, change.body)
            return
        except ApiError as error:
            if not may_pass(change, error):
                raise
            log.info("Not yet: %s %s Trying again in %.0f s", change.summary, reasons(error), pause)
        client.pause(pause)
    call(change.path, change.body)
