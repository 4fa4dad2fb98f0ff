"""The client that domain code uses: JSON:API calls that return documents or raise Apple's refusal."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from asc.api.document import Document
from asc.api.errors import api_error, read_errors, token_refused
from asc.api.key.model import ApiKey
from asc.api.token import TokenSource
from asc.api.transport import Answer, Clock, Settings, Traffic, Transport
from asc.errors import UnreachableError

log = logging.getLogger(__name__)

PAGE = 200
"""Resources on a page: the most that App Store Connect gives."""
MOST_PAGES = 500
"""A listing longer than this (100,000 resources) is a server going in circles."""

Query = Mapping[str, str | int | None]


class Client:
    """App Store Connect with one key. Safe to use from several threads.

    `role` names the roles that the command needs, for the error when the key has none of them.
    """

    def __init__(self, key: ApiKey, settings: Settings, role: str, on_token=lambda token: None, clock: Clock = Clock()):  # type: ignore[no-untyped-def]  # noqa: B008, E501
        self._key = key
        self._role = role
        self._clock = clock
        self._transport = Transport(settings, TokenSource(key, self.now_there, on_token), clock)

    @property
    def traffic(self) -> Traffic:
        """How many requests were made, what is left of the hourly budget, and how far the clocks are apart."""
        return self._transport.traffic

    def now_there(self) -> float:
        """The time as Apple sees it, in seconds since the epoch: a wrong clock here makes no wrong token."""
        skew = self._transport.traffic.skew if hasattr(self, "_transport") else 0.0
        return self._clock.now() - (skew if abs(skew) > 60 else 0.0)
