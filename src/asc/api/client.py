"""The client that domain code uses: JSON:API calls that return documents or raise Apple's refusal."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from asc.api.clock import SYSTEM_CLOCK, Clock, Traffic
from asc.api.document import Document
from asc.api.errors import ApiError, api_error, read_errors, token_refused
from asc.api.key.model import ApiKey
from asc.api.session import Settings
from asc.api.token import TokenSource
from asc.api.transport import Answer, Transport
from asc.errors import LostAnswerError, UnreachableError

LARGEST_PAGE = 200
"""Resources on a page: App Store Connect gives no more."""
MOST_PAGES = 500
"""A listing longer than this (100,000 resources) is a server going in circles."""

Query = Mapping[str, str | int | None]


class Client:
    """App Store Connect with one key. Safe to use from several threads.

    `role` names the roles that the command needs, for the error when the key has none of them.
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
        """Closes the connections."""
        self._transport.close()

    @contextmanager
    def until(self, deadline: float) -> Iterator[None]:
        """Within the block nothing that failed is repeated past `deadline`, by the monotonic clock."""
        self._transport.deadline = deadline
        try:
            yield
        finally:
            self._transport.deadline = None

    def get(self, path: str, query: Query | None = None) -> Document:
        """One page (or one resource). Raises ApiError where App Store Connect refuses."""
        return self._document("GET", _target(path, query))

    def list(self, path: str, query: Query | None = None) -> Document:
        """All pages of a listing as one document, in the order of the server."""
        pages = [self.get(path, {"limit": LARGEST_PAGE, **(query or {})})]
        seen: set[str] = set()
        while (following := pages[-1].next) not in seen and len(pages) < MOST_PAGES:
            if following is None:
                return Document.joined(pages)
            seen.add(following)
            pages.append(self._document("GET", following))
        raise _endless(path, len(pages))

    def rows(self, path: str, query: Query | None = None) -> builtins.list[Mapping[str, Any]]:
        """Return the rows of a metric over all pages. They are no resources: they have no type and no id."""
        rows: builtins.list[Mapping[str, Any]] = []
        target: str | None = _target(path, {"limit": LARGEST_PAGE, **(query or {})})
        for _ in range(MOST_PAGES):
            if target is None:
                return rows
            answer = self._answer("GET", target)
            rows += [row for row in answer.body["data"] if isinstance(row, Mapping)]
            target = Document.read(answer.body).next
        raise _endless(path, MOST_PAGES)

    def post(self, path: str, body: object) -> Document:
        """Creates. Sent again only where it surely was not applied; else LostAnswerError: look before repeating."""
        return self._document("POST", path, body)

    def create(self, path: str, body: object) -> Document:
        """Creates a resource and returns it. An answer that does not hold it is as good as lost: LostAnswerError."""
        made = self.post(path, body)
        if not made.data:
            raise LostAnswerError(
                f"POST {path} was answered, but without what was to be made.",
                "Look in App Store Connect whether it took effect before running the step again.",
            )
        return made

    def patch(self, path: str, body: object) -> Document:
        """Changes. After LostAnswerError, read the state again."""
        return self._document("PATCH", path, body)

    def delete(self, path: str, body: object = None) -> None:
        """Deletes. After LostAnswerError, a 404 means that it worked."""
        self._document("DELETE", path, body)

    def _document(self, method: str, target: str, body: object = None) -> Document:
        answer = self._answer(method, target, body)
        return Document.read(answer.body if isinstance(answer.body, Mapping) else {})

    def _answer(self, method: str, target: str, body: object = None) -> Answer:
        answer = self._transport.send(method, target, body)
        if answer.status >= 300:
            raise self._refusal(f"{method} {urlsplit(target).path}", answer)
        return answer

    def _refusal(self, call: str, answer: Answer) -> ApiError:
        errors = read_errors(answer.body)
        if answer.status == 401:
            return token_refused(call, errors, self._key, self.traffic.skew_in_words())
        return api_error(call, answer.status, errors, self._role, self._key.key_id)


def _endless(path: str, pages: int) -> UnreachableError:
    return UnreachableError(
        f"GET {path} did not come to an end after {pages} pages.",
        "App Store Connect seems to answer in circles; run the step again later.",
    )


def _target(path: str, query: Query | None) -> str:
    """A path with its query. Values that are None are left out; commas stay as they are, as Apple writes them."""
    given = {name: value for name, value in (query or {}).items() if value is not None}
    return f"{path}?{urlencode(given, safe=',[]', errors='replace', quote_via=quote)}" if given else path
