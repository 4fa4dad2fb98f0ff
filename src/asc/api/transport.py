"""HTTP to App Store Connect: one session with kept-alive connections, time limits, and repeats until a deadline.

The rules for repeating are in asc.api.retry and asc.api.budget.
"""

from __future__ import annotations

import contextlib
import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3

from asc.api import retry
from asc.api.budget import Budget
from asc.api.clock import Clock, Traffic
from asc.api.errors import read_errors
from asc.api.retry import (
    Attempts,
    Broken,
    NotJson,
    NotSent,
    TooLarge,
    classify,
    proxy_wants_credentials,
)
from asc.api.session import HOST, HOST_IN_HOUSE, Settings, ended_after, open_session, split
from asc.api.shortage import Shortage
from asc.api.token import TokenSource
from asc.errors import LostAnswerError, UnreachableError

log = logging.getLogger(__name__)

CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 60.0
"""Seconds without a byte after which a server counts as silent."""
LARGEST_BODY = 64 * 1024 * 1024
ATTEMPTS_AT_NON_JSON = 3
"""Attempts at a request that a proxy answers with an error page, which may stay for hours."""
REFUSALS_SURVIVED = 5
"""Answers 401 to one request that are repeated after the key was accepted once (as often as in fastlane)."""
CONNECTIONS = 16


@dataclass(frozen=True)
class Answer:
    """A complete answer. `body` is the decoded JSON or None, `token` the bearer token that was sent."""

    status: int
    body: Any
    headers: Mapping[str, str]
    token: str = field(repr=False)


class Transport:
    """Sends requests and returns answers of any status. Safe to use from several threads."""

    def __init__(self, settings: Settings, tokens: TokenSource, traffic: Traffic, clock: Clock) -> None:
        self.settings = settings
        self.traffic = traffic
        self._base = settings.url
        self._tokens = tokens
        self._clock = clock
        self._lock = threading.Lock()
        self._told_of_the_clock = False
        self._told_of_the_budget = False
        self._shortage = Shortage()
        self.accepted = False
        """True after a request with this key succeeded."""
        self.deadline: float | None = None
        """The end of all repeats, in seconds of the monotonic clock, even if retry-for is longer. It does not limit the
        wait for budget."""
        own = settings.url not in (HOST, HOST_IN_HOUSE)
        self._elsewhere = f" at {settings.url} (ASC_API_URL)" if own else ""
        self._session = open_session(settings, CONNECTIONS)
        self._session.headers["Accept"] = "application/json"

    def close(self) -> None:
        """Close the connections of all threads to App Store Connect."""
        self._session.close()

    def send(self, method: str, target: str, body: object = None) -> Answer:
        """Send `method` to `target`, a path with its query or a link from App Store Connect, and return the answer.

        Repeats the request until the deadline if that is safe. Raises UnreachableError after the deadline, and
        LostAnswerError if a write was sent but not answered.
        """
        url = self._resolve(target)
        call = f"{method} {urlsplit(url).path}"
        attempts = Attempts(call, self._patience(), self._clock, self.settings.wait_for_budget)
        while True:
            try:
                answer = self._within_budget(method, url, body, attempts)
            except NotSent as error:
                attempts.after(f"{error}{self._elsewhere}", None)
                continue
            except Broken as error:
                if method != "GET":
                    raise _lost(call, str(error)) from None
                limit = ATTEMPTS_AT_NON_JSON if isinstance(error, NotJson) else None
                limit = 1 if isinstance(error, TooLarge) else limit
                attempts.after(str(error), None, limit)
                continue
            if answer.status == 401 and self._may_work_with_a_new_token(call, answer, attempts):
                continue
            if answer.status < 300:
                # A refusal may come from a proxy, which looks at no token.
                self.accepted = True
            if not retry.may_repeat(method, answer.status):
                self._shortage.answered()
                return _final(call, method, answer)
            attempts.after(_describe(answer), self._retry_after(answer))

    def _within_budget(self, method: str, url: str, body: object, attempts: Attempts) -> Answer:
        """Send a request, again while the requests of the hour are used up, and return the first other answer.

        Raises the same as `_once`, and UnreachableError after wait-for-budget.
        """
        self._spare_the_budget(attempts)
        with self._shortage.turn() as turn:
            turn.queue(attempts.budget_time_left)
            while True:
                answer = self._once(method, url, body, attempts.time_left())
                budget = self.traffic.budget
                if answer.status != 429 or not budget or not budget.scarce:
                    return answer
                self._tell_of_the_budget(budget)
                attempts.await_budget(self._retry_after(answer), turn)

    def _may_work_with_a_new_token(self, call: str, answer: Answer, attempts: Attempts) -> bool:
        """Discard the token of a 401, and wait unless it is the first. Return True if the request may be repeated."""
        if attempts.first_refusal():
            self._tokens.forget(answer.token)
            self._tell_of_the_clock(call)
            return True
        # App Store Connect refuses good tokens now and then: a key that worked in this run is not gone.
        if not self.accepted or attempts.refusals > REFUSALS_SURVIVED:
            return False
        self._tokens.forget(answer.token)
        try:
            attempts.after(_describe(answer), None)
        except UnreachableError:
            # No time is left: Apple's refusal says more.
            return False
        return True

    def _patience(self) -> float:
        """Return the seconds during which a request may be repeated."""
        left = self.settings.retry_for if self.deadline is None else self.deadline - self._clock.monotonic()
        return max(0.0, min(self.settings.retry_for, left))

    def _once(self, method: str, url: str, body: object, time_left: float) -> Answer:
        """Send one request, with limits of time and size."""
        token = self._tokens.token()
        started = self._clock.monotonic()
        with self._lock:
            self.traffic.requests += 1
        read_timeout = max(0.1, min(READ_TIMEOUT, time_left))
        try:
            with self._session.request(
                method,
                url,
                data=None if body is None else json.dumps(body, separators=(",", ":")).encode(),
                headers={} if body is None else {"Content-Type": "application/json"},
                auth=Bearer(token),
                timeout=(min(CONNECT_TIMEOUT, read_timeout), read_timeout),
                allow_redirects=False,
                stream=True,
            ) as response:
                content = self._read(response, started + read_timeout)
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise classify(error) from None
        self._note(response)
        took = (self._clock.monotonic() - started) * 1000
        log.debug("%s %s → %d in %.0f ms", method, urlsplit(url).path, response.status_code, took)
        return Answer(response.status_code, _decode(response, content), response.headers, token)

    def _read(self, response: requests.Response, until: float) -> bytes:
        """Return the body of an answer. Raises TooLarge, and Broken if it trickles in too slowly."""
        content = bytearray()
        announced = response.headers.get("Content-Length", "")
        if len(announced) < 20 and announced.isdecimal() and int(announced) > LARGEST_BODY:
            raise TooLarge(LARGEST_BODY)
        # A moment later than the check below, which sees only whole pieces: the head of a chunk may trickle as well.
        with ended_after(response, max(0.0, until - self._clock.monotonic()) + 0.25):
            # A server that trickles for ever is as silent as one that says nothing.
            # read1 returns as soon as there are bytes.
            while chunk := response.raw.read1(64 * 1024, decode_content=True):
                content += chunk
                if len(content) > LARGEST_BODY:
                    raise TooLarge(LARGEST_BODY)
                if self._clock.monotonic() > until:
                    raise Broken("the answer came too slowly")
        return bytes(content)

    def _note(self, response: requests.Response) -> None:
        with self._lock, contextlib.suppress(ValueError, TypeError, OverflowError):
            self.traffic.budget = Budget.read(response.headers.get("X-Rate-Limit")) or self.traffic.budget
            if "Date" in response.headers:
                there = parsedate_to_datetime(response.headers["Date"]).timestamp()
                self.traffic.skew = self._clock.now() - there

    def _spare_the_budget(self, attempts: Attempts) -> None:
        budget = self.traffic.budget
        # A repeat has waited already.
        if not budget or attempts.made or attempts.over_budget:
            return
        # A client that must answer at once, as the relay, takes the request although little is left.
        wait = min(budget.wait(self._clock.chance()), self.settings.wait_for_budget)
        if wait:
            log.info(
                "Only %d of %d requests are left this hour: %s waits %.1f s",
                budget.left,
                budget.limit,
                attempts.call,
                wait,
            )
            self._clock.sleep(wait)

    def _tell_of_the_budget(self, budget: Budget) -> None:
        with self._lock:
            first, self._told_of_the_budget = not self._told_of_the_budget, True
        if first:
            log.warning(
                "All %d requests that this key has an hour are used up, by all jobs that share it. Waiting for some to "
                "come back, %.0f min at most (wait-for-budget).",
                budget.limit,
                self.settings.wait_for_budget / 60,
            )

    def _tell_of_the_clock(self, call: str) -> None:
        with self._lock:
            first, self._told_of_the_clock = not self._told_of_the_clock, True
        if first and self.traffic.skew_in_words():
            log.warning("%s; tokens are made by Apple's.", self.traffic.skew_in_words())
        log.debug("%s: the token was refused; trying once more with a new one", call)

    def _retry_after(self, answer: Answer) -> float | None:
        """Return the seconds that Apple asks to wait, or None."""
        now_there = datetime.fromtimestamp(self._clock.now() - self.traffic.skew, UTC)
        return retry.retry_after(answer.headers.get("Retry-After"), now_there)

    def _resolve(self, target: str) -> str:
        """Return the absolute address of a path or a link. Raises UnreachableError for a link to another server."""
        if target.startswith("/"):
            return self._base + target
        # A link to another server would hand it the bearer token.
        base, link = urlsplit(self._base), split(target)
        if not link or (link.scheme, link.netloc) != (base.scheme, base.netloc):
            raise UnreachableError(
                f"An answer linked to {f'another server ({link.scheme}://{link.netloc})' if link else 'no address'}.",
                "Check the proxy between this machine and App Store Connect. Nothing was sent there.",
            )
        return target


class Bearer(requests.auth.AuthBase):
    """The token as an auth object. requests would replace a plain header by the credentials of a .netrc file."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Return the request with the token."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _decode(response: requests.Response, content: bytes) -> Any:
    """Return the JSON of a body, or None for an empty body and for an error page. Raises NotJson."""
    if not content and (response.status_code == 204 or response.status_code >= 400):
        return None
    try:
        value = json.loads(content)
        # Halves of surrogate pairs cannot be printed or written.
        if b"\\ud" in content.lower():
            value = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        if response.status_code >= 300:
            return None
        kind = response.headers.get("Content-Type", "no type").split(";")[0]
        raise NotJson(f"the answer is not JSON ({kind[:40]})") from None
    if response.status_code < 300 and not _is_document(value):
        raise NotJson("the answer is JSON, but not App Store Connect's")
    return value


def _is_document(value: object) -> bool:
    """Return True for the top level of a JSON:API document."""
    # A login page of a network answers {"status": "ok"}, which must not pass for an empty listing.
    return isinstance(value, dict) and "data" in value and isinstance(value["data"], dict | list | None)


def _final(call: str, method: str, answer: Answer) -> Answer:
    """Return an answer that is not repeated. Raises LostAnswerError or UnreachableError if it does not settle the
    request.
    """
    if method != "GET" and (answer.status == 408 or answer.status >= 500):
        raise _lost(call, _describe(answer))
    if answer.status == 407:
        raise proxy_wants_credentials()
    if 300 <= answer.status < 400:
        raise UnreachableError(
            f"{call} was answered with {answer.status}, which App Store Connect does not do.",
            "Check the proxy variables, and ASC_API_URL if it is set: another server answered.",
        )
    return answer


def _lost(call: str, reason: str) -> LostAnswerError:
    return LostAnswerError(
        f"{call} was sent, but its answer was lost, so nobody knows if it was applied ({reason}).",
        "Check in App Store Connect if it took effect before you run the step again.",
    )


def _describe(answer: Answer) -> str:
    codes = ", ".join(error.code for error in read_errors(answer.body) if error.code)
    return f"App Store Connect answered {answer.status}" + (f" {codes}" if codes else "")
