"""Transfers to and from the signed links that App Store Connect hands out."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import requests
import urllib3

from asc.api import retry
from asc.api.clock import Clock
from asc.api.retry import Attempts, Broken, NotSent, classify
from asc.api.session import Settings, ended_after, is_loopback, no_credentials, open_session, split
from asc.errors import Error, UnreachableError

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"(?! )[ -~]*")


@dataclass(frozen=True)
class Link:
    """A signed link. `expires` is in UTC or None if unknown; `label` names the transfer in log lines."""

    label: str
    method: str
    url: str
    headers: Mapping[str, str]
    expires: datetime | None

    def may_be_followed(self, *, locally: bool) -> bool:
        """Return True if bytes of an app may go there: over https, or to the sandbox if `locally` is True."""
        # A method or a header that HTTP does not know is refused as well: the transfer would fail again and again.
        parts = split(self.url)
        if not parts or not _TOKEN.fullmatch(self.method):
            return False
        if not all(
            _TOKEN.fullmatch(name) and _VALUE.fullmatch(value) for name, value in self.headers.items()
        ):
            return False
        local = locally and is_loopback(parts.hostname or "")
        return parts.scheme == "https" or (parts.scheme == "http" and local)


CONNECT_TIMEOUT = 10.0
SILENCE = 60.0
"""Seconds without a byte in either direction after which the store counts as silent."""
LARGEST_REFUSAL = 64 * 1024
"""Bytes of a refusal that are read."""
_PASSING_CODES = {"RequestTimeout", "SlowDown", "OperationAborted", "InternalError", "RequestTimeTooSkewed"}
"""Codes of refusals that the next attempt may not get, whatever their status is."""
BLOCK = 256 * 1024
"""Bytes that are read or sent at a time."""
LEAST_PER_WINDOW = 64 * 1024
"""Bytes of a file that must arrive in SILENCE seconds. A slower store counts as silent."""


class Body(Protocol):
    """The bytes of one part of a file."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[bytes]: ...

    def read(self, size: int) -> bytes:
        """Return the next bytes, at most `size`, or b"" at the end."""

    def rewind(self) -> None:
        """Start again at the first byte. Called before each attempt."""


class Sink(Protocol):
    """The destination of a download. It remembers its state, so that the download can continue with another link."""

    tag: str
    """The entity tag or date that the store gives these bytes, or "" if it gives none that can be relied on."""

    @property
    def received(self) -> int:
        """Return the number of bytes that have arrived without a gap."""

    def expect(self, total: int | None) -> None:
        """Receive the length of the whole file before the first byte, or None if the store does not say."""

    def write(self, block: bytes) -> None:
        """Append the next bytes, which may be few."""

    def restart(self) -> None:
        """Discard all bytes, because the file begins again."""


class MemorySink:
    """A sink that keeps a small file in memory. Raises `too_large` for a file of more than `largest` bytes."""

    def __init__(self, largest: int, too_large: Error) -> None:
        self.content = bytearray()
        self.tag = ""
        self._largest = largest
        self._too_large = too_large

    @property
    def received(self) -> int:
        """Return the number of bytes that have arrived without a gap."""
        return len(self.content)

    def expect(self, total: int | None) -> None:
        """Raise the error for a file that is too large before its first byte."""
        if total is not None and total > self._largest:
            raise self._too_large

    def write(self, block: bytes) -> None:
        """Append the next bytes. A store may send more than it announced."""
        self.content += block
        self.expect(self.received)

    def restart(self) -> None:
        """Discard all bytes and their tag, because the file begins again."""
        self.content.clear()
        self.tag = ""


class Expired(Exception):
    """The link is no longer valid. Ask App Store Connect for a new one."""


class RefusedLink(UnreachableError):
    """The store answered, and refuses a link for good. Other links may be fine."""


class ObjectStore:
    """Sends to and fetches from signed links. Safe to use from several threads."""

    def __init__(
        self, settings: Settings, clock: Clock, connections: int, time_there: Callable[[float], float]
    ) -> None:
        """Open a session. `time_there` converts our time into Apple's, by which links expire."""
        self._settings = settings
        self._clock = clock
        self._time_there = time_there
        self._session = open_session(settings, connections, BLOCK)
        # Ranges count bytes of the file, not of a packed answer.
        self._session.headers["Accept-Encoding"] = "identity"

    def close(self) -> None:
        """Close the connections of all threads to the stores."""
        self._session.close()

    def send(self, link: Link, body: Body) -> None:
        """Send `body`, and repeat until the store has all of it.

        Raises Expired if the link is no longer valid, UnreachableError if the store keeps failing or refuses for good,
        and the errors of reading `body`.
        """
        self._check(link)
        attempts = Attempts(link.label, self._settings.retry_for, self._clock)
        while True:
            if link.expires and self._now() >= link.expires:
                raise Expired
            body.rewind()
            try:
                answer = self._once(link, body, attempts.time_left())
            except (NotSent, Broken) as error:
                attempts.after(str(error), None)
                continue
            # `answer.ok` would be True for a redirect as well.
            if 200 <= answer.status_code < 300:
                return
            # The store answers like this if a signed link has expired.
            if answer.status_code == 403:
                raise Expired
            if _passes(answer):
                wait = retry.retry_after(answer.headers.get("Retry-After"), self._now())
                reason = f"the store answered {answer.status_code} {_code(answer)}".rstrip()
                attempts.after(reason, wait)
            else:
                raise _refused(link, answer)

    def fetch(self, link: Link, sink: Sink) -> None:
        """Fetch a file into `sink`. Continue after a break until the announced length has arrived.

        Raises Expired if the link is no longer valid, UnreachableError if the store keeps failing without progress or
        refuses for good, and the errors of writing to `sink`.
        """
        self._check(link)
        attempts = Attempts(link.label, self._settings.retry_for, self._clock)
        furthest = sink.received
        while True:
            try:
                answer = self._fetch_once(link, sink, attempts.time_left())
            except (NotSent, Broken) as error:
                # New bytes arrived, so the time for retries begins again.
                if sink.received >= furthest + BLOCK:
                    furthest = sink.received
                    attempts = Attempts(link.label, self._settings.retry_for, self._clock)
                attempts.after(str(error), None)
                continue
            if answer.status_code in (200, 206):
                return
            # The store answers like this if a signed link has expired.
            if answer.status_code in (401, 403, 410):
                raise Expired
            if answer.status_code == 416:
                sink.restart()
                attempts.after("the file in the store is shorter than the bytes that were received", None)
            elif answer.status_code in retry.PASSING_STATUSES or answer.status_code == 429:
                wait = retry.retry_after(answer.headers.get("Retry-After"), self._now())
                attempts.after(f"the store answered {answer.status_code}", wait)
            else:
                raise _refused(link, answer)

    def _fetch_once(self, link: Link, sink: Sink, time_left: float) -> requests.Response:
        if sink.received and not sink.tag:
            # Without a tag nothing shows that the rest would belong to the same file.
            sink.restart()
        going_on = {"Range": f"bytes={sink.received}-", "If-Range": sink.tag} if sink.received else {}
        try:
            response = self._session.request(
                link.method,
                link.url,
                headers={**link.headers, **going_on},
                auth=no_credentials,
                timeout=(CONNECT_TIMEOUT, max(1.0, min(SILENCE, time_left))),
                allow_redirects=False,
                stream=True,
            )
            with response:
                if response.status_code in (200, 206):
                    self._take(response, sink)
                else:
                    self._read_small(response)
            return response
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, ConnectionError) as error:
            raise classify(error) from None

    def _take(self, response: requests.Response, sink: Sink) -> None:
        """Write the body of an answer. Raises Broken if it is incomplete or too slow."""
        total = _begin(response, sink)
        counted = sink.received
        # The read ends later than the window, so that a slow transfer is judged by the bytes that arrived.
        while self._take_for_a_window(response, sink):
            if sink.received - counted < LEAST_PER_WINDOW:
                raise Broken("it came too slowly")
            counted = sink.received
        if total is not None and sink.received != total:
            raise Broken("it was cut off")

    def _take_for_a_window(self, response: requests.Response, sink: Sink) -> bool:
        """Write the bytes of the next SILENCE seconds. Return True if more may come."""
        window = self._clock.monotonic() + SILENCE
        with ended_after(response, 2 * SILENCE):
            while block := response.raw.read1(BLOCK, decode_content=False):
                sink.write(block)
                if self._clock.monotonic() > window:
                    return True
        return False

    def _once(self, link: Link, body: Body, time_left: float) -> requests.Response:
        try:
            response = self._session.request(
                link.method,
                link.url,
                data=body,
                headers=dict(link.headers),
                auth=no_credentials,
                timeout=(CONNECT_TIMEOUT, max(1.0, min(SILENCE, time_left))),
                allow_redirects=False,
                stream=True,
            )
            with response:
                self._read_small(response)
            return response
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, ConnectionError) as error:
            raise classify(error) from None

    def _read_small(self, response: requests.Response) -> None:
        """Read the body of a refusal, so that the connection can be used again. Stop after ten seconds."""
        until = self._clock.monotonic() + CONNECT_TIMEOUT
        content = bytearray()
        with contextlib.suppress(urllib3.exceptions.HTTPError), ended_after(response, CONNECT_TIMEOUT + 1):
            while len(content) < LARGEST_REFUSAL and self._clock.monotonic() < until:
                block = response.raw.read1(LARGEST_REFUSAL, decode_content=True)
                if not block:
                    break
                content += block
        # requests keeps here the bytes that it has read itself.
        response._content = bytes(content)

    def _check(self, link: Link) -> None:
        if not link.may_be_followed(locally=self._settings.is_local):
            raise UnreachableError(
                f"{link.label}: the link that App Store Connect gave is not one to send to.",
                "Check the proxy between this machine and App Store Connect. Nothing was sent there.",
            )

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._time_there(self._clock.now()), UTC)


def _begin(response: requests.Response, sink: Sink) -> int | None:
    """Prepare `sink` for the body of an answer. Return the length of the whole file, or None if it is unknown."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise Broken("it was packed on the way")
    if response.status_code == 206:
        found = re.fullmatch(
            r"bytes (\d{1,18})-\d{1,18}/(\d{1,18})", response.headers.get("Content-Range", "")
        )
        if not found or int(found[1]) != sink.received:
            sink.restart()
            raise Broken("another part came than was asked for")
        return int(found[2])
    if sink.received:
        sink.restart()
    length = response.headers.get("Content-Length", "")
    total = int(length) if re.fullmatch(r"\d{1,18}", length) else None
    sink.tag = _reliable_tag(response)
    sink.expect(total)
    return total


def _reliable_tag(response: requests.Response) -> str:
    """Return the value for If-Range: a strong entity tag, or a date."""
    tag = response.headers.get("ETag", "")
    # If-Range needs a strong tag (RFC 9110, 13.1.5); weak tags begin with W/.
    return tag if tag.startswith('"') else response.headers.get("Last-Modified", "")


def _passes(answer: requests.Response) -> bool:
    """Return True if the next attempt may succeed."""
    return (
        answer.status_code in retry.PASSING_STATUSES
        or answer.status_code == 429
        # Stores answer slow connections with 400 or 409 and a code that says so.
        or _code(answer) in _PASSING_CODES
    )


def _code(answer: requests.Response) -> str:
    """Return the code from the XML of a refusal, or "" if it has none."""
    found = re.search(rb"<Code>([A-Za-z]{1,40})</Code>", answer.content)
    return found[1].decode() if found else ""


def _refused(link: Link, answer: requests.Response) -> RefusedLink:
    return RefusedLink(
        f"{link.label}: the store answered {answer.status_code} {_code(answer) or answer.reason}.",
        "Run the step again: it continues where it stopped. If it fails again, check for a proxy that alters requests.",
    )
