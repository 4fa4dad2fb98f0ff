"""The client of App Store Connect: each call returns a JSON:API document, or raises Apple's refusal as an ApiError."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from asc.api.clock import SYSTEM_CLOCK, Clock, Traffic
from asc.api.document import Document
from asc.api.errors import ApiError, api_error, read_errors, token_refused
from asc.api.key.model import ApiKey
from asc.api.session import Settings
from asc.api.token import TokenSource
from asc.api.transport import Answer, Transport
from asc.errors import LostAnswerError, UnreachableError

log = logging.getLogger(__name__)

T = TypeVar("T")

LARGEST_PAGE = 200
"""Resources on a page, the most that App Store Connect allows."""
MOST_PAGES = 500
"""Pages of the longest listing that is read (100,000 resources). A longer one is a server that goes in circles."""
REQUESTS_AT_ONCE = 6
"""Requests that one job sends side by side, fewer than the connections of the transport (16)."""
ATTEMPTS_AT_404 = 4
"""Requests before a 404 counts as the truth, for resources that App Store Connect does not find at random."""
PAUSE_AFTER_404 = 0.2
"""Seconds."""

Query = Mapping[str, str | int | None]


@dataclass(frozen=True)
class Creation(Generic[T]):
    """A resource that `create_once` created or found.

    `doubt` is the error after which it was found: another job may have created it. It is None if App Store Connect
    answered that it created the resource.
    """

    value: T
    doubt: LostAnswerError | ApiError | None = None


def is_conflict(error: ApiError) -> bool:
    """Return True if the resource may exist already, because another job created it meanwhile."""
    return error.status == 409


class Client:
    """App Store Connect with one key. Safe to use from several threads.

    `role` names the roles that the command needs, for the error when the key has none of them. `on_token` is called
    with each new token before its first use, so that the token can be masked.
    """

    def __init__(
        self,
        key: ApiKey,
        settings: Settings,
        role: str,
        on_token: Callable[[str], None] = lambda token: None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._key = key
        self._role = role
        self.clock = clock
        self.settings = settings
        self.pause = clock.sleep
        self.traffic = Traffic()
        tokens = TokenSource(key, lambda: self.traffic.time_there(clock.now()), on_token)
        self._transport = Transport(settings, tokens, self.traffic, clock)

    def close(self) -> None:
        """Close the connections of all threads. The client cannot be used afterwards."""
        self._transport.close()

    @contextmanager
    def until(self, deadline: float) -> Iterator[None]:
        """Within the block, stop repeating failed requests at `deadline`, in seconds of the monotonic clock."""
        outer = self._transport.deadline
        self._transport.deadline = deadline if outer is None else min(deadline, outer)
        try:
            yield
        finally:
            self._transport.deadline = outer

    def get(self, path: str, query: Query | None = None, *, retry_404: bool = False) -> Document:
        """Return one resource, or one page of a listing. `path` may be a link that App Store Connect gave.

        `retry_404` repeats the request if the answer is 404, for builds and their uploads: App Store Connect does not
        find them at random. Raises ApiError if App Store Connect refuses.
        """
        target = _target(path, query)
        for attempt in range(1, ATTEMPTS_AT_404 if retry_404 else 1):
            try:
                return self._document("GET", target)
            except ApiError as error:
                if error.status != 404:
                    raise
                log.debug("%s: not found (attempt %d); asking again", path, attempt)
                self.pause(PAUSE_AFTER_404)
        return self._document("GET", target)

    def pages(self, path: str, query: Query | None = None, *, retry_404: bool = False) -> Iterator[Document]:
        """Yield the pages of a listing in the order of the server. Each is requested when the caller takes it.

        Raises UnreachableError if the listing does not end.
        """
        page = self.get(path, {"limit": LARGEST_PAGE, **(query or {})}, retry_404=retry_404)
        yield page
        followed: set[str] = set()
        while page.next:
            if page.next in followed or len(followed) + 1 >= MOST_PAGES:
                raise UnreachableError(
                    f"GET {path} did not come to an end after {len(followed) + 1} pages.",
                    "Run the step again later: App Store Connect seems to answer in circles.",
                )
            followed.add(page.next)
            page = self.get(page.next, retry_404=retry_404)
            yield page

    def list(self, path: str, query: Query | None = None, *, retry_404: bool = False) -> Document:
        """Return all pages of a listing as one document. Takes and raises the same as `pages`."""
        return Document.joined(self.pages(path, query, retry_404=retry_404))

    def post(self, path: str, body: object) -> Document:
        """Send a POST and return the document. Repeat it only if the server certainly did not apply it.

        Raises ApiError if Apple refuses, and LostAnswerError if the answer was lost: read the state before posting
        again, or use `create_once`.
        """
        return self._document("POST", path, body)

    def create(self, path: str, body: object) -> Document:
        """Create a resource and return its document.

        Raises the same as `post`, and LostAnswerError also if the answer lacks the resource.
        """
        created = self.post(path, body)
        if not created.data:
            raise LostAnswerError(
                f"POST {path} was answered without the new resource.",
                "Check in App Store Connect if it took effect before you run the step again.",
            )
        return created

    def create_once(
        self,
        create: Callable[[], T],
        find: Callable[[], T | None],
        *,
        pauses: Sequence[float] = (0.0,),
        may_exist: Callable[[ApiError], bool] = is_conflict,
    ) -> Creation[T]:
        """Create a resource exactly once, although an answer may be lost or another job may be quicker.

        If the answer of `create` is lost, or its refusal is one of `may_exist`, call `find` after each of `pauses`
        (seconds; listings at Apple lag behind) until it returns the resource. If it finds nothing, raise the refusal,
        or create once more if the answer was lost. Raises the second error if that fails as well.
        """
        try:
            return self._create_or_find(create, find, pauses, may_exist)
        except LostAnswerError:
            log.info("It had no effect; sending it again")
        return self._create_or_find(create, find, pauses, may_exist)

    def _create_or_find(
        self,
        create: Callable[[], T],
        find: Callable[[], T | None],
        pauses: Sequence[float],
        may_exist: Callable[[ApiError], bool],
    ) -> Creation[T]:
        try:
            return Creation(create())
        except (LostAnswerError, ApiError) as error:
            if isinstance(error, ApiError) and not may_exist(error):
                raise
            log.info("%s Looking for it.", error.message)
            for pause in pauses:
                self.pause(pause)
                if (found := find()) is not None:
                    return Creation(found, error)
            raise

    def patch(self, path: str, body: object) -> Document:
        """Change a resource and return it. Raises as `post`; read the state again after a LostAnswerError."""
        return self._document("PATCH", path, body)

    def delete(self, path: str, body: object = None) -> None:
        """Delete a resource. Raises as `post`; after a LostAnswerError, a 404 means that it was deleted."""
        self._document("DELETE", path, body)

    def patch_repeatable(self, path: str, body: object) -> None:
        """Set values of a resource, and set them again if the answer was lost. Raises as `post`."""
        try:
            self.patch(path, body)
        except LostAnswerError:
            # The same values twice change nothing, so the state needs no look.
            self.patch(path, body)

    def remove(self, path: str) -> None:
        """Delete a resource, again if the answer was lost. One that does not exist is no error. Raises as `post`.

        App Store Connect answers 404 at random, so a caller that has to be sure looks afterwards.
        """
        try:
            try:
                self.delete(path)
            except LostAnswerError:
                # The first request may have deleted it; then the second one is answered with 404.
                self.delete(path)
        except ApiError as error:
            if error.status != 404:
                raise

    def _document(self, method: str, target: str, body: object = None) -> Document:
        answer = self._transport.send(method, target, body)
        if answer.status >= 300:
            raise self._refusal(f"{method} {urlsplit(target).path}", answer)
        return Document.read(answer.body if isinstance(answer.body, Mapping) else {})

    def _refusal(self, call: str, answer: Answer) -> ApiError:
        errors = read_errors(answer.body)
        if answer.status == 401:
            clock = self.traffic.skew_in_words()
            return token_refused(call, errors, self._key, clock, self._transport.accepted)
        return api_error(call, answer.status, errors, self._role, self._key)


def _target(path: str, query: Query | None) -> str:
    """Return a path with its query, without the values that are None.

    Commas and brackets stay as they are, as in Apple's documentation.
    """
    given = {name: value for name, value in (query or {}).items() if value is not None}
    return f"{path}?{urlencode(given, safe=',[]', errors='replace', quote_via=quote)}" if given else path
