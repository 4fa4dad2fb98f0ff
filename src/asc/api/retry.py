"""The rules for repeating a request: after which failures, after which pause, and until when."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NoReturn

import requests

from asc.api.clock import Clock
from asc.api.shortage import Turn
from asc.errors import UnreachableError

log = logging.getLogger(__name__)


class NotSent(Exception):
    """The connection was refused. The request was certainly not applied."""


class Broken(Exception):
    """The connection broke or fell silent. The request may have been applied."""


class NotJson(Broken):
    """A complete answer came, but not from App Store Connect."""


class TooLarge(NotJson):
    """The answer has more than `limit` bytes, and repeating the request would not make it smaller."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the answer is larger than {limit >> 20} MiB")


def proxy_wants_credentials() -> UnreachableError:
    """Return the error for a 407. It is not repeated, because only a new proxy variable helps."""
    return UnreachableError(
        "The proxy answered 407: it requires credentials, or refused the given ones.",
        "Write user and password into HTTPS_PROXY (http://USER:PASSWORD@HOST:PORT), percent-encoded.",
    )


def _tunnel_refused(status: int) -> NotSent | UnreachableError:
    if status == 407:
        return proxy_wants_credentials()
    if status in PASSING_STATUSES or status == 429:
        return NotSent(f"the proxy answered CONNECT with {status}")
    return UnreachableError(
        f"The proxy answered CONNECT with {status}: it lets nobody through to this host.",
        "Let the proxy allow the host, or name the host in NO_PROXY.",
    )


def classify(error: Exception) -> NotSent | Broken | UnreachableError:
    """Return the kind of a failed request, which says if it may have been applied."""
    # The texts of requests quote whole addresses with their signatures, so each error gets a text of ours.
    text = repr(error)
    # http.client says no more of a refused CONNECT than this text.
    if refused := re.search(r"Tunnel connection failed: (\d{3})", text):
        return _tunnel_refused(int(refused[1]))
    if "certificate has expired" in text:
        return UnreachableError(
            "The certificate of App Store Connect's server has expired.",
            "Check the clock of this machine; behind a proxy that opens https, let the proxy renew its certificate.",
        )
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return UnreachableError(
            "The certificate of App Store Connect's server was not accepted.",
            "Behind a proxy that opens https, name its authority's file with SSL_CERT_FILE.",
        )
    if isinstance(error, requests.exceptions.SSLError):
        return Broken("the encrypted connection broke")
    if isinstance(error, requests.exceptions.ProxyError) and "timed out" in text:
        return NotSent("the proxy did not answer in time")
    if isinstance(error, requests.exceptions.ProxyError):
        return NotSent("the proxy refused the connection")
    if "NameResolutionError" in text or "gaierror" in text:
        return NotSent("the server's name was not found")
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return NotSent("the connection could not be made in time")
    if "NewConnectionError" in text:
        return NotSent("the connection was refused")
    if isinstance(error, requests.exceptions.Timeout) or "timed out" in text:
        return Broken("the server did not answer in time")
    if "IncompleteRead" in text:
        return Broken("the answer was cut off")
    return Broken("the connection broke")


PASSING_STATUSES = frozenset({408, 500, 502, 503, 504, *range(520, 530)})
"""Statuses that the next attempt may not get. The ones from 520 come from a network before the server."""

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 20.0
FIRST_PAUSE_FOR_BUDGET, LONGEST_PAUSE_FOR_BUDGET = 15.0, 240.0
"""Seconds between attempts after the budget of the hour is used up. It comes back over minutes."""


def may_repeat(method: str, status: int) -> bool:
    """Return True if a request that was answered with `status` may be sent again unchanged."""
    # A write may be repeated only if the server certainly did not apply it, and only 429 says that.
    return status == 429 or (method == "GET" and status in PASSING_STATUSES)


def pause_for_budget(attempt: int, retry_after: float | None, chance: float) -> float:
    """Return the seconds to wait before the next attempt after the budget of the hour is used up."""
    return _pause(FIRST_PAUSE_FOR_BUDGET, LONGEST_PAUSE_FOR_BUDGET, attempt, retry_after, chance)


def pause(attempt: int, retry_after: float | None, chance: float) -> float:
    """Return the seconds to wait after attempt number `attempt` (from 1).

    The server's own request is honoured. Otherwise the pause doubles each time, and half of it depends on `chance` (0
    to 1), so that jobs that failed together do not return together.
    """
    return _pause(FIRST_PAUSE, LONGEST_PAUSE, attempt, retry_after, chance)


def _pause(first: float, longest: float, attempt: int, retry_after: float | None, chance: float) -> float:
    grown = min(first * 2.0 ** min(attempt - 1, 16), longest)
    jittered = grown * (0.5 + 0.5 * chance)
    return jittered if retry_after is None else retry_after + jittered / 2


def retry_after(header: str | None, now: datetime) -> float | None:
    """Return a Retry-After header (seconds or an HTTP date) as seconds from `now`, or None."""
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


SHORTEST_READ_TIMEOUT = 5.0
"""Seconds that a first attempt always gets. A short `retry_for` must not turn a slow answer into a failure."""


@dataclass
class Attempts:
    """The attempts at one request. Counts them, and either waits for the next one or gives up."""

    call: str
    retry_for: float
    clock: Clock
    wait_for_budget: float = 0.0
    made: int = 0
    deadline: float | None = None
    refusals: int = 0
    over_budget: bool = False
    budget_deadline: float | None = None

    def time_left(self) -> float:
        """Return the seconds until the deadline, or before the first failure the time of the first attempt."""
        if self.deadline is None:
            return max(self.retry_for, SHORTEST_READ_TIMEOUT)
        return self.deadline - self.clock.monotonic()

    def first_refusal(self) -> bool:
        """Count a refusal of the token, and return True if it is the first."""
        self.refusals += 1
        return self.refusals == 1

    def after(self, reason: str, asked: float | None, limit: int | None = None) -> None:
        """Wait before the next attempt. Raises UnreachableError if there is no time or attempt left."""
        self.made += 1
        if self.deadline is None:
            self.deadline = self.clock.monotonic() + self.retry_for
        wait = pause(self.made, asked, self.clock.chance())
        if wait > self.deadline - self.clock.monotonic() or (limit and self.made >= limit):
            self.give_up(reason, asked)
        when = datetime.fromtimestamp(self.clock.now() + self.time_left(), UTC)
        log.info("%s: %s; trying again in %.1f s (until %s UTC)", self.call, reason, wait, f"{when:%H:%M:%S}")
        self.clock.sleep(wait)

    def budget_time_left(self) -> float:
        """Return the seconds that are left of wait-for-budget, which begins with the first call."""
        now = self.clock.monotonic()
        if self.budget_deadline is None:
            self.budget_deadline = now + self.wait_for_budget
        return self.budget_deadline - now

    def await_budget(self, asked: float | None, turn: Turn) -> None:
        """Wait until requests of the hour may be left again: longer after more refusals of the step, or if another
        request of the step has the turn, until its news.

        Raises UnreachableError after wait-for-budget.
        """
        self.over_budget = True
        left = self.budget_time_left()
        if left <= 0 or (asked or 0.0) > left:
            raise UnreachableError(
                f"{self.call}: the requests of this hour are used up (429), and none became available within "
                f"{self.wait_for_budget:.0f} s (wait-for-budget).",
                "Run the step again later, give it a longer wait-for-budget, or give some jobs a key of their own: "
                "all jobs of a key share its budget.",
            )
        if not turn.take():
            log.info("%s: answered 429 as well; waiting for the request that asks again", self.call)
            turn.wait(self.budget_time_left)
            return
        wait = min(pause_for_budget(turn.refused(), asked, self.clock.chance()), left)
        log.info(
            "%s: answered 429, the requests of this hour are used up; asking again in %.0f s", self.call, wait
        )
        self.clock.sleep(wait)

    def give_up(self, reason: str, asked: float | None) -> NoReturn:
        """Raise UnreachableError with the attempts and the reason."""
        times = "once" if self.made == 1 else f"{self.made} times"
        text = f"{self.call} was tried {times} (retry-for is {self.retry_for:.0f} s): {reason}."
        if asked is not None and asked > self.time_left():
            raise UnreachableError(
                f"{text} App Store Connect asks to wait {asked:.0f} s.",
                "Run the step again later, give it a longer retry-for, or spread the jobs of this key.",
            )
        raise UnreachableError(
            text,
            "Check the network, the proxy and https://developer.apple.com/system-status/, then run the step again.",
        )
