"""When a request is repeated, after which pause, and until when. Pure rules, no clock and no socket."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime

PASSING_STATUSES = frozenset({408, 500, 502, 503, 504, *range(520, 530)})
"""Answers that the next attempt may well not get; those from 520 come from a network in front of the server."""

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 20.0
FIRST_PAUSE_FOR_BUDGET, LONGEST_PAUSE_FOR_BUDGET = 15.0, 240.0
"""Where the requests of the hour are used up: they come back over minutes, and are not there sooner for asking."""


def may_repeat(method: str, status: int) -> bool:
    """Whether a call answered with `status` may be sent again as it stands.

    A GET may where the server had trouble of its own (5xx), gave up waiting (408) or had too many requests
    (429). A write may only where it surely was not applied, which 429 alone says.
    """
    return status == 429 or (method == "GET" and status in PASSING_STATUSES)


def pause_for_budget(attempt: int, retry_after: float | None, chance: float) -> float:
    """Seconds before asking once more, where the requests of the hour are used up."""
    return _pause(FIRST_PAUSE_FOR_BUDGET, LONGEST_PAUSE_FOR_BUDGET, attempt, retry_after, chance)


def pause(attempt: int, retry_after: float | None, chance: float) -> float:
    """Seconds before the attempt after number `attempt` (from 1).

    What the server asks for is honoured; else the pause doubles each time, with half of it left to `chance`
    (0 to 1), so that jobs which failed together do not return together.
    """
    return _pause(FIRST_PAUSE, LONGEST_PAUSE, attempt, retry_after, chance)


def _pause(first: float, longest: float, attempt: int, retry_after: float | None, chance: float) -> float:
    grown = min(first * 2.0 ** min(attempt - 1, 16), longest)
    jittered = grown * (0.5 + 0.5 * chance)
    return jittered if retry_after is None else retry_after + jittered / 2


def retry_after(header: str | None, now: datetime) -> float | None:
    """Reads a Retry-After header (seconds, or an HTTP date) as seconds from `now`; None where there is none."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(header) - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None
